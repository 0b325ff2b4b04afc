// A list in a box that scrolls. Only the rows that are seen are made, so a list may have thousands. It has one stop for the Tab key;
// within it the arrow keys lead on.

/** Rows made above and below what is seen. */
const SPARE = 4;

/** Where each row begins, px; after the last one, the height of all. */
export function tops(rows, height) {
  const at = new Float64Array(rows.length + 1);
  for (let i = 0; i < rows.length; i += 1) at[i + 1] = at[i] + height(rows[i].kind);
  return at;
}

/** The row at a height; the nearest one outside. */
export function rowAt(tops, y) {
  let [low, high] = [0, tops.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tops[middle] <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The first row to be made, and the one after the last. */
export function seen(tops, top, height, spare = SPARE) {
  const rows = tops.length - 1;
  if (rows === 0 || height <= 0) return [0, 0];
  return [Math.max(0, rowAt(tops, top) - spare), Math.min(rows, rowAt(tops, top + height) + 1 + spare)];
}

/** Where a key leads from row `at`; null if it is none of the list's keys. */
export function step(key, at, rows, page) {
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: rows - 1 }[key];
  return to === undefined ? null : Math.max(0, Math.min(rows - 1, to));
}

export class VirtualList {
  /**
   * @param {HTMLElement} box Its style has `--row-KIND`, the height of each kind of row.
   * @param {(row: object) => {element: HTMLElement, focus?: HTMLElement, update?: (row: object) => void}} make Makes a row; `focus` is
   *   what takes the focus, if it is not the row.
   * @param {(rows: object[]) => void} [drawn] Called with the rows that are seen.
   */
  constructor(box, make, drawn = () => {}) {
    Object.assign(this, { box, make, drawn, rows: [], made: new Map(), active: null });
    this.inner = document.createElement("div");
    this.inner.className = "list-inner";
    this.inner.setAttribute("role", "list");
    this.inner.setAttribute("aria-label", box.dataset.label);
    box.replaceChildren(this.inner);
    box.addEventListener("scroll", () => this.#later(), { passive: true });
    box.addEventListener("focusin", (event) => this.#focused(event.target));
    box.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => {
      this.heights = new Map();
      this.show(this.rows);
    }).observe(box);
    this.heights = new Map();
  }

  /** Shows these rows: `{key, kind}` and whatever `make` wants. Called again when there are others. */
  show(rows) {
    this.rows = rows;
    this.tops = null;
    this.#later();
  }

  /** Draws the rows again that are seen. */
  refresh() {
    this.#later();
  }

  #later() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      if (this.box.offsetParent) this.#draw();
    });
  }

  #height(kind) {
    if (!this.heights.has(kind)) this.heights.set(kind, parseFloat(getComputedStyle(this.box).getPropertyValue(`--row-${kind}`)));
    return this.heights.get(kind);
  }

  #place() {
    this.tops = tops(this.rows, (kind) => this.#height(kind));
    this.places = new Map(this.rows.map(({ key }, at) => [key, at]));
    this.inner.style.height = `${this.tops.at(-1)}px`;
    // A list without its one stop could not be reached by the Tab key.
    if (!this.places.has(this.active)) this.active = this.rows[0]?.key ?? null;
  }

  #draw() {
    if (!this.tops) this.#place();
    const [first, last] = seen(this.tops, this.box.scrollTop, this.box.clientHeight);
    const wanted = new Set(this.rows.slice(first, last));
    const shown = [...wanted];
    // It stays alive when it is scrolled out of sight: the focus would be lost with it.
    if (this.rows.length) wanted.add(this.rows[this.places.get(this.active)]);
    const keys = new Set([...wanted].map(({ key }) => key));
    for (const [key, { element }] of this.made) {
      if (keys.has(key)) continue;
      element.remove();
      this.made.delete(key);
    }
    const held = this.inner.contains(document.activeElement) ? document.activeElement : null;
    let next = this.inner.firstChild;
    for (const at of [...keys].map((key) => this.places.get(key)).sort((a, b) => a - b)) {
      const { element } = this.#row(at);
      if (element === next) next = next.nextSibling;
      else this.inner.insertBefore(element, next);
    }
    if (held && document.activeElement !== held) held.focus({ preventScroll: true });
    this.drawn(shown);
  }

  #row(at) {
    const row = this.rows[at];
    let made = this.made.get(row.key);
    if (!made) {
      made = this.make(row);
      made.element.classList.add("row", row.kind);
      made.element.setAttribute("role", "listitem");
      made.focus ??= made.element;
      made.element.row = row.key;
      this.made.set(row.key, made);
    }
    made.element.style.top = `${this.tops[at]}px`;
    made.element.setAttribute("aria-setsize", this.rows.length);
    made.element.setAttribute("aria-posinset", at + 1);
    made.focus.tabIndex = row.key === this.active ? 0 : -1;
    made.update?.(row);
    return made;
  }

  #focused(target) {
    const element = target.closest(".row");
    if (!element || element.row === this.active) return;
    const before = this.made.get(this.active);
    if (before) before.focus.tabIndex = -1;
    this.active = element.row;
    this.made.get(this.active).focus.tabIndex = 0;
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || this.rows.length === 0) return;
    if (!this.tops) this.#place();
    const at = this.places.get(this.active);
    const page = Math.max(1, rowAt(this.tops, this.tops[at] + this.box.clientHeight) - at - 1);
    const to = step(event.key, at, this.rows.length, page);
    if (to === null) return;
    event.preventDefault();
    this.active = this.rows[to].key;
    const { box, tops } = this;
    if (tops[to] < box.scrollTop) box.scrollTop = tops[to];
    else if (tops[to + 1] > box.scrollTop + box.clientHeight) box.scrollTop = tops[to + 1] - box.clientHeight;
    this.#draw();
    this.made.get(this.active).focus.focus({ preventScroll: true });
  }
}
