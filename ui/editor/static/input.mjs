// Pointer gestures on the canvas: one gesture is one action of the reducer and one step of undo.

import { boxAt, dragged, hasKeyframe, snapped, tidyBox } from "./geometry.mjs";
import { HEIGHT, MARGIN_X, MARGIN_Y, pathOf, WIDTH } from "./draw.mjs";
import { isHidden, selectedTrack } from "./state.mjs";

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

/** Frame of a path that is nearest to a point of the canvas. */
function nearestFrame(track, [x, y]) {
  const away = ({ x: px, y: py }) => Math.hypot(px - x * WIDTH, py - y * HEIGHT);
  return pathOf(track).reduce((best, point) => (away(point) < away(best) ? point : best)).frame;
}

const inside = ([x1, y1, x2, y2], [x, y]) => x1 <= x && x <= x2 && y1 <= y && y <= y2;

/** What was taken hold of: {kind, handle, frame}. The box itself goes before its own line. */
function held(target, track, frame, at) {
  const part = (name) => target.closest(`[data-${name}]`)?.dataset[name];
  const handle = part("handle");
  if (handle !== undefined) return { kind: "handle", handle, frame };
  if (part("distance") !== undefined) return { kind: "distance", frame };
  const point = part("point");
  if (point !== undefined && Number(point) !== frame) return { kind: "point", frame: Number(point) };
  const onLine = part("line") !== undefined && !inside(boxAt(track, frame), at);
  return onLine ? { kind: "point", frame: nearestFrame(track, at) } : { kind: "box", frame };
}

/** By how much a drag down by a frame height brings nearer, as a power of 2. */
const NEARER = 4;

/** What a drag asks the reducer for, with the guides it met: {action, lines}. */
function asked(gesture, [dx, dy], event, tolerance) {
  const { id, kind, handle, frame, start } = gesture;
  if (kind === "distance") return { action: { type: "setDistance", id, frame, factor: 2 ** (dy * NEARER) } };
  let box = dragged(start, handle, dx, dy, { keep: event.shiftKey, fromCentre: event.altKey });
  let lines = [];
  if (tolerance && !(handle && event.shiftKey)) ({ box, lines } = snapped(box, handle, gesture.others, tolerance));
  box = tidyBox(box);
  if (handle) return { action: { type: "setBox", id, box }, lines };
  const by = { id, frame, dx: box[0] - start[0], dy: box[1] - start[1] };
  const whole = event.altKey || gesture.whole;
  return { action: { type: whole ? "movePath" : kind === "box" ? "shift" : "movePoint", ...by }, lines };
}

/**
 * Wire the gestures. `show({action, lines, band})` while one is under way, null at its end;
 * `dispatch` once. options(): {snap, whole, drawing, boxes}; drawn(box) for a new one.
 */
export function wireCanvas(canvas, { getState, dispatch, show, options, drawn }) {
  let gesture = null;

  const others = (id, frame) =>
    getState()
      .layout.objects.filter((track) => track.id !== id && !isHidden(getState(), track.id))
      .map((track) => boxAt(track, frame));

  function start(event, extra) {
    event.preventDefault();
    const area = canvas.getBoundingClientRect();
    gesture = { pointer: event.pointerId, area, from: locate(area, event), ...extra };
    canvas.setPointerCapture(event.pointerId);
  }

  function giveUp() {
    if (!gesture) return;
    gesture = null;
    show(null);
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (gesture) return giveUp(); // a second finger scrolls and zooms
    if (event.button !== 0 || !getState().layout || !options().boxes) return;
    const { drawing, whole } = options();
    const group = event.target.closest("[data-id]");
    if (!group || drawing) {
      if (!drawing) dispatch({ type: "select", id: null });
      if (drawing || event.pointerType !== "touch") start(event, { kind: "draw" });
      return;
    }
    const id = Number(group.dataset.id);
    dispatch({ type: "select", id });
    const track = selectedTrack(getState());
    if (!track || track.locked) return;
    const part = held(event.target, track, getState().frame, locate(canvas.getBoundingClientRect(), event));
    start(event, { ...part, id, whole, start: boxAt(track, part.frame), others: others(id, part.frame) });
    canvas.querySelector(`.object[data-id="${id}"]`)?.focus({ preventScroll: true });
  });

  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== gesture?.pointer) return;
    const [x, y] = locate(gesture.area, event);
    const [dx, dy] = [x - gesture.from[0], y - gesture.from[1]];
    const perWidth = (gesture.area.width * WIDTH) / (WIDTH + 2 * MARGIN_X);
    if (gesture.kind === "draw") {
      gesture.moved ||= Math.max(Math.abs(dx) * perWidth, Math.abs(dy) * perWidth) > DRAW_PX;
      gesture.band = gesture.moved ? tidyBox([...gesture.from, x, y]) : null;
      return show({ band: gesture.band });
    }
    const snaps = options().snap && !event.ctrlKey && !event.metaKey;
    const tolerance = snaps && [SNAP_PX / perWidth, (SNAP_PX / perWidth) * (WIDTH / HEIGHT)];
    const { action, lines } = asked(gesture, [dx, dy], event, tolerance);
    gesture.action = action;
    return show({ action, lines });
  });

  canvas.addEventListener("pointerup", (event) => {
    if (event.pointerId !== gesture?.pointer) return;
    const { action, band } = gesture;
    giveUp();
    if (band) drawn(band);
    else if (action) dispatch(action);
  });
  canvas.addEventListener("pointercancel", (event) => event.pointerId === gesture?.pointer && giveUp());
  // `touch-action` of what is inside an SVG is not heeded: a finger on a thing moves that alone
  canvas.addEventListener(
    "touchstart",
    (event) => event.touches.length === 1 && event.target.closest("[data-id]") && event.cancelable && event.preventDefault(),
    { passive: false },
  );
  canvas.addEventListener("dblclick", (event) => {
    const line = event.target.closest("[data-line]");
    const track = line && selectedTrack(getState());
    if (!track) return;
    const frame = nearestFrame(track, locate(canvas.getBoundingClientRect(), event));
    if (!hasKeyframe(track, frame)) dispatch({ type: "toggleKeyframe", id: track.id, frame });
  });
  canvas.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !gesture) return;
    giveUp();
    event.stopPropagation();
  });

  canvas.addEventListener("focusin", (event) => {
    const id = event.target.closest("[data-id]")?.dataset.id;
    if (id !== undefined && Number(id) !== getState().selected) dispatch({ type: "select", id: Number(id) });
  });
}
