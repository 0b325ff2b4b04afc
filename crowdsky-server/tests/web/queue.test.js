import assert from "node:assert/strict";
import test from "node:test";
import { Failure, Queue, delay, pause, sleep } from "../../static/upload/queue.js";

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
  queue.start();
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
  queue.turn(["failed"], "waiting");
  queue.start();
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
    { stopped: ({ message }) => (said = message) },
  );
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(said, "You are signed out.");
  assert.ok(queue.paused && states(queue).every((state) => state === "waiting"));
  out = false;
  queue.resume();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(states(queue).every((state) => state === "done"));
});

test("what a stop leaves waiting can be left out; then it has ended", async () => {
  let over = 0;
  let room = 3;
  const { queue } = started(
    async () => {
      if ((room -= 1) < 0) throw new Failure("Your storage is full.", { stop: true });
    },
    10,
    { ended: () => (over += 1) },
  );
  await settled();
  assert.deepEqual([queue.paused, queue.counts().done, queue.counts().waiting, over], [true, 3, 7, 0]);
  queue.turn(["waiting", "failed"], "skipped");
  const { done, skipped, pending } = queue.counts();
  assert.deepEqual({ done, skipped, pending, over, started: queue.started }, { done: 3, skipped: 7, pending: 0, over: 1, started: false });
});

test("another session: what is on its way is broken off, and what was there waits again if it can be found", async () => {
  const signals = [];
  const { queue } = started(async ({ name }, { signal }) => {
    signals.push(signal);
    if (name > "1.fit") await new Promise(() => {});
  }, 4);
  await settled();
  queue.items[0].hash = "#0";
  queue.pause();
  queue.anew();
  assert.deepEqual([signals[3].aborted, states(queue), queue.running], [true, ["waiting", "done", "waiting", "waiting"], 0]);
});

test("of a server that takes fewer at once, those that wait for another try leave their places", async () => {
  let now = 0;
  let most = 0;
  const { queue, ended } = started(async (item) => {
    now += 1;
    await settled();
    now -= 1;
    queue.parallel = 1;
    if (item.tries === 0) throw new Failure("Later.", { again: true });
    most = Math.max(most, now + 1);
  }, 6);
  await ended;
  assert.deepEqual([most, queue.counts().done], [1, 6]);
});

test("a wait that is over leaves nothing at its signal", async (t) => {
  const { signal } = new AbortController();
  const listeners = [t.mock.method(signal, "addEventListener"), t.mock.method(signal, "removeEventListener")];
  await sleep(0.001, signal);
  const [added, removed] = listeners.map(({ mock }) => mock.calls.map(({ arguments: [, listener] }) => listener));
  assert.ok(added.length === 1 && removed[0] === added[0]);
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

test("nothing is sent before the start, nor what was unticked", async () => {
  const sent = [];
  let over = 0;
  const queue = new Queue({ send: async ({ name }) => void sent.push(name), ended: () => (over += 1) });
  queue.add(files(3));
  queue.put(queue.items.slice(0, 1), "skipped", "unticked");
  await settled();
  assert.deepEqual([sent, queue.counts().pending], [[], 2]);
  queue.start();
  await settled();
  assert.deepEqual([sent, states(queue), over, queue.started], [["1.fit", "2.fit"], ["skipped", "done", "done"], 1, false]);
});

test("what is still to come keeps the queue at work", async () => {
  let more = true;
  let over = 0;
  const queue = new Queue({ send: async () => {}, ended: () => (over += 1), more: () => more });
  queue.add(files(1));
  queue.start();
  await settled();
  assert.deepEqual([over, queue.started], [0, true]);
  queue.add(files(1));
  more = false;
  await settled();
  assert.deepEqual([over, states(queue)], [1, ["done", "done"]]);
});

test("what an answer says of an item is kept", async () => {
  const { queue, ended } = started(async () => ({ state: "skipped", earlier: true, note: "uploaded before" }), 2);
  await ended;
  const { skipped, earlier, bytes } = queue.counts();
  assert.deepEqual({ skipped, earlier, bytes }, { skipped: 2, earlier: 2, bytes: 0 });
});

// ---- a server that is away ----

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
const away = () => new Failure("The connection broke off.", { away: true });

test("the pauses before a server that is away is tried again", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 99].map((tries) => pause(tries)), [1, 2, 4, 8, 10, 10, 10]);
  assert.equal(pause(0, 30), 30);
});

test("a server that is away fails no file: one alone asks, later and later, and then all go on", async () => {
  let up = false;
  let now = 0;
  const most = { down: 0, up: 0 };
  let calls = 0;
  // The pause is longer than what the other three need to break off.
  const waits = [];
  const wait = (seconds) => new Promise((resolve) => (waits.push(seconds), setTimeout(resolve, 5)));
  const { queue, ended } = started(async () => {
    calls += 1;
    now += 1;
    const when = up ? "up" : calls > 4 ? "down" : "first";
    most[when] = Math.max(most[when] ?? 0, now);
    await new Promise((resolve) => setTimeout(resolve, 1));
    now -= 1;
    if (calls === 11) up = true;
    if (!up) throw away();
  }, 12, { wait });
  await ended;
  assert.deepEqual(waits.slice(0, 6), [1, 2, 4, 8, 10, 10]);
  // The first four broke off together and count as one.
  assert.deepEqual(most, { first: 4, down: 1, up: 4 });
  assert.ok(states(queue).every((state) => state === "done"));
  assert.ok(queue.items.every(({ tries }) => tries === 0));
  assert.equal(queue.offline, null);
});

test("the browser's word that the line is back ends the pause", async () => {
  let up = false;
  const queue = new Queue({
    send: async () => {
      if (!up) throw away();
    },
    // A pause that ends by its signal only.
    wait: (_, signal) => new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true })),
  });
  queue.add(files(6));
  queue.start();
  await settled();
  assert.ok(queue.offline && states(queue).every((state) => state === "waiting"));
  up = true;
  queue.knock();
  await settled();
  assert.ok(!queue.offline && states(queue).every((state) => state === "done"));
});

test("paused while the server is away, nothing is tried until it goes on", async () => {
  let calls = 0;
  let up = false;
  const { queue } = started(
    async () => {
      calls += 1;
      if (!up) throw away();
    },
    2,
    { wait: (_, signal) => new Promise((resolve) => (setTimeout(resolve, 3), signal.addEventListener("abort", resolve, { once: true }))) },
  );
  queue.pause();
  await settled();
  await settled();
  assert.equal(calls, 2);
  up = true;
  queue.resume();
  await settled();
  assert.deepEqual(states(queue), ["done", "done"]);
});

test("a file on its way that arrives while the server seemed away ends that, though nothing else waits", async () => {
  const gates = [];
  let broken = true;
  const queue = new Queue({
    send: (item) => new Promise((resolve, reject) => gates.push(() => (item.name === "0.fit" && broken ? reject(away()) : resolve()))),
    wait: () => new Promise(() => {}),
  });
  queue.add(files(2));
  queue.start();
  gates[0]();
  await settled();
  assert.ok(queue.offline);
  broken = false;
  gates[1]();
  await settled();
  assert.equal(queue.offline, null);
  gates[2]();
  await settled();
  assert.deepEqual(states(queue), ["done", "done"]);
});

test("cancel while the server is away forgets it", async () => {
  const { queue } = started(
    async () => {
      throw away();
    },
    3,
    { wait: (_, signal) => new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true })) },
  );
  await settled();
  queue.cancel();
  await settled();
  assert.deepEqual([queue.offline, queue.items, queue.running, queue.started], [null, [], 0, false]);
});
