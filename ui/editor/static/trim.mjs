// The whole recording as one strip: a drag on it chooses the span that is planned and rendered.

import { ask } from "./feed.mjs";
import { clamp } from "./geometry.mjs";
import { html } from "./dom.mjs";
import { drawWave } from "./lanes.mjs";
import { say } from "./words.mjs";

/** Seconds that a span has at least. */
const SHORTEST = 0.5;
/** Pixels of the screen from an end of the span at which a drag takes hold of that end. */
const NEAR = 9;
const tidy = (seconds) => Math.round(seconds * 100) / 100;

/** What a drag from `from` to `to` (seconds) makes of a span [start, end]; kind: its part. */
export function dragged([start, end], kind, from, to, { total, most }) {
  let next;
  if (kind === "move") {
    const at = clamp(start + to - from, 0, total - (end - start));
    next = [at, at + end - start];
  } else if (kind === "start") next = [clamp(to, Math.max(0, end - most), end - SHORTEST), end];
  else if (kind === "end") next = [start, clamp(to, start + SHORTEST, Math.min(total, start + most))];
  else {
    const far = clamp(to, Math.max(0, from - most), Math.min(total, from + most));
    next = far < from ? [far, from] : [from, far];
  }
  return next.map((seconds) => tidy(clamp(seconds, 0, total)));
}

export function createTrim() {
  const wave = html("canvas", { class: "strip-wave", "aria-hidden": true });
  const span = html("div", {
    class: "chosen", role: "slider", tabindex: 0, "aria-valuemin": 0,
    "aria-label": say("Chosen span of the recording: arrows move it, with Shift they change its end"),
  });
  const strip = html("div", { class: "whole", title: say("Drag to choose the span that is planned and rendered") }, wave, span);
  const node = html("div", { class: "lane whole-lane", hidden: true }, html("span", { class: "what", text: say("Recording") }), strip);
  let whole = null; // {duration_s, start_s, length_s, most_s, peaks}

  const now = () => [whole.start_s, whole.start_s + whole.length_s];
  function place([start, end]) {
    span.style.left = `${(100 * start) / whole.duration_s}%`;
    span.style.width = `${(100 * (end - start)) / whole.duration_s}%`;
    span.setAttribute("aria-valuemax", whole.duration_s);
    span.setAttribute("aria-valuenow", tidy(start));
    span.setAttribute("aria-valuetext", say("{} to {} of {} seconds", tidy(start), tidy(end), tidy(whole.duration_s)));
  }
  function choose([start, end]) {
    place([start, end]);
    if (end - start < SHORTEST || (start === whole.start_s && end === tidy(whole.start_s + whole.length_s))) return place(now());
    return ask("trim", { start, length: tidy(end - start) });
  }

  strip.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !whole) return;
    const area = strip.getBoundingClientRect();
    const at = ({ clientX }) => clamp(((clientX - area.left) / area.width) * whole.duration_s, 0, whole.duration_s);
    const [from, [start, end]] = [at(event), now()];
    const near = (NEAR / area.width) * whole.duration_s;
    const kind = Math.abs(from - start) < near ? "start" : Math.abs(from - end) < near ? "end" : from > start && from < end ? "move" : "new";
    const limits = { total: whole.duration_s, most: whole.most_s };
    let next = null;
    strip.setPointerCapture(event.pointerId);
    const move = (later) => {
      next = dragged([start, end], kind, from, at(later), limits);
      place(next);
    };
    const stop = (later) => {
      for (const [type, listener] of listeners) strip.removeEventListener(type, listener);
      if (next && later.type === "pointerup") choose(next);
      else place(now());
    };
    const listeners = [["pointermove", move], ["pointerup", stop], ["pointercancel", stop]];
    for (const [type, listener] of listeners) strip.addEventListener(type, listener);
  });
  span.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!way) return;
    event.preventDefault();
    const step = 0.1 * way;
    const limits = { total: whole.duration_s, most: whole.most_s };
    const [start, end] = now();
    choose(dragged([start, end], event.shiftKey ? "end" : "move", end, end + step, limits));
  });

  return {
    node,
    draw(next) {
      node.hidden = !next || next.duration_s - next.length_s < SHORTEST / 2 && next.duration_s < 1;
      if (node.hidden) return;
      if (whole !== next) {
        whole = next;
        place(now());
      }
      drawWave(wave, [next.peaks]);
    },
  };
}
