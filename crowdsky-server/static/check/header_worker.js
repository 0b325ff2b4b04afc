// Checks files away from the page, one after the other: `{id, file}` in, `{id, report}` or `{id, unread}` out.

import init from "../wasm/header.js";
import { check } from "../wasm/check.js";

// Messages that come before the module is there wait for it, and each for the one before.
let last = init().catch((error) => self.postMessage({ failed: String(error.message ?? error) }));

self.onmessage = ({ data: { id, file } }) => {
  last = last.then(() => tell(id, file));
};

async function tell(id, file) {
  try {
    self.postMessage({ id, report: await check(file) });
  } catch (error) {
    // A file that was deleted or may not be read; the others go on.
    self.postMessage({ id, unread: String(error.message ?? error) });
  }
}
