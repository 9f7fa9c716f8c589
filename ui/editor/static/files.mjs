// The layout as files, and what survives a reload.

import { boxAt, clamp, isPresent } from "./geometry.mjs";

/** Hands text over as a file, without asking the server. */
function download(name, value) {
  const link = document.createElement("a");
  link.download = name;
  link.href = URL.createObjectURL(new Blob([`${JSON.stringify(value, null, 1)}\n`], { type: "application/json" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const inside = ([x1, y1, x2, y2]) => x1 < 1 && x2 > 0 && y1 < 1 && y2 > 0;

/** The paper's dense form: a box in every frame it is seen in, clipped to it; as layout/io.py. */
export function dense(layout) {
  const box = (track, frame) => boxAt(track, frame).map((value) => Math.round(clamp(value, 0, 1) * 1e4) / 1e4);
  return {
    video_caption: layout.caption,
    reasoning: layout.reasoning,
    frames: Array.from({ length: layout.frame_count }, (_, frame) => ({
      caption: layout.frame_captions[frame] ?? "",
      layout: layout.objects
        .filter((track) => isPresent(track, frame) && inside(boxAt(track, frame)))
        .map((track) => ({ id: track.id, name: track.name, box: box(track, frame) })),
    })),
  };
}

export const saveLayout = (layout) => download("layout.json", layout);
export const saveDense = (layout) => download("layout.dense.json", dense(layout));

const KEY = "spa2v-autosave";
/** Recordings whose edits are kept. */
const KEPT = 8;

function read(place) {
  try {
    const found = JSON.parse(place().getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return []; // unreadable or forbidden: as if nothing had been saved
  }
}

function write(place, entries) {
  try {
    place().setItem(KEY, JSON.stringify(entries.slice(0, KEPT)));
  } catch {
    // full or forbidden: editing goes on, a reload starts from the plan
  }
}

/** A tab's own memory, and the browser's, which a new tab starts from. */
const TAB = () => sessionStorage;
const BROWSER = () => localStorage;

/** This tab's entries, then those that only the browser has. */
function stored() {
  const own = read(TAB);
  return [...own, ...read(BROWSER).filter((one) => !own.some((mine) => mine.clip === one.clip))];
}

function store(entries) {
  write(TAB, entries);
  write(BROWSER, entries);
}

const others = (clip) => stored().filter((one) => one.clip !== clip);

/** Keeps a layout for a recording (named by its hash), the newest first. */
export function autosave(clip, layout) {
  if (clip) store([{ clip, layout }, ...others(clip)]);
}

export const saved = (clip) => stored().find((one) => one.clip === clip)?.layout ?? null;

export const forget = (clip) => store(others(clip));
