import assert from "node:assert/strict";
import test from "node:test";
import { ask, put } from "../../static/upload/send.js";

globalThis.document = { querySelector: () => ({ content: "csrf" }) };

const fails = (answer) => {
  globalThis.fetch = answer;
  return ask("GET", "uploads/T").then(assert.fail, (error) => error);
};
const said = (status, code, after) => fails(async () => ({ ok: false, status, url: "", headers: new Map([["Retry-After", after]]), text: async () => JSON.stringify({ code, detail: "So." }) }));

for (const [status, code, after, means] of [
  [404, "not_found", null, ["stop", "gone"]],
  [409, "wrong_state", null, ["stop", "gone"]],
  [409, "limit", null, ["stop"]],
  [507, "quota_exceeded", null, ["stop"]],
  [507, "storage_full", "600", ["away", "busy"]],
  [503, "busy", "2", ["away", "busy"]],
  [429, "too_many", "1", ["away", "busy"]],
  [502, undefined, null, ["away"]],
  [500, "internal", null, ["again"]],
  [422, "bad_fits", null, []],
]) {
  test(`${status} ${code} means ${means.join(" and ") || "a bad file"}`, async () => {
    const failure = await said(status, code, after);
    assert.deepEqual(["again", "stop", "gone", "away", "busy"].filter((how) => failure[how]).sort(), [...means].sort());
    assert.deepEqual([failure.message, failure.after], ["So.", Number(after)]);
  });
}

test("a question that nobody answers is given up in time", async (t) => {
  const late = t.mock.method(AbortSignal, "timeout", () => AbortSignal.abort());
  const failure = await fails(async (_, { signal }) => signal.throwIfAborted());
  assert.ok(failure.away && !failure.busy);
  assert.deepEqual(late.mock.calls[0].arguments, [90000]);
});

/** A request that never ends by itself. */
class Request {
  static sent = [];
  upload = {};
  status = 0;
  open() {}
  setRequestHeader() {}
  send() {
    Request.sent.push(this);
  }
  end(event) {
    this[`on${event}`]();
    this.onloadend();
  }
  abort() {
    this.end("abort");
  }
}

test("cancel ends a transfer, begins none, and keeps no request that is over", async (t) => {
  globalThis.XMLHttpRequest = Request;
  const abort = new AbortController();
  const { signal } = abort;
  const listeners = [t.mock.method(signal, "addEventListener"), t.mock.method(signal, "removeEventListener")];
  const go = () => put("T", "a.fit", new Blob(["a"]), "00".repeat(32), { signal, progress() {} });
  const first = go();
  Object.assign(Request.sent[0], { status: 201, responseURL: "" }).end("load");
  await first;
  assert.deepEqual(listeners.map(({ mock }) => mock.callCount()), [1, 1]);
  const second = go();
  abort.abort();
  await assert.rejects(second, { name: "AbortError" });
  await assert.rejects(go(), { name: "AbortError" });
  assert.equal(Request.sent.length, 2);
});
