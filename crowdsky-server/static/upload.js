// The upload page: its parts are put together here. Files come in (`intake.js`), wait in the queue (`queue.js`), are seen as what will be
// stacked (`groups.js`), go out (`delivery.js`), and the session is closed.

import { Announcer } from "./announce.js";
import { delivery } from "./delivery.js";
import { fileRow, reasonRow } from "./file_rows.js";
import { droppedFiles, handleFiles, pickedFiles } from "./folders.js";
import { Groups } from "./groups.js";
import { groupRow, storedRow } from "./groups_view.js";
import * as handles from "./handles.js";
import { digest } from "./hash.js";
import { Intake } from "./intake.js";
import { Previews } from "./previews.js";
import { Pace } from "./progress.js";
import { Queue, pause, sleep } from "./queue.js";
import { canHash, post, put } from "./send.js";
import { Session } from "./session.js";
import { headline, situation, summary } from "./situation.js";
import { VirtualList } from "./virtual_list.js";
import { bytes, count, slotOf } from "./words.js";

/** Milliseconds between two drawings: progress comes much more often. */
const DRAWN_EVERY = 100;
const $ = (id) => document.getElementById(id);
const line = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });

function say(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
  $(id).hidden = text === "";
}

const session = new Session();
const queue = new Queue({
  send: delivery({
    open: () => session.open(),
    there: session.there,
    digest: canHash() ? digest : null,
    status: (...asked) => session.status(...asked),
    put: (token, item, tools) => put(token, item.name, item.file, item.hash, tools),
    post: (token, item, tools) => post(token, item.name, item.file, tools),
  }),
  changed: draw,
  stopped: (message) => say("trouble", message),
  ended: over,
  more: () => intake.busy,
});
const groups = new Groups(queue);
const intake = new Intake({
  maxBytes: Number($("uploader").dataset.maxBytes),
  maxFiles: Number($("uploader").dataset.maxFiles),
  add: (items) => queue.add(items),
  chunks(chunks) {
    groups.merge(chunks);
    lists.groups.show(groups.rows());
  },
  changed() {
    queue.look();
    draw();
  },
  broken,
});
const previews = new Previews(() => lists.groups.refresh());
const lists = {
  groups: new VirtualList(
    $("groups"),
    ((made) => (row) => (row.kind === "stored" ? storedRow(row) : made(row)))(groupRow(groups)),
    (rows) => previews.want(rows.filter(({ kind }) => kind === "slot").map(({ group }) => group)),
  ),
  failed: new VirtualList($("failed"), reasonRow),
  rejected: new VirtualList($("rejected"), reasonRow),
  files: new VirtualList($("files"), fileRow),
};
const announcer = new Announcer($("status"));
const pace = new Pace();
/** Folders by their handles, to be remembered once something is sent. */
const folders = [];
/** Finalise: whether it runs, until when it waits for a server that is away, and whether it has succeeded. */
const closing = { running: false, again: 0, wake: null, finished: false };

$("uploader").hidden = false;
$("plain").hidden = true;
goOn();

/** Without WebAssembly files are sent one by one. */
function broken(why) {
  $("uploader").hidden = true;
  $("plain").hidden = false;
  say("broken", `This browser cannot check frames before they are sent (${why}). Use a newer one, or upload frames one by one here.`);
}

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
  if (closing.finished) return;
  handles.droppedFolders(event.dataTransfer).then(keep, () => {});
  take(droppedFiles(event.dataTransfer));
});
for (const id of ["pick-folder", "pick-files"]) {
  $(id).addEventListener("change", (event) => {
    take([...pickedFiles(event.target)]);
    event.target.value = "";
  });
}
$("pick-folder").addEventListener("click", async (event) => {
  // The newer picker gives a handle, by which the folder is found again after a reload.
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

const take = (batches) => intake.take(batches).catch((error) => say("trouble", `The files cannot be read: ${error.message}`));

function keep(some) {
  folders.push(...some);
  // Without it the page asks for the folder again, which is no failure.
  if (queue.started) handles.remember(folders).catch(() => {});
}

async function goOn() {
  const overview = await session.resume().catch((error) => void say("trouble", error.message));
  if (!overview || session.there.size === 0) return;
  const { size } = session.there;
  say("resume-text", `An upload is still open: ${count(size, "file")} (${bytes(overview.total_bytes)}) ${size === 1 ? "is" : "are"} safe on the server. ` +
    "Drop the same folder again to go on; what is there already is not sent again. Or finalise what is there.");
  $("resume").hidden = false;
  if (groups.chunks.length === 0) lists.groups.show(overview.groups.map((group) => ({ key: group, kind: "stored", group: { ...group, slot: slotOf(group.chunk_key) } })));
  draw();
  for (const folder of await handles.recall().catch(() => [])) {
    const button = line("button", `Go on with ${folder.name}`);
    button.addEventListener("click", async () => {
      if (!(await handles.readable(folder))) return say("trouble", `The browser may not read ${folder.name}. Drop the folder here instead.`);
      button.remove();
      keep([folder]);
      take(handleFiles(folder));
    });
    $("resume-folders").append(button);
  }
}

// ---- buttons ----

function start() {
  say("trouble", "");
  handles.remember(folders).catch(() => {});
  queue.start();
  drawNow();
  $("pause").focus();
}
$("start").addEventListener("click", start);
$("pause").addEventListener("click", () => {
  say("trouble", "");
  if (queue.paused) queue.resume();
  else queue.pause();
});
$("retry").addEventListener("click", () => {
  queue.retryFailed();
  start();
});
$("skip").addEventListener("click", () => {
  queue.skipFailed();
  if (queue.counts().pending === 0) over();
});
$("again").addEventListener("click", () => {
  const items = queue.items.filter((item) => item.state === "skipped" && item.earlier);
  for (const item of items) Object.assign(item, { again: true, earlier: false });
  queue.put(items, "waiting");
  start();
});
$("cancel").addEventListener("click", () => {
  const there = Math.max(queue.counts().done, session.there.size);
  $("sure-text").textContent = there ? `${count(there, "frame")} on the server will be deleted there. The files on your disk stay.` : "Nothing has been sent. The list is emptied.";
  $("sure").showModal();
});
$("sure").addEventListener("close", () => {
  if ($("sure").returnValue === "yes") cancel();
  $("sure").returnValue = "";
});
$("finalise").addEventListener("click", finalise);
addEventListener("online", () => {
  queue.knock();
  closing.wake?.abort();
});
addEventListener("beforeunload", (event) => {
  if (queue.counts().pending > 0 || closing.running) event.preventDefault();
});
$("files-part").addEventListener("toggle", () => lists.files.refresh());

function cancel() {
  queue.cancel();
  forget();
  session.abandon().catch((error) => say("trouble", `The upload could not be deleted on the server: ${error.message} It expires by itself.`));
  say("trouble", "");
  draw();
  $("pick-folder").focus();
}

function forget() {
  intake.forget();
  groups.clear();
  lists.groups.show([]);
  folders.length = 0;
  handles.forget().catch(() => {});
  $("resume").hidden = true;
}

/** Nothing is left to be sent. */
function over() {
  const { done, failed } = queue.counts();
  // A session with nothing in it would stay open for a day, and open ones are counted.
  if (done === 0 && session.there.size === 0) session.abandon().catch(() => {});
  else if ($("auto").checked && failed === 0 && !intake.busy) finalise();
  draw();
}

async function finalise() {
  if (closing.running) return;
  closing.running = true;
  say("trouble", "");
  for (let tries = 0; closing.running; tries += 1) {
    draw();
    try {
      show(await session.finalise());
      closing.running = false;
    } catch (error) {
      closing.running = Boolean(error.away);
      if (!error.away) say("trouble", error.message);
      else {
        const seconds = pause(tries, error.after);
        Object.assign(closing, { again: Date.now() + seconds * 1000, wake: new AbortController() });
        draw();
        await sleep(seconds, closing.wake.signal);
        closing.wake = null;
      }
    }
  }
  draw();
}

function show({ token, jobs, rejected }) {
  closing.finished = true;
  queue.cancel();
  session.forget();
  forget();
  $("result").hidden = false;
  $("result-text").textContent = `${count(jobs.length, "job")} ${jobs.length === 1 ? "is" : "are"} queued, one for each chunk of 15 minutes. You can close this page.`;
  $("result-rejected").replaceChildren(...rejected.map(({ filename, reason }) => line("li", `${filename} is in no stack: ${reason}`)));
  $("result-link").href = `/status.php?session=${encodeURIComponent(token)}`;
  drawNow();
  $("result-link").focus();
}

// ---- what is seen ----

let drawing;
function draw() {
  drawing ??= setTimeout(() => {
    drawing = undefined;
    requestAnimationFrame(drawNow);
  }, DRAWN_EVERY);
}

function now() {
  const { started, paused, offline } = queue;
  const again = Math.ceil(((closing.wake ? closing.again : (offline?.again ?? 0)) - Date.now()) / 1000);
  const { busy, checked, found, others } = intake;
  return {
    counts: queue.counts(), started, paused, offline, again, busy, checked, found, others,
    there: session.there.size, away: closing.wake !== null, finished: closing.finished, finalising: closing.running, stacks: groups.wanted,
  };
}

function drawNow() {
  const seen = now();
  const { counts, there } = seen;
  const state = situation(seen);
  if (state === "uploading") pace.tick(performance.now() / 1000, counts.sent, queue.moved);
  else pace.reset();
  seen.pace = pace.words(counts.bytes - counts.sent);
  const [title, text] = [headline(state, seen), summary(state, seen)];
  $("uploader").dataset.state = state;
  say("headline", title);
  say("summary", text);
  announcer.say(state, `${title}. ${text}`);
  $("run").hidden = state === "empty" || state === "done";
  drop.hidden = state === "done";

  $("start").hidden = seen.started || counts.waiting === 0;
  $("start").textContent = `Upload ${count(counts.waiting, "frame")}`;
  $("pause").hidden = !seen.started;
  $("pause").textContent = queue.paused ? "Go on" : "Pause";
  $("retry").hidden = $("skip").hidden = counts.failed === 0 || seen.started;
  $("again").hidden = counts.earlier === 0 || seen.started;
  $("again").textContent = `Send ${count(counts.earlier, "frame")} again that ${counts.earlier === 1 ? "was" : "were"} uploaded before`;
  const may = !seen.finalising && !seen.busy && counts.pending === 0 && counts.failed === 0 && counts.done + there > 0;
  $("finalise").disabled = !may;
  $("finalise").classList.toggle("primary", may);
  $("cancel").disabled = seen.finalising;
  $("overall").hidden = ["checking", "ready", "nothing"].includes(state) && there === 0;
  $("overall").value = counts.bytes ? counts.sent / counts.bytes : there ? 1 : 0;
  drawLists(counts);
  // Seconds go by while nothing else happens.
  if (state === "offline" || state === "uploading") setTimeout(draw, 1000);
}

const drawn = { files: -1, failed: -1, rejected: -1 };
function drawLists(counts) {
  const rows = (kind, items) => items.map((item) => ({ key: item, kind, item }));
  const part = (name, number, kind, items) => {
    if (drawn[name] === number) return lists[name].refresh();
    drawn[name] = number;
    $(`${name}-part`).hidden = number === 0;
    $(`${name}-count`).textContent = number.toLocaleString("en");
    lists[name].show(rows(kind, items()));
  };
  part("failed", counts.failed, "reason", () => queue.items.filter(({ state }) => state === "failed"));
  part("rejected", counts.rejected, "reason", () => queue.items.filter(({ state }) => state === "rejected"));
  part("files", queue.items.length, "file", () => queue.items);
  $("groups-part").hidden = lists.groups.rows.length === 0;
  lists.groups.refresh();
}
