// Files of a drop, of a picker or of a folder the browser remembers; folders are searched to the bottom. They come in batches, as they
// are found: a folder of thousands is never collected first.
//
// A batch is `{files: [{file, path}], others, unread: [{path, reason}]}`: the files that are wanted by their path, how many are not, and
// what could not be read.

/** Which names may be raw frames. */
export const isFits = (name) => /\.fits?$/i.test(name);

/**
 * Files of one batch. Chromium asks another process for each file and takes all answers that have come in one go: a hundred of them held
 * the page for half a second.
 */
const BATCH = 8;

/**
 * The batches of a drop. To be called within the event: afterwards the browser has forgotten what was dropped.
 * @param {DataTransfer} transfer
 * @param {(path: string) => boolean} [wanted]
 */
export function droppedFiles(transfer, wanted = isFits) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile()).filter(Boolean);
  return batchesOf(entries, wanted);
}

async function* batchesOf(entries, wanted) {
  const loose = entries.filter((entry) => !entry.isDirectory);
  yield* batches(loose, pathOf, fileOf, wanted);
  for (const entry of entries) if (entry.isDirectory) yield* walk(entry, wanted);
}

async function* walk(folder, wanted) {
  const reader = folder.createReader();
  for (;;) {
    let some;
    try {
      // At most 100 come at a time; none is the end.
      some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    } catch (error) {
      yield unreadable(pathOf(folder), error);
      return;
    }
    if (some.length === 0) return;
    yield* batches(some.filter((entry) => entry.isFile), pathOf, fileOf, wanted);
    for (const entry of some) if (entry.isDirectory) yield* walk(entry, wanted);
  }
}

/** A dropped file without an entry is itself, and has but a name. */
const pathOf = (entry) => entry.fullPath?.replace(/^\//, "") ?? entry.name;
const fileOf = (entry) => (entry.file ? new Promise((resolve, reject) => entry.file(resolve, reject)) : entry);

/**
 * The batches of a folder by its handle.
 * @param {FileSystemDirectoryHandle} handle
 */
export async function* handleFiles(handle, path = handle.name) {
  const here = (entry) => `${path}/${entry.name}`;
  const file = (entry) => entry.getFile();
  let some = [];
  try {
    for await (const entry of handle.values()) {
      if (entry.kind === "directory") yield* handleFiles(entry, here(entry));
      else some.push(entry);
      if (some.length === BATCH) yield* batches(some.splice(0), here, file);
    }
  } catch (error) {
    yield unreadable(path, error);
  }
  yield* batches(some, here, file);
}

/** The batches of a picker. */
export function* pickedFiles(input, wanted = isFits) {
  const files = [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
  for (let at = 0; at < files.length; at += BATCH) {
    const some = files.slice(at, at + BATCH);
    const fits = some.filter(({ path }) => wanted(path));
    yield { files: fits, others: some.length - fits.length, unread: [] };
  }
}

const unreadable = (path, error) => ({ files: [], others: 0, unread: [{ path, reason: `It cannot be read: ${error.message}` }] });

/** What is not wanted is not even opened. */
async function* batches(entries, path, file, wanted = isFits) {
  const fits = entries.filter((entry) => wanted(path(entry)));
  if (fits.length < entries.length) yield { files: [], others: entries.length - fits.length, unread: [] };
  for (let at = 0; at < fits.length; at += BATCH) {
    const found = { files: [], others: 0, unread: [] };
    const open = async (entry) => {
      try {
        found.files.push({ file: await file(entry), path: path(entry) });
      } catch (error) {
        found.unread.push(...unreadable(path(entry), error).unread);
      }
    };
    await Promise.all(fits.slice(at, at + BATCH).map(open));
    yield found;
  }
}
