// The upload page: drop, look, send, finalise.

import { FileList } from "./file_list.js";
import { HEADER_BYTES, frameFacts } from "./fits_header.js";
import { droppedFiles, isFits, pickedFiles } from "./folders.js";
import { bytes, groupFrames, minute, slotOf } from "./groups.js";
import { Queue } from "./queue.js";
import { ask, canHash, digest, openSession, post, put, randomKey } from "./send.js";

const MEMORY = "crowdsky.upload";
/** Headers read at once. */
const READERS = 8;
const $ = (id) => document.getElementById(id);
const uploader = $("uploader");
const maxBytes = Number(uploader.dataset.maxBytes);
const maxFiles = Number(uploader.dataset.maxFiles);

const list = new FileList($("files"));
const queue = new Queue({ send, changed: draw, stopped: trouble });
/** Hashes the session had when the page was loaded. */
const there = new Set();
let session = null;
let key = randomKey();
let reading = 0;
let leftOut = 0;
/** Chunks of what the session had. */
let stored = [];
let finalising = false;

uploader.hidden = false;
$("plain").hidden = true;
resume();

// ---- files in ----

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
  take(droppedFiles(event.dataTransfer));
});
for (const id of ["pick-folder", "pick-files"]) {
  $(id).addEventListener("change", (event) => {
    take(Promise.resolve(pickedFiles(event.target)));
    event.target.value = "";
  });
}

async function take(files) {
  reading += 1;
  draw();
  try {
    const found = await files;
    const known = new Set(queue.items.map(mark));
    const fits = found.filter(({ file }) => isFits(file.name));
    leftOut += found.length - fits.length;
    const fresh = fits.map(({ file, path }) => ({ file, path, name: file.name, size: file.size })).filter((item) => !known.has(mark(item)));
    for (let at = 0; at < fresh.length; at += READERS) queue.add(await Promise.all(fresh.slice(at, at + READERS).map(look)));
  } catch (error) {
    trouble(`The files cannot be read: ${error.message}`);
  } finally {
    reading -= 1;
    draw();
  }
}

const mark = (item) => `${item.path}|${item.size}|${item.file.lastModified}`;

async function look(item) {
  try {
    if (item.size > maxBytes) throw new Error(`It has more than ${bytes(maxBytes)}.`);
    if (queue.items.length >= maxFiles) throw new Error(`A session takes ${maxFiles} files. Finalise it and begin another.`);
    item.facts = frameFacts(new Uint8Array(await item.file.slice(0, HEADER_BYTES).arrayBuffer()), item.size);
  } catch (error) {
    Object.assign(item, { state: "rejected", note: error.message });
  }
  return item;
}

// ---- files out ----

async function opened() {
  // One session for all that start at once.
  session ??= openSession(key).then(
    ({ token }) => {
      localStorage.setItem(MEMORY, token);
      return token;
    },
    (error) => {
      session = null;
      throw error;
    },
  );
  return session;
}

async function send(item, tools) {
  const token = await opened();
  if (!canHash()) return post(token, item.name, item.file, tools);
  item.hash ??= await digest(item.file);
  if (!there.has(item.hash.hex)) await put(token, item.name, item.file, item.hash, tools);
}

async function resume() {
  const asked = new URLSearchParams(location.search).get("session");
  const token = asked ?? localStorage.getItem(MEMORY);
  if (!token) return;
  try {
    const overview = await ask("GET", `uploads/${encodeURIComponent(token)}`);
    if (overview.state !== "uploading") throw Object.assign(new Error(), { status: 404 });
    session = Promise.resolve(overview.token);
    localStorage.setItem(MEMORY, overview.token);
    for (const file of overview.files) there.add(file.sha256);
    stored = overview.groups.map((group) => ({ ...group, slot: slotOf(group.chunk_key) }));
    if (there.size === 0) return;
    say("resume", `An upload is still open: ${count(there.size, "file")} (${bytes(overview.total_bytes)}) ${there.size === 1 ? "is" : "are"} safe on the server. ` +
      "Drop the same folder again to go on; what is there already is not sent again. Or finalise what is there.");
    draw();
  } catch (error) {
    // Gone or another user's: there is nothing to go on with.
    if (error.status === 404) localStorage.removeItem(MEMORY);
  }
}

// ---- buttons ----

$("pause").addEventListener("click", () => {
  say("trouble", "");
  if (queue.paused) queue.resume();
  else queue.pause();
});
$("skip").addEventListener("click", () => queue.skipFailed());
$("retry").addEventListener("click", () => {
  say("trouble", "");
  queue.retryFailed();
});
$("cancel").addEventListener("click", async () => {
  const token = await (session ?? null)?.catch?.(() => null);
  queue.cancel();
  forget();
  leftOut = 0;
  draw();
  if (token) await ask("DELETE", `uploads/${token}`).catch((error) => trouble(error.message));
});
$("finalise").addEventListener("click", async () => {
  finalising = true;
  say("trouble", "");
  draw();
  try {
    const token = await session;
    show(token, await ask("POST", `uploads/${token}/finalize`));
    forget();
  } catch (error) {
    trouble(error.message);
  }
  finalising = false;
  draw();
});

function forget() {
  localStorage.removeItem(MEMORY);
  session = null;
  key = randomKey();
  there.clear();
  stored = [];
  say("resume", "");
}

function show(token, { jobs, rejected }) {
  queue.cancel();
  drop.hidden = true;
  $("run").hidden = true;
  $("result").hidden = false;
  $("result-text").textContent = `${count(jobs.length, "job")} ${jobs.length === 1 ? "is" : "are"} queued, one for each chunk of 15 minutes.`;
  $("result-rejected").replaceChildren(...rejected.map(({ filename, reason }) => line("li", `${filename} is in no stack: ${reason}`)));
  $("result-link").href = `/status.php?session=${encodeURIComponent(token)}`;
  $("result-link").focus();
}

addEventListener("beforeunload", (event) => {
  if (queue.counts().pending > 0) event.preventDefault();
});

// ---- what is seen ----

const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
const line = (tag, text, className = "") => Object.assign(document.createElement(tag), { textContent: text, className });

function say(id, text) {
  $(id).textContent = text;
  $(id).hidden = text === "";
}

function trouble(message) {
  say("trouble", message);
  $("run").hidden = false;
}

let drawing;
function draw() {
  drawing ??= requestAnimationFrame(() => {
    drawing = undefined;
    drawNow();
  });
}

function drawNow() {
  const counts = queue.counts();
  if (!$("result").hidden) return;
  $("run").hidden = queue.items.length === 0 && there.size === 0 && reading === 0;
  $("finalise").disabled = finalising || reading > 0 || counts.pending > 0 || counts.failed > 0 || counts.done + there.size === 0;
  $("pause").textContent = queue.paused ? "Go on" : "Pause";
  $("pause").hidden = counts.pending === 0;
  $("skip").hidden = $("retry").hidden = counts.failed === 0;
  $("overall").value = counts.bytes ? counts.sent / counts.bytes : there.size ? 1 : 0;
  const words = queue.items.length === 0 ? [`${count(there.size, "file")} on the server`] : [`${counts.done} of ${count(counts.done + counts.pending + counts.failed, "file")} done`];
  if (counts.bytes) words.push(`${bytes(counts.sent)} of ${bytes(counts.bytes)}`);
  if (reading) words.push("reading headers");
  if (queue.paused) words.push("paused");
  if (counts.failed) words.push(`${counts.failed} failed`);
  if (counts.rejected) words.push(`${counts.rejected} not accepted`);
  if (counts.skipped + leftOut) words.push(`${counts.skipped + leftOut} left out`);
  $("summary").textContent = words.join(", ");
  list.show(queue.items);
  drawGroups();
}

let grouped = -1;
function drawGroups() {
  if (grouped === queue.items.length) return;
  grouped = queue.items.length;
  const frames = queue.items.filter((item) => item.facts).map((item) => item.facts);
  const rows = (frames.length ? groupFrames(frames) : stored).map((group) => {
    const row = document.createElement("tr");
    row.append(
      line("td", group.object ?? "No name"),
      line("td", minute(group.slot), "nowrap"),
      line("td", group.filter ?? "-"),
      line("td", group.exptime === null ? "-" : `${group.exptime} s`, "num"),
      line("td", String(group.frames), "num"),
    );
    return row;
  });
  $("groups").tBodies[0].replaceChildren(...rows);
}
