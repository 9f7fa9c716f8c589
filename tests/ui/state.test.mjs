// node --test: the editor's reducer and interpolation, without a browser.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { HISTORY, initial, middle, neighbour, reduce, selectedTrack } from "../../ui/editor/static/state.mjs";
import { boxAt } from "../../ui/editor/static/geometry.mjs";

const golden = JSON.parse(readFileSync(new URL("../golden/interpolation.json", import.meta.url)));

const layout = () => ({
  version: 2, frame_count: 16, duration_s: 6, width: 512, height: 320, reasoning: "", caption: "", frame_captions: [],
  scene: [{ words: "rain", evidence: "rain heard at 0.70 in 6 of 6 windows", p: 0.7 }],
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

test("an object is turned at all its keyframes, and stays so where a box is set", () => {
  const turned = play({ type: "setHeading", id: 0, heading: 180 });
  const headings = (state) => state.layout.objects[0].keyframes.map((key) => key.heading);
  assert.deepEqual(headings(turned), [180, 180]);
  const moved = reduce({ ...turned, frame: 7 }, { type: "setBox", id: 0, box: [0.4, 0.4, 0.6, 0.6] });
  assert.deepEqual(headings(moved), [180, 180, 180]);
  assert.deepEqual(headings(reduce(turned, { type: "setHeading", id: 0, heading: "auto" })), ["auto", "auto"]);
});

test("an object keeps the name of its picture whatever is edited", () => {
  const named = play({ type: "setReference", id: 0, reference: " mine.png " });
  const pictures = (state) => state.layout.objects.map((one) => one.reference ?? "");
  assert.deepEqual(pictures(named), ["mine.png", ""]);
  const edited = [
    { type: "rename", id: 0, name: "taxi" },
    { type: "setBox", id: 0, box: [0.1, 0.2, 0.3, 0.4] },
    { type: "duplicate", id: 0 },
    { type: "addObject", box: [0.4, 0.4, 0.6, 0.6] },
  ].reduce(reduce, named);
  assert.deepEqual(pictures(edited), ["mine.png", "mine.png", "", ""]);
  assert.deepEqual(pictures(reduce(named, { type: "undo" })), ["", ""]);
  assert.equal(play({ type: "setReference", id: 3, reference: "a.png" }).layout.objects[1].reference, undefined); // locked
});

test("what is heard of the scene stays whatever is edited", () => {
  const { scene } = layout();
  const edits = [
    { type: "setBox", id: 0, box: [0.1, 0.2, 0.3, 0.4] },
    { type: "rename", id: 0, name: "taxi" },
    { type: "addObject", box: [0.4, 0.4, 0.6, 0.6] },
    { type: "duplicate", id: 0 },
    { type: "reorder", id: 0, to: "front" },
    { type: "setLocked", id: 3, locked: false },
    { type: "setCaption", caption: "a dog" },
    { type: "setFrameCaption", text: "here" },
    { type: "setCaptions", caption: "a", frameCaptions: [] },
    { type: "snapToHeard", id: 0, x: new Array(16).fill(0.7) },
    { type: "setSpan", id: 0, start: 3 },
    { type: "deleteObject", id: 0 },
    { type: "deleteObject", id: 3 },
    { type: "undo" },
    { type: "redo" },
    { type: "propose", proposal: layout() },
    { type: "resetAll" },
  ];
  let state = initial(layout());
  for (const action of edits) {
    state = reduce(state, action);
    assert.deepEqual(state.layout.scene, scene, action.type);
    assert.equal(state.layout.version, 2, action.type);
  }
  assert.deepEqual(state.layout, layout());
});

test("a layout without objects can be edited", () => {
  const state = reduce(initial({ ...layout(), objects: [] }), { type: "seek", frame: 3 });
  assert.equal(state.frame, 3);
  assert.equal(reduce(state, { type: "setCaption", caption: "rain" }).layout.caption, "rain");
  const added = reduce(state, { type: "addObject", box: [0.1, 0.1, 0.3, 0.3] });
  assert.deepEqual(added.layout.objects.map((track) => track.id), [0]);
  assert.deepEqual(added.layout.scene, layout().scene);
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

test("loading is one step of undo, so a plan loses nothing; frames stay in range", () => {
  const other = { ...layout(), frame_count: 8, objects: [] };
  const state = play({ type: "rename", id: 0, name: "taxi" }, { type: "seek", frame: 99 }, { type: "load", layout: other });
  assert.equal(state.past.length, 2);
  assert.equal(state.frame, 7);
  assert.equal(selectedTrack(state), null);
  assert.equal(reduce(state, { type: "undo" }).layout.objects[0].name, "taxi");
  assert.equal(play({ type: "seek", frame: 99 }).frame, 15);
  const empty = initial(null);
  assert.equal(empty.selected, null);
  assert.equal(reduce(empty, { type: "addObject", box: [0, 0, 1, 1] }).layout, null);
  const first = reduce(empty, { type: "load", layout: layout() });
  assert.equal(first.past.length, 0);
  assert.equal(first.selected, 3);
});

const frames = (state, index = 0) => state.layout.objects[index].keyframes.map((key) => key.frame);

test("keyframes are moved, copied, replaced and deleted", () => {
  assert.deepEqual(frames(play({ type: "moveKeyframe", id: 0, from: 15, to: 10 })), [0, 10]);
  assert.deepEqual(frames(play({ type: "moveKeyframe", id: 0, from: 0, to: 99 })), [15]);
  assert.deepEqual(frames(play({ type: "moveKeyframe", id: 0, from: 0, to: 7, copy: true })), [0, 7, 15]);
  assert.deepEqual(frames(play({ type: "moveKeyframe", id: 0, from: 3, to: 7 })), [0, 15]);
  assert.deepEqual(frames(play({ type: "deleteKeyframe", id: 0, frame: 0 }, { type: "deleteKeyframe", id: 0, frame: 15 })), [15]);
  assert.deepEqual(frames(play({ type: "toggleKeyframe", id: 0, frame: 5 })), [0, 5, 15]);
});

test("easing belongs to a keyframe and survives a new box", () => {
  const state = play({ type: "setEasing", id: 0, frame: 0, easing: "hold" }, { type: "setBox", id: 0, box: [0, 0, 0.5, 0.5] });
  assert.equal(state.layout.objects[0].keyframes[0].easing, "hold");
  assert.deepEqual(play({ type: "setEasing", id: 0, frame: 0, easing: "<b>" }).layout, layout());
});

test("one curve for the whole path", () => {
  const bent = play({ type: "movePoint", id: 0, frame: 8, dx: 0, dy: -0.2 }, { type: "setEasing", id: 0, easing: "ease-out" });
  assert.deepEqual(bent.layout.objects[0].keyframes.map((key) => key.easing), ["ease-out", "ease-out", "ease-out"]);
  assert.ok(boxAt(bent.layout.objects[0], 4)[0] > 0.8 * (4 / 15) + 0.05);
});

test("spans stay inside the clip and in order", () => {
  const span = (action) => {
    const { start, end } = play({ type: "setSpan", id: 0, ...action }).layout.objects[0];
    return [start, end];
  };
  assert.deepEqual(span({ start: 3 }), [3, 15]);
  assert.deepEqual(span({ end: 99 }), [0, 15]);
  assert.deepEqual(span({ start: -4, end: 2 }), [0, 2]);
  assert.deepEqual(span({ start: 9, end: 2 }), [0, 15]);
});

test("copies, order, locks", () => {
  const copied = play({ type: "duplicate", id: 3 });
  assert.deepEqual(copied.layout.objects.map((track) => track.id), [0, 3, 4]);
  assert.equal(copied.selected, 4);
  assert.equal(copied.layout.objects[2].locked, false);
  const order = (to) => play({ type: "reorder", id: 0, to }).layout.objects.map((track) => track.id);
  assert.deepEqual(order("front"), [3, 0]);
  assert.deepEqual(order("forward"), [3, 0]);
  assert.deepEqual(order("back"), [0, 3]);
  const open = play({ type: "setLocked", id: 3, locked: false }, { type: "rename", id: 3, name: "cat" });
  assert.equal(open.layout.objects[1].name, "cat");
});

test("a box is copied from one frame to another", () => {
  const state = play({ type: "select", id: 0 }, { type: "copy" }, { type: "seek", frame: 8 }, { type: "paste", id: 0 });
  assert.deepEqual(boxAt(state.layout.objects[0], 8), [0, 0.4, 0.2, 0.6]);
  assert.equal(state.past.length, 1);
  assert.deepEqual(play({ type: "paste", id: 0 }).layout, layout());
});

test("one object or all go back to the plan", () => {
  const edited = play(
    { type: "propose", proposal: layout() },
    { type: "rename", id: 0, name: "taxi" },
    { type: "addObject", box: [0, 0, 1, 1] },
  );
  const one = reduce(edited, { type: "reset", id: 0 });
  assert.equal(one.layout.objects[0].name, "car");
  assert.equal(one.layout.objects.length, 3);
  assert.deepEqual(reduce(edited, { type: "resetAll" }).layout, layout());
  assert.deepEqual(play({ type: "resetAll" }).layout, layout());
});

test("hidden and colours are the editor's own: no step of undo, nothing in the layout", () => {
  const state = play({ type: "toggleHidden", id: 0 }, { type: "setColour", id: 0, colour: "#123456" });
  assert.deepEqual(state.hidden, [0]);
  assert.deepEqual(state.layout, layout());
  assert.equal(state.past.length, 0);
});

test("the path follows what is heard, with few keyframes", () => {
  const x = Array.from({ length: 16 }, (_, k) => (k < 8 ? 0.2 : 0.2 + (k - 7) * 0.08));
  const state = play({ type: "snapToHeard", id: 0, x });
  const track = state.layout.objects[0];
  assert.ok(track.keyframes.length <= 4);
  x.forEach((value, k) => {
    const box = boxAt(track, k);
    assert.ok(Math.abs((box[0] + box[2]) / 2 - value) < 0.05);
  });
  const still = play({ type: "snapToHeard", id: 0, x: new Array(16).fill(0.7) });
  assert.equal(still.layout.objects[0].keyframes.length, 1);
});

test("what comes closer still does when it is moved to where it is heard", () => {
  const growing = layout();
  growing.objects[0].keyframes = [[0, 0.05], [15, 0.2]].map(([frame, r]) => ({ frame, box: [0.2 - r, 0.5 - r, 0.2 + r, 0.5 + r], easing: "linear" }));
  const { layout: after } = reduce(initial(growing), { type: "snapToHeard", id: 0, x: new Array(16).fill(0.7) });
  const [first, last] = [0, 15].map((frame) => boxAt(after.objects[0], frame));
  assert.ok(Math.abs(first[2] - first[0] - 0.1) < 1e-9 && Math.abs(last[2] - last[0] - 0.4) < 1e-9);
  assert.ok(Math.abs((first[0] + first[2]) / 2 - 0.7) < 1e-9);
});

test("a jump is smoothed", () => {
  const jumping = layout();
  jumping.objects[0].keyframes = [[0, 0], [7, 0], [8, 0.8], [15, 0.8]].map(([frame, x]) => ({ frame, box: [x, 0.4, x + 0.2, 0.6], easing: "linear" }));
  const state = reduce(initial(jumping), { type: "smooth", id: 0, frame: 7 });
  const at = (frame) => boxAt(state.layout.objects[0], frame)[0];
  for (let k = 0; k < 15; k += 1) assert.ok(Math.abs(at(k + 1) - at(k)) < 0.3);
});

test("keyframes around a frame, and the middle between them", () => {
  const [car] = layout().objects;
  assert.equal(neighbour(car, 5, -1), 0);
  assert.equal(neighbour(car, 15, 1), null);
  assert.equal(middle(car, 5, 16), 8);
  assert.equal(middle(car, 0, 16), 8);
});

test("history is bounded and at least 100 steps", () => {
  let state = initial(layout());
  for (let k = 0; k < 300; k += 1) state = reduce(state, { type: "setCaption", caption: `caption ${k}` });
  assert.equal(state.past.length, HISTORY);
  assert.ok(HISTORY >= 100);
});

test("a new scene is a root that undo does not leave", () => {
  const other = { ...layout(), duration_s: 3, objects: [] };
  const state = play({ type: "rename", id: 0, name: "taxi" }, { type: "newScene", layout: other, proposal: other }, { type: "undo" });
  assert.deepEqual(state.layout, other);
  assert.equal(state.past.length, 0);
  assert.equal(state.selected, null);
});

test("captions that follow belong to the step before", () => {
  const renamed = play({ type: "rename", id: 0, name: "taxi" });
  const followed = reduce(renamed, { type: "amendCaptions", caption: "a taxi", frame_captions: [] });
  assert.equal(followed.layout.caption, "a taxi");
  assert.equal(followed.past.length, 1);
  assert.deepEqual(reduce(followed, { type: "undo" }).layout, layout());
});

test("a point of the path is moved or made, whatever frame is shown", () => {
  const { layout: bent } = play({ type: "movePoint", id: 0, frame: 8, dx: 0, dy: -0.2 });
  assert.deepEqual(bent.objects[0].keyframes.map((key) => key.frame), [0, 8, 15]);
  assert.ok(Math.abs(bent.objects[0].keyframes[1].box[1] - 0.2) < 1e-6);
  const { layout: moved } = play({ type: "movePoint", id: 0, frame: 15, dx: 0.1, dy: 0 });
  assert.equal(moved.objects[0].keyframes.length, 2);
  assert.deepEqual(moved.objects[0].keyframes[0], layout().objects[0].keyframes[0]);
});

test("nearer stays on the same ground, and back again is where it was", () => {
  const { layout: near } = play({ type: "setDistance", id: 0, frame: 0, factor: 1.5 });
  const [, top, , bottom] = near.objects[0].keyframes[0].box;
  assert.ok(Math.abs(bottom - 0.65) < 1e-6);
  assert.ok(Math.abs(bottom - top - 0.3) < 1e-6);
  const back = play({ type: "setDistance", id: 0, frame: 0, factor: 1.5 }, { type: "setDistance", id: 0, frame: 0, factor: 1 / 1.5 });
  back.layout.objects[0].keyframes[0].box.forEach((value, k) => assert.ok(Math.abs(value - layout().objects[0].keyframes[0].box[k]) < 2e-5));
});

test("a rounded path goes through the points it had", () => {
  const bent = play({ type: "movePoint", id: 0, frame: 8, dx: 0, dy: -0.2 });
  const { layout: smooth } = reduce(bent, { type: "smoothPath", id: 0 });
  assert.ok(smooth.objects[0].keyframes.length > 3);
  for (const key of bent.layout.objects[0].keyframes) assert.deepEqual(boxAt(smooth.objects[0], key.frame), key.box);
});
