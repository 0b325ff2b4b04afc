// Files of a drop or of a picker, folders searched to the bottom.

/** Which names may be raw frames. */
export const isFits = (name) => /\.fits?$/i.test(name);

/**
 * The files of a drop with their paths. To be called within the event: afterwards the browser has forgotten them.
 * @param {DataTransfer} transfer
 * @returns {Promise<{file: File, path: string}[]>}
 */
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}

async function walk(entry, found) {
  if (!entry) return;
  if (entry.isDirectory) {
    const reader = entry.createReader();
    for (;;) {
      // At most 100 come at a time; none is the end.
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return;
      for (const child of some) await walk(child, found);
    }
  }
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, path: entry.fullPath.replace(/^\//, "") });
  } else if (typeof entry.name === "string") {
    found.push({ file: entry, path: entry.name });
  }
}

/** The files of a picker with their paths. */
export const pickedFiles = (input) => [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
