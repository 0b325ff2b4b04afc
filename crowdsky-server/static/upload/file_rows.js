// Rows of files: one with its progress, and one with the reason why it is not sent.

import { make, write } from "../common/dom.js";
import { bytes } from "../common/words.js";

const WORDS = { waiting: "waiting", sending: "sending", done: "done", failed: "failed", skipped: "left out", rejected: "not accepted" };

/** Name, size, progress and state. */
export function fileRow({ item }) {
  const element = make("div", "file");
  const name = make("span", "file-name", item.path);
  name.title = item.path;
  const progress = Object.assign(make("progress", "file-progress"), { max: 1 });
  progress.setAttribute("aria-label", item.path);
  const state = make("span", "file-state");
  element.append(name, make("span", "file-size", bytes(item.size)), progress, state);
  const update = () => {
    element.dataset.state = item.state;
    const text = item.note ? `${WORDS[item.state]}: ${item.note}` : WORDS[item.state];
    if (state.textContent !== text) state.title = state.textContent = text;
    progress.value = item.state === "done" ? 1 : item.sent / Math.max(1, item.size);
    progress.hidden = ["failed", "rejected", "skipped"].includes(item.state);
  };
  return { element, update };
}

/** Name and reason. */
export function reasonRow({ item }) {
  const element = make("div", "reason");
  const name = make("span", "file-name", item.path);
  name.title = item.path;
  const why = make("span", "file-why", item.note);
  element.append(name, why);
  return { element, update: () => write(why, item.note) };
}
