// Where files come in: what is dropped anywhere on the page, and the two pickers.

import { $, say } from "../common/dom.js";
import { droppedFiles, handleFiles, pickedFiles } from "../common/folders.js";
import { droppedFolders } from "./handles.js";

/**
 * @param {(batches: AsyncIterable<object> | Iterable<object>) => void} take
 * @param {(folders: FileSystemDirectoryHandle[]) => void} keep Takes handles, where the browser gives them.
 */
export function inlets(take, keep) {
  const drop = $("drop");
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  document.addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (drop.hidden) return;
    // Without handles the page asks for the folder again after a reload, which is no failure.
    droppedFolders(event.dataTransfer).then(keep, () => {});
    take(droppedFiles(event.dataTransfer));
  });
  for (const id of ["pick-folder", "pick-files"]) {
    $(id).addEventListener("change", (event) => {
      take([...pickedFiles(event.target)]);
      event.target.value = "";
    });
  }
  $("pick-folder").addEventListener("click", async (event) => {
    // The newer picker gives a handle.
    if (!window.showDirectoryPicker) return;
    event.preventDefault();
    try {
      const folder = await window.showDirectoryPicker({ mode: "read" });
      keep([folder]);
      take(handleFiles(folder));
    } catch (error) {
      if (error.name !== "AbortError") say("trouble", `The folder cannot be read: ${error.message}`);
    }
  });
}
