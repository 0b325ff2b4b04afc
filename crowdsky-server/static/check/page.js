// "Check my FITS": files in, a verdict on each, and the report on the one that is looked at. Nothing is sent anywhere.

import { HeaderReader } from "./header_reader.js";
import { FileChoice } from "./list.js";
import { Picture } from "./picture.js";
import { ReportView } from "./report.js";
import { count } from "./facts.js";
import { droppedFiles, isFits, pickedFiles } from "../common/folders.js";
import { judge, unjudged } from "./verdict.js";

const $ = (name) => document.getElementById(`check-${name}`);

// One goes through all files, the other waits for the one that is looked at.
const [crowd, looker] = [new HeaderReader(checked, unstarted), new HeaderReader(looked, unstarted)];
const headerBlocks = Number(document.getElementById("checker").dataset.maxHeaderBlocks);
const byName = new Intl.Collator("en", { numeric: true });
const files = [];
const counts = { good: 0, warnings: 0, refused: 0 };
let passed = 0;
/** The first of what came last: it is looked at as soon as it is checked. */
let first = null;
const view = new ReportView();
const picture = new Picture();
// It is checked anew: keeping the reports of thousands would fill the memory.
const choice = new FileChoice((item) => looker.ask({ id: item.id, file: item.file, headerBlocks }));

/** In folders only FITS is looked at; a file that was named itself always is. */
const wanted = (path) => !path.includes("/") || isFits(path);

/** Takes what a hand has given, in the order of its names. */
async function take(batches) {
  const found = [];
  let others = 0;
  for await (const batch of batches) {
    found.push(...batch.files);
    others += batch.others;
    for (const { path, reason } of batch.unread) trouble(`${path}: ${reason} Choose its files instead.`);
  }
  found.sort((a, b) => byName.compare(a.path, b.path));
  first = files.length;
  passed += others;
  for (const { file, path } of found) {
    const item = { id: files.length, file, path, verdict: null, reason: "" };
    files.push(item);
    crowd.ask({ id: item.id, file, headerBlocks });
  }
  $("results").hidden = files.length === 0;
  choice.set(files);
  if (found.length + others > 0) tell();
}

function tell() {
  choice.tell(counts);
  const checked = counts.good + counts.warnings + counts.refused;
  const words = { good: "good", warnings: "good with findings", refused: "cannot be stacked" };
  const parts = Object.keys(words).filter((verdict) => counts[verdict] > 0).map((verdict) => `${count(counts[verdict])} ${words[verdict]}`);
  const done = `${count(checked)} ${checked === 1 ? "file" : "files"} checked: ${parts.join(", ")}.`;
  const others = ` ${count(passed)} other ${passed === 1 ? "file was" : "files were"} passed over: only .fit and .fits are looked at in folders.`;
  const now = checked < files.length ? `Checking ${count(files.length)} files …` : done;
  $("status").textContent = (files.length > 0 ? now : "There is no FITS file in it.") + (passed > 0 ? others : "");
}

function checked({ id, report, ...why }) {
  const item = files[id];
  Object.assign(item, report ? judge(report) : unjudged(why));
  counts[item.verdict] += 1;
  choice.changed(item);
  tell();
  if (id === first) choice.choose(item);
}

function looked({ id, report, ...why }) {
  const item = files[id];
  if (choice.chosen !== item) return;
  // It may have been there when it was checked with the others, and be gone now.
  view.show(report ? item : { ...item, ...unjudged(why) }, report);
  picture.show(item, report);
}

function trouble(sentence) {
  $("trouble").textContent = sentence;
  $("trouble").hidden = false;
}

function unstarted(why) {
  trouble(`The check could not be started: ${why}. Load the page again; it needs a browser that runs WebAssembly in workers, as all do since 2023.`);
}

// A file that misses the frame would replace the page.
addEventListener("dragover", (event) => {
  event.preventDefault();
  $("drop").classList.add("over");
});
addEventListener("dragleave", (event) => event.relatedTarget === null && $("drop").classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  take(droppedFiles(event.dataTransfer, wanted)).catch((error) => trouble(`The folder could not be read: ${error.message}. Choose its files instead.`));
});
for (const name of ["files", "folder"]) {
  $(name).addEventListener("change", () => {
    take([...pickedFiles($(name), wanted)]);
    $(name).value = "";
  });
}
document.getElementById("checker").hidden = false;
