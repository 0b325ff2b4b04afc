// A list of files in a box that scrolls. Beyond 200 rows only those that are seen are made.

import { bytes } from "./groups.js";

const ROW = 44;
const ALL = 200;
const WORDS = { waiting: "waiting", sending: "sending", done: "done", failed: "failed", skipped: "left out", rejected: "not accepted" };

export class FileList {
  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    this.inner = document.createElement("div");
    this.inner.className = "files-inner";
    box.replaceChildren(this.inner);
    this.items = [];
    this.rows = new Map();
    box.addEventListener("scroll", () => this.#later());
    new ResizeObserver(() => this.#later()).observe(box);
  }

  /** Shows these items; called again when they have changed. */
  show(items) {
    this.items = items;
    this.#later();
  }

  #later() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.#draw();
    });
  }

  #draw() {
    const { length } = this.items;
    this.inner.style.height = `${length * ROW}px`;
    const few = length <= ALL;
    const first = few ? 0 : Math.max(0, Math.floor(this.box.scrollTop / ROW) - 5);
    const last = few ? length : Math.min(length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW) + 5);
    const seen = new Set(this.items.slice(first, last));
    for (const [item, row] of this.rows) {
      if (seen.has(item)) continue;
      row.element.remove();
      this.rows.delete(item);
    }
    for (let at = first; at < last; at += 1) {
      const item = this.items[at];
      const row = this.rows.get(item) ?? this.#row(item);
      row.element.style.top = `${at * ROW}px`;
      row.element.dataset.state = item.state;
      row.state.textContent = item.note ? `${WORDS[item.state]}: ${item.note}` : WORDS[item.state];
      row.state.title = item.note;
      row.progress.value = item.state === "done" ? 1 : item.sent / Math.max(1, item.size);
      row.progress.hidden = item.state === "rejected" || item.state === "skipped";
    }
  }

  #row(item) {
    const make = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });
    const element = make("div", "file");
    element.setAttribute("role", "listitem");
    const name = make("span", "file-name", item.path);
    name.title = item.path;
    const progress = Object.assign(make("progress", "file-progress"), { max: 1 });
    progress.setAttribute("aria-label", item.path);
    const state = make("span", "file-state");
    element.append(name, make("span", "file-size", bytes(item.size)), progress, state);
    this.inner.append(element);
    const row = { element, progress, state };
    this.rows.set(item, row);
    return row;
  }
}
