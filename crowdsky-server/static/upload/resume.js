// After a reload: what the server has, and the folders by which it goes on.

import { $, make, say } from "../common/dom.js";
import { handleFiles } from "../common/folders.js";
import { readable, recall } from "./handles.js";
import { bytes, count, slotOf } from "../common/words.js";

/**
 * Goes on with the session that is open, if one is.
 * @param {import("./session.js").Session} session
 * @param {(rows: object[]) => void} stored Takes the rows of the stacks that the server's frames will make.
 * @param {(folder: FileSystemDirectoryHandle, batches: AsyncIterable<object>) => void} take
 */
export async function resume(session, stored, take) {
  const overview = await session.resume();
  const { size } = session.there;
  if (!overview || size === 0) return;
  const are = size === 1 ? "is" : "are";
  say("resume-text", `${count(size, "file")} (${bytes(overview.total_bytes)}) ${are} safe on the server. Drop the same folder again to go on: what is there is not sent again.`);
  $("resume").hidden = false;
  stored(overview.groups.map((group) => ({ key: group, kind: "stored", group: { ...group, slot: slotOf(group.chunk_key) } })));
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
