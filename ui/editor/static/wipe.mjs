// Two takes over one another: left of a line that can be dragged is the one, right of it the other.

import { clamp } from "./geometry.mjs";
import { html } from "./dom.mjs";
import { say } from "./words.mjs";

/** Where the frame is within the canvas, as editor.css: left, and how wide. */
const FRAME = [0.06757, 0.86486];
const STEP = 0.05;

/** A video that plays in time with others: it makes no sound and is not read out. */
export function quietVideo(attributes = {}) {
  const video = html("video", { playsinline: true, preload: "auto", tabindex: -1, "aria-hidden": true, ...attributes });
  video.muted = true; // the attribute alone does nothing
  return video;
}

/** The other take is put over `first`, the video of the one. */
export function createWipe(first) {
  const video = quietVideo({ class: "behind beside", hidden: true });
  const line = html("div", {
    class: "wipe", role: "slider", tabindex: 0, hidden: true, "aria-valuemin": 0, "aria-valuemax": 100,
    "aria-label": say("Line between the two takes"),
  });
  const names = ["left", "right"].map((side) => html("span", { class: `take-name ${side}`, hidden: true }));
  let at = 0.5;

  function place(next) {
    at = clamp(next, 0, 1);
    line.style.left = `${100 * (FRAME[0] + FRAME[1] * at)}%`;
    line.setAttribute("aria-valuenow", Math.round(100 * at));
    video.style.clipPath = `inset(0 0 0 ${100 * at}%)`;
  }

  line.addEventListener("pointerdown", (event) => {
    const area = line.parentElement.getBoundingClientRect();
    line.setPointerCapture(event.pointerId);
    event.preventDefault();
    line.focus();
    line.onpointermove = ({ clientX }) => place(((clientX - area.left) / area.width - FRAME[0]) / FRAME[1]);
  });
  for (const type of ["pointerup", "pointercancel"]) line.addEventListener(type, () => (line.onpointermove = null));
  line.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!way) return;
    place(at + way * STEP);
    event.preventDefault();
  });
  place(at);

  return {
    video,
    /** Over the canvas. */
    nodes: [line, ...names],
    /** `beside`: {video: {url}, names: [left, right]}, or null for none. */
    set(beside) {
      if (beside) {
        video.src = beside.video.url;
        first.after(video);
      } else video.remove();
      names.forEach((one, k) => (one.textContent = beside?.names[k] ?? ""));
    },
    show(on) {
      for (const one of [video, line, ...names]) one.hidden = !on || !video.isConnected;
    },
  };
}
