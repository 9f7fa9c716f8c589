// The keys: they work anywhere on the page where no field has the focus.

import { nextOf } from "./geometry.mjs";
import { HEIGHT, WIDTH } from "./draw.mjs";
import { middle, neighbour, selectedTrack } from "./state.mjs";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 0.01;
const FAST_STEP = 0.05;
const NEARER = 1.08;

/** Every key with what it does, in the order of the help: [keys, text, run(tools), needs an object]. */
export const KEYS = [
  ["Space", "Play or pause", ({ player }) => player.toggle()],
  [",", "Frame before", ({ seek, state }) => seek(state.frame - 1)],
  [".", "Next frame", ({ seek, state }) => seek(state.frame + 1)],
  ["Home", "First frame", ({ seek }) => seek(0)],
  ["End", "Last frame", ({ seek, state }) => seek(state.layout.frame_count - 1)],
  ["[", "Keyframe before", ({ seek, track, state }) => seek(neighbour(track, state.frame, -1) ?? state.frame), true],
  ["]", "Next keyframe", ({ seek, track, state }) => seek(neighbour(track, state.frame, 1) ?? state.frame), true],
  ["M", "Middle between two keyframes", ({ seek, track, state }) => seek(middle(track, state.frame, state.layout.frame_count)), true],
  ["K", "Set or remove a keyframe here", ({ edit }) => edit("toggleKeyframe"), true],
  ["E", "Next easing of the segment", ({ track, state, edit }) => edit("setEasing", nextEasing(track, state.frame)), true],
  ["C", "Copy the box", ({ edit }) => edit("copy"), true],
  ["V", "Paste the box here", ({ edit }) => edit("paste"), true],
  ["D", "Duplicate the object", ({ edit }) => edit("duplicate"), true],
  ["N", "New object", ({ add }) => add()],
  ["L", "Lock or unlock the object", ({ edit, track }) => edit("setLocked", { locked: !track.locked }), true],
  ["H", "Hide or show the object here", ({ edit }) => edit("toggleHidden"), true],
  ["X", "Back to the plan, this object", ({ edit }) => edit("reset"), true],
  ["+", "Nearer", ({ edit }) => edit("setDistance", { factor: NEARER }), true],
  ["-", "Farther", ({ edit }) => edit("setDistance", { factor: 1 / NEARER }), true],
  ["Tab", "Next object", null],
  ["1 to 9", "Choose an object", null],
  ["B", "Show or hide the boxes", ({ setView, view }) => setView({ boxes: !view.boxes })],
  ["/", "Change it in words", ({ focusCommand }) => focusCommand()],
  ["R", "Render", ({ render }) => render()],
  ["PageUp", "Towards the front", ({ edit }) => edit("reorder", { to: "forward" }), true],
  ["PageDown", "Towards the back", ({ edit }) => edit("reorder", { to: "backward" }), true],
  ["Delete", "Delete the object, or the keyframe in focus", ({ edit }) => edit("deleteObject"), true],
  ["Ctrl+Z", "Undo", ({ dispatch }) => dispatch({ type: "undo" })],
  ["Ctrl+Y", "Redo", ({ dispatch }) => dispatch({ type: "redo" })],
  ["?", "This list", ({ help }) => help()],
];
/** Moves that are no single key, for the help. */
export const GESTURES = [
  ["Arrows", "Nudge by 1% (with Shift 5%)"],
  ["Alt+arrows", "Wider, narrower, higher, lower"],
  ["Drag", "Move a box; a still object as a whole, a moving one by a keyframe"],
  ["Drag a handle", "Resize; Shift keeps the aspect, Alt keeps the centre"],
  ["Drag the handle below", "Nearer or farther, standing on the same ground"],
  ["Drag a dot of the path", "Move that keyframe"],
  ["Drag the path's line", "Bend it: a keyframe there; a double-click sets one on the line"],
  ["Alt+drag", "Move the whole path (by touch: Whole path in the menu)"],
  ["Ctrl+drag", "Without snapping"],
  ["Drag on the empty picture", "Draw a new object (by touch: after Draw)"],
  ["Drag a diamond", "Move a keyframe; with Alt copy it"],
  ["Double-click a lane", "Set a keyframe there"],
];

function nextEasing(track, frame) {
  const key = track.keyframes.filter((one) => one.frame <= frame).at(-1) ?? track.keyframes[0];
  return { frame: key.frame, easing: nextOf(key.easing) };
}

const ALIAS = { " ": "Space", Backspace: "Delete", "=": "+" };

function named(event) {
  const command = event.ctrlKey || event.metaKey;
  const key = ALIAS[event.key] ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  if (command && key === "Z") return event.shiftKey ? "Ctrl+Y" : "Ctrl+Z";
  return command ? `Ctrl+${key}` : key;
}

/** Whether what has the focus wants a key for itself. */
function taken(event, root) {
  const { target, key } = event;
  if (target.isContentEditable || target.closest?.("dialog, [role='listbox'], [role='dialog']")) return true;
  if (/^(TEXTAREA|SELECT|AUDIO|VIDEO)$/.test(target.tagName)) return true;
  const steps = key in ARROWS || key === "Home" || key === "End";
  if (target.tagName === "INPUT") {
    if (!/^(range|checkbox|radio|button)$/.test(target.type)) return true;
    return key === " " || steps;
  }
  if (/^(slider|tab)$/.test(target.getAttribute?.("role"))) return steps;
  if (key === " " || key === "Enter") return Boolean(target.closest?.("button, summary, a"));
  // these scroll the page, or leave a field: the editor's only while one is in it
  return /^(Home|End|PageUp|PageDown|Delete|Backspace)$/.test(key) && !root.contains(target);
}

function arrows(event, track, edit) {
  const step = event.shiftKey ? FAST_STEP : STEP;
  const [dx, dy] = ARROWS[event.key];
  const by = { dx: dx * step, dy: (dy * step * WIDTH) / HEIGHT };
  edit(event.altKey ? "resize" : "shift", event.altKey ? { dx: by.dx, dy: -by.dy } : by);
}

/** tools: {getState, dispatch, player, add, help, view, setView, render}. */
export function wireKeys(root, tools) {
  const { getState, dispatch } = tools;
  function onkey(event) {
    if (!root.isConnected) return void window.removeEventListener("keydown", onkey);
    const state = getState();
    if (event.defaultPrevented || !state.layout || taken(event, root)) return;
    if (event.altKey && !(event.key in ARROWS)) return;
    const track = selectedTrack(state);
    const edit = (type, extra = {}) => dispatch({ type, id: state.selected, ...extra });
    const nth = /^[1-9]$/.test(event.key) && !event.ctrlKey && !event.metaKey && state.layout.objects[Number(event.key) - 1];
    if (event.key in ARROWS) {
      if (!track) return;
      arrows(event, track, edit);
    } else if (nth) {
      dispatch({ type: "select", id: nth.id });
    } else {
      const key = named(event);
      const found = KEYS.find(([name, , run, needs]) => name === key && run && (track || !needs));
      if (!found) return;
      const seek = (frame) => dispatch({ type: "seek", frame });
      found[2]({ ...tools, state, track, edit, seek });
    }
    event.preventDefault();
  }
  window.addEventListener("keydown", onkey);
}
