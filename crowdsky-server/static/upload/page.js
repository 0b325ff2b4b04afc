// The upload page: its parts are put together here. Files come in (`inlets.js`, `intake.js`), wait in the queue (`queue.js`), are seen as
// what will be stacked (`groups.js`, `screen.js`), go out (`delivery.js`), and the session is closed (`closing.js`).

import { Closing } from "./closing.js";
import { delivery } from "./delivery.js";
import { $, make, say } from "../common/dom.js";
import { Groups } from "./groups.js";
import * as handles from "./handles.js";
import { digest } from "./hash.js";
import { inlets } from "./inlets.js";
import { Intake } from "./intake.js";
import { Queue } from "./queue.js";
import { Screen } from "./screen.js";
import { canHash, post, put } from "./send.js";
import { Session } from "./session.js";
import { count } from "../common/words.js";

const trouble = (message) => say("trouble", message);
const session = new Session((files) => (queue.parallel = files));
const queue = new Queue({
  send: delivery({
    open: () => session.open(),
    there: session.there,
    digest: canHash() ? digest : null,
    status: (...asked) => session.status(...asked),
    put: (token, item, tools) => put(token, item.name, item.file, item.hash, tools),
    post: (token, item, tools) => post(token, item.name, item.file, tools),
  }),
  changed: () => screen.draw(),
  stopped,
  ended: over,
  more: () => intake.busy,
});
const groups = new Groups(queue);
const intake = new Intake({
  maxBytes: Number($("uploader").dataset.maxBytes),
  maxFiles: Number($("uploader").dataset.maxFiles),
  maxHeaderBlocks: Number($("uploader").dataset.maxHeaderBlocks),
  add: (items) => queue.add(items),
  chunks(chunks) {
    groups.merge(chunks);
    screen.drawGroups();
  },
  changed() {
    queue.look();
    screen.draw();
  },
  broken,
});
const closing = new Closing({ finalise: () => session.finalise(), finished: show, failed: stopped, changed: () => screen.draw() });
const screen = new Screen({ queue, intake, groups, session, closing }, want);
/** Folders by their handles, to be remembered once something is sent. */
let folders = [];

$("uploader").hidden = false;
$("plain").hidden = true;
inlets(take, keep);
screen.drawNow();
if (session.remembered) goOn().catch((error) => trouble(error.message));

async function goOn() {
  const { resume } = await import("./resume.js");
  const stored = (those) => {
    groups.store(those);
    screen.drawGroups();
  };
  await resume(session, stored, (folder, batches) => {
    keep([folder]);
    take(batches);
  });
}

/** Without WebAssembly files are sent one by one. */
function broken(why) {
  if (intake.found > 0) return trouble(`Headers are checked no more (${why}). Reload the page and drop the folder again.`);
  $("uploader").hidden = true;
  $("plain").hidden = false;
  say("broken", `This browser cannot check frames before they are sent (${why}). Use a newer one, or upload frames one by one here.`);
}

function take(batches) {
  trouble("");
  intake.take(batches).catch((error) => trouble(`The files cannot be read: ${error.message}`));
}

function keep(some) {
  folders.push(...some);
  if (queue.started) remember();
}

// A browser that keeps no handles asks for the folder again after a reload.
const remember = () => handles.remember(folders).catch(() => {});

/** Pictures and their quality are a part of their own, loaded when there is something to be seen. */
let previews;
function want(seen) {
  if (seen.length === 0) return;
  previews ??= import("./previews.js").then(({ Previews }) => new Previews(() => screen.lists.groups.refresh()));
  previews.then(
    (loaded) => loaded.want(seen, !intake.busy),
    // It is tried again with the next drawing.
    () => (previews = undefined),
  );
}

// ---- buttons ----

function start() {
  trouble("");
  remember();
  queue.start();
  screen.drawNow();
  $("pause").focus();
}

$("start").addEventListener("click", start);
$("pause").addEventListener("click", () => {
  trouble("");
  if (queue.paused) queue.resume();
  else queue.pause();
});
$("retry").addEventListener("click", () => {
  queue.turn(["failed"], "waiting");
  start();
});
$("skip").addEventListener("click", () => {
  trouble("");
  if (queue.started) {
    queue.turn(["waiting", "failed"], "skipped");
    return closing.run();
  }
  queue.turn(["failed"], "skipped");
  if (queue.counts().pending === 0 && !intake.busy) over();
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
$("finalise").addEventListener("click", () => closing.run());
$("auto").addEventListener("change", () => screen.draw());
addEventListener("online", () => {
  queue.knock();
  closing.knock();
});
addEventListener("beforeunload", (event) => {
  if (queue.counts().pending > 0 || closing.running) event.preventDefault();
});

// ---- the end ----

/** Nothing will succeed any more. */
function stopped({ message, gone }) {
  trouble(message);
  if (!gone) return;
  trouble(`${message} Another upload begins when you go on.`);
  session.forget();
  groups.store(null);
  $("resume").hidden = true;
  screen.drawGroups();
  // What another tab finalised will be found, what has expired is sent again.
  queue.anew();
}

/** Nothing is left to be sent. */
function over() {
  const { done, failed } = queue.counts();
  // A session with nothing in it would stay open for a day, and open ones are counted.
  if (done === 0 && session.there.size === 0) session.abandon().catch(() => {});
  else if ($("auto").checked && failed === 0) closing.run();
}

function cancel() {
  forget();
  trouble("");
  session.abandon().catch((error) => trouble(`The upload could not be deleted on the server: ${error.message} It expires by itself.`));
  screen.drawNow();
  $("pick-folder").focus();
}

function forget() {
  queue.cancel();
  intake.forget();
  groups.clear();
  folders = [];
  handles.forget().catch(() => {});
  $("resume").hidden = true;
  screen.drawGroups();
}

function show({ token, jobs, rejected }) {
  const { earlier } = queue.counts();
  session.forget();
  forget();
  $("result").hidden = false;
  $("result-text").textContent = `Queued: ${count(jobs.length, "job")}. ${earlier ? `Left out: ${count(earlier, "frame")} uploaded before. ` : ""}You can close this page.`;
  $("result-rejected").replaceChildren(...rejected.map(({ filename, reason }) => make("li", "", `${filename} is in no stack: ${reason}`)));
  $("result-link").href = `/status.php?session=${encodeURIComponent(token)}`;
  screen.drawNow();
  $("result-link").focus();
}
