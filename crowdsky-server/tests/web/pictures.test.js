// Pictures of both pages: a frame that stops the module has none, and the next ones come from another worker.

import assert from "node:assert/strict";
import test from "node:test";
import { element } from "./elements.js";
import { workers } from "./workers.js";
import { Picture } from "../../static/check/picture.js";
import { Previews } from "../../static/upload/previews.js";

const soon = () => new Promise((resolve) => setTimeout(resolve, 50));
const parts = () => ({ picture: element("shot"), bar: element("bar"), words: element("words") });

test("the upload page says so in the row, and looks at the next chunk with another worker", async () => {
  const [first, second] = ["a", "b"].map((file) => ({ members: [{ file }], look: null, object: null, slot: 0 }));
  const previews = new Previews(() => {});
  previews.want([first, second], true);
  const one = workers.at(-1);
  one.say({ number: 1, preview: null, measured: [], failed: ["it stops the check itself"], ended: true });
  await soon();
  const other = workers.at(-1);
  assert.ok(one.ended && other !== one);
  assert.deepEqual(other.asked.map(({ files }) => files), [["b"]]);
  const shown = parts();
  first.look.draw(first, { chunks: [first, second] }, shown);
  assert.deepEqual([shown.words.textContent, shown.bar.hidden, shown.picture.classList.contains("empty")], ["No picture: it stops the check itself", true, true]);
  other.say({ number: 2, preview: null, measured: [{ stars: 9, fwhm: 3, sky: 100 }], failed: ["no memory"], ended: false });
  await soon();
  second.look.draw(second, { chunks: [first, second] }, shown);
  assert.deepEqual([shown.words.textContent, shown.bar.hidden, other.ended], ["Good: FWHM 3.0 px, 9 stars, sky 100 ADU; no picture: no memory", false, false]);
});

test("the check page says so, and asks again what came behind it", () => {
  const picture = new Picture();
  const item = (id) => ({ id, path: `${id}.fit`, file: `${id}` });
  picture.ask(item(1));
  picture.ask(item(2));
  picture.wanted = 2;
  const one = workers.at(-1);
  one.say({ id: 1, unread: "it stops the check itself", ended: true });
  const other = workers.at(-1);
  assert.ok(one.ended && other !== one);
  assert.deepEqual(other.asked.map(({ id }) => id), [2]);
  other.say({ id: 2, unread: "it stops the check itself", ended: true });
  assert.equal(element("check-quality").textContent, "There is no picture: it stops the check itself.");
  assert.equal(picture.worker, null);
});
