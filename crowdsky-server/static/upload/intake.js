// Files in: each batch that is found goes to the worker that reads headers, and what it says goes into the queue.

import { isFits } from "../common/folders.js";

export class Intake {
  /**
   * @param {object} wiring
   * @param {number} wiring.maxBytes Bytes of a file.
   * @param {number} wiring.maxFiles Files of a session.
   * @param {number} wiring.maxHeaderBlocks Blocks of 2880 bytes in a header.
   * @param {(items: object[]) => void} wiring.add Takes items that are refused, or are in a chunk.
   * @param {(chunks: object[]) => void} wiring.chunks Takes the chunks that the frames make; their `members` are items.
   * @param {() => void} wiring.changed
   * @param {(why: string) => void} wiring.broken Called when no more headers can be read here.
   */
  constructor(wiring) {
    Object.assign(this, wiring, { run: 0 });
    this.#reset();
    this.#begin();
  }

  #begin() {
    this.worker = new Worker("/static/upload/check_worker.js", { type: "module" });
    this.worker.onmessage = ({ data }) => this.#told(data);
    this.worker.onerror = (event) => this.#end(event.message || "the browser runs no module workers");
  }

  #end(why) {
    this.worker.terminate();
    this.broken(why);
  }

  #ask(ids, taken) {
    const files = ids.map((id) => ({ id, file: this.items[id].file }));
    this.worker.postMessage({ run: this.run, files, taken, headerBlocks: this.maxHeaderBlocks });
  }

  #reset() {
    /** Items by number. */
    this.items = [];
    this.known = new Set();
    /** What it told of those that the server would take, in its order. */
    this.taken = [];
    Object.assign(this, { walks: 0, found: 0, checked: 0, grouped: 0, others: 0 });
  }

  /** Forgets all; what the worker still says is not heard. */
  forget() {
    this.run += 1;
    this.#reset();
  }

  /** Whether files are still looked for, checked or grouped. */
  get busy() {
    return this.walks > 0 || this.checked < this.found || this.grouped < this.taken.length;
  }

  /** Takes batches as `common/folders.js` gives them. */
  async take(batches) {
    const { run } = this;
    this.walks += 1;
    this.changed();
    try {
      for await (const batch of batches) {
        if (run !== this.run) return;
        this.#batch(batch);
      }
    } finally {
      if (run === this.run) this.walks -= 1;
      this.changed();
    }
  }

  #batch({ files, others, unread }) {
    this.others += others;
    const refused = unread.map(({ path, reason }) => ({ path, name: path, size: 0, state: "rejected", note: reason }));
    const sent = [];
    for (const { file, path } of files) {
      // The same folder, dropped twice.
      const mark = `${path}|${file.size}|${file.lastModified}`;
      if (this.known.has(mark) || !isFits(file.name)) continue;
      this.known.add(mark);
      const item = { path, name: file.name, size: file.size, file };
      const note = this.#tooMuch(item);
      if (note) {
        refused.push(Object.assign(item, { state: "rejected", note }));
        continue;
      }
      sent.push(this.items.push(item) - 1);
    }
    this.found += sent.length;
    if (sent.length) this.#ask(sent);
    if (refused.length) this.add(refused);
    this.changed();
  }

  #tooMuch({ size }) {
    if (size > this.maxBytes) return `The file has more than ${Math.floor(this.maxBytes / 1e6)} MB.`;
    // Without those that are refused. What is on the server may be among them: it says itself when it is full.
    if (this.items.length - this.checked + this.taken.length >= this.maxFiles) return `An upload takes ${this.maxFiles} files. Finalise this one and begin another.`;
    return null;
  }

  #told({ run, checked, ended, groups, leftOut, of, broken }) {
    if (broken) return this.#end(broken);
    if (run === this.run) {
      if (checked) this.#checked(checked);
      else this.#grouped(groups, leftOut, of);
    }
    if (ended) this.#goOn();
    this.changed();
  }

  /** With another worker; see `common/trap.js`. */
  #goOn() {
    this.worker.terminate();
    this.#begin();
    this.#ask([...this.items.keys()].filter((id) => !this.items[id].checked), this.taken);
  }

  #checked(checked) {
    this.checked += checked.length;
    const refused = [];
    for (const one of checked) {
      const item = this.items[one.id];
      item.checked = true;
      if (one.refused === null) this.taken.push(one);
      else refused.push(Object.assign(item, { state: "rejected", note: one.refused }));
    }
    if (refused.length) this.add(refused);
  }

  #grouped(groups, leftOut, of) {
    const fresh = this.taken.slice(this.grouped, of).map(({ id }) => this.items[id]);
    for (const { id, reason } of leftOut) Object.assign(this.items[id], { state: "rejected", note: reason });
    this.chunks(groups.map((chunk) => ({ ...chunk, members: chunk.members.map((id) => this.items[id]) })));
    // Only now: what belongs to a chunk that was unticked is not sent. Until then there is more to come.
    this.add(fresh);
    this.grouped = of;
  }
}
