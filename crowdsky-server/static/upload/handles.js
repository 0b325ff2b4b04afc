// The folders of an upload, remembered over a reload where the browser gives handles. They are kept in IndexedDB, which holds them as
// they are; what may be read of them is asked again.

const STORE = "folders";
const KEY = "open";

const request = (asked) =>
  new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });

async function store(mode) {
  const opened = indexedDB.open("crowdsky", 1);
  opened.onupgradeneeded = () => opened.result.createObjectStore(STORE);
  return (await request(opened)).transaction(STORE, mode).objectStore(STORE);
}

/** Adds folders to those of the upload. */
export async function remember(folders) {
  const known = await recall();
  const fresh = [];
  for (const folder of folders) {
    const same = await Promise.all(known.map((other) => other.isSameEntry(folder)));
    if (!same.includes(true)) fresh.push(folder);
  }
  if (fresh.length) await request((await store("readwrite")).put([...known, ...fresh], KEY));
}

/** The folders of the upload. */
export const recall = async () => (await request((await store("readonly")).get(KEY))) ?? [];

/** Forgets them. */
export const forget = async () => request((await store("readwrite")).delete(KEY));

/** The folders of a drop. To be called within the event. */
export async function droppedFolders(transfer) {
  const asked = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.getAsFileSystemHandle?.());
  const handles = await Promise.all(asked);
  return handles.filter((handle) => handle?.kind === "directory");
}

/** Whether it may be read; asks the user if need be. To be called when they have pressed something. */
export async function readable(folder) {
  const wish = { mode: "read" };
  return (await folder.queryPermission(wish)) === "granted" || (await folder.requestPermission(wish)) === "granted";
}
