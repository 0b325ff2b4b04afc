// Pictures of frames and what their stars say, away from the page. The module it loads is large, so it starts with the first question.
//
// In: `{number, files, longest}`, the first file is for the picture. Out: `{number, preview, measured, failed, ended}`.

import { TRAPPED, isTrap } from "../common/trap.js";
import init, { preview, quality } from "../wasm/pixels.js";

const ready = init();
// Told with each answer.
ready.catch(() => {});

addEventListener("message", async ({ data: { number, files, longest } }) => {
  const answer = { number, preview: null, measured: [], failed: [], ended: false };
  for (const [at, file] of files.entries()) {
    try {
      await ready;
      const bytes = new Uint8Array(await file.arrayBuffer());
      if (at === 0) answer.preview = taken(preview(bytes, longest), ["width", "height", "rgba"]);
      answer.measured.push(taken(quality(bytes), ["stars", "fwhm", "sky"]));
    } catch (error) {
      answer.ended = isTrap(error);
      answer.failed.push(answer.ended ? TRAPPED : String(error.message ?? error));
      if (answer.ended) break;
    }
  }
  postMessage(answer, answer.preview ? [answer.preview.rgba.buffer] : []);
});

/** These properties; the memory behind them is given back. */
function taken(object, names) {
  const values = Object.fromEntries(names.map((name) => [name, object[name]]));
  object.free();
  return values;
}
