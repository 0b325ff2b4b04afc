import assert from "node:assert/strict";
import test from "node:test";
import { delivery } from "../../static/upload/delivery.js";
import { hold } from "../../static/upload/memory.js";
import { Failure, Queue } from "../../static/upload/queue.js";
import { Session } from "../../static/upload/session.js";

const settled = (ms = 20) => new Promise((resolve) => setTimeout(resolve, ms));
const put = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
const OPENED = { expires_at: "2026-11-27 15:57:49", limits: { parallel: 2 } };
const open = (token, files = []) => ({ ...OPENED, token, state: "uploading", files: files.map((sha256) => ({ sha256 })), groups: [] });
const problem = (status, code) => ({ status, body: { code, detail: `It is ${code}.` } });

const storage = (map) => ({ getItem: (key) => map.get(key) ?? null, setItem: (key, value) => map.set(key, value), removeItem: (key) => map.delete(key) });

/** A browser that remembers, and a server that answers by `METHOD path`; what it was asked, in order. */
function stage({ remembered = null, address = "", locks, answers = {} } = {}) {
  const memory = new Map(remembered ? [["crowdsky.upload", remembered]] : []);
  const asked = [];
  let opened = 0;
  put("location", { search: address });
  put("navigator", { locks });
  put("document", { querySelector: () => ({ content: "csrf" }) });
  put("localStorage", storage(memory));
  put("sessionStorage", storage(new Map()));
  put("fetch", async (path, { method = "GET", body } = {}) => {
    const what = `${method} ${path.replace("/api/v1/", "")}`;
    asked.push(what);
    const other = what === "POST uploads" ? { token: `T${(opened += 1)}`, ...OPENED } : what.endsWith("/check") ? JSON.parse(body).map(({ sha256 }) => ({ sha256, status: "missing" })) : {};
    const said = (await answers[what]?.()) ?? other;
    const { status = 200, body: told = said } = said;
    return { ok: status < 300, status, url: path, headers: new Map(), text: async () => JSON.stringify(told) };
  });
  return { memory, asked, session: new Session() };
}

/** A queue that sends with this session; what was put where. */
function sending(session, more = {}) {
  const puts = [];
  const queue = new Queue({
    send: delivery({
      open: () => session.open(),
      there: session.there,
      digest: async (file) => file,
      status: (...asked) => session.status(...asked),
      put: async (token, item) => void puts.push(`${token} ${item.name}`),
      ...more,
    }),
    wait: async () => {},
  });
  return { queue, puts };
}

const files = (...names) => names.map((name) => ({ name, size: 1, file: `#${name}` }));

test("a browser that stores nothing uploads all the same", async () => {
  const refuse = () => {
    throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
  };
  stage();
  for (const store of ["localStorage", "sessionStorage"]) put(store, { getItem: refuse, setItem: refuse, removeItem: refuse });
  const session = new Session();
  assert.equal(session.remembered, null);
  const { queue, puts } = sending(session);
  queue.add(files("a", "b"));
  queue.start();
  await settled();
  assert.deepEqual([puts, queue.counts().done], [["T1 a", "T1 b"], 2]);
  session.forget();
});

test("files that come before the remembered session is known go to it, and to no other", async () => {
  const { session, asked } = stage({ remembered: "OLD", answers: { "GET uploads/OLD": async () => (await settled(), open("OLD", ["#b"])) } });
  const overview = session.resume();
  const { queue, puts } = sending(session);
  queue.add(files("a", "b"));
  queue.start();
  assert.equal((await overview).token, "OLD");
  await settled();
  assert.deepEqual([puts, asked], [["OLD a"], ["GET uploads/OLD", "POST uploads/OLD/check"]]);
});

test("a question for the remembered session that fails is asked again, by the next file", async () => {
  let bad = 1;
  const { session, asked } = stage({ remembered: "OLD", answers: { "GET uploads/OLD": () => ((bad -= 1) >= 0 ? { status: 500, body: {} } : open("OLD")) } });
  await assert.rejects(session.resume());
  assert.equal(await session.open(), "OLD");
  assert.deepEqual(asked, ["GET uploads/OLD", "GET uploads/OLD"]);
});

test("a remembered session that is over is forgotten, and another opened", async () => {
  for (const answer of [problem(404, "not_found"), { ...open("OLD"), state: "complete" }]) {
    const { session, memory } = stage({ remembered: "OLD", answers: { "GET uploads/OLD": () => answer } });
    let parallel;
    session.limited = (files) => (parallel = files);
    assert.deepEqual([await session.resume(), memory.size], [null, 0]);
    assert.deepEqual([await session.open(), memory.get("crowdsky.upload"), session.until, parallel], ["T1", "T1", "2026-11-27 15:57 UTC", 2]);
  }
});

test("an address that names a session that is over leaves the remembered one", async () => {
  const { session, memory } = stage({ remembered: "OPEN", address: "?session=OVER", answers: { "GET uploads/OVER": () => ({ ...open("OVER"), state: "complete" }) } });
  assert.deepEqual([await session.resume(), memory.get("crowdsky.upload")], [null, "OPEN"]);
});

/** Locks as browsers have them, of several tabs. */
function manyTabs() {
  const held = new Set();
  return {
    async request(name, { signal }, action) {
      if (held.has(name)) await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      held.add(name);
      return action({});
    },
  };
}

test("a second tab has a session of its own", async (t) => {
  t.mock.method(AbortSignal, "timeout", () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(new DOMException("late", "TimeoutError")), 5);
    return abort.signal;
  });
  const locks = manyTabs();
  const first = stage({ remembered: "OLD", locks, answers: { "GET uploads/OLD": () => open("OLD") } });
  assert.deepEqual([await first.session.open(), first.session.elsewhere], ["OLD", false]);
  const second = stage({ remembered: "OLD", locks, answers: { "GET uploads/OLD": assert.fail } });
  assert.deepEqual([await second.session.open(), second.session.elsewhere], ["T1", true]);
  // Its own is held as well.
  assert.equal(await hold("T1"), false);
});

test("after a reload a tab goes on with its own session, though another tab has begun one since", async () => {
  const { session, memory } = stage();
  await session.open();
  memory.set("crowdsky.upload", "ANOTHER");
  assert.equal(new Session().remembered, "T1");
  session.forget();
  assert.equal(new Session().remembered, "ANOTHER");
});

test("a session that was finalised by another tab is forgotten: what was sent is asked for again, the rest goes to another", async () => {
  const { session, memory } = stage();
  let over = false;
  const { queue, puts } = sending(session, {
    put: async (token, { name }) => {
      if (over && token === "T1") throw new Failure("It is complete.", { stop: true, gone: true });
      puts.push(`${token} ${name}`);
    },
  });
  let said;
  queue.stopped = (failure) => {
    said = failure.message;
    session.forget();
    queue.anew();
  };
  queue.add(files("a", "b"));
  queue.start();
  await settled();
  over = true;
  queue.add(files("c", "d"));
  queue.start();
  await settled();
  assert.deepEqual([said, memory.size, queue.paused, queue.items.map(({ state }) => state)], ["It is complete.", 0, true, Array(4).fill("waiting")]);
  queue.resume();
  await settled();
  assert.deepEqual([puts, queue.counts().done], [["T1 a", "T1 b", "T2 a", "T2 b", "T2 c", "T2 d"], 4]);
});

test("a session that is cancelled while it is opened is taken back and not remembered", async () => {
  const { session, memory, asked } = stage();
  session.open();
  await session.abandon();
  assert.deepEqual([memory.size, asked], [0, ["POST uploads", "DELETE uploads/T1"]]);
});

test("cancel reaches a file whose hash is being computed", async () => {
  const { session, asked } = stage();
  let computed;
  const digest = () => new Promise((resolve) => (computed = resolve));
  const { queue, puts } = sending(session, { digest });
  queue.add(files("a"));
  queue.start();
  await settled();
  queue.cancel();
  await session.abandon();
  computed("#a");
  await settled();
  assert.deepEqual([asked, puts, session.known, session.there.size], [["POST uploads", "DELETE uploads/T1"], [], null, 0]);
});

/** File `a`, asked about when the upload is cancelled; `answer` tells then that the session has it. */
async function cancelledWhileAsked() {
  let answer;
  const { session } = stage({ answers: { "POST uploads/T1/check": () => new Promise((resolve) => (answer = resolve)) } });
  const { queue, puts } = sending(session);
  queue.add(files("a"));
  queue.start();
  await settled();
  queue.cancel();
  await session.abandon();
  return { session, queue, puts, answer: () => answer([{ sha256: "#a", status: "have" }]) };
}

test("cancel reaches a file that is being asked about", async () => {
  const { session, puts, answer } = await cancelledWhileAsked();
  answer();
  await settled();
  assert.deepEqual([puts, session.there.size], [[], 0]);
});

test("the same file, dropped again after a cancel, does not share the fate of the first", async () => {
  const { session, queue, puts, answer } = await cancelledWhileAsked();
  queue.add(files("a"));
  queue.start();
  await settled(10);
  answer();
  await settled();
  assert.deepEqual([puts, queue.counts().done, [...session.there]], [["T2 a"], 1, ["#a"]]);
});
