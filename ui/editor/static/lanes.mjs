// The two lanes that are drawn: the waveform, and position over time.

import { AXES } from "./axes.mjs";
import { boxAt, centre, isPresent } from "./geometry.mjs";

/** A canvas context in CSS pixels, cleared. */
function surface(canvas) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const scale = Math.min(window.devicePixelRatio || 1, 2);
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height, colour: getComputedStyle(canvas).color };
}

/** Left channel above, right below, on one scale. */
export function drawWave(canvas, peaks) {
  const { context, width, height, colour } = surface(canvas);
  if (!peaks) return;
  const loudest = Math.max(1e-4, ...peaks.flat(2).map(Math.abs));
  context.fillStyle = colour;
  const rows = height / peaks.length;
  peaks.forEach((channel, row) => {
    const [middle, scale, step] = [(row + 0.5) * rows, (0.46 * rows) / loudest, width / channel.length];
    channel.forEach(([low, high], k) =>
      context.fillRect(k * step, middle - high * scale, Math.max(1, step - 0.3), Math.max(0.8, (high - low) * scale)),
    );
  });
}

/** Pixels of the lane of positions for a value of an axis (0 on top), and back. */
export const placeScale = {
  y: (value, height) => 3 + Math.min(Math.max(value, -0.05), 1.05) * (height - 6),
  value: (y, height) => (y - 3) / (height - 6),
};

/** Half the height of the band around a heard position that is not certain at all. */
const UNSURE = 0.16;
/** From here on the box and the sound are shown to be apart, in frame widths. */
const APART = 0.1;

/**
 * Position over time, left at the top: bands where sounds are heard (wider and paler the less
 * sure), lines where the boxes are, and between the two of the selected object the mismatch.
 *
 * What a drag does not change is drawn once and kept: `draw` all, `drag` with another path of the
 * selected track.
 */
export function createPlaces(canvas) {
  const base = document.createElement("canvas");
  let now = null;

  function draw({ heard, tracks, frames, axis }) {
    const { context, width, height, colour } = surface(canvas);
    const at = (frame) => ((frame + 0.5) / frames) * width;
    const y = (value) => placeScale.y(value, height);
    now = { context, width, height, at, y, step: width / frames, heard, tracks, axis };
    context.fillStyle = colour;
    context.globalAlpha = 0.25;
    context.fillRect(0, y(0.5) - 0.5, width, 1);
    if (axis === "x") for (const one of heard) band(now, one, tracks.find(({ track }) => track.id === one.track)?.colour ?? colour);
    for (const one of tracks) if (!one.selected) path(now, one);
    Object.assign(base, { width: canvas.width, height: canvas.height });
    base.getContext("2d").drawImage(canvas, 0, 0);
    top(tracks.find(({ selected }) => selected));
  }

  function top(chosen) {
    if (!chosen) return;
    const heard = now.heard.find((one) => one.track === chosen.track.id);
    if (heard && now.axis === "x") mismatch(now, chosen.track, heard);
    path(now, chosen);
  }

  return {
    draw,
    drag(track) {
      const chosen = now?.tracks.find(({ selected }) => selected);
      if (!chosen) return;
      now.context.globalAlpha = 1;
      now.context.clearRect(0, 0, now.width, now.height);
      now.context.drawImage(base, 0, 0, now.width, now.height);
      top({ ...chosen, track });
    },
  };
}

function band({ context, at, y, step }, heard, colour) {
  context.fillStyle = colour;
  heard.x.forEach((x, k) => {
    const sure = heard.confidence[k] ?? 0;
    if (sure <= 0) return;
    const half = UNSURE * (1 - sure) + 0.03;
    context.globalAlpha = 0.12 + 0.4 * sure;
    context.fillRect(at(k - 0.5), y(x - half), step, y(x + half) - y(x - half));
  });
}

function path({ context, at, y, axis }, { track, colour, selected }) {
  const { value } = AXES[axis];
  context.globalAlpha = 1;
  context.strokeStyle = colour;
  context.lineWidth = selected ? 2.5 : 1.25;
  context.beginPath();
  for (let k = track.start; k <= track.end; k += 1) context.lineTo(at(k), y(value(boxAt(track, k))));
  if (track.start === track.end) context.arc(at(track.start), y(value(boxAt(track, track.start))), 1.5, 0, 7);
  context.stroke();
  if (!selected) return;
  context.fillStyle = colour;
  for (const { frame, box } of track.keyframes) {
    context.beginPath();
    context.arc(at(frame), y(value(box)), 4, 0, 7);
    context.fill();
  }
}

/** Strokes from the box to where it is heard, where they are apart. */
function mismatch({ context, at, y, step }, track, heard) {
  context.globalAlpha = 0.9;
  context.strokeStyle = "#e5484d";
  context.lineWidth = Math.min(3, step / 3);
  for (let k = 0; k < heard.x.length; k += 1) {
    if (!isPresent(track, k) || (heard.confidence[k] ?? 0) <= 0) continue;
    const [x] = centre(boxAt(track, k));
    if (Math.abs(x - heard.x[k]) <= APART) continue;
    context.beginPath();
    context.moveTo(at(k), y(x));
    context.lineTo(at(k), y(heard.x[k]));
    context.stroke();
  }
}
