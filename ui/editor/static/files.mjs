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

/** The paper's dense form: a box in every frame, clipped to it. */
export function dense(layout) {
  const box = (track, frame) => boxAt(track, frame).map((value) => Math.round(clamp(value, 0, 1) * 1e4) / 1e4);
  return {
    video_caption: layout.caption,
    reasoning: layout.reasoning,
    frames: Array.from({ length: layout.frame_count }, (_, frame) => ({
      caption: layout.frame_captions[frame] ?? "",
      layout: layout.objects
        .filter((track) => isPresent(track, frame))
        .map((track) => ({ id: track.id, name: track.name, box: box(track, frame) })),
    })),
  };
}

export const saveLayout = (layout) => download("layout.json", layout);
export const saveDense = (layout) => download("layout.dense.json", dense(layout));

const KEY = "spa2v-autosave";
/** Recordings whose edits are kept. */
const KEPT = 8;

function stored() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return []; // unreadable or forbidden: as if nothing had been saved
  }
}

/** Keeps a layout for a recording (named by its hash), the newest first. */
export function autosave(clip, layout) {
  if (!clip) return;
  const saved = [{ clip, layout }, ...stored().filter((one) => one.clip !== clip)].slice(0, KEPT);
  try {
    localStorage.setItem(KEY, JSON.stringify(saved));
  } catch {
    // full or forbidden: editing goes on, a reload starts from the plan
  }
}

export const saved = (clip) => stored().find((one) => one.clip === clip)?.layout ?? null;

export function forget(clip) {
  try {
    localStorage.setItem(KEY, JSON.stringify(stored().filter((one) => one.clip !== clip)));
  } catch {
    // nothing was kept
  }
}
