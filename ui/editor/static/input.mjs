// Pointer gestures on the canvas (one gesture is one step of undo) and the keys of the editor.

import { boxAt, dragged, nextOf, snapped, tidyBox } from "./geometry.mjs";
import { HEIGHT, MARGIN_X, MARGIN_Y, WIDTH } from "./draw.mjs";
import { isHidden, middle, neighbour, selectedTrack } from "./state.mjs";

/** Distance at which a box snaps, and a drag counts as drawing, in pixels of the screen. */
const SNAP_PX = 7;
const DRAW_PX = 10;

/** Canvas point of a pointer event in frame widths and heights, and pixels per frame width. */
function locate(area, event) {
  const scale = (WIDTH + 2 * MARGIN_X) / area.width;
  return [
    ((event.clientX - area.left) * scale - MARGIN_X) / WIDTH,
    ((event.clientY - area.top) * scale - MARGIN_Y) / HEIGHT,
  ];
}

/**
 * Wire the gestures. `preview({moving, lines, band})` while one is under way, null at its end;
 * `dispatch` once. drawing(): whether touch draws; options(): {snap}.
 */
export function wireCanvas(canvas, { getState, dispatch, preview, drawing, options, drawn }) {
  let gesture = null;

  const others = (id) =>
    getState()
      .layout.objects.filter((track) => track.id !== id && !isHidden(getState(), track.id))
      .map((track) => boxAt(track, getState().frame));

  function start(event, kind, extra) {
    event.preventDefault();
    const area = canvas.getBoundingClientRect();
    gesture = { kind, pointer: event.pointerId, area, from: locate(area, event), moved: false, ...extra };
    canvas.setPointerCapture(event.pointerId);
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || gesture || !getState().layout) return;
    const group = event.target.closest("[data-id]");
    if (!group || drawing()) {
      if (!drawing()) dispatch({ type: "select", id: null });
      if (drawing() || event.pointerType !== "touch") start(event, "draw", {});
      return;
    }
    const id = Number(group.dataset.id);
    const handle = event.target.closest("[data-handle]")?.dataset.handle ?? null;
    dispatch({ type: "select", id });
    const track = selectedTrack(getState());
    if (!track || track.locked) return;
    start(event, "box", { id, handle, start: boxAt(track, getState().frame), others: others(id), box: null });
    canvas.querySelector(`.object[data-id="${id}"]`)?.focus({ preventScroll: true });
  });

  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== gesture?.pointer) return;
    const [x, y] = locate(gesture.area, event);
    const [dx, dy] = [x - gesture.from[0], y - gesture.from[1]];
    const perWidth = (gesture.area.width * WIDTH) / (WIDTH + 2 * MARGIN_X);
    if (gesture.kind === "draw") {
      gesture.moved ||= Math.max(Math.abs(dx) * perWidth, Math.abs(dy) * perWidth) > DRAW_PX;
      gesture.box = gesture.moved ? tidyBox([...gesture.from, x, y]) : null;
      preview({ band: gesture.box });
      return;
    }
    const { handle } = gesture;
    let box = dragged(gesture.start, handle, dx, dy, { keep: event.shiftKey, fromCentre: event.altKey });
    let lines = [];
    if (options().snap && !event.ctrlKey && !event.metaKey && !(handle && event.shiftKey)) {
      const tolerance = [SNAP_PX / perWidth, (SNAP_PX / perWidth) * (WIDTH / HEIGHT)];
      ({ box, lines } = snapped(box, handle, gesture.others, tolerance));
    }
    gesture.box = tidyBox(box);
    gesture.whole = event.altKey && !handle;
    preview({ moving: { id: gesture.id, box: gesture.box }, lines, whole: gesture.whole, handle });
  });

  function finish(event, keep) {
    if (event.pointerId !== gesture?.pointer) return;
    const { kind, id, handle, start: before, box, whole } = gesture;
    gesture = null;
    preview(null);
    if (!keep || !box) return;
    if (kind === "draw") drawn(box);
    else if (handle) dispatch({ type: "setBox", id, box });
    else dispatch({ type: whole ? "movePath" : "shift", id, dx: box[0] - before[0], dy: box[1] - before[1] });
  }
  canvas.addEventListener("pointerup", (event) => finish(event, true));
  canvas.addEventListener("pointercancel", (event) => finish(event, false));
  canvas.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !gesture) return;
    gesture = null;
    preview(null);
    event.stopPropagation();
  });

  canvas.addEventListener("focusin", (event) => {
    const id = event.target.closest("[data-id]")?.dataset.id;
    if (id !== undefined && Number(id) !== getState().selected) dispatch({ type: "select", id: Number(id) });
  });
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 0.01;
const FAST_STEP = 0.05;

/** Every key with what it does, in the order of the help: [keys, text, run(tools), needs an object]. */
export const KEYS = [
  ["Space", "Play or pause", ({ player }) => player.toggle()],
  [",", "Frame before", ({ seek, state }) => seek(state.frame - 1)],
  [".", "Next frame", ({ seek, state }) => seek(state.frame + 1)],
  ["Home", "First frame", ({ seek }) => seek(0)],
  ["End", "Last frame", ({ seek, state }) => seek(state.layout.frame_count - 1)],
  ["[", "Keyframe before", ({ seek, track, state }) => seek(neighbour(track, state.frame, -1) ?? state.frame), true],
  ["]", "Next keyframe", ({ seek, track, state }) => seek(neighbour(track, state.frame, 1) ?? state.frame), true],
  ["M", "Middle between two keyframes", ({ seek, track, state }) => seek(middle(track, state.frame, state.layout.frame_count)), true],
  ["K", "Set or remove a keyframe here", ({ edit }) => edit("toggleKeyframe"), true],
  ["E", "Next easing of the segment", ({ track, state, edit }) => edit("setEasing", nextEasing(track, state.frame)), true],
  ["C", "Copy the box", ({ edit }) => edit("copy"), true],
  ["V", "Paste the box here", ({ edit }) => edit("paste"), true],
  ["D", "Duplicate the object", ({ edit }) => edit("duplicate"), true],
  ["N", "New object", ({ add }) => add()],
  ["L", "Lock or unlock the object", ({ edit, track }) => edit("setLocked", { locked: !track.locked }), true],
  ["H", "Hide or show the object here", ({ edit }) => edit("toggleHidden"), true],
  ["R", "Back to the plan, this object", ({ edit }) => edit("reset"), true],
  ["Tab", "Next object", null],
  ["PageUp", "Towards the front", ({ edit }) => edit("reorder", { to: "forward" }), true],
  ["PageDown", "Towards the back", ({ edit }) => edit("reorder", { to: "backward" }), true],
  ["Delete", "Delete the object, or the keyframe in focus", ({ edit }) => edit("deleteObject"), true],
  ["Ctrl+Z", "Undo", ({ dispatch }) => dispatch({ type: "undo" })],
  ["Ctrl+Y", "Redo", ({ dispatch }) => dispatch({ type: "redo" })],
  ["?", "This list", ({ help }) => help()],
];
/** Moves that are no single key, for the help. */
export const GESTURES = [
  ["Arrows", "Nudge by 1% (with Shift 5%)"],
  ["Drag", "Move a box; a still object as a whole, a moving one by a keyframe"],
  ["Drag a handle", "Resize; Shift keeps the aspect, Alt keeps the centre"],
  ["Alt+drag", "Move the whole path"],
  ["Ctrl+drag", "Without snapping"],
  ["Drag on the empty picture", "Draw a new object (by touch: after Draw)"],
  ["Drag a diamond", "Move a keyframe; with Alt copy it"],
  ["Double-click a lane", "Set a keyframe there"],
];

function nextEasing(track, frame) {
  const key = track.keyframes.filter((one) => one.frame <= frame).at(-1) ?? track.keyframes[0];
  return { frame: key.frame, easing: nextOf(key.easing) };
}

const typing = ({ tagName, type }) => /^(INPUT|TEXTAREA|SELECT)$/.test(tagName) && type !== "range";
const ALIAS = { " ": "Space", Backspace: "Delete" };

function named(event) {
  const command = event.ctrlKey || event.metaKey;
  const key = ALIAS[event.key] ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  if (command && key === "Z") return event.shiftKey ? "Ctrl+Y" : "Ctrl+Z";
  return command ? `Ctrl+${key}` : key;
}

/** The editor's keys. tools: {getState, dispatch, player, add, help}. */
export function wireKeys(root, tools) {
  const { getState, dispatch } = tools;
  root.addEventListener("keydown", (event) => {
    if (typing(event.target) || event.altKey || event.defaultPrevented) return;
    const state = getState();
    if (!state.layout) return;
    const track = selectedTrack(state);
    const edit = (type, extra = {}) => dispatch({ type, id: state.selected, ...extra });
    const key = named(event);
    if (key === "Space" && event.target.tagName === "BUTTON") return;
    if (event.key in ARROWS) {
      if (!track || event.target.type === "range" || event.target.getAttribute("role") === "slider") return;
      const step = event.shiftKey ? FAST_STEP : STEP;
      const [dx, dy] = ARROWS[event.key];
      edit("shift", { dx: dx * step, dy: (dy * step * WIDTH) / HEIGHT });
    } else {
      const found = KEYS.find(([name, , run, needs]) => name === key && run && (track || !needs));
      if (!found) return;
      const seek = (frame) => dispatch({ type: "seek", frame });
      found[2]({ ...tools, state, track, edit, seek });
    }
    event.preventDefault();
  });
}
