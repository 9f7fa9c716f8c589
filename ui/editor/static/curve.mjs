// The lane of positions as a curve that can be dragged, one axis at a time.

import { AXES } from "./axes.mjs";
import { boxAt, clamp, isPresent } from "./geometry.mjs";
import { selectedTrack } from "./state.mjs";

/** Pixels from the curve at which a drag takes hold of it. */
const NEAR = 12;

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
