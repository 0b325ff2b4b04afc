import assert from "node:assert/strict";
import test from "node:test";
import { element } from "./elements.js";
import { ReportView } from "../../static/check/report.js";

test("a header that can be read no more is not copied, and that is told", async () => {
  const view = new ReportView();
  view.item = { file: { slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException("It has gone.", "NotFoundError")) }) } };
  view.report = { header_bytes: 2880 };
  await view.copy();
  assert.equal(element("check-copied").textContent, "The file cannot be read any more: It has gone.");
});
