// The editor's state as one pure reducer: no DOM here, so node's test runner can test it.

export const HISTORY = 200;
export const SMALLEST = 0.02;
const REACH = 1.5;

const EASE = {
  linear: (t) => t,
  ease: (t) => t * t * (3 - 2 * t),
  hold: (t) => (t < 1 ? 0 : 1),
};

/** Interpolated [x1, y1, x2, y2] of a track at a (fractional) frame; as layout/keyframes.py. */
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

/** A box kept large enough, ordered and within reach of the frame. */
export function tidyBox([x1, y1, x2, y2]) {
  let [left, right] = x1 <= x2 ? [x1, x2] : [x2, x1];
  let [top, bottom] = y1 <= y2 ? [y1, y2] : [y2, y1];
  if (right - left < SMALLEST) right = left + SMALLEST;
  if (bottom - top < SMALLEST) bottom = top + SMALLEST;
  const clamp = (value) => Math.min(Math.max(value, -REACH), 1 + REACH);
  return [left, top, right, bottom].map((value) => Math.round(clamp(value) * 1e5) / 1e5);
}

export function initial(layout) {
  return {
    layout,
    frame: 0,
    selected: layout && layout.objects.length ? layout.objects.at(-1).id : null,
    past: [],
    future: [],
  };
}

export const selectedTrack = (state) =>
  state.layout?.objects.find((track) => track.id === state.selected) ?? null;

const changeTrack = (layout, id, change) => ({
  ...layout,
  objects: layout.objects.map((track) => (track.id === id ? { ...track, ...change(track) } : track)),
});

function withBox(track, frame, box) {
  const easing = track.keyframes.find((key) => key.frame === frame)?.easing ?? "linear";
  const keyframes = track.keyframes
    .filter((key) => key.frame !== frame)
    .concat({ frame, box: tidyBox(box), easing })
    .sort((a, b) => a.frame - b.frame);
  return { keyframes };
}

/** Moves the whole path of a track, as a still object is moved at once. */
function withShift(track, dx, dy) {
  const keyframes = track.keyframes.map((key) => ({
    ...key,
    box: tidyBox(key.box.map((value, k) => value + (k % 2 ? dy : dx))),
  }));
  return { keyframes };
}

function addObject(layout, { box, frame }) {
  const id = 1 + Math.max(-1, ...layout.objects.map((track) => track.id));
  const track = {
    id,
    name: "loudspeaker",
    appearance: "",
    start: 0,
    end: layout.frame_count - 1,
    facing: "auto",
    confidence: 1,
    locked: false,
    keyframes: [{ frame, box: tidyBox(box), easing: "linear" }],
  };
  return { layout: { ...layout, objects: [...layout.objects, track] }, selected: id };
}

function setFrameCaption(layout, frame, text) {
  const captions = layout.frame_captions.length
    ? [...layout.frame_captions]
    : new Array(layout.frame_count).fill("");
  captions[frame] = text;
  return { ...layout, frame_captions: captions.some(Boolean) ? captions : [] };
}

/** Edits of the layout: action -> {layout, selected?} or null when nothing changes. */
const EDITS = {
  setBox: (state, { id, box }) =>
    changeTrack(state.layout, id, (track) => withBox(track, state.frame, box)),
  shift: (state, { id, dx, dy }) =>
    changeTrack(state.layout, id, (track) =>
      track.keyframes.length > 1
        ? withBox(track, state.frame, boxAt(track, state.frame).map((v, k) => v + (k % 2 ? dy : dx)))
        : withShift(track, dx, dy),
    ),
  toggleKeyframe: (state, { id }) =>
    changeTrack(state.layout, id, (track) => {
      if (!hasKeyframe(track, state.frame)) return withBox(track, state.frame, boxAt(track, state.frame));
      if (track.keyframes.length === 1) return {};
      return { keyframes: track.keyframes.filter((key) => key.frame !== state.frame) };
    }),
  rename: (state, { id, name }) =>
    name.trim() ? changeTrack(state.layout, id, () => ({ name: name.trim().slice(0, 200) })) : null,
  setAppearance: (state, { id, appearance }) =>
    changeTrack(state.layout, id, () => ({ appearance: appearance.trim().slice(0, 500) })),
  setFacing: (state, { id, facing }) => changeTrack(state.layout, id, () => ({ facing })),
  setSpan: (state, { id, start, end }) => changeTrack(state.layout, id, () => ({ start, end })),
  toFront: (state, { id }) => ({
    ...state.layout,
    objects: [
      ...state.layout.objects.filter((track) => track.id !== id),
      ...state.layout.objects.filter((track) => track.id === id),
    ],
  }),
  setCaption: (state, { caption }) => ({ ...state.layout, caption }),
  setFrameCaption: (state, { text }) => setFrameCaption(state.layout, state.frame, text),
};

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function commit(state, layout, selected = state.selected) {
  if (!layout || same(layout, state.layout)) return state;
  const past = [...state.past, state.layout].slice(-HISTORY);
  return { ...state, layout, selected, past, future: [] };
}

function travel(state, from, to) {
  if (!state[from].length) return state;
  const layout = state[from].at(-1);
  const known = layout.objects.some((track) => track.id === state.selected);
  return {
    ...state,
    layout,
    selected: known ? state.selected : (layout.objects.at(-1)?.id ?? null),
    frame: Math.min(state.frame, layout.frame_count - 1),
    [from]: state[from].slice(0, -1),
    [to]: [...state[to], state.layout],
  };
}

/** The next state; unknown or impossible actions leave it as it is. */
export function reduce(state, action) {
  switch (action.type) {
    case "load":
      return same(action.layout, state.layout) ? state : initial(action.layout);
    case "undo":
      return travel(state, "past", "future");
    case "redo":
      return travel(state, "future", "past");
    default:
  }
  if (!state.layout) return state;
  switch (action.type) {
    case "seek": {
      const frame = Math.min(Math.max(Math.round(action.frame), 0), state.layout.frame_count - 1);
      return { ...state, frame };
    }
    case "select":
      return { ...state, selected: action.id };
    case "addObject": {
      const added = addObject(state.layout, { box: action.box, frame: state.frame });
      return commit(state, added.layout, added.selected);
    }
    case "deleteObject": {
      const track = state.layout.objects.find((one) => one.id === action.id);
      if (!track || track.locked) return state;
      const objects = state.layout.objects.filter((one) => one.id !== action.id);
      return commit(state, { ...state.layout, objects }, objects.at(-1)?.id ?? null);
    }
    default: {
      const edit = EDITS[action.type];
      const locked = state.layout.objects.find((track) => track.id === action.id)?.locked;
      return edit && !locked ? commit(state, edit(state, action)) : state;
    }
  }
}
