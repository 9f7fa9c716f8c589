// Draws the canvas: the frame, the boxes at the current frame, the path of the selected object.

import { boxAt, hasKeyframe, isPresent } from "./state.mjs";
import { colourOf, svg } from "./dom.mjs";

export const WIDTH = 512;
export const HEIGHT = 320;
/** Room around the frame, so that an object that drives in can be grabbed. */
export const MARGIN_X = 64;
export const MARGIN_Y = 40;

export const HANDLES = [
  ["nw", 0, 0], ["n", 0.5, 0], ["ne", 1, 0], ["e", 1, 0.5],
  ["se", 1, 1], ["s", 0.5, 1], ["sw", 0, 1], ["w", 0, 0.5],
];

export function createCanvas() {
  return svg("svg", {
    class: "canvas",
    viewBox: `${-MARGIN_X} ${-MARGIN_Y} ${WIDTH + 2 * MARGIN_X} ${HEIGHT + 2 * MARGIN_Y}`,
    role: "group",
    "aria-label": "Picture: boxes of the current frame",
  });
}

function frameLines() {
  const lines = [svg("rect", { class: "frame", x: 0, y: 0, width: WIDTH, height: HEIGHT, rx: 2 })];
  for (const third of [1 / 3, 2 / 3]) {
    lines.push(svg("line", { class: "third", x1: third * WIDTH, x2: third * WIDTH, y1: 0, y2: HEIGHT }));
    lines.push(svg("line", { class: "third", y1: third * HEIGHT, y2: third * HEIGHT, x1: 0, x2: WIDTH }));
  }
  return lines;
}

function path(track, layout, colour, frame) {
  const dots = [];
  const points = [];
  for (let k = track.start; k <= track.end; k += 1) {
    const [x1, y1, x2, y2] = boxAt(track, k);
    const x = ((x1 + x2) / 2) * WIDTH;
    const y = ((y1 + y2) / 2) * HEIGHT;
    points.push(`${x},${y}`);
    const key = hasKeyframe(track, k);
    dots.push(svg("circle", { cx: x, cy: y, r: k === frame ? 5 : key ? 4 : 2, class: key ? "tick key" : "tick", fill: colour }));
  }
  return svg("g", { class: "path" }, svg("polyline", { points: points.join(" "), stroke: colour }), ...dots);
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));

function label(track, x, y, colour) {
  const name = `${track.appearance} ${track.name}`.trim();
  const text = name.length > 28 ? `${name.slice(0, 27)}…` : name;
  const wide = 12 + 7.2 * [...text].length;
  const left = clamp(x, -MARGIN_X, WIDTH + MARGIN_X - wide);
  const top = clamp(y - 20, -MARGIN_Y, HEIGHT + MARGIN_Y - 18);
  return svg(
    "g",
    { class: "label", transform: `translate(${left} ${top})` },
    svg("rect", { width: wide, height: 18, rx: 4, fill: colour }),
    svg("text", { x: 6, y: 13, text }),
  );
}

function object(track, index, state, box, scale) {
  const colour = colourOf(index);
  const [x1, y1, x2, y2] = [box[0] * WIDTH, box[1] * HEIGHT, box[2] * WIDTH, box[3] * HEIGHT];
  const selected = track.id === state.selected;
  const here = isPresent(track, state.frame);
  const middle = Math.round(((box[0] + box[2]) / 2) * 100);
  const group = svg("g", {
    class: `object${selected ? " selected" : ""}${here ? "" : " absent"}${hasKeyframe(track, state.frame) ? " keyed" : ""}`,
    "data-id": track.id,
    tabindex: 0,
    role: "button",
    "aria-label": `${track.name}, centre at ${middle} percent of the width${here ? "" : ", absent in this frame"}`,
    "aria-pressed": selected ? "true" : "false",
    style: `--track: ${colour}`,
  });
  group.append(svg("rect", { class: "box", x: x1, y: y1, width: x2 - x1, height: y2 - y1, rx: 3 }));
  group.append(label(track, x1, y1, colour));
  if (selected) {
    for (const [name, u, v] of HANDLES) {
      const [cx, cy] = [x1 + u * (x2 - x1), y1 + v * (y2 - y1)];
      group.append(
        svg("g", { class: `handle ${name}`, "data-handle": name },
          svg("circle", { class: "grab", cx, cy, r: 14 * scale }),
          svg("circle", { class: "knob", cx, cy, r: 5 * scale })),
      );
    }
  }
  return group;
}

/** Redraw; `moving` is {id, box} while a gesture is under way. */
export function drawCanvas(canvas, state, moving) {
  const focused = canvas.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  const nodes = [...frameLines()];
  const layout = state.layout;
  if (layout) {
    const scale = (WIDTH + 2 * MARGIN_X) / Math.max(canvas.clientWidth, 200);
    const order = layout.objects.map((track, index) => ({ track, index }));
    const chosen = order.find(({ track }) => track.id === state.selected);
    if (chosen && chosen.track.keyframes.length > 1) {
      nodes.push(path(chosen.track, layout, colourOf(chosen.index), state.frame));
    }
    for (const { track, index } of order) {
      const box = moving?.id === track.id ? moving.box : boxAt(track, state.frame);
      nodes.push(object(track, index, state, box, scale));
    }
  }
  canvas.replaceChildren(...nodes);
  if (focused !== null) canvas.querySelector(`[data-id="${focused}"]`)?.focus({ preventScroll: true });
}
