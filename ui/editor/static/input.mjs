// Pointer and keyboard on the canvas. A gesture is one step of undo.

import { boxAt, selectedTrack, tidyBox } from "./state.mjs";
import { HEIGHT, MARGIN_X, MARGIN_Y, WIDTH } from "./draw.mjs";

/** Pointer position in frame widths and heights. */
function locate(canvas, event) {
  const area = canvas.getBoundingClientRect();
  const scale = (WIDTH + 2 * MARGIN_X) / area.width;
  return [
    ((event.clientX - area.left) * scale - MARGIN_X) / WIDTH,
    ((event.clientY - area.top) * scale - MARGIN_Y) / HEIGHT,
  ];
}

function dragged(start, handle, dx, dy) {
  if (!handle) return start.map((value, k) => value + (k % 2 ? dy : dx));
  const box = [...start];
  if (handle.includes("w")) box[0] += dx;
  if (handle.includes("e")) box[2] += dx;
  if (handle.includes("n")) box[1] += dy;
  if (handle.includes("s")) box[3] += dy;
  return box;
}

/** Wire gestures: `preview({id, box})` while moving, `dispatch` once at the end. */
export function wireCanvas(canvas, { getState, dispatch, preview }) {
  let gesture = null;

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || gesture) return;
    const group = event.target.closest("[data-id]");
    if (!group) {
      dispatch({ type: "select", id: null });
      return;
    }
    const id = Number(group.dataset.id);
    const handle = event.target.closest("[data-handle]")?.dataset.handle ?? null;
    dispatch({ type: "select", id });
    const state = getState();
    const track = selectedTrack(state);
    if (track.locked) return;
    event.preventDefault();
    gesture = {
      id, handle, pointer: event.pointerId, from: locate(canvas, event), start: boxAt(track, state.frame), box: null,
    };
    canvas.setPointerCapture(event.pointerId);
    canvas.querySelector(`[data-id="${id}"]`)?.focus({ preventScroll: true });
  });

  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== gesture?.pointer) return;
    const [x, y] = locate(canvas, event);
    const box = dragged(gesture.start, gesture.handle, x - gesture.from[0], y - gesture.from[1]);
    gesture.box = tidyBox(box);
    preview({ id: gesture.id, box: gesture.box });
  });

  const finish = (event, keep) => {
    if (event.pointerId !== gesture?.pointer) return;
    const { id, handle, start, box } = gesture;
    gesture = null;
    preview(null);
    if (!keep || !box) return;
    if (handle) dispatch({ type: "setBox", id, box });
    else dispatch({ type: "shift", id, dx: box[0] - start[0], dy: box[1] - start[1] });
  };
  canvas.addEventListener("pointerup", (event) => finish(event, true));
  canvas.addEventListener("pointercancel", (event) => finish(event, false));

  canvas.addEventListener("focusin", (event) => {
    const id = event.target.closest("[data-id]")?.dataset.id;
    if (id !== undefined && Number(id) !== getState().selected) dispatch({ type: "select", id: Number(id) });
  });
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const typing = (target) => /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "range";

/** Keys of the whole editor: arrows, Delete, K, comma and period, Ctrl+Z and Ctrl+Y. */
export function wireKeys(root, { getState, dispatch }) {
  root.addEventListener("keydown", (event) => {
    if (typing(event.target)) return;
    const { selected: id, frame } = getState();
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (command && key === "z") dispatch({ type: event.shiftKey ? "redo" : "undo" });
    else if (command && key === "y") dispatch({ type: "redo" });
    else if (command || event.altKey) return;
    else if (key === ",") dispatch({ type: "seek", frame: frame - 1 });
    else if (key === ".") dispatch({ type: "seek", frame: frame + 1 });
    else if (id === null) return;
    else if (event.key in ARROWS && event.target.type !== "range") {
      const step = event.shiftKey ? 0.05 : 0.01;
      const [dx, dy] = ARROWS[event.key];
      dispatch({ type: "shift", id, dx: dx * step, dy: dy * step * 1.6 });
    } else if (event.key === "Delete" || event.key === "Backspace") dispatch({ type: "deleteObject", id });
    else if (key === "k") dispatch({ type: "toggleKeyframe", id });
    else return;
    event.preventDefault();
  });
}
