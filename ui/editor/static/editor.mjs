// Mounts the editor into a gr.HTML component: state in the middle, views around it.
//
// To Python: a new object in props.value, then trigger("input"). From Python: watch("value"), and
// what is known of the recording through the feed component (feed.mjs).

import { boxAt, centre, clamp, frameAt, secondsAt } from "./geometry.mjs";
import { createCanvas, drawCanvas, drawGesture } from "./draw.mjs";
import { createFields, createHelp, createToolbar, createWarnings } from "./panel.mjs";
import { createPlayer, readPeaks } from "./audio.mjs";
import { createStage } from "./stage.mjs";
import { createTimeline } from "./timeline.mjs";
import { autosave, forget, saved } from "./files.mjs";
import { button, html } from "./dom.mjs";
import { initial, preview, reduce, selectedTrack } from "./state.mjs";
import { onFeed } from "./feed.mjs";
import { warnings } from "./checks.mjs";
import { wireCanvas, wireKeys } from "./input.mjs";

export { mountFeed } from "./feed.mjs";

const HINT = "Drag a box to move it, its handles to resize it, the empty picture to draw one. Arrow keys nudge, K sets a keyframe, Space plays, ? lists everything.";
/** Where a new object is put. */
const NEW_BOX = [0.38, 0.42, 0.62, 0.8];

export function mount(element, { props, trigger, watch, server }) {
  let state = initial(props.value ?? null);
  let feed = { clip: null, heard: [], names: [] };
  let peaks = null;
  let gesture = null;
  let time = null; // fractional frame while it plays
  let found = [];
  const view = { snap: true, onion: false, ghost: true, drawing: false, background: "blank", still: null };
  const getState = () => state;
  const heardOf = (id) => feed.heard.find((one) => one.track === id) ?? null;
  const say = html("p", { class: "said", role: "status", "aria-live": "polite" });
  const notice = html("div", { class: "notice", hidden: true });

  function send(layout) {
    props.value = structuredClone(layout);
    trigger("input", {});
    autosave(feed.clip, layout);
  }

  function check() {
    found = warnings(state.layout, Object.fromEntries(feed.heard.map((one) => [one.track, one])));
  }

  function dispatch(action) {
    const before = state;
    state = reduce(state, action);
    if (state === before) return;
    if (state.layout !== before.layout) {
      if (action.type !== "load") send(state.layout);
      check();
    }
    if (action.type === "seek") player.seek(secondsAt(state.layout, state.frame));
    announce(before, action);
    draw();
  }

  function announce(before, action) {
    const track = selectedTrack(state);
    if (action.type === "undo" || action.type === "redo") say.textContent = action.type === "undo" ? "Undone" : "Done again";
    else if (track && state.layout !== before.layout) {
      say.textContent = `${track.name}: centre at ${Math.round(centre(boxAt(track, state.frame))[0] * 100)} percent, frame ${state.frame + 1}`;
    } else if (track && state.selected !== before.selected) say.textContent = `${track.name} selected`;
  }

  const player = createPlayer({
    ontime(seconds) {
      const { layout } = state;
      if (!layout) return;
      time = frameAt(layout, seconds);
      const frame = clamp(Math.round(time), 0, layout.frame_count - 1);
      if (frame !== state.frame) state = reduce(state, { type: "seek", frame });
      drawNow();
    },
    onstate() {
      if (!player.playing) time = null;
      draw();
    },
  });
  const add = (box = NEW_BOX) => {
    const taken = new Set(state.layout?.objects.map((track) => track.name));
    const name = feed.heard.map((one) => one.names[0]).find((one) => one && !taken.has(one));
    dispatch({ type: "addObject", box, name: name ?? "loudspeaker" });
  };
  const setView = (changes) => {
    Object.assign(view, changes);
    draw();
  };
  const write = async () => {
    const { caption, frame_captions: frameCaptions } = await server.write_captions(state.layout);
    dispatch({ type: "setCaptions", caption, frameCaptions });
  };
  const fix = ({ action }) => {
    if (action.write) return void write();
    if (!action.focus) return dispatch(action);
    dispatch({ type: "select", id: action.id });
    return requestAnimationFrame(() => fields.focusName());
  };
  const loop = (on) => {
    const { layout } = state;
    if (!on || !layout) return player.setLoop(null);
    const { start, end } = selectedTrack(state) ?? { start: 0, end: layout.frame_count - 1 };
    return player.setLoop([secondsAt(layout, start - 0.5), secondsAt(layout, end + 0.5)]);
  };

  const help = createHelp();
  const tools = {
    getState, dispatch, player, loop, view, setView, heardOf, write,
    add: () => add(), help: help.open, vocabulary: () => feed.names,
  };
  const canvas = createCanvas();
  const stage = createStage(canvas, props.video_selector);
  const toolbar = createToolbar(tools);
  const timeline = createTimeline(tools);
  const fields = createFields(tools);
  const checks = createWarnings(fix);
  const root = html(
    "section",
    { class: "spa2v-editor", "aria-label": "Layout editor" },
    notice, toolbar.node, stage.node, timeline.node, checks.node, fields.node,
    html("p", { class: "hint", text: HINT }), say, help.node,
  );

  let scheduled = false;
  function draw() {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      drawNow();
    });
  }
  let size = { width: 0 };
  function drawNow() {
    if (gesture) {
      const future = gesture.moving && preview(selectedTrack(state), state, gesture);
      drawGesture(canvas, state, { ...gesture, width: size.width, future });
      if (future) timeline.dragPlaces(future);
      return;
    }
    drawCanvas(canvas, state, { ...view, time, width: size.width });
    timeline.drawHead(state, time);
    stage.draw(state, view, time);
    timeline.draw(state);
    timeline.drawPlaces(state, feed.heard);
    if (time !== null) return;
    timeline.drawWave(peaks);
    toolbar.draw(state);
    fields.draw(state);
    checks.draw(found);
  }

  wireCanvas(canvas, {
    getState,
    dispatch,
    drawing: () => view.drawing,
    options: () => view,
    drawn(box) {
      view.drawing = false;
      add(box);
    },
    preview(next) {
      gesture = next;
      draw();
    },
  });
  wireKeys(root, tools);

  function restore(layout) {
    dispatch({ type: "load", layout });
    send(layout);
    const dismiss = () => (notice.hidden = true);
    notice.replaceChildren(
      html("span", { text: "Your edits of this recording are back." }),
      button("Start over from the plan", "Start over from the plan", () => {
        forget(feed.clip);
        dispatch({ type: "resetAll" });
        dismiss();
      }),
      button("Keep them", "Keep the edits", dismiss),
    );
    notice.hidden = false;
  }

  let seen = null;
  onFeed(async (next) => {
    const resumed = seen === null || next.resumed;
    feed = next;
    dispatch({ type: "propose", proposal: next.proposal });
    if (resumed) {
      const kept = saved(next.clip);
      if (kept && JSON.stringify(kept) !== JSON.stringify(state.layout)) restore(kept);
    } else {
      notice.hidden = true;
      keep();
    }
    check();
    if (next.audio?.url !== seen) {
      seen = next.audio?.url ?? "";
      player.load(next.audio?.url);
      peaks = next.audio ? await readPeaks(next.audio.url) : null;
    }
    draw();
  });
  // a plan comes as two values, in any order: kept when both are here
  let keeping = 0;
  function keep() {
    clearTimeout(keeping);
    keeping = setTimeout(() => seen !== null && state.layout && autosave(feed.clip, state.layout), 250);
  }
  watch("value", () => {
    dispatch({ type: "load", layout: props.value ?? null });
    keep();
  });
  new ResizeObserver(() => {
    size = { width: canvas.clientWidth };
    draw();
  }).observe(canvas);
  element.querySelector(".spa2v-mount").replaceChildren(root);
  size = { width: canvas.clientWidth };
  draw();
}
