// Pictures and quality of the chunks that are seen, one chunk after the other.

import { write } from "../common/dom.js";
import { count, minute } from "../common/words.js";
import { Quality, sample } from "./quality.js";

/** Longest side of a picture, px. */
const LONGEST = 144;
/** Pictures kept, 50 kB each; those seen longest ago are made again when they are seen again. */
const KEPT = 300;
/** Milliseconds between two chunks: the page and the sending of files come first. */
const REST = 30;

/** What some frames of a chunk, so many at that time, look like. */
class Look {
  constructor(of, { preview, quality, failed }) {
    Object.assign(this, { of, preview, quality, failed });
  }

  /** Draws it into the row of its chunk. */
  draw({ members, object, slot }, target, { picture, bar, words }) {
    const { preview, quality, failed } = this;
    if (picture.look === this && !quality) return;
    if (picture.look !== this) {
      picture.look = this;
      picture.setAttribute("aria-label", preview ? `Frame of ${object ?? "no name"}, ${minute(slot)}` : "No picture");
      picture.classList.toggle("empty", !preview);
      if (preview) {
        const { width, height, rgba } = preview;
        Object.assign(picture, { width, height });
        picture.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(rgba.buffer), width, height), 0, 0);
      }
    }
    bar.hidden = !quality;
    if (!quality) return write(words, `No picture: ${failed}`);
    // Of the chunks that have been looked at so far.
    const best = Math.max(...target.chunks.map((group) => group.look?.quality?.stars ?? 0));
    bar.value = quality.score(best);
    const of = members.length > quality.frames ? ` (${count(quality.frames, "frame")} measured)` : "";
    write(words, `${quality.words(bar.value)}${of}${preview ? "" : `; no picture: ${failed}`}`);
  }
}

export class Previews {
  /** @param {() => void} changed Called when a chunk has got its `look`. */
  constructor(changed) {
    Object.assign(this, { changed, wanted: [], kept: [], busy: false, number: 0 });
  }

  /**
   * These chunks are seen now; those that were and have no picture yet are not wanted any more.
   * @param {boolean} settled Whether no more frames come. Until then a chunk that has grown keeps what was measured.
   */
  want(groups, settled) {
    Object.assign(this, { wanted: groups, settled });
    this.#next();
  }

  async #next() {
    if (this.busy) return;
    const grown = ({ look, members }) => this.settled && look.of !== members.length;
    const group = this.wanted.find(({ look }) => !look) ?? this.wanted.find(grown);
    if (!group) return;
    this.busy = true;
    const of = group.members.length;
    group.look = new Look(of, await this.#ask(group).catch((error) => ({ failed: error.message })));
    this.kept = [...this.kept.filter((other) => other !== group), group];
    if (this.kept.length > KEPT) this.kept.shift().look = null;
    this.changed();
    setTimeout(() => {
      this.busy = false;
      this.#next();
    }, REST);
  }

  async #ask(group) {
    const files = sample(group.members).map(({ file }) => file);
    const number = (this.number += 1);
    const worker = (this.worker ??= new Worker("/static/upload/pixels_worker.js", { type: "module" }));
    const { preview, measured, failed } = await new Promise((resolve, reject) => {
      const end = () => {
        this.worker = undefined;
        worker.terminate();
      };
      worker.onmessage = ({ data }) => {
        if (data.number !== number) return;
        if (data.ended) end();
        resolve(data);
      };
      worker.onerror = (event) => {
        end();
        reject(new Error(event.message || "the module for pictures cannot be loaded"));
      };
      worker.postMessage({ number, files, longest: LONGEST });
    });
    return { preview, quality: measured.length ? new Quality(measured) : null, failed: failed[0] };
  }
}
