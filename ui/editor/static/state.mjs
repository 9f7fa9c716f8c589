// The editor's state as one pure reducer: no DOM here, so node's test runner can test it.
//
// layout: what Python gets. frame, selected, clipboard, hidden, colours: the editor's own.
// proposal: the planner's layout, to go back to. past, future: layouts, one for each gesture.

import { AXES, curved } from "./axes.mjs";
import { EASINGS, atLeast, boxAt, centre, clamp, corners, grown, hasKeyframe, moved, nearer, rounded, tidyBox } from "./geometry.mjs";

export const HISTORY = 200;
/** What warnings ask for: no box smaller than this (widths, heights). */
export const TINY = [0.04, 0.06];

export function initial(layout) {
  return {
    layout,
    frame: 0,
    selected: layout?.objects.at(-1)?.id ?? null,
    clipboard: null,
    hidden: [],
    colours: {},
    proposal: null,
    past: [],
    future: [],
  };
}

export const trackOf = (layout, id) => layout?.objects.find((track) => track.id === id) ?? null;
export const selectedTrack = (state) => trackOf(state.layout, state.selected);
export const isHidden = (state, id) => state.hidden.includes(id);

/** Frame of the next keyframe of a track after (way 1) or before (-1) a frame, null if none. */
export function neighbour(track, frame, way) {
  const frames = track.keyframes.map((key) => key.frame).filter((k) => (way > 0 ? k > frame : k < frame));
  return frames.length ? (way > 0 ? frames[0] : frames.at(-1)) : null;
}

/** The frame in the middle between the keyframes around a frame. */
export function middle(track, frame, count) {
  const [first, last] = [neighbour(track, frame + 0.5, -1) ?? 0, neighbour(track, frame, 1) ?? count - 1];
  return Math.round((first + last) / 2);
}

const changeTrack = (layout, id, change) => ({
  ...layout,
  objects: layout.objects.map((track) => (track.id === id ? { ...track, ...change(track) } : track)),
});

/** What a new keyframe says beside its frame and box. */
const PLAIN = { easing: "linear", heading: "auto" };

const sorted = (keyframes) => [...keyframes].sort((a, b) => a.frame - b.frame);

function withBox(track, frame, box) {
  const held = track.keyframes.filter((key) => key.frame <= frame).at(-1) ?? track.keyframes[0];
  const easing = track.keyframes.find((key) => key.frame === frame)?.easing ?? "linear";
  const others = track.keyframes.filter((key) => key.frame !== frame);
  return { keyframes: sorted([...others, { ...held, frame, box: tidyBox(box), easing }]) };
}

const withPath = (track, change) => ({
  keyframes: track.keyframes.map((key) => ({ ...key, box: tidyBox(change(key.box)) })),
});

const freeId = (layout) => 1 + Math.max(-1, ...layout.objects.map((track) => track.id));

function addObject(state, { box, name = "loudspeaker" }) {
  const { layout, frame } = state;
  const track = {
    id: freeId(layout),
    name,
    appearance: "",
    start: 0,
    end: layout.frame_count - 1,
    facing: "auto",
    confidence: 1,
    locked: false,
    reference: "",
    keyframes: [{ ...PLAIN, frame, box: tidyBox(box) }],
  };
  return { ...layout, objects: [...layout.objects, track] };
}

function duplicate({ layout }, { id }) {
  const at = layout.objects.findIndex((track) => track.id === id);
  if (at < 0) return null;
  const track = layout.objects[at];
  const copy = { ...track, ...withPath(track, (box) => moved(box, 0.05, 0.05)), id: freeId(layout), locked: false };
  return { ...layout, objects: [...layout.objects.slice(0, at + 1), copy, ...layout.objects.slice(at + 1)] };
}

function reorder({ layout }, { id, to }) {
  const objects = layout.objects.filter((track) => track.id !== id);
  const track = trackOf(layout, id);
  if (!track) return null;
  const at = layout.objects.indexOf(track);
  const place = { front: objects.length, back: 0, forward: at + 1, backward: at - 1 }[to];
  objects.splice(clamp(place, 0, objects.length), 0, track);
  return { ...layout, objects };
}

function moveKeyframe(track, { from, to, copy = false }, count) {
  const key = track.keyframes.find((one) => one.frame === from);
  const target = clamp(Math.round(to), 0, count - 1);
  if (!key || target === from) return {};
  const others = track.keyframes.filter((one) => one.frame !== target && (copy || one.frame !== from));
  return { keyframes: sorted([...others, { ...key, frame: target }]) };
}

/** Without the sudden move between a frame and the next. */
function smooth(track, { frame }, count) {
  const held = track.keyframes.filter((key) => key.frame <= frame && key.easing === "hold").at(-1);
  if (held) {
    return { keyframes: track.keyframes.map((key) => (key === held ? { ...key, easing: "linear" } : key)) };
  }
  const keys = track.keyframes;
  const next = keys.findIndex((key) => key.frame > frame);
  if (keys.length > 2) {
    const drop = next < keys.length - 1 ? next : next - 1;
    return { keyframes: keys.filter((_, k) => k !== drop) };
  }
  return { keyframes: [{ ...keys[0], frame: 0 }, { ...keys[1], frame: count - 1 }] };
}

/**
 * The path of a track with its centre where the evidence places it (x of every frame); what its
 * boxes do else, growing or rising, is kept.
 */
function snapToHeard(track, { x }) {
  const there = (frame) => {
    const box = boxAt(track, frame);
    return moved(box, x[frame] - centre(box)[0], 0);
  };
  const still = Math.max(...x) - Math.min(...x) < 0.03;
  const own = track.keyframes.map(({ frame }) => frame).filter((frame) => frame < x.length);
  const frames = [...new Set([...(still ? [] : corners(x, 0.03)), ...own])].sort((a, b) => a - b);
  const heading = track.keyframes[0].heading ?? PLAIN.heading;
  const keyframes = frames.map((frame) => ({ ...PLAIN, heading, frame, box: tidyBox(there(frame)) }));
  const same = ({ box }) => box.every((value, k) => Math.abs(value - keyframes[0].box[k]) < 0.03);
  return { keyframes: keyframes.every(same) ? keyframes.slice(0, 1) : keyframes };
}

function setFrameCaption(layout, frame, text) {
  const captions = layout.frame_captions.length ? [...layout.frame_captions] : new Array(layout.frame_count).fill("");
  captions[frame] = text;
  return { ...layout, frame_captions: captions.some(Boolean) ? captions : [] };
}

/** A track as an action on it would leave it. */
export function preview(state, action) {
  const track = trackOf(state.layout, action.id);
  return track && { ...track, ...TRACK_EDITS[action.type](track, action, state) };
}

/** Changes of one track, refused while it is locked: (track, action, state) -> changed fields. */
const TRACK_EDITS = {
  setBox: (track, { box }, { frame }) => withBox(track, frame, box),
  // a still object is moved as a whole; one with a path gets a keyframe here
  shift: (track, { dx, dy }, { frame }) =>
    track.keyframes.length > 1
      ? withBox(track, frame, moved(boxAt(track, frame), dx, dy))
      : withPath(track, (box) => moved(box, dx, dy)),
  movePath: (track, { dx, dy }) => withPath(track, (box) => moved(box, dx, dy)),
  // a point of the path: a keyframe is moved, any other frame becomes one
  movePoint: (track, { frame, dx, dy }) => withBox(track, frame, moved(boxAt(track, frame), dx, dy)),
  // nearer (over 1) or farther; what does not move is so in every frame
  setDistance: (track, { frame, factor }, state) =>
    track.keyframes.length > 1
      ? withBox(track, frame ?? state.frame, nearer(boxAt(track, frame ?? state.frame), factor))
      : withPath(track, (box) => nearer(box, factor)),
  resize: (track, { dx, dy }, { frame }) => withBox(track, frame, grown(boxAt(track, frame), dx, dy)),
  smoothPath: (track) => ({ keyframes: rounded(track) }),
  enlarge: (track) => withPath(track, (box) => atLeast(box, TINY.map((side) => side * 1.5))),
  snapToHeard,
  takePath: (track, { keyframes }) => ({ keyframes }),
  smooth: (track, action, { layout }) => smooth(track, action, layout.frame_count),
  toggleKeyframe: (track, { frame }, state) => {
    const at = frame ?? state.frame;
    if (!hasKeyframe(track, at)) return withBox(track, at, boxAt(track, at));
    return TRACK_EDITS.deleteKeyframe(track, { frame: at });
  },
  deleteKeyframe: (track, { frame }) =>
    track.keyframes.length > 1 ? { keyframes: track.keyframes.filter((key) => key.frame !== frame) } : {},
  moveKeyframe: (track, action, { layout }) => moveKeyframe(track, action, layout.frame_count),
  // of the segment after a keyframe, or without a frame of them all
  setEasing: (track, { frame, easing }) =>
    EASINGS.includes(easing)
      ? { keyframes: track.keyframes.map((key) => (key.frame === (frame ?? key.frame) ? { ...key, easing } : key)) }
      : {},
  // of one axis alone, in the whole path
  setCurve: (track, { axis, easing }) =>
    axis in AXES && EASINGS.includes(easing) ? { keyframes: curved(track, axis, easing) } : {},
  paste: (track, _, { frame, clipboard }) => (clipboard ? withBox(track, frame, clipboard) : {}),
  rename: (track, { name }) => (name.trim() ? { name: name.trim().slice(0, 200) } : {}),
  setAppearance: (track, { appearance }) => ({ appearance: appearance.trim().slice(0, 500) }),
  // the file name of a picture of it
  setReference: (track, { reference }) => ({ reference: reference.trim().slice(0, 200) }),
  setFacing: (track, { facing }) => ({ facing }),
  /** Degrees from facing the camera, 90 to the right, or "auto": from its motion; at all keyframes. */
  setHeading: (track, { heading }) => ({ keyframes: track.keyframes.map((key) => ({ ...key, heading })) }),
  setSpan: (track, { start = track.start, end = track.end }, { layout }) => {
    const [first, last] = [start, end].map((k) => clamp(Math.round(k), 0, layout.frame_count - 1));
    return first <= last ? { start: first, end: last } : {};
  },
  reset: (track, _, { proposal }) => ({ ...(trackOf(proposal, track.id) ?? track) }),
};

/** Changes of the layout as a whole: (state, action) -> layout, null if nothing changes. */
const EDITS = {
  addObject,
  duplicate,
  reorder,
  deleteObject: ({ layout }, { id }) =>
    trackOf(layout, id)?.locked === false ? { ...layout, objects: layout.objects.filter((one) => one.id !== id) } : null,
  setLocked: ({ layout }, { id, locked }) => changeTrack(layout, id, () => ({ locked: Boolean(locked) })),
  setCaption: ({ layout }, { caption }) => ({ ...layout, caption }),
  setFrameCaption: (state, { text }) => setFrameCaption(state.layout, state.frame, text),
  setCaptions: ({ layout }, { caption, frameCaptions }) => ({ ...layout, caption, frame_captions: frameCaptions }),
  setLayout: (_, { layout }) => layout,
  resetAll: ({ layout, proposal }) => proposal && { ...proposal, duration_s: layout.duration_s },
};

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Selection and frame that exist in a layout. */
function fitted(state, layout, selected) {
  const known = trackOf(layout, selected ?? state.selected);
  const last = Math.max(0, (layout?.frame_count ?? 1) - 1);
  return {
    ...state,
    layout,
    selected: known ? known.id : selected === null ? null : (layout?.objects.at(-1)?.id ?? null),
    frame: Math.min(state.frame, last),
  };
}

function commit(state, layout, selected) {
  if (!layout || same(layout, state.layout)) return state;
  const past = state.layout ? [...state.past, state.layout].slice(-HISTORY) : [];
  return { ...fitted(state, layout, selected), past, future: [] };
}

function travel(state, from, to) {
  if (!state[from].length) return state;
  const next = fitted(state, state[from].at(-1), state.selected === null ? null : undefined);
  return { ...next, [from]: state[from].slice(0, -1), [to]: [...state[to], state.layout] };
}

const toggled = (list, item) => (list.includes(item) ? list.filter((one) => one !== item) : [...list, item]);

/** What is the editor's own and no step of undo: (state, action) -> changed fields. */
const OWN = {
  seek: ({ layout }, { frame }) => ({ frame: clamp(Math.round(frame), 0, layout.frame_count - 1) }),
  select: (_, { id }) => ({ selected: id }),
  copy: (state) => (selectedTrack(state) ? { clipboard: boxAt(selectedTrack(state), state.frame) } : {}),
  toggleHidden: ({ hidden }, { id }) => ({ hidden: toggled(hidden, id) }),
  setColour: ({ colours }, { id, colour }) => ({ colours: { ...colours, [id]: colour } }),
};

/** Object that an action leaves selected, if it is another one than before. */
function chosenAfter(type, before, layout) {
  if (type !== "addObject" && type !== "duplicate") return undefined;
  return layout.objects.find((track) => !trackOf(before, track.id))?.id;
}

/** The next state; unknown or impossible actions leave it as it is. */
export function reduce(state, action) {
  const { type } = action;
  if (type === "load") return commit(state, action.layout);
  if (type === "newScene") return { ...initial(action.layout), proposal: action.proposal, clipboard: state.clipboard };
  if (type === "propose") return { ...state, proposal: action.proposal };
  if (type === "undo") return travel(state, "past", "future");
  if (type === "redo") return travel(state, "future", "past");
  if (!state.layout) return state;
  if (type === "amendCaptions") {
    const { caption, frame_captions } = action; // belongs to the step before: none of its own
    return { ...state, layout: { ...state.layout, caption, frame_captions } };
  }
  if (type in OWN) return { ...state, ...OWN[type](state, action) };
  if (type in EDITS) {
    const layout = EDITS[type](state, action);
    return layout ? commit(state, layout, chosenAfter(type, state.layout, layout)) : state;
  }
  const track = trackOf(state.layout, action.id);
  if (!(type in TRACK_EDITS) || !track || track.locked) return state;
  return commit(state, changeTrack(state.layout, action.id, (one) => TRACK_EDITS[type](one, action, state)));
}
