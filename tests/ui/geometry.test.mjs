// node --test: boxes while they are dragged and snapped.
import assert from "node:assert/strict";
import { test } from "node:test";

import { atLeast, corners, dragged, snapped, tidyBox } from "../../ui/editor/static/geometry.mjs";

const near = (a, b) => a.forEach((value, k) => assert.ok(Math.abs(value - b[k]) < 1e-9, `${a} is not ${b}`));
const BOX = [0.2, 0.4, 0.4, 0.5];

test("boxes are ordered, large enough and within reach", () => {
  assert.deepEqual(tidyBox([0.5, 0.5, 0.2, 0.2]), [0.2, 0.2, 0.5, 0.5]);
  const [x1, , x2] = tidyBox([0.5, 0.5, 0.5, 0.9]);
  assert.ok(x2 - x1 >= 0.02 - 1e-9);
  assert.ok(tidyBox([-90, 0, 0.5, 90]).every((value) => value >= -1.5 && value <= 2.5));
});

test("each handle moves its sides only", () => {
  near(dragged(BOX, null, 0.1, -0.1), [0.3, 0.3, 0.5, 0.4]);
  near(dragged(BOX, "e", 0.1, 0.3), [0.2, 0.4, 0.5, 0.5]);
  near(dragged(BOX, "nw", -0.1, -0.1), [0.1, 0.3, 0.4, 0.5]);
  near(dragged(BOX, "s", 0.3, 0.1), [0.2, 0.4, 0.4, 0.6]);
});

test("Shift keeps the aspect, Alt the centre", () => {
  const [x1, y1, x2, y2] = dragged(BOX, "se", 0.2, 0, { keep: true });
  near([(x2 - x1) / (y2 - y1), x1, y1], [2, 0.2, 0.4]);
  const wide = dragged(BOX, "e", 0.1, 0, { keep: true });
  near([(wide[2] - wide[0]) / (wide[3] - wide[1]), (wide[1] + wide[3]) / 2], [2, 0.45]);
  near(dragged(BOX, "e", 0.1, 0, { fromCentre: true }), [0.1, 0.4, 0.5, 0.5]);
});

test("a handle that is pulled through stops at the smallest size", () => {
  const [x1, , x2] = dragged(BOX, "e", -0.9, 0);
  near([x1, x2], [0.2, 0.22]);
});

test("boxes snap to thirds, the centre and other boxes, each axis on its own", () => {
  const { box, lines } = snapped([0.325, 0.1, 0.425, 0.2], null, [], [0.02, 0.02]);
  near(box, [1 / 3, 0.1, 1 / 3 + 0.1, 0.2]);
  assert.deepEqual(lines.map(([axis]) => axis), [0]);
  near(snapped([0.1, 0.1, 0.71, 0.2], "e", [[0.7, 0.8, 0.9, 0.9]], [0.02, 0.02]).box, [0.1, 0.1, 0.7, 0.2]);
  assert.deepEqual(snapped([0.1, 0.1, 0.2, 0.2], null, [], [0.02, 0.02]).lines, []);
});

test("the fewest corners of a line", () => {
  assert.deepEqual(corners([0, 1, 2, 3, 4], 0.01), [0, 4]);
  assert.deepEqual(corners([0, 1, 2, 1, 0], 0.01), [0, 2, 4]);
});

test("a box is enlarged about its centre", () => {
  const [x1, y1, x2, y2] = atLeast([0.5, 0.5, 0.52, 0.54], [0.06, 0.09]);
  assert.ok(x2 - x1 >= 0.06 - 1e-9 && y2 - y1 >= 0.09 - 1e-9);
  near([(x1 + x2) / 2, (y1 + y2) / 2], [0.51, 0.52]);
});
