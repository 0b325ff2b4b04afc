import assert from "node:assert/strict";
import test from "node:test";
import { texts } from "./elements.js";
import { groupRow } from "../../static/upload/groups_view.js";
import { Stored } from "../../static/upload/stored.js";

const members = (...states) => states.map((state) => ({ state }));
const group = (more) => ({
  chunk_key: "20250115.78_083.6_-05.4", slot: Date.UTC(2025, 0, 15, 19, 30), object: "M 42", filter: "LP", telescope: "S50", exptime_s: 10,
  total_exptime_s: 30, out: false, look: null, had: 0, ...more,
});
const target = { telescopes: 1, panels: false };

function said(more, about = target) {
  const row = groupRow({})({ kind: "slot" });
  row.update({ group: group(more), target: { ...target, ...about } });
  const [when, frames, ...rest] = texts(row.element);
  return { when, frames, thin: rest[0] };
}

test("what has arrived of a chunk that is unticked is told", () => {
  const frames = (out, had, ...states) => said({ out, had, members: members(...states) }).frames.split(", ")[1];
  assert.equal(frames(false, 0, "done", "done", "waiting"), "2 there");
  assert.equal(frames(false, 0, "waiting", "waiting"), undefined);
  assert.equal(frames(false, 5, "waiting", "done"), "5 there");
  assert.equal(frames(true, 0, "done", "done", "skipped"), "2 already sent are stacked");
  assert.equal(frames(true, 0, "done", "skipped"), "1 already sent");
  assert.equal(frames(true, 0, "skipped", "skipped"), undefined);
});

test("a single frame waits for a second one", () => {
  assert.equal(said({ members: members("waiting") }).thin, "One frame alone: no stack yet");
  assert.equal(said({ members: members("waiting", "waiting") }).thin, "Few frames: a thin stack");
  assert.equal(said({ members: members("waiting"), had: 3 }).thin, "Looking at frames ...");
});

test("panels have their pointing, telescopes their name", () => {
  const all = members("waiting");
  assert.equal(said({ members: all }).when, "2025-01-15 19:30 UTC");
  assert.equal(said({ members: all }, { panels: true, telescopes: 2 }).when, "2025-01-15 19:30 UTC, S50, RA 83.6°, Dec -05.4°");
});

test("what is on the server only", () => {
  const [row] = new Stored([{ chunk_key: "20250115.78_083.6_-05.4", object: "M 42", filter: null, telescope: "S50", exptime: 10, frames: 2 }]).rows;
  assert.deepEqual(texts(groupRow({})(row).element), ["M 42, 2025-01-15 19:30 UTC", "2 frames on the server, S50, RA 83.6°, Dec -05.4°"]);
});
