import assert from "node:assert/strict";
import test from "node:test";
import { Failure, Queue, delay } from "../../static/queue.js";

const files = (n) => Array.from({ length: n }, (_, i) => ({ name: `${i}.fit`, size: 10 }));
const states = (queue) => queue.items.map((item) => item.state);

/** A queue whose waits are noted and over at once, and a promise of its end. */
function started(send, n, more = {}) {
  const waits = [];
  let end;
  const ended = new Promise((resolve) => (end = resolve));
  const queue = new Queue({
    send,
    wait: async (seconds) => void waits.push(seconds),
    changed: () => queue && queue.items.length && queue.counts().pending === 0 && end(),
    ...more,
  });
  queue.add(files(n));
  return { queue, waits, ended };
}

test("u30 four at once, never more, and all arrive", async () => {
  let now = 0;
  let most = 0;
  const { queue, ended } = started(async () => {
    most = Math.max(most, (now += 1));
    await new Promise((resolve) => setTimeout(resolve, 1));
    now -= 1;
  }, 20);
  await ended;
  assert.equal(most, 4);
  const { done, bytes, sent } = queue.counts();
  assert.deepEqual({ done, bytes, sent }, { done: 20, bytes: 200, sent: 200 });
});

test("u30 a file is tried five times, later and later, then it has failed and the others have not", async () => {
  const tried = {};
  const { queue, waits, ended } = started(async (item) => {
    tried[item.name] = (tried[item.name] ?? 0) + 1;
    if (item.name === "1.fit") throw new Failure("no", { again: true });
  }, 3);
  await ended;
  assert.deepEqual(states(queue), ["done", "failed", "done"]);
  assert.equal(tried["1.fit"], 5);
  assert.equal(waits.length, 4);
  assert.ok(waits.every((seconds, i) => seconds >= 2 ** i && seconds <= 1.25 * 2 ** i), String(waits));
  assert.equal(queue.items[1].note, "no");
});

test("what the server asks to wait is waited", () => {
  assert.equal(delay(1, 30), 30);
  assert.equal(delay(20, 0, 0), 60);
});

test("a file that is bad is not tried again; failures can be skipped or tried again", async () => {
  let bad = true;
  const { queue, waits, ended } = started(async () => {
    if (bad) throw new Failure("bad");
  }, 2);
  await ended;
  assert.deepEqual([states(queue), waits], [["failed", "failed"], []]);
  bad = false;
  queue.items[0].state = "skipped";
  queue.retryFailed();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(states(queue), ["skipped", "done"]);
  assert.equal(queue.counts().bytes, 10);
});

test("what would stop every file pauses the queue and loses none", async () => {
  let out = true;
  let said;
  const { queue } = started(
    async () => {
      if (out) throw new Failure("You are signed out.", { stop: true });
    },
    6,
    { stopped: (message) => (said = message) },
  );
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(said, "You are signed out.");
  assert.ok(queue.paused && states(queue).every((state) => state === "waiting"));
  out = false;
  queue.resume();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(states(queue).every((state) => state === "done"));
});

test("pause starts no more, cancel breaks off", async () => {
  let release;
  const gate = new Promise((resolve) => (release = resolve));
  let aborted = 0;
  const { queue } = started(async (item, { signal }) => {
    signal.addEventListener("abort", () => (aborted += 1));
    await gate;
  }, 10);
  queue.pause();
  assert.equal(queue.counts().sending, 4);
  queue.cancel();
  assert.deepEqual([aborted, queue.items.length], [4, 0]);
  release();
});
