// The lane of positions as a curve that can be dragged, one axis at a time: left to right, up and
// down, or distance.

import { boxAt, centre, clamp, isPresent } from "./geometry.mjs";
import { selectedTrack } from "./state.mjs";

/** Pixels from the curve at which a drag takes hold of it. */
const NEAR = 12;
const sizeOf = (box) => box[3] - box[1];

/** Each axis (left, high and far are on top of the lane): its name, what it shows of a box (0 on top of the lane), and the action that puts a
 * value there: (track, frame, value) -> action. */
export const AXES = {
  x: {
    text: "Place",
    value: (box) => centre(box)[0],
    put: (track, frame, value) => ({ type: "movePoint", frame, dx: value - centre(boxAt(track, frame))[0], dy: 0 }),
  },
  y: {
    text: "Height",
    value: (box) => centre(box)[1],
    put: (track, frame, value) => ({ type: "movePoint", frame, dx: 0, dy: value - centre(boxAt(track, frame))[1] }),
  },
  distance: {
    text: "Distance",
    value: sizeOf,
    put: (track, frame, value) => ({ type: "setDistance", frame, factor: Math.max(value, 0.04) / sizeOf(boxAt(track, frame)) }),
  },
};

/** Wire the drags; tools: {getState, dispatch, show, axis()}; a click seeks by `seek(frame)`. */
export function wireCurve(surface, { getState, dispatch, show, axis, scale, seek }) {
  surface.addEventListener("pointerdown", (event) => {
    const state = getState();
    if (event.button !== 0 || !state.layout) return;
    const area = surface.getBoundingClientRect();
    const count = state.layout.frame_count;
    const frame = clamp(Math.floor(((event.clientX - area.left) / area.width) * count), 0, count - 1);
    const track = selectedTrack(state);
    const { value, put } = AXES[axis()];
    const off = track && event.clientY - area.top - scale.y(value(boxAt(track, frame)), area.height);
    if (!track || track.locked || !isPresent(track, frame) || Math.abs(off) > NEAR) return void seek(frame);
    event.preventDefault();
    surface.setPointerCapture(event.pointerId);
    let action = null;
    const move = (later) => {
      if (!action && Math.abs(later.clientY - event.clientY) < 3) return;
      const wanted = scale.value(later.clientY - area.top - off, area.height);
      action = { id: track.id, ...put(track, frame, wanted) };
      show({ action });
    };
    const stop = (later) => {
      for (const [type, listener] of listeners) surface.removeEventListener(type, listener);
      show(null);
      if (!action) seek(frame);
      else if (later.type === "pointerup") dispatch(action);
    };
    const listeners = [["pointermove", move], ["pointerup", stop], ["pointercancel", stop]];
    for (const [type, listener] of listeners) surface.addEventListener(type, listener);
  });
}
