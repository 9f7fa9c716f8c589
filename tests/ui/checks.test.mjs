// node --test: warnings, and that each remedy takes its warning away.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { dense } from "../../ui/editor/static/files.mjs";
import { score, warnings } from "../../ui/editor/static/checks.mjs";
import { initial, reduce } from "../../ui/editor/static/state.mjs";

const track = (id, name, ...boxes) => ({
  id, name, appearance: "", start: 0, end: 15, facing: "auto", confidence: 1, locked: false,
  keyframes: boxes.map(([frame, box]) => ({ frame, box, easing: "linear" })),
});
const layout = (...objects) => ({
  version: 1, frame_count: 16, duration_s: 6, width: 512, height: 320, reasoning: "",
  caption: objects.map((one) => one.name).join(" and "), frame_captions: [], objects,
});
const heardAt = (x, confidence = 0.8) => {
  const [path, sure] = [new Array(16).fill(x), new Array(16).fill(confidence)];
  return { track: 0, x: path, path, trust: sure, confidence: sure, names: ["dog"] };
};
const golden = JSON.parse(readFileSync(new URL("../golden/agreement.json", import.meta.url)));
const CAR = track(0, "car", [0, [0.1, 0.4, 0.3, 0.7]]);

const CASES = {
  tiny: [layout(track(0, "car", [0, [0.5, 0.5, 0.51, 0.52]]))],
  jump: [layout(track(0, "car", [0, [0, 0.4, 0.2, 0.6]], [7, [0, 0.4, 0.2, 0.6]], [8, [0.8, 0.4, 1, 0.6]], [15, [0.8, 0.4, 1, 0.6]]))],
  elsewhere: [layout(CAR), { 0: heardAt(0.9) }],
  nameless: [layout(track(0, "loudspeaker", [0, [0.1, 0.4, 0.3, 0.7]])), { 0: heardAt(0.2) }],
  covered: [layout(track(0, "dog", [0, [0.4, 0.4, 0.5, 0.5]]), track(1, "bus", [0, [0.1, 0.1, 0.9, 0.9]]))],
};

for (const [kind, [value, heard]] of Object.entries(CASES)) {
  test(`${kind} is noticed, and its remedy works`, () => {
    const [first, ...more] = warnings(value, heard);
    assert.equal(first.kind, kind);
    assert.deepEqual(more, []);
    const after = reduce(initial(value), first.action);
    assert.equal(after.past.length, 1);
    assert.deepEqual(warnings(after.layout, heard).filter((one) => one.kind !== "caption"), []);
  });
}

test("two boxes of one size in one place are moved apart", () => {
  const value = layout(CAR, { ...CAR, id: 1, name: "bus" });
  const [found] = warnings(value);
  assert.equal(found.remedy, "Move apart");
  assert.deepEqual(warnings(reduce(initial(value), found.action).layout), []);
});

test("a caption that names nothing is to be written", () => {
  const [found] = warnings({ ...layout(CAR), caption: "a nice day" });
  assert.deepEqual(found.action, { write: "captions" });
  assert.deepEqual(warnings({ ...layout(CAR), caption: "The CAR, again" }), []);
});

test("what is locked, unsure or absent is not complained about", () => {
  assert.deepEqual(warnings(layout({ ...CAR, locked: true }), { 0: heardAt(0.9) }), []);
  assert.deepEqual(warnings(layout(CAR), { 0: heardAt(0.9, 0.1) }), []);
  assert.deepEqual(warnings(null), []);
});

test("things that are never there together hide nothing", () => {
  const [first, later] = [{ ...CAR, end: 3 }, { ...CAR, id: 1, name: "dog", start: 10 }];
  assert.deepEqual(warnings(layout(first, later)), []);
  assert.equal(warnings(layout(first, { ...later, start: 2 }))[0].kind, "covered");
});

test("of two hundred objects each is looked at once, not for each of the others", () => {
  let looks = 0;
  const watched = (id) => {
    const { keyframes, ...rest } = track(id, `car ${id}`, [0, [0.1, 0.3, 0.3, 0.7]], [15, [0.3, 0.3, 0.5, 0.7]]);
    return { ...rest, get keyframes() { looks += 1; return keyframes; } };
  };
  const all = layout(...Array.from({ length: 200 }, (_, id) => watched(id)));
  warnings(all);
  assert.ok(looks < 200 * 40, `${looks} looks`);
  looks = 0;
  warnings({ ...all, objects: [...all.objects.slice(1), watched(0)] }); // an edit leaves the others
  assert.ok(looks < 200 * 5, `${looks} looks`);
});

test("the score of agreement equals Python's on the golden cases", () => {
  for (const { track: one, path, trust, score: wanted } of golden) {
    const found = score(one, { path, trust });
    if (wanted === null) assert.equal(found, null);
    else assert.ok(Math.abs(found - wanted) < 6e-4);
  }
});

test("a crossing that is right by the evidence is not snapped to the faint drift that is heard", () => {
  const crossing = track(0, "car", [0, [0.1, 0.4, 0.3, 0.7]], [15, [0.7, 0.4, 0.9, 0.7]]);
  const heard = { ...heardAt(0.53), path: Array.from({ length: 16 }, (_, k) => 0.2 + (0.6 * k) / 15) };
  assert.deepEqual(warnings(layout(crossing), { 0: heard }), []);
  assert.equal(warnings(layout(CAR), { 0: heard })[0].action.x, heard.path);
});

test("what stands as the planner put it is not complained of; what was moved goes back there", () => {
  const heard = { 0: heardAt(0.9) };
  assert.equal(warnings(layout(CAR), heard)[0].kind, "elsewhere");
  assert.deepEqual(warnings(layout(CAR), heard, layout(CAR)), []);
  const planned = track(0, "car", [0, [0.8, 0.4, 1, 0.7]]);
  const [found] = warnings(layout(CAR), heard, layout(planned));
  assert.deepEqual(found.action, { type: "takePath", id: 0, keyframes: planned.keyframes });
});

test("without a guess a name is asked for", () => {
  const [found] = warnings(layout(track(0, "loudspeaker", [0, [0.1, 0.4, 0.3, 0.7]])));
  assert.deepEqual(found.action, { focus: "name", id: 0 });
});

test("the paper's form has a box in each frame of presence, inside the frame", () => {
  const value = layout({ ...track(0, "car", [0, [-0.2, 0.4, 0.2, 0.6]], [10, [0.8, 0.4, 1.2, 0.6]]), start: 2, end: 4 });
  const { frames } = dense(value);
  assert.deepEqual(frames.map((frame) => frame.layout.length), [0, 0, 1, 1, 1, ...new Array(11).fill(0)]);
  assert.deepEqual(frames[2].layout[0], { id: 0, name: "car", box: [0, 0.4, 0.4, 0.6] });
});

test("in the paper's form what is outside the frame is absent, as a box without size can't be read", () => {
  const value = layout(track(0, "car", [0, [-0.4, 0.4, -0.1, 0.6]], [15, [0.5, 0.4, 0.8, 0.6]]));
  const { frames } = dense(value);
  assert.equal(frames[0].layout.length, 0);
  for (const { box } of frames.flatMap((frame) => frame.layout)) assert.ok(box[2] > box[0]);
});
