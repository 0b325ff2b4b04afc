import assert from "node:assert/strict";
import test from "node:test";
import { Groups } from "../../static/upload/groups.js";
import { Quality, sample } from "../../static/upload/quality.js";
import { Queue } from "../../static/upload/queue.js";

const item = (name) => ({ name, size: 1 });
const chunk = (slot, object, filter, members) => ({ chunk_key: `20250115.${slot}_83.6_+22.0`, object, filter, exptime_s: 10, total_exptime_s: 10 * members.length, members });

function made() {
  const queue = new Queue({ send: async () => {} });
  const groups = new Groups(queue);
  const [a, b, c, d] = ["a", "b", "c", "d"].map(item);
  groups.merge([chunk(79, "M 31", "LP", [c]), chunk(78, "M 31", "LP", [a, b]), chunk(78, "M 2", null, [d])]);
  queue.add([a, b, c, d]);
  return { queue, groups, items: [a, b, c, d] };
}

const rows = (groups) => groups.rows().map((row) => (row.kind === "target" ? `${row.target.object} ${row.target.frames}` : row.group.members.length));

test("chunks below their targets, in order of name and time", () => assert.deepEqual(rows(made().groups), ["M 2 1", 1, "M 31 3", 2, 1]));

test("what is unticked is not sent, nor what comes later into the same chunk", () => {
  const { queue, groups, items } = made();
  const group = items[0].group;
  groups.tick([group], false);
  const late = item("late");
  groups.merge([chunk(78, "M 31", "LP", [late, items[0], items[1]]), chunk(79, "M 31", "LP", [items[2]]), chunk(78, "M 2", null, [items[3]])]);
  queue.add([late]);
  assert.deepEqual([items[0].state, late.state, items[2].state], ["skipped", "skipped", "waiting"]);
  assert.equal(items[0].group, group);
  assert.equal(groups.wanted, 2);
  groups.tick([group], true);
  assert.deepEqual([...items, late].map(({ state }) => state), Array(5).fill("waiting"));
});

test("ticks leave alone what is sent, refused or was sent before", () => {
  const { groups, items: [a, b, c] } = made();
  Object.assign(a, { state: "done" });
  Object.assign(b, { state: "skipped", note: "uploaded before", earlier: true });
  Object.assign(c, { state: "failed" });
  groups.tick(groups.chunks, false);
  assert.deepEqual([a.state, b.note, c.state], ["done", "uploaded before", "skipped"]);
  groups.tick(groups.chunks, true);
  assert.deepEqual([a.state, b.state, c.state], ["done", "skipped", "waiting"]);
});

test("a chunk keeps its picture when frames are added, and a new one has none", () => {
  const { groups, items: [a, b, c, d] } = made();
  a.group.look = { preview: 1 };
  const [e, f] = [item("e"), item("f")];
  groups.merge([chunk(78, "M 31", "LP", [e, a, b]), chunk(79, "M 31", "LP", [c]), chunk(78, "M 2", null, [d]), chunk(80, "M 2", null, [f])]);
  assert.deepEqual([e.group.look, f.group.look], [{ preview: 1 }, null]);
});

test("three frames, spread over the time, the middle one first", () => {
  assert.deepEqual([sample([1]), sample([1, 2, 3]), sample([1, 2, 3, 4, 5])], [[1], [1, 2, 3], [3, 1, 5]]);
});

test("quality: medians, words, and clouds", () => {
  const quality = new Quality([{ stars: 240, fwhm: 3.1, sky: 1020 }, { stars: 10, fwhm: 9, sky: 5000 }, { stars: 250, fwhm: 3, sky: 1000 }]);
  assert.deepEqual({ ...quality }, { stars: 240, fwhm: 3.1, sky: 1020, frames: 3 });
  const said = (stars, fwhm, best) => {
    const one = new Quality([{ stars, fwhm, sky: 1020 }]);
    return one.words(one.score(best));
  };
  assert.equal(said(240, 3.1, 240), "Good: FWHM 3.1 px, 240 stars, sky 1,020");
  assert.equal(said(60, 3.1, 240), "Fair: FWHM 3.1 px, 60 stars, sky 1,020");
  assert.equal(said(1, 7, 1), "Poor: FWHM 7.0 px, 1 star, sky 1,020");
  assert.equal(said(0, Number.NaN, 0), "Poor: no star to measure, 0 stars, sky 1,020");
});
