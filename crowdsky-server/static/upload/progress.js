// How fast it goes, and how long it will last.

import { timeLeft } from "../common/words.js";

/** Seconds over which the speed is smoothed, and how long it is measured before anything is said of it. */
const SMOOTH = 15;
const FIRST = 4;

export class Pace {
  constructor() {
    this.reset();
  }

  /** After a pause the old speed says nothing. */
  reset() {
    Object.assign(this, { begin: null, at: 0, settled: 0, moved: 0, settledRate: 0, movedRate: 0, weight: 0 });
  }

  /**
   * @param {number} at Seconds.
   * @param {number} settled Bytes of which nothing is left to do: arrived, or there before.
   * @param {number} moved Bytes that went over the line.
   */
  tick(at, settled, moved) {
    if (this.begin === null) {
      Object.assign(this, { begin: at, at, settled, moved });
      return;
    }
    const seconds = at - this.at;
    if (seconds < 0.5) return;
    const keep = Math.exp(-seconds / SMOOTH);
    // Averages that begin with nothing are too low by the weight they lack.
    this.weight = this.weight * keep + 1 - keep;
    this.settledRate = this.settledRate * keep + (1 - keep) * Math.max(0, (settled - this.settled) / seconds);
    this.movedRate = this.movedRate * keep + (1 - keep) * Math.max(0, (moved - this.moved) / seconds);
    Object.assign(this, { at, settled, moved });
  }

  /** Bytes per second over the line. */
  get speed() {
    return this.weight ? this.movedRate / this.weight : 0;
  }

  /** Seconds for so many bytes; null while nobody knows. */
  left(bytes) {
    if (this.begin === null || this.at - this.begin < FIRST || this.settledRate <= 0) return null;
    return (bytes * this.weight) / this.settledRate;
  }

  /** `12.1 MB/s, about 3 minutes left`, as far as it is known. */
  words(bytes) {
    const words = [];
    if (this.speed >= 5e4) words.push(`${(this.speed / 1e6).toFixed(1)} MB/s`);
    const left = this.left(bytes);
    if (left !== null && bytes > 0) words.push(timeLeft(left));
    return words;
  }
}
