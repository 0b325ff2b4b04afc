import assert from "node:assert/strict";
import test from "node:test";
import { rowAt, seen, step, tops } from "../../static/upload/virtual_list.js";

const HEIGHTS = { target: 56, slot: 96 };
const height = (kind) => HEIGHTS[kind];
const rows = ["target", "slot", "slot", "target", "slot"].map((kind) => ({ kind }));

test("where rows begin", () => assert.deepEqual([...tops(rows, height)], [0, 56, 152, 248, 304, 400]));

test("the row at a height, also outside", () => {
  const at = tops(rows, height);
  assert.deepEqual([-5, 0, 55, 56, 151, 152, 303, 304, 399, 400, 9999].map((y) => rowAt(at, y)), [0, 0, 0, 1, 1, 2, 3, 4, 4, 4, 4]);
});

test("every height has the row that covers it", () => {
  const many = Array.from({ length: 997 }, (_, i) => ({ kind: i % 7 ? "slot" : "target" }));
  const at = tops(many, height);
  for (let y = 0; y < at.at(-1); y += 13) {
    const row = rowAt(at, y);
    assert.ok(at[row] <= y && y < at[row + 1], `${y}`);
  }
});

test("only rows that are seen are made, with some to spare", () => {
  const at = tops(Array.from({ length: 4000 }, () => ({ kind: "slot" })), height);
  assert.deepEqual(seen(at, 0, 600, 4), [0, 11]);
  assert.deepEqual(seen(at, 96 * 2000, 600, 4), [1996, 2011]);
  assert.deepEqual(seen(at, at.at(-1) - 600, 600, 4), [3989, 4000]);
  assert.deepEqual(seen(tops([], height), 0, 600), [0, 0]);
  assert.deepEqual(seen(at, 0, 0), [0, 0]);
});

test("where keys lead", () => {
  const from = (key, at) => step(key, at, 100, 6);
  assert.deepEqual([from("ArrowDown", 5), from("ArrowUp", 5), from("PageDown", 5), from("PageUp", 5), from("Home", 5), from("End", 5)], [6, 4, 11, 0, 0, 99]);
  assert.deepEqual([from("ArrowUp", 0), from("ArrowDown", 99), from("PageDown", 97)], [0, 99, 99]);
  assert.equal(from("a", 5), null);
});
