// What is worth a second look before rendering, each with a remedy that is one action.

import { TINY, trackOf } from "./state.mjs";
import { boxAt, centre, isPresent } from "./geometry.mjs";
import { say } from "./words.mjs";

/** Further than this between two frames is a jump, in frame sizes. */
const JUMP = 0.3;
/** From this share of the smaller box on, one hides the other. */
const COVERED = 0.9;
/** Distance from where it is heard at which nothing agrees, and trust under which nothing is said. */
const FAR = 0.5;
const LEAST_TRUST = 0.05;
/** A score under this is a disagreement, where it is as sure as that. */
const AGREED = 0.64;
const LEAST_CONFIDENCE = 0.35;
/** Names that say nothing about the look. */
const NAMELESS = new Set(["loudspeaker", "object", "thing", "unknown", "sound"]);

const range = (first, last) => Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => first + k);
const present = (track) => range(track.start, track.end);

function tiny(track) {
  const small = track.keyframes.some(({ box }) => box[2] - box[0] < TINY[0] || box[3] - box[1] < TINY[1]);
  return small && {
    text: say("{} is very small: little of it will be drawn", track.name),
    remedy: say("Enlarge"),
    action: { type: "enlarge", id: track.id },
  };
}

function jump(track) {
  const places = reachOf(track).boxes.map(centre);
  const at = places.findIndex(([x, y], k) => k && Math.hypot(x - places[k - 1][0], y - places[k - 1][1]) > JUMP);
  return at > 0 && {
    text: say("{} jumps between frames {} and {}", track.name, track.start + at, track.start + at + 1),
    remedy: say("Smooth"),
    action: { type: "smooth", id: track.id, frame: track.start + at - 1 },
  };
}

function nameless(track, heard) {
  if (!NAMELESS.has(track.name.toLowerCase())) return null;
  const guess = heard?.names?.[0];
  return {
    text: say('"{}" says little about what to draw', track.name),
    remedy: guess ? say("Call it {}", guess) : say("Name it"),
    action: guess ? { type: "rename", id: track.id, name: guess } : { focus: "name", id: track.id },
  };
}

/**
 * 1 minus the mean distance of a track's boxes from where the evidence places its sound, weighed by
 * trust, over FAR; null if there is too little to go by. Python's `planning.agreement.score`.
 */
export function score(track, { path, trust }) {
  let [sum, weight] = [0, 0];
  for (const frame of present(track)) {
    const x = Math.min(1, Math.max(0, centre(boxAt(track, frame))[0]));
    sum += (trust[frame] ?? 0) * Math.abs(x - path[frame]);
    weight += trust[frame] ?? 0;
  }
  return weight < LEAST_TRUST ? null : Math.max(0, 1 - sum / weight / FAR);
}

/** Whether where a track is heard is sure enough to complain about. */
function sure(track, { confidence }) {
  const frames = present(track);
  return frames.reduce((sum, frame) => sum + (confidence[frame] ?? 0), 0) >= LEAST_CONFIDENCE * Math.max(1, frames.length);
}

/**
 * Drawn far from where it is heard. What is as the planner put it is not complained of: it weighed
 * more than the mean place; and where its path agreed, going back to that is the remedy.
 */
function elsewhere(track, heard, planned) {
  const agrees = heard && sure(track, heard) ? score(track, heard) : null;
  if (agrees === null || agrees >= AGREED || (planned && samePath(track, planned))) return null;
  const back = planned && (score(planned, heard) ?? 0) > agrees;
  return {
    text: say("{} is drawn {}% of the width from where it is heard", track.name, Math.round((1 - agrees) * FAR * 100)),
    remedy: say(back ? "Back to the plan's path" : "Snap to what is heard"),
    action: back
      ? { type: "takePath", id: track.id, keyframes: planned.keyframes }
      : { type: "snapToHeard", id: track.id, x: heard.path },
  };
}

const samePath = (a, b) => JSON.stringify(a.keyframes) === JSON.stringify(b.keyframes);

/** What is found once for a track as it is, since an edit makes one new track and leaves the others:
 * boxes of the frames that it is present in, what they reach, and which others it hides. */
const known = new WeakMap();
function reachOf(track) {
  if (!known.has(track)) {
    const boxes = present(track).map((frame) => boxAt(track, frame));
    const far = [0, 1, 2, 3].map((side) => (side < 2 ? Math.min : Math.max)(...boxes.map((box) => box[side])));
    known.set(track, { boxes, far, hidden: new WeakMap() });
  }
  return known.get(track);
}

/** Area that two boxes share, 0 or less where they are apart. */
function common(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  return width <= 0 ? 0 : width * (Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
}
const area = (box) => common(box, box);

/** Whether `front` hides `back` in most of the frames in which both are there. */
function hides(front, back) {
  const [a, b] = [reachOf(front), reachOf(back)];
  if (!a.hidden.has(back)) a.hidden.set(back, common(a.far, b.far) > 0 && mostlyOver(front, back, a.boxes, b.boxes));
  return a.hidden.get(back);
}

function mostlyOver(front, back, over, under) {
  const [first, last] = [Math.max(front.start, back.start), Math.min(front.end, back.end)];
  let hidden = 0;
  for (let k = first; k <= last; k += 1) {
    const box = under[k - back.start];
    if (common(over[k - front.start], box) > COVERED * area(box)) hidden += 1;
  }
  return first <= last && hidden > 0.6 * (last - first + 1);
}

/** Hidden by another one; where both are as large as each other, to the front is no way out. */
function covered({ objects }, index) {
  const back = objects[index];
  const over = objects.slice(index + 1).filter((front) => hides(front, back));
  const twin = over.find((front) => hides(back, front));
  if (twin) return inOnePlace(twin, back);
  return over.length > 0 && {
    text: say("{} covers {}", over[0].name, back.name),
    remedy: say("Bring {} to the front", back.name),
    action: { type: "reorder", id: back.id, to: "front" },
  };
}

function inOnePlace(front, back) {
  const [x] = centre(boxAt(back, back.start));
  return {
    text: say("{} and {} are in the same place", front.name, back.name),
    remedy: say("Move apart"),
    action: { type: "movePath", id: front.id, dx: x < 0.5 ? 0.25 : -0.25, dy: 0 },
  };
}

const words = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

function silentCaption(layout) {
  const said = new Set(words(layout.caption));
  const named = layout.objects.some((track) => words(track.name).some((word) => said.has(word)));
  return !named && {
    text: say(layout.caption.trim() ? "The caption names none of the objects" : "There is no caption"),
    remedy: say("Write the captions"),
    action: { write: "captions" },
  };
}

/**
 * Warnings of a layout: [{kind, id, text, remedy, action}]; an action is one of the reducer's, or
 * {focus} or {write} for the editor. heard: track id -> {path, trust, confidence, names}; proposal:
 * the plan that the layout was made from.
 */
export function warnings(layout, heard = {}, proposal = null) {
  if (!layout?.objects.length) return [];
  const found = [];
  const note = (kind, id, warning) => warning && found.push({ kind, id, ...warning });
  layout.objects.forEach((track, index) => {
    note("nameless", track.id, nameless(track, heard[track.id]));
    note("tiny", track.id, tiny(track));
    note("jump", track.id, jump(track));
    note("elsewhere", track.id, elsewhere(track, heard[track.id], trackOf(proposal, track.id)));
    note("covered", track.id, covered(layout, index));
  });
  note("caption", null, silentCaption(layout));
  return found.filter(({ id, action }) => action.focus || !layout.objects.find((track) => track.id === id)?.locked);
}
