// The frame slider and one lane per object with its presence and keyframes.

import { colourOf, html } from "./dom.mjs";

const percent = (frame, count) => `${((frame + 0.5) / count) * 100}%`;

function lane(track, index, state, dispatch) {
  const count = state.layout.frame_count;
  const strip = html("div", {
    class: "strip",
    onclick: (event) => {
      const area = event.currentTarget.getBoundingClientRect();
      dispatch({ type: "select", id: track.id });
      dispatch({ type: "seek", frame: Math.floor(((event.clientX - area.left) / area.width) * count) });
    },
  });
  const span = html("div", { class: "span" });
  span.style.left = `${(track.start / count) * 100}%`;
  span.style.width = `${((track.end - track.start + 1) / count) * 100}%`;
  strip.append(span);
  for (const key of track.keyframes) {
    const diamond = html("button", {
      type: "button",
      class: `diamond${key.frame === state.frame ? " now" : ""}`,
      title: `Keyframe at frame ${key.frame + 1}`,
      "aria-label": `${track.name}: keyframe at frame ${key.frame + 1}`,
      onclick: (event) => {
        event.stopPropagation();
        dispatch({ type: "select", id: track.id });
        dispatch({ type: "seek", frame: key.frame });
      },
    });
    diamond.style.left = percent(key.frame, count);
    strip.append(diamond);
  }
  const head = html("div", { class: "head" });
  head.style.left = percent(state.frame, count);
  strip.append(head);
  const name = html("button", {
    type: "button",
    class: "who",
    text: track.name,
    title: track.name,
    "aria-pressed": track.id === state.selected ? "true" : "false",
    onclick: () => dispatch({ type: "select", id: track.id }),
  });
  const row = html("div", { class: `lane${track.id === state.selected ? " selected" : ""}` }, name, strip);
  row.style.setProperty("--track", colourOf(index));
  return row;
}

export function createTimeline(dispatch) {
  const slider = html("input", { type: "range", min: 0, step: 1, "aria-label": "Frame" });
  slider.addEventListener("input", () => dispatch({ type: "seek", frame: Number(slider.value) }));
  const clock = html("output", { class: "clock" });
  const lanes = html("div", { class: "lanes" });
  const node = html(
    "div",
    { class: "timeline" },
    html("div", { class: "ruler" }, clock, slider),
    lanes,
  );
  return {
    node,
    draw(state) {
      const layout = state.layout;
      slider.disabled = !layout;
      if (!layout) return lanes.replaceChildren();
      slider.max = layout.frame_count - 1;
      slider.value = state.frame;
      const seconds = ((state.frame + 0.5) / layout.frame_count) * layout.duration_s;
      clock.textContent = `${state.frame + 1}/${layout.frame_count} · ${seconds.toFixed(2)} s`;
      slider.setAttribute("aria-valuetext", `frame ${state.frame + 1}, ${seconds.toFixed(2)} seconds`);
      return lanes.replaceChildren(
        ...layout.objects.map((track, index) => lane(track, index, state, dispatch)),
      );
    },
  };
}
