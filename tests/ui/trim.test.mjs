// node --test: what a drag on the strip of the recording chooses.
import assert from "node:assert/strict";
import { test } from "node:test";

import { dragged } from "../../ui/editor/static/trim.mjs";

const limits = { total: 30, most: 10 };

test("a span is moved within the recording", () => {
  assert.deepEqual(dragged([5, 9], "move", 6, 8, limits), [7, 11]);
  assert.deepEqual(dragged([5, 9], "move", 6, 99, limits), [26, 30]);
  assert.deepEqual(dragged([5, 9], "move", 6, -9, limits), [0, 4]);
});

test("its ends are moved, no longer than is rendered and no shorter than half a second", () => {
  assert.deepEqual(dragged([5, 9], "end", 9, 28, limits), [5, 15]);
  assert.deepEqual(dragged([5, 9], "end", 9, 1, limits), [5, 5.5]);
  assert.deepEqual(dragged([12, 19], "start", 12, 0, limits), [9, 19]);
});

test("elsewhere a new span is drawn, either way", () => {
  assert.deepEqual(dragged([5, 9], "new", 20, 24, limits), [20, 24]);
  assert.deepEqual(dragged([5, 9], "new", 20, 14, limits), [14, 20]);
  assert.deepEqual(dragged([5, 9], "new", 20, 2, limits), [10, 20]);
});
