import assert from "node:assert/strict";
import test from "node:test";
import { droppedFiles, isFits } from "../../static/folders.js";
import { bytes, groupFrames, minute, slotOf } from "../../static/groups.js";

const file = (path) => ({ isFile: true, fullPath: `/${path}`, file: (resolve) => resolve({ name: path }) });
/** A folder that gives its entries a hundred at a time, as browsers do. */
const folder = (entries) => ({
  isDirectory: true,
  createReader() {
    let at = 0;
    return { readEntries: (resolve) => resolve(entries.slice(at, (at += 100))) };
  },
});
const dropped = (entries) => ({ items: entries.map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry })) });

test("u30 a folder of 250 files is read to its end, folders within it too", async () => {
  const many = Array.from({ length: 250 }, (_, i) => file(`a/${i}.fit`));
  const found = await droppedFiles(dropped([folder([...many, folder([file("a/b/x.fit")])]), file("y.fit")]));
  assert.equal(found.length, 252);
  assert.deepEqual(found.slice(-2).map(({ path }) => path), ["a/b/x.fit", "y.fit"]);
});

test("names", () => {
  assert.deepEqual(["a.fit", "b.FITS", "c.jpg", "fit"].map(isFits), [true, true, false, false]);
});

test("frames of one quarter of an hour, object and filter are one chunk", () => {
  const frame = (begin, more = {}) => ({ begin: Date.parse(begin), object: "M 42", filter: "LP", telescope: "S50", exptime: 10, gain: 80, size: "4x3", ...more });
  const groups = groupFrames([
    frame("2025-01-15T19:45:00Z"), frame("2025-01-15T19:30:00Z"), frame("2025-01-15T19:44:59Z"), frame("2025-01-15T19:31:00Z", { filter: "IRCUT" }),
  ]);
  assert.deepEqual(groups.map((group) => [minute(group.slot), group.filter, group.frames]), [
    ["2025-01-15 19:30", "LP", 2], ["2025-01-15 19:30", "IRCUT", 1], ["2025-01-15 19:45", "LP", 1],
  ]);
});

test("bytes for people", () => assert.deepEqual([0, 4_152_960, 12e9].map(bytes), ["0 B", "4.2 MB", "12.00 GB"]));

test("the slot of a chunk key", () => assert.equal(minute(slotOf("20250115.78_83.6_+22.0")), "2025-01-15 19:30"));
