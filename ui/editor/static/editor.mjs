// Mounts the editor into a gr.HTML component: a store in the middle, views around it.
//
// To Python: a new object in props.value, then trigger("input"); and asks (feed.mjs). From Python:
// the channels of feed.mjs, and watch("value") for a layout that was opened from a file.

import { boxAt, centre } from "./geometry.mjs";
import { createCanvas, drawCanvas, drawGesture, reshape } from "./draw.mjs";
import { createCommand } from "./command.mjs";
import { createFields, createHelp, createWarnings } from "./panel.mjs";
import { createPlayback } from "./playback.mjs";
import { createRecording } from "./recording.mjs";
import { createSees } from "./sees.mjs";
import { createStage } from "./stage.mjs";
import { createStore } from "./store.mjs";
import { createTimeline } from "./timeline.mjs";
import { createToolbar } from "./toolbar.mjs";
import { autosave } from "./files.mjs";
import { channels, mountAsks } from "./feed.mjs";
import { followCaptions } from "./captions.mjs";
import { html } from "./dom.mjs";
import { language, say } from "./words.mjs";
import { preview, selectedTrack } from "./state.mjs";
import { warnings } from "./checks.mjs";
import { wireCanvas } from "./input.mjs";
import { wireKeys } from "./keys.mjs";

export { mountAsks };
export const mountFeed = channels.feed.mount;
export const mountPreview = channels.preview.mount;
export const mountVideo = channels.video.mount;
export const mountViews = channels.views.mount;

/** Where a new object is put. */
const NEW_BOX = [0.38, 0.42, 0.62, 0.8];

/** Calls `work` once at the next animation frame, however often it is asked for until then. */
function atNextFrame(work) {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      work();
    });
  };
}

/** Says to those who can't see the picture what an action did. */
function announcer(store) {
  const node = html("p", { class: "said", role: "status", "aria-live": "polite" });
  store.listen((state, before, { type }) => {
    const track = selectedTrack(state);
    if (type === "undo" || type === "redo") node.textContent = say(type === "undo" ? "Undone" : "Done again");
    else if (track && state.layout !== before.layout && type !== "amendCaptions") {
      node.textContent = say("{}: centre at {} percent, frame {}", track.name, Math.round(centre(boxAt(track, state.frame))[0] * 100), state.frame + 1);
    } else if (track && state.selected !== before.selected) node.textContent = say("{} selected", track.name);
  });
  return node;
}

/** Hands every change of the layout to Python and to the browser's memory. */
function handOver(store, { props, trigger }, clip) {
  store.listen((state, before, { type }) => {
    if (state.layout === before.layout || !state.layout) return;
    props.value = structuredClone(state.layout);
    trigger("input", {});
    if (type !== "newScene" && type !== "load") autosave(clip(), state.layout);
  });
}

/** What the views do beside dispatching: {add, write, fix, render}. */
function doings({ getState, dispatch }, server, recording, focusName) {
  const write = async () => {
    const { caption, frame_captions: frameCaptions } = await server.write_captions(getState().layout);
    dispatch({ type: "setCaptions", caption, frameCaptions });
  };
  return {
    write,
    add(box = NEW_BOX) {
      const taken = new Set(getState().layout?.objects.map((track) => track.name));
      const name = recording.known.heard.map((one) => one.names[0]).find((one) => one && !taken.has(one));
      dispatch({ type: "addObject", box, name: name ?? "loudspeaker" });
    },
    fix({ action }) {
      if (action.write) return void write();
      if (!action.focus) return dispatch(action);
      dispatch({ type: "select", id: action.id });
      return requestAnimationFrame(focusName);
    },
    render: () => document.querySelector("#spa2v-render")?.click(),
  };
}

export function mount(element, { props, trigger, watch, server }) {
  const store = createStore(props.value ?? null);
  const { getState, dispatch } = store;
  const view = {
    snap: true, onion: false, ghost: true, drawing: false, whole: false, boxes: true,
    picture: "scene", still: null, waiting: "", offered: null, sees: false, views: [], shape: "", pictures: false,
  };
  const canvas = createCanvas();
  let gesture = null;
  let found = [];
  let width = 0;
  let parts = null; // the views; what is asked for before they are there is drawn at the end

  const drawNow = () => {
    if (!parts) return;
    const { stage, timeline, toolbar, fields, checks, recording, sees } = parts;
    const [state, { time }] = [getState(), playback];
    if (gesture) {
      const future = gesture.action && preview(state, gesture.action);
      drawGesture(canvas, state, { ...gesture, width, future });
      if (future) timeline.dragPlaces(future);
      return;
    }
    reshape(canvas, stage.ratio(state, view));
    drawCanvas(canvas, state, { ...view, time, width });
    timeline.drawHead(state, time);
    stage.draw(state, view, time);
    timeline.draw(state);
    timeline.drawPlaces(state, recording.known.heard);
    if (time !== null) return;
    timeline.drawWave(recording.known);
    toolbar.draw(state);
    sees.draw(state);
    fields.draw(state);
    checks.draw(found);
  };
  const draw = atNextFrame(drawNow);
  const setView = (changes) => {
    Object.assign(view, changes);
    draw();
  };
  const show = (next) => {
    gesture = next;
    draw();
  };
  const check = () => {
    const heard = Object.fromEntries(parts.recording.known.heard.map((one) => [one.track, one]));
    found = warnings(getState().layout, heard, getState().proposal);
  };

  const playback = createPlayback(store, { ontick: drawNow, onstate: draw });
  const stage = createStage(canvas, { playback, setView, getState });
  const said = announcer(store);
  const recording = createRecording({ ...store, player: playback.player, setView, stage }, () => {
    if (parts) check();
    draw();
  });
  handOver(store, { props, trigger }, () => recording.known.clip);
  const own = doings(store, server, recording, () => parts.fields.focusName());
  const help = createHelp();
  const tools = {
    ...store, ...own, ...recording, player: playback.player, loop: playback.loop,
    view, setView, stage, show, server, help: help.open, add: () => own.add(), vocabulary: () => recording.known.names,
  };
  parts = {
    stage, recording,
    toolbar: createToolbar(tools),
    sees: createSees(tools),
    timeline: createTimeline(tools),
    fields: createFields(tools),
    checks: createWarnings(own.fix),
  };
  const command = createCommand(tools);
  store.listen((state, before) => {
    if (state.layout !== before.layout) check();
    draw();
  });
  watch("value", () => dispatch({ type: "load", layout: props.value ?? null }));
  wireCanvas(canvas, {
    getState, dispatch, show,
    options: () => ({ ...view, boxes: view.boxes && !view.waiting }),
    drawn(box) {
      view.drawing = false;
      own.add(box);
    },
  });
  const root = html(
    "section",
    { class: "spa2v-editor", "aria-label": say("Layout editor") },
    recording.notice, stage.node, parts.toolbar.node, parts.sees.node, command.node, parts.timeline.node, parts.checks.node,
    parts.fields.node, said, help.node,
  );
  followCaptions(store, server.write_captions, (on) => root.toggleAttribute("data-writing", on));
  wireKeys(root, { ...tools, focusCommand: command.focus });
  new ResizeObserver(() => {
    width = canvas.clientWidth;
    draw();
  }).observe(canvas);
  element.querySelector(".spa2v-mount").replaceChildren(root);
  document.documentElement.lang = language;
  width = canvas.clientWidth;
  check();
  draw();
}
