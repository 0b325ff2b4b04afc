import assert from "node:assert/strict";
import test from "node:test";
import { workers } from "./workers.js";

const { HeaderReader } = await import("../../static/check/header_reader.js");

function made() {
  const [told, failed] = [[], []];
  const reader = new HeaderReader((answer) => told.push(answer), (why) => failed.push(why));
  return { reader, told, failed, worker: workers.at(-1) };
}

test("after a trap another worker goes on with what has no answer", () => {
  const { reader, told, failed, worker } = made();
  for (const id of [0, 1, 2, 3]) reader.ask({ id });
  worker.say({ id: 0, report: {} });
  worker.say({ id: 1, unread: "unreachable", ended: true });
  const next = workers.at(-1);
  assert.deepEqual([worker.ended, next.ended, next.asked.map(({ id }) => id)], [true, false, [2, 3]]);
  reader.ask({ id: 4 });
  assert.deepEqual([next.asked.map(({ id }) => id), told.map(({ id }) => id), failed], [[2, 3, 4], [0, 1], []]);
});

test("a worker that cannot start tells so, and no file is said to be unreadable", () => {
  for (const event of ["onerror", "onmessage"]) {
    const { failed, told, worker } = made();
    worker[event]({ data: { failed: "no module" } });
    assert.deepEqual([failed, told, worker.ended], [[event === "onerror" ? "its script did not load" : "no module"], [], true]);
  }
});
