import assert from "node:assert/strict";
import test from "node:test";
import { delivery } from "../../static/upload/delivery.js";
import { Known } from "../../static/upload/known.js";
import { Failure, Queue } from "../../static/upload/queue.js";

const item = (name, content) => ({ name, size: 10, file: content });

/** A server that counts what it gets; `before` and `after` a file is stored something may happen. */
function server({ before = () => {}, after = () => {}, earlier = [] } = {}) {
  const stored = new Map();
  const asked = [];
  const known = new Known(async (files) => {
    asked.push(files.length);
    return files.map(({ sha256 }) => ({ sha256, status: stored.has(sha256) ? "have" : earlier.includes(sha256) ? "earlier" : "missing" }));
  });
  const put = async (token, { name, hash }, tools) => {
    await before(name, tools);
    stored.set(hash, (stored.get(hash) ?? 0) + 1);
    await after(name);
  };
  return { stored, asked, put, status: (_, sha256) => known.status(sha256) };
}

/** What becomes of these items with that server. */
async function sent(items, theirs, there = new Set()) {
  const queue = await new Promise((resolve) => {
    const queue = new Queue({
      send: delivery({ open: async () => "t", there, digest: async (file) => `#${file}`, status: theirs.status, put: theirs.put, post: assert.fail }),
      wait: () => Promise.resolve(),
      ended: () => resolve(queue),
    });
    queue.add(items);
    queue.start();
  });
  return queue.items.map(({ state, note }) => (note ? `${state}: ${note}` : state));
}

test("the server is asked before a file is sent, and several questions are one", async () => {
  const theirs = server();
  assert.deepEqual(await sent([item("a", "A"), item("b", "B"), item("c", "C"), item("d", "D")], theirs), ["done", "done", "done", "done"]);
  assert.deepEqual([[...theirs.stored.values()], theirs.asked], [[1, 1, 1, 1], [4]]);
});

test("the same file twice in a drop is sent once", async () => {
  const theirs = server({ before: () => new Promise((resolve) => setTimeout(resolve, 5)) });
  const states = await sent([item("a", "A"), item("copy of a", "A"), item("b", "B"), item("x", "X"), item("another", "A")], theirs);
  assert.deepEqual(states, ["done", "done: already there", "done", "done", "done: already there"]);
  assert.deepEqual([...theirs.stored], [["#A", 1], ["#B", 1], ["#X", 1]]);
});

test("what the server has is not sent, whether the page knew it or not", async () => {
  const theirs = server();
  theirs.stored.set("#B", 1);
  assert.deepEqual(await sent([item("a", "A"), item("b", "B"), item("c", "C")], theirs, new Set(["#A"])), ["done: already there", "done: already there", "done"]);
  assert.deepEqual([...theirs.stored], [["#B", 1], ["#C", 1]]);
});

test("a frame of an earlier upload is left out, and sent all the same when that is wanted", async () => {
  const theirs = server({ earlier: ["#A"] });
  const items = [item("a", "A"), item("its copy", "A")];
  assert.deepEqual(await sent(items, theirs), ["skipped: uploaded before", "skipped: uploaded before"]);
  assert.ok(items.every(({ earlier }) => earlier));
  assert.equal(theirs.stored.size, 0);
  for (const one of items) Object.assign(one, { state: "waiting", again: true });
  assert.deepEqual(await sent(items, theirs), ["done", "done: already there"]);
  assert.deepEqual([...theirs.stored], [["#A", 1]]);
});

test("an answer that is lost: the file is there, and is not sent again", async () => {
  let lost = 3;
  const theirs = server({
    after: () => {
      if ((lost -= 1) >= 0) throw new Failure("The connection broke off.", { away: true });
    },
  });
  const states = await sent([item("a", "A"), item("b", "B"), item("c", "C"), item("d", "D"), item("e", "E")], theirs);
  assert.ok(states.every((state) => state.startsWith("done")), String(states));
  assert.deepEqual([...theirs.stored.values()], [1, 1, 1, 1, 1]);
});

test("a transfer that breaks off half-way is sent again, whole", async () => {
  let broken = 2;
  const theirs = server({
    before: (name, { progress }) => {
      progress(5);
      if ((broken -= 1) >= 0) throw new Failure("The connection broke off.", { away: true });
    },
  });
  assert.deepEqual(await sent([item("a", "A"), item("b", "B")], theirs), ["done", "done"]);
  assert.deepEqual([...theirs.stored.values()], [1, 1]);
});

test("of two same files, the second is sent if the first is refused for a while", async () => {
  let tries = 0;
  const theirs = server({
    before: () => {
      if ((tries += 1) === 1) throw new Failure("no", { again: true });
    },
  });
  const states = await sent([item("a", "A"), item("b", "A")], theirs);
  assert.ok(states.every((state) => state.startsWith("done")), String(states));
  assert.deepEqual([...theirs.stored], [["#A", 1]]);
});

test("more questions than one request takes are several", async () => {
  const sizes = [];
  const known = new Known(async (files) => {
    sizes.push(files.length);
    return files.map(({ sha256 }) => ({ sha256, status: "have" }));
  });
  const all = await Promise.all(Array.from({ length: 2500 }, (_, i) => known.status(`${i}`, 1)));
  assert.deepEqual([sizes, new Set(all)], [[1000, 1000, 500], new Set(["have"])]);
});

test("without hashes files are posted as they are", async () => {
  const posted = [];
  const send = delivery({ open: async () => "t", there: new Set(), digest: null, post: async (token, { name }) => void posted.push([token, name]) });
  await send(item("a", "A"));
  assert.deepEqual(posted, [["t", "a"]]);
});
