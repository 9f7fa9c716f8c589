// Boxes as [x1, y1, x2, y2] in frame widths and heights: over time, while dragged, and snapped.

export const SMALLEST = 0.02;
/** How far outside the frame a box may reach, in frame sizes. */
const REACH = 1.5;

/** Share of the way at a share of the time. */
export const EASE = {
  linear: (t) => t,
  ease: (t) => t * t * (3 - 2 * t),
  "ease-in": (t) => t * t,
  "ease-out": (t) => t * (2 - t),
  hold: (t) => (t < 1 ? 0 : 1),
};

export const EASINGS = Object.keys(EASE);
export const nextOf = (easing) => EASINGS[(EASINGS.indexOf(easing) + 1) % EASINGS.length];

/** Seconds at a (fractional) frame: frame k stands for the middle of its part; as units.py. */
export const secondsAt = (layout, frame) => ((frame + 0.5) / layout.frame_count) * layout.duration_s;
/** The (fractional) frame at a time. */
export const frameAt = (layout, seconds) => (seconds / layout.duration_s) * layout.frame_count - 0.5;

/** Interpolated box of a track at a (fractional) frame; as layout/keyframes.py. */
export function boxAt(track, frame) {
  const keys = track.keyframes;
  if (frame <= keys[0].frame) return [...keys[0].box];
  for (let i = 0; i + 1 < keys.length; i += 1) {
    const left = keys[i];
    const right = keys[i + 1];
    if (frame < right.frame) {
      const t = EASE[left.easing]((frame - left.frame) / (right.frame - left.frame));
      return left.box.map((a, k) => a + (right.box[k] - a) * t);
    }
  }
  return [...keys[keys.length - 1].box];
}

export const isPresent = (track, frame) => track.start <= frame && frame <= track.end;
export const hasKeyframe = (track, frame) => track.keyframes.some((key) => key.frame === frame);
export const centre = ([x1, y1, x2, y2]) => [(x1 + x2) / 2, (y1 + y2) / 2];
export const moved = (box, dx, dy) => box.map((value, k) => value + (k % 2 ? dy : dx));
export const clamp = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));

/** A box kept large enough, ordered and within reach of the frame. */
export function tidyBox([x1, y1, x2, y2]) {
  let [left, right] = x1 <= x2 ? [x1, x2] : [x2, x1];
  let [top, bottom] = y1 <= y2 ? [y1, y2] : [y2, y1];
  if (right - left < SMALLEST) right = left + SMALLEST;
  if (bottom - top < SMALLEST) bottom = top + SMALLEST;
  return [left, top, right, bottom].map((value) => Math.round(clamp(value, -REACH, 1 + REACH) * 1e5) / 1e5);
}

/** A box scaled about its centre so that no side is under `least` = [width, height]. */
export function atLeast(box, [width, height]) {
  const [x, y] = centre(box);
  const factor = Math.max(1, width / (box[2] - box[0]), height / (box[3] - box[1]));
  const [w, h] = [((box[2] - box[0]) * factor) / 2, ((box[3] - box[1]) * factor) / 2];
  return tidyBox([x - w, y - h, x + w, y + h]);
}

/** Where the ground meets the sky; as layout/picture.py. */
export const HORIZON = 0.5;

/**
 * A box nearer by a factor (farther under 1): what stands on the ground stays on it, so its bottom
 * comes down the picture as it grows; what is in the air grows about its centre.
 */
export function nearer(box, factor) {
  const [x] = centre(box);
  const [width, height] = [(box[2] - box[0]) * factor, (box[3] - box[1]) * factor];
  const stands = box[3] > HORIZON + 0.06;
  const bottom = stands ? HORIZON + (box[3] - HORIZON) * factor : centre(box)[1] + height / 2;
  return [x - width / 2, bottom - height, x + width / 2, bottom];
}

/** A box wider and higher by (dx, dy) about its centre. */
export const grown = ([x1, y1, x2, y2], dx, dy) => [x1 - dx / 2, y1 - dy / 2, x2 + dx / 2, y2 + dy / 2];

/**
 * Keyframes of a track with its corners rounded: between two keyframes that are far enough apart a
 * point of the Catmull-Rom curve through all of them is added.
 */
export function rounded({ keyframes: keys }) {
  const curved = [];
  keys.forEach((key, i) => {
    curved.push(key);
    const right = keys[i + 1];
    const frame = Math.round((key.frame + right?.frame) / 2);
    if (!right || key.easing === "hold" || frame <= key.frame || frame >= right.frame) return;
    const [before, after] = [keys[i - 1] ?? key, keys[i + 2] ?? right];
    const box = key.box.map((a, k) => (9 * (a + right.box[k]) - before.box[k] - after.box[k]) / 16);
    curved.push({ frame, box: tidyBox(box), easing: key.easing });
  });
  return curved;
}

/**
 * A box dragged by (dx, dy), as a whole (no handle) or by one of eight handles ("nw", "e" ...).
 * keep: the aspect; fromCentre: the other side moves too.
 */
export function dragged(start, handle, dx, dy, { keep = false, fromCentre = false } = {}) {
  if (!handle) return moved(start, dx, dy);
  const [x1, y1, x2, y2] = start;
  const [width, height] = [x2 - x1, y2 - y1];
  const [sideX, sideY] = [
    Number(handle.includes("e")) - Number(handle.includes("w")),
    Number(handle.includes("s")) - Number(handle.includes("n")),
  ];
  const double = fromCentre ? 2 : 1;
  let wide = Math.max(SMALLEST, width + sideX * dx * double);
  let high = Math.max(SMALLEST, height + sideY * dy * double);
  if (keep) {
    const [u, v] = [wide / width, high / height];
    const factor = !sideX ? v : !sideY ? u : Math.abs(u - 1) > Math.abs(v - 1) ? u : v;
    [wide, high] = [Math.max(SMALLEST, width * factor), Math.max(SMALLEST, height * factor)];
  }
  // the point that stays: the middle, or the side across from the handle
  const anchor = (low, high2, side) => (fromCentre || !side ? (low + high2) / 2 : side > 0 ? low : high2);
  const place = (point, size, side) =>
    fromCentre || !side ? [point - size / 2, point + size / 2] : side > 0 ? [point, point + size] : [point - size, point];
  const [left, right] = place(anchor(x1, x2, sideX), wide, sideX);
  const [top, bottom] = place(anchor(y1, y2, sideY), high, sideY);
  return [left, top, right, bottom];
}

const FRAME_LINES = [0, 1 / 3, 1 / 2, 2 / 3, 1];

/** What a box snaps to on one axis (0 is x): frame edges, thirds and centre, other boxes. */
export function guides(others, axis) {
  const lines = [...FRAME_LINES];
  for (const box of others) lines.push(box[axis], box[axis + 2], (box[axis] + box[axis + 2]) / 2);
  return lines;
}

function nearest(edges, lines, tolerance) {
  let best = null;
  for (const edge of edges) {
    for (const line of lines) {
      const gap = line - edge;
      if (Math.abs(gap) <= tolerance && (!best || Math.abs(gap) < Math.abs(best.gap))) best = { gap, line };
    }
  }
  return best;
}

/**
 * {box, lines}: the box moved or resized onto a near guide on each axis, and the guides it met
 * (`[axis, position]`). tolerance: [x, y].
 */
export function snapped(box, handle, others, tolerance) {
  const out = [...box];
  const lines = [];
  for (const axis of [0, 1]) {
    const [low, high] = axis ? ["n", "s"] : ["w", "e"];
    const moves = { low: !handle || handle.includes(low), high: !handle || handle.includes(high) };
    if (!moves.low && !moves.high) continue;
    const edges = [];
    if (moves.low) edges.push(box[axis]);
    if (moves.high) edges.push(box[axis + 2]);
    if (!handle) edges.push((box[axis] + box[axis + 2]) / 2);
    const found = nearest(edges, guides(others, axis), tolerance[axis]);
    if (!found) continue;
    if (moves.low) out[axis] += found.gap;
    if (moves.high) out[axis + 2] += found.gap;
    lines.push([axis, found.line]);
  }
  return { box: out, lines };
}

/** Frames of the fewest straight pieces that stay within `tolerance` of `values` (Ramer, 1972). */
export function corners(values, tolerance) {
  const kept = new Set([0, values.length - 1]);
  const split = (first, last) => {
    let [worst, at] = [tolerance, -1];
    for (let k = first + 1; k < last; k += 1) {
      const line = values[first] + ((values[last] - values[first]) * (k - first)) / (last - first);
      if (Math.abs(values[k] - line) > worst) [worst, at] = [Math.abs(values[k] - line), k];
    }
    if (at < 0) return;
    kept.add(at);
    split(first, at);
    split(at, last);
  };
  split(0, values.length - 1);
  return [...kept].sort((a, b) => a - b);
}
