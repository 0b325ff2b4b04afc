import assert from "node:assert/strict";
import test from "node:test";

const elements = {};
globalThis.document = { getElementById: (id) => (elements[id] ??= { hidden: true, textContent: "", append() {} }) };
const stored = [];
const opened = [];
globalThis.indexedDB = { open: (name) => (opened.push(name), {}) };
globalThis.localStorage = globalThis.sessionStorage = { getItem: () => remembered };
let remembered = null;
const { resume } = await import("../../static/upload/resume.js");

const overview = { token: "T", total_bytes: 2e6, groups: [] };
const session = (of, more = {}) => ({ resume: async () => of, there: new Set(of ? ["#a", "#b"] : []), until: "2026-11-27 15:57 UTC", elsewhere: false, ...more });
const said = async (...of) => {
  // Without an answer of its store no folder is ever offered; the text comes before.
  await Promise.race([resume(session(...of), (those) => stored.push(those), assert.fail), new Promise((resolve) => setTimeout(resolve, 5))]);
  return elements["resume-text"]?.textContent ?? "";
};

test("what is on the server, until when, and how to go on", async (t) => {
  const text = "2 files (2.0 MB) kept on the server until 2026-11-27 15:57 UTC or longer.";
  assert.equal(await said(overview), `${text} Drop the same folder again to go on: what is there is not sent again.`);
  t.mock.getter(globalThis, "crypto", () => undefined);
  assert.equal(await said(overview), `${text} Drop only the frames that are missing: by plain http the browser cannot tell which are there.`);
  assert.equal(stored.length, 2);
});

test("a second tab says so", async () => {
  assert.match(await said(null, { elsewhere: true }), /^Another tab/);
});

test("the folders of an upload that is over are forgotten, unless they are another's", async () => {
  opened.length = 0;
  remembered = "ANOTHER";
  await said(null);
  assert.equal(opened.length, 0);
  remembered = null;
  await said(null);
  assert.equal(opened.length, 1);
});
