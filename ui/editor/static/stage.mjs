// The canvas over its background: blank, the last rendered video at the same time, or a picture.

import { html } from "./dom.mjs";
import { secondsAt } from "./geometry.mjs";

/** videoSelector: finds the page's video player; its file is shown, not its state. */
export function createStage(canvas, videoSelector) {
  const video = html("video", { class: "behind", muted: true, playsinline: true, preload: "auto", tabindex: -1, "aria-hidden": true });
  video.muted = true;
  const still = html("img", { class: "behind", alt: "" });
  const node = html("div", { class: "stage" }, video, still, canvas);

  function show(source) {
    const url = source === "video" ? (document.querySelector(videoSelector)?.currentSrc ?? "") : "";
    if (url && video.src !== url) video.src = url;
    video.hidden = !url;
    return Boolean(url);
  }

  return {
    node,
    /** time: fractional frame while it plays. */
    draw(state, view, time) {
      const playing = show(view.background);
      still.hidden = view.background !== "still" || !view.still;
      if (!still.hidden && still.src !== view.still) still.src = view.still;
      node.classList.toggle("pictured", playing || !still.hidden);
      node.classList.toggle("drawing", view.drawing);
      if (!playing || !state.layout) return;
      const wanted = secondsAt(state.layout, time ?? state.frame);
      if (Math.abs(video.currentTime - wanted) > 0.03 && !video.seeking) video.currentTime = wanted;
    },
  };
}
