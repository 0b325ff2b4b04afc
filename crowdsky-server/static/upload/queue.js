// Files on their way: some at once, again after a failure, with pause and cancel. It knows neither the page nor the network.

/** A failure with what to do about it. */
export class Failure extends Error {
  /**
   * @param {string} message One sentence for people.
   * @param {object} [how] `again`: the same may succeed; `after`: seconds the server asks to wait; `stop`: no other file will succeed
   *   either; `gone`: because the session is over; `away`: the server cannot be reached, and it is no file's fault; `busy`: it answers,
   *   and asks to wait.
   */
  constructor(message, how) {
    super(message);
    Object.assign(this, { after: 0, ...how });
  }
}

/** Seconds before try number `tries + 1`: 1, 2, 4, 8, ..., at most 60, a little more by chance; never less than asked. */
export function delay(tries, asked = 0, chance = Math.random()) {
  return Math.max(asked, Math.min(60, 2 ** (tries - 1)) * (1 + 0.25 * chance));
}

/** Seconds before a server that is away is tried again, after so many vain tries: 1, 2, 4, 8, then every 10; never less than asked. */
export const pause = (tries, asked = 0) => Math.max(asked, tries < 4 ? 2 ** tries : 10);

/** Waits, or until the signal. */
export const sleep = (seconds, signal) =>
  new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, seconds * 1000);
    signal.addEventListener("abort", over);
  });

/**
 * States of an item: `waiting`, `sending`, `done`, `failed`, `skipped`, `rejected`. Nothing is sent before `start`.
 */
export class Queue {
  /**
   * @param {object} wiring
   * @param {(item: object, tools: {signal: AbortSignal, progress: (sent: number) => void}) => Promise<object|void>} wiring.send Sends
   *   an item; may answer with what is to be kept of it: another `state` than `done`, a `note`.
   * @param {(item: object|null) => void} [wiring.changed] Called with the item that has changed, or null for many.
   * @param {(failure: Failure) => void} [wiring.stopped] Called when nothing will succeed any more for the reason given.
   * @param {() => void} [wiring.ended] Called when nothing is left to be sent.
   * @param {() => boolean} [wiring.more] Whether items are still to come; then it has not ended.
   */
  constructor({ send, changed = () => {}, stopped = () => {}, ended = () => {}, more = () => false, parallel = 4, tries = 5, wait = sleep }) {
    Object.assign(this, { send, changed, stopped, ended, more, parallel, tries, wait });
    this.#reset();
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
    const counts = { waiting: 0, sending: 0, done: 0, failed: 0, skipped: 0, rejected: 0, earlier: 0, bytes: 0, sent: 0 };
    for (const item of this.items) {
      counts[item.state] += 1;
      if (item.state === "skipped" && item.earlier) counts.earlier += 1;
      if (item.state === "rejected" || item.state === "skipped") continue;
      counts.bytes += item.size;
      counts.sent += item.state === "done" ? item.size : item.sent;
    }
    return { ...counts, pending: counts.waiting + counts.sending };
  }

  start() {
    this.started = true;
    this.resume();
  }

  /** Starts no more; what is on its way arrives. */
  pause() {
    this.paused = true;
    this.changed(null);
  }

  resume() {
    this.paused = false;
    this.knock();
    this.changed(null);
    this.pump();
    this.#probe();
  }

  /** The line may be back: a server that is away is tried at once. */
  knock() {
    this.offline?.wake.abort();
  }

  /** Breaks off all that is on its way and forgets all items. */
  cancel() {
    this.abort?.abort();
    this.knock();
    this.#reset();
    this.changed(null);
  }

  #reset() {
    Object.assign(this, { abort: new AbortController(), items: [], next: 0, running: 0, started: false, paused: false, offline: null });
    /** Bytes that went over the line. */
    this.moved = 0;
  }

  /** Puts the items in another state, from the beginning; `waiting` ones are sent if sending has begun. */
  put(items, state, note = "") {
    for (const item of items) Object.assign(item, { state, note, tries: 0, sent: 0 });
    if (state === "waiting") this.next = 0;
    this.changed(null);
    this.pump();
    this.look();
  }

  /** Puts all that are in one of these states in another. */
  turn(from, to) {
    this.put(this.items.filter(({ state }) => from.includes(state)), to);
  }

  /** For another session: what is on its way waits again, and what has arrived, if its hash tells whether it is still there. */
  anew() {
    this.abort.abort();
    Object.assign(this, { abort: new AbortController(), running: 0 });
    this.put(this.items.filter(({ state, hash }) => state === "sending" || (state === "done" && hash)), "waiting");
  }

  #waiting() {
    while (this.next < this.items.length && this.items[this.next].state !== "waiting") this.next += 1;
    return this.items[this.next];
  }

  /** Starts as many as may run. */
  pump() {
    while (this.started && !this.paused && !this.offline && this.running < this.parallel && this.#waiting()) this.#begin(false);
  }

  #begin(probe) {
    const item = this.#waiting();
    const { signal } = this.abort;
    this.next += 1;
    item.state = "sending";
    this.running += 1;
    this.#run(item, signal, probe).finally(() => {
      if (signal.aborted) return;
      this.running -= 1;
      this.pump();
      this.#probe();
      this.look();
    });
  }

  /** Looks whether all is over. */
  look() {
    if (!this.started || this.running > 0 || this.#waiting() || this.more()) return;
    this.started = false;
    this.offline = null;
    this.changed(null);
    this.ended();
  }

  async #run(item, signal, probe) {
    const progress = (sent) => {
      if (signal.aborted) return;
      this.moved += Math.max(0, sent - item.sent);
      item.sent = Math.min(sent, item.size);
      this.changed(item);
    };
    for (;;) {
      this.changed(item);
      try {
        const result = await this.send(item, { signal, progress });
        if (signal.aborted) return;
        this.#through();
        Object.assign(item, { state: "done", note: "", ...result, sent: item.size });
        return this.changed(item);
      } catch (error) {
        if (signal.aborted) return;
        const failure = error instanceof Failure ? error : new Failure(String(error?.message ?? error));
        item.sent = 0;
        if (failure.away) {
          this.#back(item);
          return this.#away(failure, probe);
        }
        this.#through();
        item.tries += 1;
        item.note = failure.message;
        if (failure.stop) {
          // It is not the file's fault.
          item.tries = 0;
          this.#back(item);
          this.pause();
          return this.stopped(failure);
        }
        if (!failure.again || item.tries >= this.tries) {
          item.state = "failed";
          return this.changed(item);
        }
        this.changed(item);
        await this.wait(delay(item.tries, failure.after), signal);
        if (signal.aborted) return;
        if (this.paused || this.offline || this.running > this.parallel) return this.#back(item);
      }
    }
  }

  /** It waits where it was. */
  #back(item) {
    item.state = "waiting";
    this.next = Math.min(this.next, this.items.indexOf(item));
    this.changed(item);
  }

  /** One file alone is tried, later and later; those that break off together with the first are one failure. */
  async #away({ message, after, busy }, probe) {
    if (this.offline && !probe) return;
    const tries = this.offline ? this.offline.tries + 1 : 0;
    const seconds = pause(tries, after);
    const here = (this.offline = { tries, message, busy, again: Date.now() + seconds * 1000, due: false, wake: new AbortController() });
    this.changed(null);
    await this.wait(seconds, here.wake.signal);
    if (this.offline !== here) return;
    here.due = true;
    this.#probe();
  }

  /** The next try, if it is due; paused, it comes with `resume`. */
  #probe() {
    if (!this.offline?.due || this.paused || !this.#waiting()) return;
    this.offline.due = false;
    this.#begin(true);
  }

  /** The server has answered: all go on. */
  #through() {
    if (!this.offline) return;
    const { wake } = this.offline;
    this.offline = null;
    wake.abort();
    this.changed(null);
    this.pump();
  }
}
