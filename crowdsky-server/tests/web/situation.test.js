import assert from "node:assert/strict";
import test from "node:test";
import { headline, situation, summary } from "../../static/upload/situation.js";

const counts = (more = {}) => {
  const all = { waiting: 0, sending: 0, done: 0, failed: 0, skipped: 0, rejected: 0, earlier: 0, bytes: 0, sent: 0, ...more };
  return { ...all, pending: all.waiting + all.sending };
};
const now = (numbers = {}, more = {}) => ({
  counts: counts(numbers), started: false, paused: false, offline: null, busy: false, there: 0, until: "2026-11-27 15:57 UTC", away: false, finished: false,
  finalising: false, checked: 0, found: 0, stacks: 0, others: 0, pace: [], again: 0, ...more,
});

for (const [state, numbers, more] of [
  ["empty", {}, {}],
  ["checking", { waiting: 3 }, { busy: true }],
  ["ready", { waiting: 3, failed: 1 }, {}],
  ["uploading", { waiting: 3 }, { started: true }],
  ["uploading", {}, { started: true, busy: true }],
  ["paused", { waiting: 3 }, { started: true, paused: true }],
  ["paused", { waiting: 3 }, { started: true, paused: true, offline: {} }],
  ["offline", { waiting: 3 }, { started: true, offline: {} }],
  ["offline", { done: 3 }, { finalising: true, away: true }],
  ["failed", { done: 3, failed: 1 }, {}],
  ["sent", { done: 3 }, {}],
  ["sent", {}, { there: 3 }],
  ["nothing", { rejected: 3 }, {}],
  ["nothing", { skipped: 3, earlier: 3 }, {}],
  ["done", {}, { finished: true }],
]) {
  test(`${state} with ${JSON.stringify({ ...numbers, ...more })}`, () => {
    const seen = now(numbers, more);
    assert.equal(situation(seen), state);
    assert.equal(headline(state, seen) === "", state === "empty");
    assert.ok(!/undefined|NaN/.test(summary(state, seen)));
  });
}

test("what is said while it uploads", () => {
  const seen = now({ done: 312, waiting: 1688, rejected: 2, bytes: 8e9, sent: 1.2e9 }, { started: true, others: 3, pace: ["12.1 MB/s", "about 3 minutes left"] });
  assert.equal(summary("uploading", seen), "312 of 2,000 frames there, 1.20 GB of 8.00 GB, 12.1 MB/s, about 3 minutes left. 2 not accepted, 3 left out: not .fit.");
});

test("what a busy server says is shown", () => {
  const seen = now({ waiting: 1, bytes: 10 }, { started: true, offline: {}, again: 600, why: "The server has no room." });
  assert.equal(headline("offline", seen), "The server is busy");
  assert.equal(summary("offline", seen), "0 of 1 frame there, 0 B of 10 B. The server has no room. Trying again in 600 s; leave this page open and it goes on by itself.");
});

test("no more is promised than until when frames are kept, and only where some are there", () => {
  const kept = "They are kept until 2026-11-27 15:57 UTC or longer, and stacked once you finalise.";
  assert.equal(summary("sent", now({ done: 3 })), `3 frames on the server. ${kept}`);
  assert.ok(summary("paused", now({ done: 1, waiting: 2 })).endsWith(kept));
  assert.ok(!summary("paused", now({ waiting: 2 })).includes("kept"));
});

test("what is ready says that frames of earlier uploads are left out, but not where no hashes are computed", (t) => {
  const ready = () => summary("ready", now({ waiting: 2 })).includes("uploaded before are left out");
  assert.ok(ready());
  t.mock.getter(globalThis, "crypto", () => undefined);
  assert.ok(!ready());
});

test("what is said while the server is away", () => {
  const seen = now({ done: 1, waiting: 1, bytes: 20, sent: 10 }, { started: true, offline: {}, again: 4 });
  assert.equal(summary("offline", seen), "1 of 2 frames there, 10 B of 20 B. Nothing is lost. Trying again in 4 s; leave this page open and it goes on by itself.");
});
