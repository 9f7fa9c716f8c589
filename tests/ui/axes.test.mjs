// node --test: the curve of one axis of a path, apart from the others.
import assert from "node:assert/strict";
import { test } from "node:test";

import { AXES, curveOf, curved } from "../../ui/editor/static/axes.mjs";
import { EASE, EASINGS, boxAt, tidyBox } from "../../ui/editor/static/geometry.mjs";
import { initial, reduce } from "../../ui/editor/static/state.mjs";

const box = (x, y) => tidyBox([x - 0.1, y - 0.1, x + 0.1, y + 0.1]);
const path = (...keys) => ({
  id: 0, name: "car", start: 0, end: 31, locked: false,
  keyframes: keys.map(([frame, at, easing = "linear", heading = "auto"]) => ({ frame, box: at, easing, heading })),
});
const CROSSING = path([0, box(0.1, 0.3)], [31, box(0.9, 0.7)]);
const at = (track, axis, frame) => AXES[axis].value(boxAt(track, frame));
const change = (track, axis, easing) => ({ ...track, keyframes: curved(track, axis, easing) });
const near = (a, b, much = 0.012) => assert.ok(Math.abs(a - b) < much, `${a} is not ${b}`);

test("an axis follows its curve, and the others stay as they are", () => {
  for (const easing of EASINGS) {
    const track = change(CROSSING, "x", easing);
    for (let k = 0; k <= 31; k += 1) {
      near(at(track, "x", k), 0.1 + 0.8 * EASE[easing](k / 31));
      near(at(track, "y", k), at(CROSSING, "y", k));
    }
    assert.equal(curveOf(track, "x"), easing);
    assert.equal(curveOf(track, "y"), "linear");
  }
});

test("each axis has its own, in whatever order they are chosen, and goes back to linear", () => {
  const one = change(change(CROSSING, "x", "ease-in"), "y", "ease-out");
  const other = change(change(change(CROSSING, "y", "hold"), "x", "ease-in"), "y", "ease-out");
  for (const track of [one, other]) assert.deepEqual(["x", "y"].map((axis) => curveOf(track, axis)), ["ease-in", "ease-out"]);
  const back = change(change(one, "x", "linear"), "y", "linear");
  assert.equal(back.keyframes.length, 2);
  assert.deepEqual(back.keyframes.map((key) => key.box), CROSSING.keyframes.map((key) => key.box));
});

test("what all axes share needs no keyframes between; what differs needs few", () => {
  const same = change(change(CROSSING, "x", "ease"), "y", "ease");
  assert.deepEqual(same.keyframes.map(({ frame, easing }) => [frame, easing]), [[0, "ease"], [31, "linear"]]);
  assert.ok(change(CROSSING, "x", "ease").keyframes.length < 12);
});

test("a curve goes from turn to turn, and what rests goes on resting", () => {
  const track = path([0, box(0.2, 0.5)], [10, box(0.8, 0.5)], [15, box(0.8, 0.5)], [31, box(0.4, 0.5)]);
  const eased = change(track, "x", "ease-in");
  for (const k of [0, 10, 12, 15, 31]) near(at(eased, "x", k), at(track, "x", k));
  near(at(eased, "x", 5), 0.2 + 0.6 * 0.25);
  near(at(eased, "x", 23), 0.8 - 0.4 * 0.25);
  assert.equal(curveOf(eased, "x"), "ease-in");
});

test("what comes closer along a curve stays on the ground", () => {
  const far = [0.4, 0.52, 0.5, 0.6];
  const close = [0.3, 0.58, 0.6, 0.9];
  const track = change(path([0, far], [31, close]), "distance", "ease-in");
  assert.equal(curveOf(track, "distance"), "ease-in");
  for (const k of [8, 16, 24]) near(boxAt(track, k)[3], 0.5 + (0.1 / 0.08) * at(track, "distance", k), 0.02);
  near(at(track, "distance", 16), 0.08 + 0.24 * (16 / 31) ** 2);
});

test("what does not move on an axis has no curve there; a curve of nobody's is mixed", () => {
  const level = path([0, box(0.1, 0.5)], [31, box(0.9, 0.5)]);
  assert.equal(curveOf(level, "y"), null);
  assert.deepEqual(curved(level, "y", "ease"), level.keyframes);
  assert.equal(curveOf(path([0, box(0.1, 0.5)], [24, box(0.2, 0.5)], [31, box(0.9, 0.5)]), "x"), "");
  assert.equal(curveOf(path([5, box(0.1, 0.5)]), "x"), null);
});

test("which way it is turned stays where it was", () => {
  const track = path([0, box(0.1, 0.3), "linear", 0], [10, box(0.36, 0.43), "linear", 90], [31, box(0.9, 0.7), "linear", 90]);
  const turned = curved(track, "x", "ease");
  for (const { frame, heading } of turned) assert.equal(heading, frame < 10 ? 0 : 90);
  assert.ok(turned.some(({ frame }) => frame === 10));
});

test("a curve is one step of undo; a locked object and a curve that there is not are left alone", () => {
  const layout = { version: 2, frame_count: 32, duration_s: 6, caption: "", frame_captions: [], objects: [CROSSING] };
  const done = reduce(initial(layout), { type: "setCurve", id: 0, axis: "x", easing: "ease-in" });
  assert.equal(done.past.length, 1);
  assert.deepEqual(reduce(done, { type: "undo" }).layout, layout);
  for (const wrong of [{ axis: "z", easing: "ease" }, { axis: "x", easing: "<b>" }]) {
    assert.equal(reduce(initial(layout), { type: "setCurve", id: 0, ...wrong }).layout, layout);
  }
  const locked = { ...layout, objects: [{ ...CROSSING, locked: true }] };
  assert.equal(reduce(initial(locked), { type: "setCurve", id: 0, axis: "x", easing: "ease" }).layout, locked);
});
