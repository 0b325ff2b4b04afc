// Where the page stands, told to screen readers: a new state soon, numbers now and then.

/** Milliseconds between two sentences, and between two of the same state. */
const STATES = 1500;
const NUMBERS = 10000;

export class Announcer {
  /** @param {HTMLElement} element With the role `status`. */
  constructor(element) {
    Object.assign(this, { element, state: "", at: -NUMBERS, text: "" });
  }

  /** Says this, now or when it is time, unless something newer comes. */
  say(state, text) {
    if (text === this.text && state === this.state) return;
    this.text = text;
    const wait = this.at + (state === this.state ? NUMBERS : STATES) - performance.now();
    if (state !== this.state) {
      this.state = state;
      clearTimeout(this.timer);
      this.timer = undefined;
    }
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.at = performance.now();
      this.element.textContent = this.text;
    }, Math.max(0, wait));
  }
}
