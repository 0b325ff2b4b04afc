// Which files the server has: several questions that come together are one.

/** Questions of one request; the server takes so many. */
const MOST = 1000;
/** Milliseconds a question waits for others. */
const TOGETHER = 5;

export class Known {
  /** @param {(files: {sha256: string}[]) => Promise<{sha256: string, status: string}[]>} ask */
  constructor(ask) {
    this.ask = ask;
    this.line = [];
  }

  /** What the server says of a file: `missing`, `have`, or `earlier`. */
  status(sha256) {
    return new Promise((resolve, reject) => {
      this.line.push({ sha256, resolve, reject });
      this.timer ??= setTimeout(() => this.#flush(), TOGETHER);
    });
  }

  async #flush() {
    this.timer = undefined;
    const some = this.line.splice(0, MOST);
    if (this.line.length) this.timer = setTimeout(() => this.#flush());
    try {
      const answers = await this.ask(some.map(({ sha256 }) => ({ sha256 })));
      const status = new Map(answers.map((answer) => [answer.sha256, answer.status]));
      for (const { sha256, resolve } of some) resolve(status.get(sha256) ?? "missing");
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  }
}
