// Looks at the pixels of one frame: `{id, file, longest}` in, `{id, image, stars, fwhm, sky}` or `{id, unread, ended}` out.

import { TRAPPED, isTrap } from "../common/trap.js";
import init, { preview, quality } from "../wasm/pixels.js";

const ready = init();

self.onmessage = async ({ data: { id, file, longest } }) => {
  try {
    await ready;
    const bytes = new Uint8Array(await file.arrayBuffer());
    const shown = preview(bytes, longest);
    const { width, height } = shown;
    const image = new ImageData(new Uint8ClampedArray(shown.rgba), width, height);
    shown.free();
    const measured = quality(bytes);
    const { stars, fwhm, sky } = measured;
    measured.free();
    self.postMessage({ id, image, stars, fwhm, sky });
  } catch (error) {
    const ended = isTrap(error);
    self.postMessage({ id, unread: ended ? TRAPPED : String(error.message ?? error), ended });
  }
};
