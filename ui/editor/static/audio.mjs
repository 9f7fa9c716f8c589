// The sound: plays it with the playhead locked to it, and draws it.

import { boxAt, centre, isPresent } from "./geometry.mjs";

/**
 * Plays the recording. `ontime(seconds)` at every animation frame while it plays, `onstate()` when
 * it starts, stops or changes.
 */
export function createPlayer({ ontime, onstate }) {
  const audio = new Audio();
  audio.preload = "auto";
  let span = null; // [from, to] seconds that are repeated
  let request = 0;

  function tick() {
    if (span && (audio.currentTime >= span[1] || audio.ended)) {
      audio.currentTime = span[0];
      if (audio.paused) audio.play();
    }
    ontime(audio.currentTime);
    request = requestAnimationFrame(tick);
  }
  audio.addEventListener("play", () => {
    cancelAnimationFrame(request);
    request = requestAnimationFrame(tick);
    onstate();
  });
  for (const type of ["pause", "emptied"]) {
    audio.addEventListener(type, () => {
      cancelAnimationFrame(request);
      onstate();
    });
  }

  return {
    get playing() {
      return !audio.paused;
    },
    get ready() {
      return Boolean(audio.src);
    },
    load(url) {
      audio.pause();
      if (url) audio.src = url;
      else audio.removeAttribute("src");
      onstate();
    },
    toggle() {
      if (!audio.src) return;
      if (!audio.paused) return void audio.pause();
      if (span && (audio.currentTime < span[0] || audio.currentTime >= span[1])) audio.currentTime = span[0];
      audio.play().catch(() => onstate());
    },
    seek(seconds) {
      if (audio.src && audio.paused) audio.currentTime = seconds;
      else if (audio.src && Math.abs(audio.currentTime - seconds) > 0.25) audio.currentTime = seconds;
    },
    setRate(rate) {
      audio.playbackRate = rate;
    },
    setLoop(next) {
      span = next;
    },
  };
}

/** Columns of a waveform: per channel [[low, high], ...]; null if the sound can't be decoded. */
export async function readPeaks(url, columns = 600) {
  try {
    const data = await (await fetch(url)).arrayBuffer();
    const sound = await new OfflineAudioContext(1, 1, 44100).decodeAudioData(data);
    const step = sound.length / columns;
    return Array.from({ length: sound.numberOfChannels }, (_, channel) => {
      const samples = sound.getChannelData(channel);
      return Array.from({ length: columns }, (_, k) => {
        let [low, high] = [0, 0];
        for (let i = Math.floor(k * step); i < Math.floor((k + 1) * step); i += 1) {
          if (samples[i] < low) low = samples[i];
          else if (samples[i] > high) high = samples[i];
        }
        return [low, high];
      });
    });
  } catch {
    return null; // no sound to show; the layout can be edited all the same
  }
}

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

/** Half the height of the band around a heard position that is not certain at all. */
const UNSURE = 0.16;

/**
 * Position over time, left at the top: bands where sounds are heard (wider and paler the less
 * sure), lines where the boxes are, and between the two of the selected object the mismatch.
 * heard: [{track, x, confidence}]; tracks: [{track, colour, selected}].
 */
export function drawPositions(canvas, { heard, tracks, frames }) {
  const { context, width, height, colour } = surface(canvas);
  const at = (frame) => ((frame + 0.5) / frames) * width;
  const y = (x) => 3 + Math.min(Math.max(x, -0.05), 1.05) * (height - 6);
  context.fillStyle = colour;
  context.globalAlpha = 0.25;
  context.fillRect(0, y(0.5) - 0.5, width, 1);
  for (const one of heard) {
    const owner = tracks.find(({ track }) => track.id === one.track);
    context.fillStyle = owner?.colour ?? colour;
    one.x.forEach((x, k) => {
      const sure = one.confidence[k] ?? 0;
      if (sure <= 0) return;
      const half = UNSURE * (1 - sure) + 0.03;
      context.globalAlpha = 0.12 + 0.4 * sure;
      context.fillRect(at(k - 0.5), y(x - half), width / frames, y(x + half) - y(x - half));
    });
    if (owner?.selected) mismatch(context, owner.track, one, { at, y, width: width / frames });
  }
  context.globalAlpha = 1;
  for (const { track, colour: stroke, selected } of tracks) {
    context.strokeStyle = stroke;
    context.lineWidth = selected ? 2.5 : 1.25;
    context.beginPath();
    for (let k = track.start; k <= track.end; k += 1) {
      const [x] = centre(boxAt(track, k));
      context.lineTo(at(k), y(x));
    }
    if (track.start === track.end) context.arc(at(track.start), y(centre(boxAt(track, track.start))[0]), 1.5, 0, 7);
    context.stroke();
  }
}

/** Strokes from the box to where it is heard, where they are further apart than a tenth. */
function mismatch(context, track, heard, { at, y, width }) {
  context.globalAlpha = 0.9;
  context.strokeStyle = "#e5484d";
  context.lineWidth = Math.min(3, width / 3);
  for (let k = 0; k < heard.x.length; k += 1) {
    if (!isPresent(track, k) || (heard.confidence[k] ?? 0) <= 0) continue;
    const [x] = centre(boxAt(track, k));
    if (Math.abs(x - heard.x[k]) <= 0.1) continue;
    context.beginPath();
    context.moveTo(at(k), y(x));
    context.lineTo(at(k), y(heard.x[k]));
    context.stroke();
  }
}
