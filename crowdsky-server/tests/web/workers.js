// Workers that a test speaks for.

/** All that were begun. */
export const workers = [];

globalThis.Worker = class {
  constructor() {
    Object.assign(this, { asked: [], ended: false });
    workers.push(this);
  }

  postMessage(message) {
    this.asked.push(message);
  }

  terminate() {
    this.ended = true;
  }

  /** Nothing is heard of one that was terminated. */
  say(data) {
    if (!this.ended) this.onmessage({ data });
  }
};
