// The axes of a path, one at a time: left to right, up and down, distance; and the curve that each
// follows. A keyframe has one easing for all of them, so what differs becomes keyframes between.

import { EASE, EASINGS, boxAt, centre, moved, nearer, tidyBox } from "./geometry.mjs";

/** Values nearer than this are the same place: an axis rests, or follows a curve. */
const REST = 1e-4;
/** How far a path may be from the curve that was asked for, so that it has few keyframes. */
const TOLERANCE = 0.005;
/** From here on an axis goes another way, and a curve is none of ours. */
const APART = 0.01;

const sizeOf = (box) => box[3] - box[1];

/** Each axis (left, high and far are on top of the lane): its name, what it shows of a box (0 on
 * top of the lane), the box with another value, and the action that puts a value at a frame. */
export const AXES = {
  x: {
    text: "Place",
    value: (box) => centre(box)[0],
    placed: (box, value) => moved(box, value - centre(box)[0], 0),
    put: (track, frame, value) => ({ type: "movePoint", frame, dx: value - centre(boxAt(track, frame))[0], dy: 0 }),
  },
  y: {
    text: "Height",
    value: (box) => centre(box)[1],
    placed: (box, value) => moved(box, 0, value - centre(box)[1]),
    put: (track, frame, value) => ({ type: "movePoint", frame, dx: 0, dy: value - centre(boxAt(track, frame))[1] }),
  },
  distance: {
    text: "Distance",
    value: sizeOf,
    placed: (box, value) => nearer(box, value / sizeOf(box)),
    put: (track, frame, value) => ({ type: "setDistance", frame, factor: Math.max(value, 0.04) / sizeOf(boxAt(track, frame)) }),
  },
};

/** Boxes of every frame from the first keyframe to the last. */
function boxesOf(track) {
  const first = track.keyframes[0].frame;
  const count = track.keyframes.at(-1).frame - first + 1;
  return Array.from({ length: count }, (_, k) => boxAt(track, first + k));
}

/** Where values turn round: the first, the last, and what is furthest before they go back. */
function turns(values) {
  const found = [0];
  let [furthest, way] = [0, 0];
  values.forEach((value, k) => {
    const on = value - values[furthest];
    if (Math.abs(on) > APART && Math.sign(on) !== way) {
      if (way) found.push(furthest);
      way = Math.sign(on);
      furthest = k;
    } else if (on * way > 0) furthest = k;
  });
  return [...found, values.length - 1];
}

/** Moves of an axis, [first, last]: from where it turns or rests to where it does so again. What is
 * there at once was held until then. */
function moves(values) {
  const ends = new Set(turns(values));
  const rests = (k) => !(Math.abs(values[k + 1] - values[k]) >= REST);
  const found = [];
  let [begin, since] = [null, 0];
  for (let k = 0; k + 1 < values.length; k += 1) {
    if (!rests(k)) begin ??= k;
    if (begin === null || !(rests(k + 1) || ends.has(k + 1))) continue;
    found.push([begin === k ? since : begin, k + 1]);
    [begin, since] = [null, k + 1];
  }
  return found;
}

/** Values of a move that follows an easing between its ends. */
const along = (values, [first, last], easing) =>
  values.slice(first, last + 1).map((_, k) => values[first] + (values[last] - values[first]) * EASE[easing](k / (last - first)));

const off = (a, b) => Math.max(...a.map((value, k) => Math.abs(value - b[k])));

/** The easing that an axis of a track has in all its moves: "" for none of ours, null if it rests. */
export function curveOf(track, axis) {
  const values = boxesOf(track).map(AXES[axis].value);
  const found = moves(values);
  if (!found.length) return null;
  const errors = EASINGS.map((easing) =>
    Math.max(...found.map((move) => off(along(values, move, easing), values.slice(move[0], move[1] + 1)))));
  const best = errors.indexOf(Math.min(...errors));
  return errors[best] < APART ? EASINGS[best] : "";
}

/** Few keyframes [index, easing] that keep boxes within TOLERANCE; `kept` are indices that stay. */
function pieces(boxes, first, last, kept) {
  if (first === last) return [];
  const split = (at) => [...pieces(boxes, first, at, kept), ...pieces(boxes, at, last, kept)];
  const turned = kept.find((k) => first < k && k < last);
  if (turned) return split(turned);
  const apart = (easing, k) => {
    const t = EASE[easing]((k - first) / (last - first));
    return off(boxes[k], boxes[first].map((a, side) => a + (boxes[last][side] - a) * t));
  };
  const inner = Array.from({ length: last - first - 1 }, (_, k) => first + 1 + k);
  const easing = EASINGS.find((one) => inner.every((k) => apart(one, k) <= TOLERANCE));
  if (easing) return [[first, easing]];
  return split(inner.reduce((worst, k) => (apart("linear", k) > apart("linear", worst) ? k : worst)));
}

/** Indices that stay keyframes: where an axis turns or rests, and where the thing itself is turned. */
function corners(track, boxes) {
  const ends = Object.values(AXES).flatMap(({ value }) => moves(boxes.map(value)).flat());
  const turned = track.keyframes.filter(({ heading }, k) => k && heading !== track.keyframes[k - 1].heading);
  return [...ends, ...turned.map(({ frame }) => frame - track.keyframes[0].frame)];
}

/** Keyframes of a track of which one axis follows an easing in each of its moves; the others stay. */
export function curved(track, axis, easing) {
  const { value, placed } = AXES[axis];
  const boxes = boxesOf(track);
  const kept = corners(track, boxes);
  const values = boxes.map(value);
  for (const move of moves(values)) {
    along(values, move, easing).forEach((wanted, k) => (boxes[move[0] + k] = placed(boxes[move[0] + k], wanted)));
  }
  const [start, last] = [track.keyframes[0].frame, boxes.length - 1];
  const found = [...pieces(boxes, 0, last, kept), [last, track.keyframes.at(-1).easing]];
  return found.map(([k, own]) => {
    const held = track.keyframes.filter(({ frame }) => frame <= start + k).at(-1);
    return { ...held, frame: start + k, box: tidyBox(boxes[k]), easing: own };
  });
}
