// Files on their way: some at once, again after a failure, with pause and cancel. It knows neither the page nor the network.

/** A failure with what to do about it. */
export class Failure extends Error {
  /**
   * @param {string} message One sentence for people.
   * @param {{again?: boolean, after?: number, stop?: boolean}} [how] `again`: the same may succeed; `after`: seconds the server
   *   asks to wait; `stop`: no other file will succeed either.
   */
  constructor(message, { again = false, after = 0, stop = false } = {}) {
    super(message);
    Object.assign(this, { again, after, stop });
  }
}

/** Seconds before try number `tries + 1`: 1, 2, 4, 8, ..., at most 60, a little more by chance; never less than asked. */
export function delay(tries, asked = 0, chance = Math.random()) {
  return Math.max(asked, Math.min(60, 2 ** (tries - 1)) * (1 + 0.25 * chance));
}

const sleep = (seconds, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });

/**
 * States of an item: `waiting`, `sending`, `done`, `failed`, `skipped`, `rejected`.
 */
export class Queue {
  /**
   * @param {object} wiring
   * @param {(item: object, tools: {signal: AbortSignal, progress: (sent: number) => void}) => Promise<void>} wiring.send
   * @param {(item: object|null) => void} [wiring.changed] Called with the item that has changed, or null for many.
   * @param {(message: string) => void} [wiring.stopped] Called when nothing will succeed any more for the reason given.
   */
  constructor({ send, changed = () => {}, stopped = () => {}, parallel = 4, tries = 5, wait = sleep }) {
    Object.assign(this, { send, changed, stopped, parallel, tries, wait });
    this.items = [];
    this.running = 0;
    this.next = 0;
    this.paused = false;
    this.abort = new AbortController();
  }

  /** Adds items that have a name, a size, and a state if it is not `waiting`. */
  add(items) {
    for (const item of items) {
      this.items.push(Object.assign(item, { state: item.state ?? "waiting", sent: 0, tries: 0, note: item.note ?? "" }));
    }
    this.changed(null);
    this.pump();
  }

  /** How many items are in which state, and their bytes. */
  counts() {
    const counts = { waiting: 0, sending: 0, done: 0, failed: 0, skipped: 0, rejected: 0, bytes: 0, sent: 0 };
    for (const item of this.items) {
      counts[item.state] += 1;
      if (item.state === "rejected" || item.state === "skipped") continue;
      counts.bytes += item.size;
      counts.sent += item.state === "done" ? item.size : item.sent;
    }
    return { ...counts, pending: counts.waiting + counts.sending };
  }

  /** Starts no more; what is on its way arrives. */
  pause() {
    this.paused = true;
    this.changed(null);
  }

  resume() {
    this.paused = false;
    this.changed(null);
    this.pump();
  }

  /** Breaks off all that is on its way and forgets all items. */
  cancel() {
    this.abort.abort();
    this.abort = new AbortController();
    this.items = [];
    this.next = 0;
    this.paused = false;
    this.changed(null);
  }

  /** Puts the failed ones in line again. */
  retryFailed() {
    this.#failedTo("waiting");
    this.next = 0;
    this.resume();
  }

  /** Goes on without the failed ones. */
  skipFailed() {
    this.#failedTo("skipped");
    this.changed(null);
  }

  #failedTo(state) {
    for (const item of this.items.filter((item) => item.state === "failed")) {
      Object.assign(item, { state, tries: 0, sent: 0 });
    }
  }

  /** Starts as many as may run. */
  pump() {
    while (!this.paused && this.running < this.parallel) {
      while (this.next < this.items.length && this.items[this.next].state !== "waiting") this.next += 1;
      const item = this.items[this.next];
      if (!item) return;
      this.next += 1;
      item.state = "sending";
      this.running += 1;
      this.#run(item, this.abort.signal).finally(() => {
        this.running -= 1;
        this.pump();
      });
    }
  }

  async #run(item, signal) {
    const progress = (sent) => {
      item.sent = Math.min(sent, item.size);
      this.changed(item);
    };
    for (;;) {
      this.changed(item);
      try {
        await this.send(item, { signal, progress });
        if (signal.aborted) return;
        Object.assign(item, { state: "done", sent: item.size, note: "" });
        return this.changed(item);
      } catch (error) {
        if (signal.aborted) return;
        const failure = error instanceof Failure ? error : new Failure(String(error?.message ?? error));
        item.tries += 1;
        item.sent = 0;
        item.note = failure.message;
        if (failure.stop) {
          // It is not the file's fault: it waits where it was.
          item.state = "waiting";
          item.tries = 0;
          this.next = Math.min(this.next, this.items.indexOf(item));
          this.pause();
          return this.stopped(failure.message);
        }
        if (!failure.again || item.tries >= this.tries) {
          item.state = "failed";
          return this.changed(item);
        }
        this.changed(item);
        await this.wait(delay(item.tries, failure.after), signal);
        if (signal.aborted) return;
      }
    }
  }
}
