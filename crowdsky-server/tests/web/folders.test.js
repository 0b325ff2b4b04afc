import assert from "node:assert/strict";
import test from "node:test";
import { droppedFiles, handleFiles, isFits, pickedFiles } from "../../static/common/folders.js";

const file = (path) => ({ isFile: true, name: path.split("/").at(-1), fullPath: `/${path}`, file: (resolve) => resolve({ name: path }) });
/** A folder that gives its entries a hundred at a time, as browsers do. */
const folder = (entries) => ({
  isDirectory: true,
  createReader() {
    let at = 0;
    return { readEntries: (resolve) => resolve(entries.slice(at, (at += 100))) };
  },
});
const dropped = (entries) => ({ items: entries.map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry })) });


/** All batches, and all of their files. */
async function all(batches) {
  const found = [];
  for await (const batch of batches) found.push(batch);
  return { found, files: found.flatMap(({ files }) => files), others: found.reduce((sum, { others }) => sum + others, 0) };
}

test("u30 a folder of 250 files is read to its end, folders within it too", async () => {
  const many = Array.from({ length: 250 }, (_, i) => file(`a/${i}.fit`));
  const { found, files } = await all(droppedFiles(dropped([folder([...many, folder([file("a/b/x.fit")])]), file("y.fit")])));
  assert.equal(files.length, 252);
  assert.deepEqual(files.map(({ path }) => path).filter((path) => /[xy]/.test(path)).sort(), ["a/b/x.fit", "y.fit"]);
  assert.ok(found.every((batch) => batch.files.length <= 8));
});

test("the first files come before the folder is read to its end", async () => {
  let read = 0;
  const endless = {
    isDirectory: true,
    createReader: () => ({ readEntries: (resolve) => resolve(Array.from({ length: 100 }, () => file(`a/${(read += 1)}.fit`))) }),
  };
  const { value } = await droppedFiles(dropped([endless])).next();
  assert.deepEqual([value.files.length, read], [8, 100]);
});

test("what is no FITS file by its name is counted and not opened", async () => {
  const picture = { ...file("a/thumb.jpg"), file: () => assert.fail("opened") };
  const { files, others } = await all(droppedFiles(dropped([folder([picture, file("a/1.FIT")])])));
  assert.deepEqual([files.length, others], [1, 1]);
});

test("a file or folder that cannot be read is told of, and the others are read", async () => {
  const gone = { ...file("a/2.fit"), file: (_, reject) => reject(new Error("gone")) };
  const locked = { isDirectory: true, fullPath: "/a/locked", createReader: () => ({ readEntries: (_, reject) => reject(new Error("locked")) }) };
  const { found, files } = await all(droppedFiles(dropped([folder([file("a/1.fit"), gone, locked, file("a/3.fit")])])));
  assert.equal(files.length, 2);
  assert.deepEqual(found.flatMap(({ unread }) => unread), [
    { path: "a/2.fit", reason: "It cannot be read: gone" },
    { path: "a/locked", reason: "It cannot be read: locked" },
  ]);
});

test("a folder by its handle", async () => {
  const leaf = (name) => ({ kind: "file", name, getFile: async () => ({ name }) });
  const branch = (name, children) => ({
    kind: "directory",
    name,
    async *values() {
      yield* children;
    },
  });
  const { files, others } = await all(handleFiles(branch("night", [leaf("1.fit"), branch("sub", [leaf("2.fit"), leaf("2.jpg")])])));
  assert.deepEqual(files.map(({ path }) => path).sort(), ["night/1.fit", "night/sub/2.fit"]);
  assert.equal(others, 1);
});

test("a picker", async () => {
  const { found, files, others } = await all(pickedFiles({ files: Array.from({ length: 150 }, (_, i) => ({ name: "?", webkitRelativePath: `n/${i}.${i % 2 ? "fit" : "txt"}` })) }));
  assert.deepEqual([found.length, files.length, others, files[0].path], [19, 75, 75, "n/1.fit"]);
});

test("another may want other files", async () => {
  const { files, others } = await all(droppedFiles(dropped([file("notes.txt"), folder([file("a/notes.txt")])]), (path) => !path.includes("/")));
  assert.deepEqual([files.map(({ path }) => path), others], [["notes.txt"], 1]);
});

test("names", () => {
  assert.deepEqual(["a.fit", "b.FITS", "c.jpg", "fit"].map(isFits), [true, true, false, false]);
});
