// What will be stacked: the chunks that the frames make, each with a tick, sorted under their targets.

import { slotOf } from "../common/words.js";

const order = new Intl.Collator("en", { numeric: true });
const NOTE = "unticked";

export class Groups {
  /** @param {{put: (items: object[], state: string, note?: string) => void}} queue Where unticked frames are taken out. */
  constructor(queue) {
    this.queue = queue;
    this.clear();
  }

  clear() {
    this.chunks = [];
    this.targets = [];
  }

  /**
   * Takes the chunks of all frames there are now. A chunk that was there before stays the same object, with its tick and its picture,
   * although its frames have become more.
   * @param {object[]} chunks As `group` gives them, with items as members.
   */
  merge(chunks) {
    const kept = new Set();
    this.chunks = chunks.map((chunk) => {
      const old = chunk.members.find(({ group }) => group && !kept.has(group))?.group;
      const group = Object.assign(old ?? { out: false, look: null }, chunk, { slot: slotOf(chunk.chunk_key) });
      kept.add(group);
      return group;
    });
    for (const group of this.chunks) {
      for (const item of group.members) {
        if (item.group === group) continue;
        item.group = group;
        if (group.out) Object.assign(item, { state: "skipped", note: NOTE });
      }
    }
    this.#sort();
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
      target.telescopes = new Set(target.chunks.map(({ telescope }) => telescope)).size;
      target.frames = target.chunks.reduce((sum, group) => sum + group.members.length, 0);
      target.seconds = target.chunks.reduce((sum, group) => sum + group.total_exptime_s, 0);
    }
  }

  /** Ticks or unticks chunks. What is sent already stays on the server. */
  tick(groups, on) {
    for (const group of groups) group.out = !on;
    const items = groups.flatMap(({ members }) => members);
    const failed = ({ state }) => state === "waiting" || state === "failed";
    if (on) this.queue.put(items.filter(({ state, note }) => state === "skipped" && note === NOTE), "waiting");
    else this.queue.put(items.filter(failed), "skipped", NOTE);
  }

  /** Rows of a list: each target, and below it its chunks. */
  rows() {
    return this.targets.flatMap((target) => [
      { key: target.key, kind: "target", target },
      ...target.chunks.map((group) => ({ key: group, kind: "slot", group, target })),
    ]);
  }

  /** How many stacks there will be. */
  get wanted() {
    return this.chunks.filter(({ out }) => !out).length;
  }
}
