// What will be stacked: the chunks that the frames make, each with a tick, sorted under their targets.

import { slotOf } from "../common/words.js";

/** With fewer frames there is no stack. */
const LEAST = 2;
const order = new Intl.Collator("en", { numeric: true });
const NOTE = "unticked";

export class Groups {
  /** @param {{put: (items: object[], state: string, note?: string) => void}} queue Where unticked frames are taken out. */
  constructor(queue) {
    this.queue = queue;
    this.clear();
  }

  clear() {
    /** What the server has of an upload that goes on, see `stored.js`; rows of what is only there. */
    Object.assign(this, { chunks: [], targets: [], stored: null, others: [] });
  }

  /** @param {object|null} stored */
  store(stored) {
    for (const group of this.chunks) group.had = 0;
    Object.assign(this, { stored, others: stored?.beside(this.chunks) ?? [] });
  }

  /**
   * Takes the chunks of all frames there are now. A chunk that was there before stays the same object, with its tick and its picture,
   * although its frames have become more. Of two that become one, what was unticked wins.
   * @param {object[]} chunks As `group` gives them, with items as members.
   */
  merge(chunks) {
    const kept = new Set();
    this.chunks = chunks.map((chunk) => {
      const old = chunk.members.find(({ group }) => group && !kept.has(group))?.group;
      const out = chunk.members.some(({ group }) => group?.out);
      const group = Object.assign(old ?? { look: null }, chunk, { out, slot: slotOf(chunk.chunk_key) });
      kept.add(group);
      return group;
    });
    for (const group of this.chunks) for (const item of group.members) item.group = group;
    const out = this.chunks.filter((group) => group.out);
    if (out.length) this.tick(out, false);
    this.#sort();
    this.store(this.stored);
  }

  #sort() {
    const targets = new Map();
    for (const group of this.chunks) {
      const key = JSON.stringify([group.object, group.filter]);
      if (!targets.has(key)) targets.set(key, { key, object: group.object, filter: group.filter, chunks: [] });
      targets.get(key).chunks.push(group);
    }
    const name = ({ object }) => object ?? "\uffff";
    this.targets = [...targets.values()].sort((a, b) => order.compare(name(a), name(b)) || order.compare(a.filter ?? "", b.filter ?? ""));
    for (const target of this.targets) {
      target.chunks.sort((a, b) => a.slot - b.slot);
      // Else panels of a mosaic would read the same.
      target.panels = new Set(target.chunks.map(({ slot, telescope, exptime_s }) => `${slot} ${telescope} ${exptime_s}`)).size < target.chunks.length;
      target.stacks = target.chunks.filter(({ members }) => members.length >= LEAST).length;
      target.telescopes = new Set(target.chunks.map(({ telescope }) => telescope)).size;
      target.frames = target.chunks.reduce((sum, group) => sum + group.members.length, 0);
      target.seconds = target.chunks.reduce((sum, group) => sum + group.total_exptime_s, 0);
    }
  }

  /** Ticks or unticks chunks. What is sent already stays on the server. */
  tick(groups, on) {
    for (const group of groups) group.out = !on;
    const items = groups.flatMap(({ members }) => members);
    // Those that have come just now have no state yet.
    const unsent = ({ state = "waiting" }) => state === "waiting" || state === "failed";
    if (on) this.queue.put(items.filter(({ state, note }) => state === "skipped" && note === NOTE), "waiting");
    else this.queue.put(items.filter(unsent), "skipped", NOTE);
  }

  /** Rows of a list: each target, and below it its chunks. */
  rows() {
    const here = this.targets.flatMap((target) => [
      { key: target.key, kind: "target", target },
      ...target.chunks.map((group) => ({ key: group, kind: "slot", group, target })),
    ]);
    return [...here, ...this.others];
  }

  /** How many stacks there will be, of what is on the server too. */
  get wanted() {
    const going = ({ members, had }) => Math.max(had, members.filter(({ state }) => state !== "skipped").length);
    return [...this.chunks.map(going), ...this.others.map(({ group }) => group.frames)].filter((n) => n >= LEAST).length;
  }
}
