// Draws the canvas: the frame, the boxes at the current frame, the path of the selected object.

import { boxAt, centre, clamp, hasKeyframe, HORIZON, isPresent } from "./geometry.mjs";
import { colourOf, shortened, svg } from "./dom.mjs";
import { isHidden, selectedTrack, trackOf } from "./state.mjs";
import { say } from "./words.mjs";

/** Units of the frame, 512 x 320 for 8:5 and as many in all for another shape. */
export let WIDTH = 512;
export let HEIGHT = 320;
/** Room around the frame, so that an object that drives in can be grabbed. */
export let MARGIN_X = 40;
export let MARGIN_Y = 25;
/** Frames before and after the current one that are shown faintly. */
const ONION = [-2, -1, 1, 2];

export const HANDLES = [
  ["nw", 0, 0], ["n", 0.5, 0], ["ne", 1, 0], ["e", 1, 0.5],
  ["se", 1, 1], ["s", 0.5, 1], ["sw", 0, 1], ["w", 0, 0.5],
];

export function createCanvas() {
  const canvas = svg("svg", {
    class: "canvas",
    role: "group",
    tabindex: -1,
    "aria-label": say("Picture: boxes of the current frame"),
  });
  reshape(canvas, WIDTH / HEIGHT);
  return canvas;
}

/** The canvas and its shape. */
let shaped = null;

/** Give the frame another shape, width to height; nothing where it has it, as while it plays. */
export function reshape(canvas, ratio) {
  if (shaped?.canvas === canvas && shaped.ratio === ratio) return;
  shaped = { canvas, ratio };
  WIDTH = Math.round(Math.sqrt(512 * 320 * ratio));
  HEIGHT = Math.round(WIDTH / ratio);
  [MARGIN_X, MARGIN_Y] = [WIDTH, HEIGHT].map((size) => (size * 5) / 64);
  const [wide, high] = [WIDTH + 2 * MARGIN_X, HEIGHT + 2 * MARGIN_Y];
  canvas.setAttribute("viewBox", `${-MARGIN_X} ${-MARGIN_Y} ${wide} ${high}`);
  canvas.style.aspectRatio = `${wide} / ${high}`;
}

const rectangle = ([x1, y1, x2, y2]) => ({
  x: x1 * WIDTH, y: y1 * HEIGHT, width: (x2 - x1) * WIDTH, height: (y2 - y1) * HEIGHT,
});

function line(axis, position, className) {
  const [long, across] = axis ? ["x", "y"] : ["y", "x"];
  const [size, other] = axis ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT];
  return svg("line", {
    class: className,
    [`${across}1`]: position * size, [`${across}2`]: position * size, [`${long}1`]: 0, [`${long}2`]: other,
  });
}

const frameLines = () => [
  svg("rect", { class: "frame", x: 0, y: 0, width: WIDTH, height: HEIGHT, rx: 2 }),
  svg("rect", { class: "ground", x: 0, y: HORIZON * HEIGHT, width: WIDTH, height: (1 - HORIZON) * HEIGHT }),
  ...[0, 1].flatMap((axis) => [1 / 3, 2 / 3].map((at) => line(axis, at, "third"))),
];

/** Centres of a track on the canvas, one for each frame it is present in. */
export const pathOf = (track) =>
  Array.from({ length: track.end - track.start + 1 }, (_, k) => {
    const [x, y] = centre(boxAt(track, track.start + k));
    return { frame: track.start + k, x: x * WIDTH, y: y * HEIGHT };
  });

/** The path of a track; its line and the dots of its keyframes can be taken hold of. */
function path(track, colour, frame, scale) {
  const points = pathOf(track);
  const dots = points.map(({ frame: k, x: cx, y: cy }) => {
    const key = hasKeyframe(track, k);
    const r = (k === frame ? 5 : key ? 5 : 2) * Math.min(scale, 1.2);
    const dot = svg("circle", { cx, cy, r, class: key ? "tick key" : "tick", fill: colour });
    if (!key) return dot;
    return svg("g", { class: "point", "data-point": k }, svg("circle", { class: "grab", cx, cy, r: 12 * scale }), dot);
  });
  const along = points.map(({ x, y }) => `${x},${y}`).join(" ");
  return svg(
    "g",
    { class: `path${track.locked ? " locked" : ""}`, "data-id": track.id },
    svg("polyline", { class: "trail", points: along, stroke: colour }),
    svg("polyline", { class: "reach", points: along, "stroke-width": 16 * scale, "data-line": "" }),
    ...dots,
  );
}

/** Text of a label and where it is: above the box, but on the canvas. */
function labelPlace(track, x, y) {
  const text = shortened(`${track.appearance} ${track.name}`.trim(), 28);
  const wide = 12 + 7.2 * [...text].length;
  const left = clamp(x, -MARGIN_X, WIDTH + MARGIN_X - wide);
  const top = clamp(y - 20, -MARGIN_Y, HEIGHT + MARGIN_Y - 18);
  return { text, wide, transform: `translate(${left} ${top})` };
}

function label(track, x, y, colour) {
  const { text, wide, transform } = labelPlace(track, x, y);
  return svg(
    "g",
    { class: "label", transform },
    svg("rect", { width: wide, height: 18, rx: 4, fill: colour }),
    svg("text", { x: 6, y: 13, text }),
  );
}

function object(track, state, box) {
  const selected = track.id === state.selected;
  const here = isPresent(track, state.frame);
  const flags = { selected, absent: !here, keyed: hasKeyframe(track, state.frame), locked: track.locked };
  const at = Math.round(centre(box)[0] * 100);
  return svg(
    "g",
    {
      class: ["object", ...Object.keys(flags).filter((flag) => flags[flag])].join(" "),
      "data-id": track.id,
      tabindex: 0,
      role: "button",
      "aria-label": [
        say("{}, centre at {} percent of the width", track.name, at),
        ...(here ? [] : [say("absent in this frame")]),
        ...(track.locked ? [say("locked")] : []),
      ].join(", "),
      "aria-pressed": String(selected),
      style: `--track: ${colourOf(state, track.id)}`,
    },
    svg("rect", { class: "box", ...rectangle(box), rx: 3 }),
    label(track, box[0] * WIDTH, box[1] * HEIGHT, colourOf(state, track.id)),
  );
}

function handles(track, box, colour, scale) {
  const { x, y, width, height } = rectangle(box);
  return svg(
    "g",
    { class: "handles", "data-id": track.id, style: `--track: ${colour}` },
    ...HANDLES.map(([name, u, v]) => {
      const [cx, cy] = [x + u * width, y + v * height];
      return svg("g", { class: `handle ${name}`, "data-handle": name },
        svg("circle", { class: "grab", cx, cy, r: 14 * scale }),
        svg("circle", { class: "knob", cx, cy, r: 5 * scale }));
    }),
    distanceHandle(x + width / 2, y + height, scale),
  );
}

/** Below the box: dragged down it brings the object nearer, up farther. */
function distanceHandle(cx, bottom, scale) {
  const cy = Math.min(bottom + 24 * scale, HEIGHT + MARGIN_Y - 9 * scale);
  const [w, h] = [3.5 * scale, 6 * scale];
  const arrows = `M${cx - w} ${cy - h + w}l${w} ${-w}l${w} ${w}M${cx - w} ${cy + h - w}l${w} ${w}l${w} ${-w}M${cx} ${cy - h}v${2 * h}`;
  return svg(
    "g",
    { class: "distance", "data-distance": "" },
    svg("circle", { class: "grab", cx, cy, r: 14 * scale }),
    svg("circle", { class: "knob", cx, cy, r: 9 * scale }),
    svg("path", { d: arrows }),
  );
}

const outlines = (className, boxes, colour) =>
  svg("g", { class: className, style: `--track: ${colour}` }, ...boxes.map((box) => svg("rect", rectangle(box))));

/** What is behind the boxes: the plan they came from, and neighbouring frames. */
function behind(state, view) {
  const nodes = [];
  const chosen = selectedTrack(state);
  if (view.ghost && state.proposal) {
    for (const track of state.proposal.objects) {
      const now = trackOf(state.layout, track.id);
      const then = boxAt(track, state.frame);
      if (!now || boxAt(now, state.frame).some((value, k) => Math.abs(value - then[k]) > 0.005)) {
        nodes.push(outlines("ghost", [then], colourOf(state, track.id)));
      }
    }
  }
  if (chosen && view.onion) {
    const frames = ONION.map((step) => state.frame + step).filter((frame) => isPresent(chosen, frame));
    nodes.push(outlines("onion", frames.map((frame) => boxAt(chosen, frame)), colourOf(state, chosen.id)));
  }
  return nodes;
}

/** What a gesture shows: lines, the guides it has met; band, the box that is being drawn. */
const over = ({ lines, band }) => [
  ...(lines ?? []).map(([axis, position]) => line(axis, position, "guide")),
  ...(band ? [svg("rect", { class: "band", ...rectangle(band) })] : []),
];

function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
}

/**
 * Redraw what a gesture changes and nothing else, so that it stays smooth among many objects.
 * view: {future: the track as it would be left, lines, band, width}.
 */
export function drawGesture(canvas, state, view) {
  canvas.querySelector(".over")?.replaceChildren(...over(view));
  if (!view.future) return;
  const track = view.future;
  const group = canvas.querySelector(`.object[data-id="${track.id}"]`);
  if (!group) return;
  const [box, colour, scale] = [boxAt(track, state.frame), colourOf(state, track.id), scaleOf(view)];
  set(group.querySelector(".box"), rectangle(box));
  set(group.querySelector(".label"), { transform: labelPlace(track, box[0] * WIDTH, box[1] * HEIGHT).transform });
  canvas.querySelector(".handles")?.replaceWith(handles(track, box, colour, scale));
  canvas.querySelector(".path")?.replaceWith(path(track, colour, state.frame, scale));
}

/** Canvas units per pixel of the screen. */
const scaleOf = ({ width }) => (WIDTH + 2 * MARGIN_X) / Math.max(width, 200);

/** The path and the handles of the selected object, over all the others. */
function forSelected(state, view, boxOf) {
  const chosen = selectedTrack(state);
  if (!chosen || isHidden(state, chosen.id)) return [];
  const [colour, scale] = [colourOf(state, chosen.id), scaleOf(view)];
  const nodes = chosen.keyframes.length > 1 ? [path(chosen, colour, state.frame, scale)] : [];
  if (!chosen.locked) nodes.push(handles(chosen, boxOf(chosen), colour, scale));
  return nodes;
}

/** What a command would change, before it is applied. */
const proposed = (state, { offered }) =>
  (offered?.objects ?? [])
    .filter((track) => JSON.stringify(track) !== JSON.stringify(trackOf(state.layout, track.id)))
    .map((track) => outlines("offered", [boxAt(track, state.frame)], colourOf(state, track.id)));

/**
 * Redraw everything. view: {ghost, onion, boxes, offered, width, time}: time is a fractional frame
 * while it plays.
 */
export function drawCanvas(canvas, state, view) {
  const focused = canvas.contains(document.activeElement);
  const nodes = frameLines();
  if (state.layout && view.boxes) {
    nodes.push(...behind(state, view));
    const boxOf = (track) => boxAt(track, view.time ?? state.frame);
    for (const track of state.layout.objects) {
      if (!isHidden(state, track.id)) nodes.push(object(track, state, boxOf(track)));
    }
    nodes.push(...forSelected(state, view, boxOf), ...proposed(state, view));
  }
  nodes.push(svg("g", { class: "over" }, ...over(view)));
  canvas.replaceChildren(...nodes);
  // what was in focus is gone or replaced: the keys go on working on the selected object
  if (focused) (canvas.querySelector(".object.selected") ?? canvas).focus({ preventScroll: true });
}
