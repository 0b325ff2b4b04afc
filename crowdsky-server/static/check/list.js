// The list of files, of which one is looked at: a list box with arrow keys, and filters by verdict.

import { count } from "./facts.js";
import { VERDICTS } from "./verdict.js";

const $ = (name) => document.getElementById(`check-${name}`);

/** Files that are listed at first, and with each press of the button. */
const SOME = 200;
const KEYS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

export class FileChoice {
  /** @param {(item: object) => void} chose Called with the file that is to be shown. */
  constructor(chose) {
    Object.assign(this, { chose, chosen: null, items: [], filter: null, limit: SOME, rows: new Map() });
    this.filters = [null, ...Object.keys(VERDICTS)].map((filter) => {
      const button = document.createElement("button");
      button.addEventListener("click", () => this.only(filter));
      return { filter, button };
    });
    $("filters").append(...this.filters.map(({ button }) => button));
    $("list").addEventListener("keydown", (event) => this.key(event));
    $("more").firstChild.addEventListener("click", () => {
      this.limit += SOME;
      this.fill();
    });
  }

  /** @param {object[]} items All there are, the new ones last. */
  set(items) {
    this.items = items;
    this.fill();
  }

  /** A verdict has come. */
  changed(item) {
    const row = this.rows.get(item);
    if (row) this.write(row, item);
    else if (this.rows.size < this.limit && this.listed(item)) this.fill();
  }

  /** How many there are of each. */
  tell(counts) {
    for (const { filter, button } of this.filters) {
      const n = filter === null ? this.items.length : counts[filter];
      button.textContent = `${filter === null ? "All" : VERDICTS[filter]} ${count(n)}`;
      button.hidden = filter !== null && n === 0;
      button.setAttribute("aria-pressed", String(this.filter === filter));
    }
  }

  only(filter) {
    Object.assign(this, { filter, limit: SOME });
    for (const one of this.filters) one.button.setAttribute("aria-pressed", String(one.filter === filter));
    this.fill();
  }

  listed(item) {
    return this.filter === null || item.verdict === this.filter;
  }

  /** Makes the rows that are not there yet; those that are stay as they are. */
  fill() {
    const items = this.items.filter((item) => this.listed(item));
    const rows = new Map();
    for (const item of items.slice(0, this.limit)) rows.set(item, this.rows.get(item) ?? this.row(item));
    this.rows = rows;
    $("list").replaceChildren(...rows.values());
    $("more").hidden = items.length <= this.limit;
    this.mark();
  }

  row(item) {
    const row = document.createElement("div");
    row.setAttribute("role", "option");
    row.className = "check-file";
    row.addEventListener("click", () => this.choose(item));
    this.write(row, item);
    return row;
  }

  write(row, item) {
    const line = (kind, text) => Object.assign(document.createElement("span"), { className: kind, textContent: text });
    const badge = line(`badge verdict-${item.verdict}`, VERDICTS[item.verdict] ?? "Waiting");
    row.title = item.path;
    row.replaceChildren(line("check-path", item.path), badge, ...(item.verdict === "refused" ? [line("check-reason", item.reason)] : []));
  }

  choose(item) {
    this.chosen = item;
    this.mark();
    this.chose(item);
  }

  /** One row can be reached with the Tab key: that of the chosen file, or the first. */
  mark() {
    const way = this.rows.has(this.chosen) ? this.chosen : this.rows.keys().next().value;
    for (const [item, row] of this.rows) {
      row.setAttribute("aria-selected", String(item === this.chosen));
      row.tabIndex = item === way ? 0 : -1;
    }
  }

  key(event) {
    const items = [...this.rows.keys()];
    const here = items.findIndex((item) => this.rows.get(item) === document.activeElement);
    if (here < 0) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      return this.choose(items[here]);
    }
    if (!(event.key in KEYS)) return;
    event.preventDefault();
    const next = items[Math.min(Math.max(here + KEYS[event.key], 0), items.length - 1)];
    this.choose(next);
    this.rows.get(next).focus();
  }
}
