// The end of an upload: Finalise, again and again while the server is away.

import { pause, sleep } from "./queue.js";

export class Closing {
  /**
   * @param {object} wiring
   * @param {() => Promise<object>} wiring.finalise
   * @param {(result: object) => void} wiring.finished
   * @param {(error: Error) => void} wiring.failed
   * @param {() => void} wiring.changed
   */
  constructor(wiring) {
    Object.assign(this, wiring, { running: false, done: false, again: 0, wake: null });
  }

  /** Whether it waits for a server that is away. */
  get away() {
    return this.wake !== null;
  }

  /** The line may be back. */
  knock() {
    this.wake?.abort();
  }

  async run() {
    if (this.running) return;
    this.running = true;
    for (let tries = 0; this.running; tries += 1) {
      this.changed();
      try {
        const result = await this.finalise();
        this.done = true;
        this.running = false;
        this.finished(result);
      } catch (error) {
        if (error.away) await this.#wait(pause(tries, error.after), error);
        else {
          this.running = false;
          this.failed(error);
        }
      }
    }
    this.changed();
  }

  async #wait(seconds, { message, busy }) {
    Object.assign(this, { message, busy, again: Date.now() + seconds * 1000, wake: new AbortController() });
    this.changed();
    await sleep(seconds, this.wake.signal);
    this.wake = null;
  }
}
