// Mounts the editor into a gr.HTML component: state in the middle, views around it.
//
// To Python: a new object in props.value, then trigger("input"). From Python: watch("value").

import { createCanvas, drawCanvas } from "./draw.mjs";
import { createFields, createToolbar } from "./panel.mjs";
import { createTimeline } from "./timeline.mjs";
import { html } from "./dom.mjs";
import { initial, reduce } from "./state.mjs";
import { wireCanvas, wireKeys } from "./input.mjs";

const HINT = "Drag a box to move it, its handles to resize it. Arrow keys nudge, K sets a keyframe, comma and period step through the frames.";

export function mount(element, { props, trigger, watch }) {
  let state = initial(props.value ?? null);
  let moving = null;
  const getState = () => state;

  const dispatch = (action) => {
    const before = state;
    state = reduce(state, action);
    if (state === before) return;
    if (state.layout !== before.layout && action.type !== "load") {
      props.value = structuredClone(state.layout);
      trigger("input", {});
    }
    draw();
  };

  const canvas = createCanvas();
  const toolbar = createToolbar({ getState, dispatch });
  const timeline = createTimeline(dispatch);
  const fields = createFields({ getState, dispatch });
  const root = html(
    "section",
    { class: "spa2v-editor", "aria-label": "Layout editor" },
    toolbar.node,
    canvas,
    timeline.node,
    fields.node,
    html("p", { class: "hint", text: HINT }),
  );

  let scheduled = false;
  function draw() {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      drawCanvas(canvas, state, moving);
      if (moving) return;
      for (const view of [toolbar, timeline, fields]) view.draw(state);
    });
  }

  wireCanvas(canvas, {
    getState,
    dispatch,
    preview: (next) => {
      moving = next;
      draw();
    },
  });
  wireKeys(root, { getState, dispatch });
  watch("value", () => dispatch({ type: "load", layout: props.value ?? null }));
  new ResizeObserver(draw).observe(canvas);
  element.querySelector(".spa2v-mount").replaceChildren(root);
  draw();
}
