// Beside the lane of positions: which axis it shows, and the curve of the selected object on it.

import { AXES, curveOf } from "./axes.mjs";
import { html } from "./dom.mjs";
import { EASINGS } from "./geometry.mjs";
import { selectedTrack } from "./state.mjs";
import { say } from "./words.mjs";

function select(title, options, onchange) {
  const choices = Object.entries(options).map(([value, text]) => html("option", { value, text: say(text) }));
  return html("select", { title: say(title), "aria-label": say(title), onchange }, ...choices);
}

/** `onchange()` when another axis is chosen. */
export function createAxis({ getState, dispatch, onchange }) {
  const names = Object.fromEntries(Object.entries(AXES).map(([name, { text }]) => [name, text]));
  const axis = select("What the curve shows; left, high and far are on top", names, () => {
    draw(getState());
    onchange();
  });
  const easings = Object.fromEntries(EASINGS.map((easing) => [easing, easing]));
  const curve = select("Curve of the selected object on this axis", { ...easings, "": "mixed", still: "still" }, () =>
    dispatch({ type: "setCurve", id: getState().selected, axis: axis.value, easing: curve.value }));
  for (const one of curve.querySelectorAll("option")) one.hidden = !EASINGS.includes(one.value);
  let drawn = {};

  function draw(state) {
    const track = selectedTrack(state);
    const now = { keyframes: track?.keyframes, locked: track?.locked, axis: axis.value, shown: curve.value };
    if (Object.keys(now).every((name) => now[name] === drawn[name])) return; // as while it plays
    const found = track ? curveOf(track, axis.value) : null;
    curve.disabled = found === null || track.locked;
    curve.value = found ?? "still";
    drawn = { ...now, shown: curve.value };
  }

  return { node: html("div", { class: "what axes" }, axis, curve), chosen: () => axis.value, draw };
}
