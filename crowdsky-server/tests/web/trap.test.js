// A module that is stopped by a trap: its worker says so at once, and nothing of it counts any more.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { isTrap } from "../../static/common/trap.js";
import { check } from "../../static/wasm/check.js";
import init, { HeaderScanner } from "../../static/wasm/header.js";

const wasm = await init({ module_or_path: await readFile(new URL("../../static/wasm/header_bg.wasm", import.meta.url)) });
const BLOCK = new Blob([" ".repeat(2880)]);

test("a file that is gone or refused is no trap", () => {
  assert.deepEqual([new Error("no FITS"), new TypeError("no function"), new DOMException("gone", "NotFoundError")].map(isTrap), [false, false, false]);
  assert.deepEqual([new WebAssembly.RuntimeError("unreachable"), new RangeError("stack")].map(isTrap), [true, true]);
});

/** The worker's script, with these in place of what a browser gives it; `ask` and all that it has said. */
async function worker(path) {
  const said = [];
  const listeners = {};
  Object.assign(globalThis, {
    self: globalThis,
    postMessage: (message) => said.push(structuredClone(message)),
    addEventListener: (kind, listener) => (listeners[kind] = listener),
  });
  await import(path);
  const ask = (data) => (listeners.message ?? globalThis.onmessage)({ data });
  return { ask, said };
}

const until = async (done) => {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 1));
};
const trapped = { size: 2880, slice: () => ({ arrayBuffer: () => Promise.reject(new WebAssembly.RuntimeError("unreachable")) }) };
const gone = { size: 2880, slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotFoundError")) }) };

test("the upload page's worker says at once which file it was, with what it has found before", async () => {
  const { ask, said } = await worker("../../static/upload/check_worker.js");
  await ask({ run: 0, files: [{ id: 3, file: gone }, { id: 4, file: trapped }, { id: 5, file: gone }], headerBlocks: 64 });
  await until(() => said.some(({ ended }) => ended));
  const before = said.slice(0, said.findIndex(({ ended }) => ended) + 1).flatMap(({ checked }) => checked);
  assert.deepEqual(before.map(({ id }) => id), [3, 4]);
  assert.match(before[0].refused, /cannot be read: gone/);
  assert.match(before[1].refused, /could not be checked/);
});

test("one that follows it groups what is taken already, though there is nothing left to check", async () => {
  const { ask, said } = await worker("../../static/upload/check_worker.js?another");
  const facts = {
    naxis: 2, width: 1080, height: 1920, object: "M 31", telescope: null, filter: null, exptime_s: 10, gain: 80, date_obs: "2025-01-15T19:30:00",
    ra_deg: 10, dec_deg: 41,
  };
  await ask({ run: 2, files: [], headerBlocks: 64, taken: [{ id: 7, refused: null, facts }, { id: 9, refused: null, facts }] });
  await until(() => said.some(({ groups }) => groups));
  const { groups, of } = said.find(({ groups }) => groups);
  assert.deepEqual([groups.map(({ members }) => members), of], [[[7, 9]], 2]);
});

test("the check page's worker says so as well", async () => {
  const { ask, said } = await worker("../../static/check/header_worker.js");
  ask({ id: 1, file: gone, headerBlocks: 64 });
  ask({ id: 2, file: trapped, headerBlocks: 64 });
  await until(() => said.length === 2);
  assert.deepEqual(said.map(({ id, ended }) => [id, ended]), [[1, false], [2, true]]);
});

// Last: the module is broken by it.
test("a trap is not hidden by the scanner that it leaves in use", async () => {
  HeaderScanner.prototype.push = function () {
    return wasm.headerscanner_push(this.__wbg_ptr, 0xfffff000, 2880);
  };
  await assert.rejects(check(BLOCK), isTrap);
});
