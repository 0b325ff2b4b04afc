// Checks files away from the page, one after the other: `{id, file, headerBlocks}` in, `{id, report}` or
// `{id, unread, ended}` out; `{failed}` if WebAssembly cannot be had.

import { isTrap } from "../common/trap.js";
import init from "../wasm/header.js";
import { check } from "../wasm/check.js";

// Messages that come before the module is there wait for it, and each for the one before.
let last = init().catch((error) => self.postMessage({ failed: String(error.message ?? error) }));

self.onmessage = ({ data: { id, file, headerBlocks } }) => {
  last = last.then(() => tell(id, file, headerBlocks));
};

async function tell(id, file, headerBlocks) {
  try {
    self.postMessage({ id, report: await check(file, headerBlocks) });
  } catch (error) {
    // A file that was deleted or may not be read; the others go on, after a trap in another worker.
    self.postMessage({ id, unread: String(error.message ?? error), ended: isTrap(error) });
  }
}
