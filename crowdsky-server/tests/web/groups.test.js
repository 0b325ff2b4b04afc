import assert from "node:assert/strict";
import test from "node:test";
import { Groups } from "../../static/upload/groups.js";
import { place } from "../../static/upload/groups_view.js";
import { Quality, sample } from "../../static/upload/quality.js";
import { Queue } from "../../static/upload/queue.js";
import { Stored } from "../../static/upload/stored.js";

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
  assert.equal(groups.wanted, 0);
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

for (const [what, unticked, other] of [["the first", 0, 2], ["the second", 2, 0]]) {
  test(`of two chunks that become one ${what} was unticked: both are, and what is sent stays as it is`, () => {
    const { queue, groups, items } = made();
    groups.tick([items[unticked].group], false);
    Object.assign(items[other], { state: "sending", sent: 1 });
    const [a, b, c, d] = items;
    const link = item("link");
    groups.merge([chunk(78, "M 31", "LP", [link, a, b, c]), chunk(78, "M 2", null, [d])]);
    queue.add([link]);
    assert.ok(link.group.out && [a, b, c].every(({ group }) => group === link.group));
    assert.deepEqual([items[other].state, items[other].sent, items[unticked].state, link.state], ["sending", 1, "skipped", "skipped"]);
    groups.tick([link.group], true);
    assert.deepEqual([items[other].state, items[unticked].state, link.state], ["sending", "waiting", "waiting"]);
  });
}

test("a chunk that becomes one with an unticked one waits no more, and the counts say so", () => {
  const { queue, groups, items: [a, b, c, d] } = made();
  groups.tick([c.group], false);
  groups.merge([chunk(78, "M 31", "LP", [a, b, c]), chunk(78, "M 2", null, [d])]);
  const { waiting, skipped, bytes } = queue.counts();
  assert.deepEqual([waiting, skipped, bytes], [1, 3, 1]);
});

test("a stack has two frames; what is sent of an unticked one is stacked", () => {
  const { groups, items: [a, b, c, d] } = made();
  assert.equal(groups.wanted, 1);
  assert.deepEqual(groups.targets.map(({ stacks }) => stacks), [0, 1]);
  Object.assign(a, { state: "done" });
  groups.tick(groups.chunks, false);
  assert.deepEqual([groups.wanted, b.state, c.state, d.state], [0, "skipped", "skipped", "skipped"]);
  Object.assign(b, { state: "done" });
  assert.equal(groups.wanted, 1);
});

test("what is on the server is listed and counted, once", () => {
  const { groups, items: [a, b, c, d] } = made();
  const there = (slot, object, filter, frames) => ({ chunk_key: `20250115.${slot}_83.6_+22.0`, object, filter, exptime: 10, frames });
  groups.store(new Stored([there(78, "M 31", "LP", 2), there(78, "M 2", null, 5), there(80, "M 31", "LP", 7), there(81, "M 31", "LP", 1)]));
  const stored = () => groups.rows().filter(({ kind }) => kind === "stored").map(({ group }) => group.frames);
  assert.deepEqual(stored(), [7, 1]);
  assert.deepEqual([a, c, d].map(({ group }) => group.had), [2, 0, 5]);
  assert.equal(groups.wanted, 3);
  groups.merge([chunk(80, "M 31", "LP", [a, b]), chunk(79, "M 31", "LP", [c]), chunk(78, "M 2", null, [d])]);
  assert.deepEqual([stored(), a.group.had, d.group.had], [[2, 1], 7, 5]);
  groups.clear();
  assert.deepEqual(groups.rows(), []);
  groups.store(new Stored([there(78, "M 31", "LP", 2)]));
  assert.deepEqual([stored(), groups.wanted], [[2], 1]);
});

test("panels of a mosaic are told apart by their pointing", () => {
  const { groups, items: [a, b, c, d] } = made();
  assert.deepEqual(groups.targets.map(({ panels }) => panels), [false, false]);
  const panel = { ...chunk(78, "M 31", "LP", [c]), chunk_key: "20250115.78_84.0_+22.0" };
  groups.merge([chunk(78, "M 31", "LP", [a, b]), panel, chunk(78, "M 2", null, [d])]);
  assert.deepEqual(groups.targets.map(({ panels }) => panels), [false, true]);
  assert.equal(place("20250115.78_083.6_-05.4"), "RA 83.6°, Dec -05.4°");
  assert.equal(place("20250115.78"), "no pointing");
  // Another exposure is said anyway.
  groups.merge([chunk(78, "M 31", "LP", [a, b]), { ...panel, exptime_s: 20 }, chunk(78, "M 2", null, [d])]);
  assert.deepEqual(groups.targets.map(({ panels }) => panels), [false, false]);
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
  assert.equal(said(240, 3.1, 240), "Good: FWHM 3.1 px, 240 stars, sky 1,020 ADU");
  assert.equal(said(60, 3.1, 240), "Fair: FWHM 3.1 px, 60 stars, sky 1,020 ADU");
  assert.equal(said(1, 7, 1), "Poor: FWHM 7.0 px, 1 star, sky 1,020 ADU");
  assert.equal(said(0, Number.NaN, 0), "Poor: no star to measure, 0 stars, sky 1,020 ADU");
});
