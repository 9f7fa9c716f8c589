// node --test: the editor's reducer and interpolation, without a browser.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { HISTORY, boxAt, initial, reduce, selectedTrack, tidyBox } from "../../ui/editor/static/state.mjs";

const golden = JSON.parse(readFileSync(new URL("../golden/interpolation.json", import.meta.url)));

const layout = () => ({
  version: 1, frame_count: 16, duration_s: 6, width: 512, height: 320, reasoning: "", caption: "", frame_captions: [],
  objects: [
    { id: 0, name: "car", appearance: "", start: 0, end: 15, facing: "auto", confidence: 1, locked: false,
      keyframes: [{ frame: 0, box: [0, 0.4, 0.2, 0.6], easing: "linear" }, { frame: 15, box: [0.8, 0.4, 1, 0.6], easing: "linear" }] },
    { id: 3, name: "dog", appearance: "", start: 4, end: 9, facing: "auto", confidence: 1, locked: true,
      keyframes: [{ frame: 4, box: [0.1, 0.1, 0.3, 0.3], easing: "linear" }] },
  ],
});

const play = (...actions) => actions.reduce(reduce, initial(layout()));

test("interpolation equals Python's on the golden cases", () => {
  for (const { track, boxes } of golden) {
    for (const [frame, box] of boxes) {
      boxAt(track, frame).forEach((value, k) => assert.ok(Math.abs(value - box[k]) < 1e-9));
    }
  }
});

test("a box set at a frame without keyframe makes one and is hit", () => {
  const state = play({ type: "seek", frame: 5 }, { type: "setBox", id: 0, box: [0.1, 0.2, 0.3, 0.4] });
  assert.deepEqual(state.layout.objects[0].keyframes.map((key) => key.frame), [0, 5, 15]);
  assert.deepEqual(boxAt(state.layout.objects[0], 5), [0.1, 0.2, 0.3, 0.4]);
});

test("each edit is one step of undo, and redo brings it back", () => {
  const edited = play(
    { type: "setBox", id: 0, box: [0.1, 0.2, 0.3, 0.4] },
    { type: "rename", id: 0, name: " taxi " },
    { type: "addObject", box: [0.4, 0.4, 0.6, 0.6] },
    { type: "deleteObject", id: 0 },
    { type: "setCaption", caption: "a dog" },
    { type: "setFrameCaption", text: "here" },
  );
  assert.equal(edited.past.length, 6);
  let state = edited;
  for (let k = 0; k < 6; k += 1) state = reduce(state, { type: "undo" });
  assert.deepEqual(state.layout, layout());
  for (let k = 0; k < 6; k += 1) state = reduce(state, { type: "redo" });
  assert.deepEqual(state.layout, edited.layout);
});

test("what changes nothing is no step", () => {
  const state = play(
    { type: "rename", id: 0, name: "  " },
    { type: "rename", id: 0, name: "car" },
    { type: "setBox", id: 0, box: [0, 0.4, 0.2, 0.6] },
    { type: "nonsense" },
    { type: "undo" },
    { type: "load", layout: layout() },
  );
  assert.equal(state.past.length, 0);
});

test("locked tracks are left alone", () => {
  for (const action of [
    { type: "setBox", id: 3, box: [0, 0, 1, 1] },
    { type: "shift", id: 3, dx: 0.1, dy: 0 },
    { type: "rename", id: 3, name: "cat" },
    { type: "deleteObject", id: 3 },
  ]) {
    assert.deepEqual(play(action).layout, layout());
  }
});

test("moving a still object moves its path, moving a moving one sets a keyframe", () => {
  const free = layout();
  free.objects[1].locked = false;
  let state = reduce(initial(free), { type: "shift", id: 3, dx: 0.2, dy: 0.1 });
  assert.deepEqual(state.layout.objects[1].keyframes.map((key) => key.box), [[0.3, 0.2, 0.5, 0.4]]);
  state = reduce(reduce(state, { type: "seek", frame: 15 }), { type: "shift", id: 0, dx: -0.1, dy: 0 });
  assert.deepEqual(state.layout.objects[0].keyframes.at(-1).box, [0.7, 0.4, 0.9, 0.6]);
  assert.deepEqual(state.layout.objects[0].keyframes[0].box, [0, 0.4, 0.2, 0.6]);
});

test("the only keyframe stays", () => {
  const free = layout();
  free.objects[1].locked = false;
  const state = reduce({ ...initial(free), frame: 4 }, { type: "toggleKeyframe", id: 3 });
  assert.equal(state.layout.objects[1].keyframes.length, 1);
  const two = play({ type: "toggleKeyframe", id: 0 });
  assert.deepEqual(two.layout.objects[0].keyframes.map((key) => key.frame), [15]);
});

test("boxes are ordered, large enough and within reach", () => {
  assert.deepEqual(tidyBox([0.5, 0.5, 0.2, 0.2]), [0.2, 0.2, 0.5, 0.5]);
  const [x1, , x2] = tidyBox([0.5, 0.5, 0.5, 0.9]);
  assert.ok(x2 - x1 >= 0.02 - 1e-9);
  assert.ok(tidyBox([-90, 0, 0.5, 90]).every((value) => value >= -1.5 && value <= 2.5));
});

test("loading a new layout starts a new history; frames stay in range", () => {
  const other = { ...layout(), frame_count: 8, objects: [] };
  const state = play({ type: "rename", id: 0, name: "taxi" }, { type: "seek", frame: 99 }, { type: "load", layout: other });
  assert.equal(state.past.length, 0);
  assert.equal(state.frame, 0);
  assert.equal(selectedTrack(state), null);
  assert.equal(play({ type: "seek", frame: 99 }).frame, 15);
  assert.equal(initial(null).selected, null);
  assert.equal(reduce(initial(null), { type: "addObject", box: [0, 0, 1, 1] }).layout, null);
});

test("history is bounded and at least 100 steps", () => {
  let state = initial(layout());
  for (let k = 0; k < 300; k += 1) state = reduce(state, { type: "setCaption", caption: `caption ${k}` });
  assert.equal(state.past.length, HISTORY);
  assert.ok(HISTORY >= 100);
});
