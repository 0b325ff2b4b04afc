import assert from "node:assert/strict";
import test from "node:test";

let worker;
globalThis.Worker = class {
  constructor() {
    worker = this;
    this.asked = [];
  }
  addEventListener() {}
  terminate() {}
  postMessage(message) {
    this.asked.push(message);
  }
};
const { Intake } = await import("../../static/upload/intake.js");

test("files that are refused do not count against the limit of an upload", async () => {
  const items = [];
  const intake = new Intake({ maxBytes: 100, maxFiles: 2, maxHeaderBlocks: 4, add: (some) => items.push(...some), chunks() {}, changed() {}, broken: assert.fail });
  const drop = (...names) => intake.take([{ files: names.map((name) => ({ file: { name, size: 1, lastModified: 0 }, path: name })), others: 0, unread: [] }]);
  await drop("no frame.fit", "a.fit");
  worker.onmessage({ data: { run: 0, checked: [{ id: 0, refused: "It is no frame." }, { id: 1, refused: null }] } });
  await drop("b.fit", "c.fit");
  assert.deepEqual(items.map(({ name, note }) => [name, note]), [["no frame.fit", "It is no frame."], ["c.fit", "An upload takes 2 files. Finalise this one and begin another."]]);
});
