// A worker that reads headers. After a trap (see `common/trap.js`) another one goes on with the files that have no answer yet.

export class HeaderReader {
  /**
   * @param {(answer: {id: number, report?: object, unread?: string, ended?: boolean}) => void} told
   * @param {(why: string) => void} unstarted Called when headers cannot be read in this browser.
   */
  constructor(told, unstarted) {
    Object.assign(this, { told, unstarted, asked: new Map() });
    this.begin();
  }

  begin() {
    this.worker = new Worker(new URL("./header_worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.answered(data);
    this.worker.onerror = (event) => this.fail(event.message ?? "its script did not load");
  }

  /** @param {{id: number, file: File, headerBlocks: number}} question */
  ask(question) {
    this.asked.set(question.id, question);
    this.worker.postMessage(question);
  }

  answered(answer) {
    if (answer.failed !== undefined) return this.fail(answer.failed);
    this.asked.delete(answer.id);
    if (answer.ended) {
      this.worker.terminate();
      this.begin();
      for (const question of this.asked.values()) this.worker.postMessage(question);
    }
    this.told(answer);
  }

  /** Without the module each file would be told of as one that cannot be read. */
  fail(why) {
    this.worker.terminate();
    this.unstarted(why);
  }
}
