// After a reload: what the server has, and the folders by which it goes on.

import { $, make, say } from "../common/dom.js";
import { handleFiles } from "../common/folders.js";
import { forget, readable, recall } from "./handles.js";
import { memory } from "./memory.js";
import { canHash } from "./send.js";
import { Stored } from "./stored.js";
import { bytes, count } from "../common/words.js";

function tell(text) {
  say("resume-text", text);
  $("resume").hidden = false;
}

/**
 * Goes on with the session that is open, if one is.
 * @param {import("./session.js").Session} session
 * @param {(stored: Stored) => void} stored Takes the stacks that the server's frames will make.
 * @param {(folder: FileSystemDirectoryHandle, batches: AsyncIterable<object>) => void} take
 */
export async function resume(session, stored, take) {
  const overview = await session.resume();
  const { size } = session.there;
  if (session.elsewhere) tell("Another tab has the open upload. What you drop here is an upload of its own.");
  // Those of an upload that is over.
  else if (!overview && !memory.get()) await forget().catch(() => {});
  if (!overview || size === 0) return;
  const onward = canHash() ? "Drop the same folder again to go on: what is there is not sent again." : "Drop only the frames that are missing: by plain http the browser cannot tell which are there.";
  tell(`${count(size, "file")} (${bytes(overview.total_bytes)}) kept on the server until ${session.until} or longer. ${onward}`);
  stored(new Stored(overview.groups));
  // A browser that keeps no handles has none to offer.
  for (const folder of await recall().catch(() => [])) {
    const button = make("button", "primary", `Go on with ${folder.name}`);
    button.addEventListener("click", async () => {
      if (!(await readable(folder))) return say("trouble", `The browser may not read ${folder.name}. Drop the folder here instead.`);
      button.remove();
      take(folder, handleFiles(folder));
    });
    $("resume-folders").append(button);
  }
}
