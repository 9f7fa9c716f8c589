// Time: ruler, waveform, position lane, and one lane per object with its presence and keyframes.

import { button, colourOf, html, icon, shortened, toggle } from "./dom.mjs";
import { clamp, nextOf, secondsAt } from "./geometry.mjs";
import { createAxis } from "./axis.mjs";
import { wireCurve } from "./curve.mjs";
import { createPlaces, drawWave, placeScale } from "./lanes.mjs";
import { createTrim } from "./trim.mjs";
import { isHidden, middle, neighbour, selectedTrack } from "./state.mjs";
import { say } from "./words.mjs";

const SIGNS = { linear: "/", ease: "~", "ease-in": "_/", "ease-out": "/¯", hold: "¬" };
const ZOOMS = [1, 2, 4, 8];
const percent = (frames, count) => `${(100 * frames) / count}%`;

/** The frame of a strip's area that is under a pointer. */
const frameUnder = (area, x, count) => clamp(Math.floor(((x - area.left) / area.width) * count), 0, count - 1);

/** Drag along a strip: `onmove(frame)` while dragged, `onend(frame or null, event)`; a tap is a drag of nothing. */
function dragAlong(node, strip, count, { onmove, onend }) {
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.stopPropagation();
    const area = strip.getBoundingClientRect();
    const frameOf = ({ clientX }) => frameUnder(area, clientX, count);
    const from = event.clientX;
    let dragging = false;
    node.setPointerCapture(event.pointerId);
    const move = (next) => {
      dragging ||= Math.abs(next.clientX - from) > 3;
      if (dragging) onmove(frameOf(next));
    };
    const end = (next) => {
      for (const [type, listener] of listeners) node.removeEventListener(type, listener);
      onend(dragging && next.type === "pointerup" ? frameOf(next) : null, next);
    };
    const listeners = [["pointermove", move], ["pointerup", end], ["pointercancel", end]];
    for (const [type, listener] of listeners) node.addEventListener(type, listener);
  });
}

function diamond(track, key, state, strip, dispatch) {
  const count = state.layout.frame_count;
  const id = track.id;
  const choose = (frame) => {
    dispatch({ type: "select", id });
    dispatch({ type: "seek", frame });
  };
  const move = (to, copy) => {
    dispatch({ type: "moveKeyframe", id, from: key.frame, to, copy });
    choose(to);
    if (document.activeElement === node) node.dataset.focus = `${id} key ${to}`;
  };
  const node = button("", say("Keyframe at frame {}", key.frame + 1), () => choose(key.frame), {
    class: `diamond${key.frame === state.frame ? " now" : ""}`,
    "data-frame": key.frame,
    "data-focus": `${id} key ${key.frame}`,
    "aria-label": say("{}: keyframe at frame {}", track.name, key.frame + 1),
  });
  node.style.left = percent(key.frame + 0.5, count);
  dragAlong(node, strip, count, {
    onmove: (frame) => (node.style.left = percent(frame + 0.5, count)),
    onend: (frame, event) => frame !== null && move(frame, event.altKey),
  });
  node.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (way && !track.locked) move(clamp(key.frame + way, 0, count - 1), false);
    else if (event.key === "Delete" || event.key === "Backspace") dispatch({ type: "deleteKeyframe", id, frame: key.frame });
    else return;
    event.preventDefault();
  });
  return node;
}

/** The button in the middle of a segment that changes its easing. */
function easing(track, left, right, count, dispatch) {
  const node = button(SIGNS[left.easing], say("{}: {} from frame {} to {}; change", track.name, say(left.easing), left.frame + 1, right.frame + 1), () =>
    dispatch({ type: "setEasing", id: track.id, frame: left.frame, easing: nextOf(left.easing) }),
    { class: "easing", "data-focus": `${track.id} easing ${left.frame}` });
  node.style.left = percent((left.frame + right.frame + 1) / 2, count);
  return node;
}

/** One end of the presence span: drag it, or arrow keys. */
function spanEnd(track, end, span, strip, state, dispatch) {
  const count = state.layout.frame_count;
  const set = (frame) => dispatch({ type: "setSpan", id: track.id, [end]: frame });
  const node = html("span", {
    class: `span-end ${end}`,
    "data-focus": `${track.id} ${end}`,
    role: "slider",
    tabindex: 0,
    "aria-label": say(end === "start" ? "{}: first frame" : "{}: last frame", track.name),
    "aria-valuemin": 1,
    "aria-valuemax": count,
    "aria-valuenow": track[end] + 1,
  });
  const shown = (frame) => {
    const [first, last] = end === "start" ? [Math.min(frame, track.end), track.end] : [track.start, Math.max(frame, track.start)];
    span.style.left = percent(first, count);
    span.style.width = percent(last - first + 1, count);
    return end === "start" ? first : last;
  };
  dragAlong(node, strip, count, {
    onmove: shown,
    onend: (frame) => frame !== null && set(shown(frame)),
  });
  node.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!way) return;
    set(track[end] + way);
    event.preventDefault();
  });
  return node;
}

function lane(track, state, dispatch) {
  const count = state.layout.frame_count;
  const selected = track.id === state.selected;
  const strip = html("div", { class: "strip" });
  const frameOf = (event) => frameUnder(strip.getBoundingClientRect(), event.clientX, count);
  strip.addEventListener("click", (event) => {
    if (event.target.closest("button, .span-end")) return;
    dispatch({ type: "select", id: track.id });
    dispatch({ type: "seek", frame: frameOf(event) });
  });
  strip.addEventListener("dblclick", (event) => {
    if (!event.target.closest("button")) dispatch({ type: "toggleKeyframe", id: track.id, frame: frameOf(event) });
  });
  const span = html("div", { class: "span" });
  span.style.left = percent(track.start, count);
  span.style.width = percent(track.end - track.start + 1, count);
  strip.append(span);
  if (selected && !track.locked) {
    span.append(...["start", "end"].map((end) => spanEnd(track, end, span, strip, state, dispatch)));
    track.keyframes.slice(1).forEach((right, k) => {
      const left = track.keyframes[k];
      if (right.frame - left.frame > 1) strip.append(easing(track, left, right, count, dispatch));
    });
  }
  for (const key of track.keyframes) strip.append(diamond(track, key, state, strip, dispatch));
  const eye = isHidden(state, track.id);
  const name = html("button", {
    type: "button", class: "who", title: track.name, "aria-label": track.name, "aria-pressed": String(selected),
    "data-focus": `${track.id} who`, onclick: () => dispatch({ type: "select", id: track.id }),
  });
  name.append(...(eye ? [icon("hide")] : track.locked ? [icon("lock")] : []), shortened(track.name, 40));
  const row = html("div", { class: `lane${selected ? " selected" : ""}${eye ? " hidden" : ""}` }, name, strip);
  row.style.setProperty("--track", colourOf(state, track.id));
  return row;
}

function transport({ dispatch, getState, player, loop }) {
  const play = button(["play", "Play"], "Play or pause (Space)", () => player.toggle(), { class: "play" });
  const half = toggle(["half", "½ speed"], "Half speed", (on) => player.setRate(on ? 0.5 : 1));
  const again = toggle(["loop", "Loop"], "Repeat the span of the selected object, or everything", (on) => loop(on));
  const jump = (frameOf) => () => {
    const state = getState();
    const frame = selectedTrack(state) && frameOf(selectedTrack(state), state);
    if (frame !== null && frame !== undefined) dispatch({ type: "seek", frame });
  };
  const previous = button(["previous"], "Keyframe before ([)", jump((track, { frame }) => neighbour(track, frame, -1)));
  const between = button(["middle"], "Middle between two keyframes (M)", jump((track, { frame, layout }) => middle(track, frame, layout.frame_count)));
  const next = button(["next"], "Next keyframe (])", jump((track, { frame }) => neighbour(track, frame, 1)));
  return {
    nodes: [play, half, again, previous, between, next],
    draw(state) {
      play.replaceChildren(icon(player.playing ? "pause" : "play"), say(player.playing ? "Pause" : "Play"));
      play.disabled = !player.ready;
      for (const one of [previous, between, next]) one.disabled = !selectedTrack(state);
    },
  };
}

/** tools: {getState, dispatch, player, loop, show}. */
export function createTimeline(tools) {
  const { getState, dispatch } = tools;
  const slider = html("input", { type: "range", min: 0, step: 1, "aria-label": say("Frame") });
  slider.addEventListener("input", () => dispatch({ type: "seek", frame: Number(slider.value) }));
  const ruler = html("div", { class: "ruler" }, slider);
  const clock = html("output", { class: "clock" });
  const wave = html("canvas", { class: "wave", role: "img", "aria-label": say("Waveform: left channel above, right channel below") });
  const places = html("canvas", { class: "places", role: "img", "aria-label": say("Position over time, left at the top: where sounds are heard, and where the boxes are") });
  const lanes = html("div", { class: "lanes" });
  const head = html("div", { class: "head" });
  const trim = createTrim();
  const axis = createAxis({ getState, dispatch, onchange: () => drawPlaces(getState(), lastHeard) });
  const inner = html(
    "div",
    { class: "inner" },
    html("div", { class: "lane" }, html("span", { class: "what", text: say("Frame") }), ruler),
    html("div", { class: "lane" }, html("span", { class: "what", text: say("Sound, L over R") }), wave),
    html("div", { class: "lane" }, axis.node, places),
    lanes,
    html("div", { class: "over" }, head),
  );
  wave.addEventListener("click", (event) => {
    const { layout } = getState();
    const area = wave.getBoundingClientRect();
    if (layout) dispatch({ type: "seek", frame: frameUnder(area, event.clientX, layout.frame_count) });
  });
  const seek = (frame) => dispatch({ type: "seek", frame });
  wireCurve(places, { getState, dispatch, show: tools.show, axis: axis.chosen, scale: placeScale, seek });
  let lastHeard = [];
  const placeLane = createPlaces(places);
  const bar = transport(tools);
  const zoom = html(
    "select",
    { "aria-label": say("Zoom of the timeline"), onchange: () => (inner.style.width = `${100 * Number(zoom.value)}%`) },
    ...ZOOMS.map((value) => html("option", { value, text: `${value}×` })),
  );
  const scroll = html("div", { class: "scroll" }, inner);
  const node = html("div", { class: "timeline" }, html("div", { class: "transport" }, ...bar.nodes, zoom, clock), trim.node, scroll);
  let drawn = null;

  function drawPlaces(state, heard) {
    lastHeard = heard;
    if (!state.layout) return;
    const tracks = state.layout.objects
      .filter((track) => !isHidden(state, track.id))
      .map((track) => ({ track, colour: colourOf(state, track.id), selected: track.id === state.selected }));
    placeLane.draw({ heard, tracks, frames: state.layout.frame_count, axis: axis.chosen() });
  }

  function drawLanes(state) {
    const focused = lanes.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
    lanes.replaceChildren(...[...state.layout.objects].reverse().map((track) => lane(track, state, dispatch)));
    if (focused) lanes.querySelector(`[data-focus="${focused}"]`)?.focus({ preventScroll: true });
  }

  return {
    node,
    /** The playhead at a fractional frame while it plays. */
    drawHead(state, time) {
      if (!state.layout) return;
      const count = state.layout.frame_count;
      head.style.left = percent((time ?? state.frame) + 0.5, count);
      const seconds = secondsAt(state.layout, time ?? state.frame);
      clock.textContent = `${state.frame + 1}/${count} · ${seconds.toFixed(2)} s`;
      slider.value = state.frame;
      slider.setAttribute("aria-valuetext", say("frame {}, {} seconds", state.frame + 1, seconds.toFixed(2)));
    },
    drawPlaces,
    /** The position lane with another path of the selected track, while it is dragged. */
    dragPlaces: (track) => placeLane.drag(track),
    drawWave({ peaks, whole }) {
      trim.draw(whole);
      drawWave(wave, peaks);
    },
    draw(state) {
      bar.draw(state);
      axis.draw(state);
      slider.disabled = !state.layout;
      if (!state.layout) return lanes.replaceChildren();
      slider.max = state.layout.frame_count - 1;
      // so that the thumb (16 px) is over the middle of its frame
      ruler.style.paddingInline = `calc(${percent(0.5, state.layout.frame_count)} - 8px)`;
      // while it plays only the frame changes, and captions are written behind: the lanes stay
      const { objects, frame_count: count } = state.layout;
      const shown = [objects, count, state.selected, state.hidden, state.colours];
      if (!drawn || shown.some((part, k) => part !== drawn[k])) drawLanes(state);
      drawn = shown;
      for (const one of lanes.querySelectorAll(".diamond")) one.classList.toggle("now", Number(one.dataset.frame) === state.frame);
      return undefined;
    },
  };
}
