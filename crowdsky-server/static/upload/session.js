// The upload session on the server: opened with the first file, or gone on with after a reload.

import { Known } from "./known.js";
import { hold, memory } from "./memory.js";
import { ask, known, openSession, randomKey } from "./send.js";

export class Session {
  /** @param {(files: number) => void} limited Called with how many files the server takes at once. */
  constructor(limited = () => {}) {
    this.limited = limited;
    /** Hashes of the files that are safe on the server. */
    this.there = new Set();
    /** The token of the address, or the one of the last visit. */
    this.remembered = new URLSearchParams(location.search).get("session") ?? memory.get();
    this.#clear();
  }

  /** The token; opens a session if none is remembered, one for all that ask at once. */
  open() {
    const { key } = this;
    this.token ??= this.#open(key).catch((error) => {
      if (key === this.key) this.token = null;
      throw error;
    });
    return this.token;
  }

  async #open(key) {
    const resumed = await this.resume();
    if (resumed) return resumed.token;
    const opened = await openSession(key);
    hold(opened.token);
    // Unless it was cancelled meanwhile.
    if (key === this.key) this.#begin(opened);
    return opened.token;
  }

  /** What the server has of a file. */
  status(token, sha256) {
    this.known ??= new Known((files) => known(token, files));
    return this.known.status(sha256);
  }

  /** Goes on with the session that is remembered. Its overview; null if there is none. */
  resume() {
    this.resumed ??= this.#resume(this.remembered).catch((error) => {
      this.resumed = null;
      throw error;
    });
    return this.resumed;
  }

  async #resume(token) {
    if (!token) return null;
    this.held ??= hold(token);
    this.elsewhere = !(await this.held);
    if (this.elsewhere) return null;
    const overview = await ask("GET", `uploads/${encodeURIComponent(token)}`).catch((error) => {
      if (!error.gone) throw error;
    });
    if (overview?.state !== "uploading") {
      memory.drop(token);
      return null;
    }
    // Cancelled meanwhile.
    if (token !== this.remembered) return null;
    this.#begin(overview);
    for (const file of overview.files) this.there.add(file.sha256);
    return overview;
  }

  #begin({ token, expires_at, limits }) {
    memory.set(token);
    this.token ??= Promise.resolve(token);
    Object.assign(this, { name: token, until: `${expires_at.slice(0, 16)} UTC` });
    this.limited(limits.parallel);
  }

  async finalise() {
    const token = await this.open();
    return { token, ...(await ask("POST", `uploads/${token}/finalize`)) };
  }

  /** Takes it back, with all that is there. */
  async abandon() {
    const opening = this.token;
    this.forget();
    const token = await opening?.catch(() => null);
    if (token) await ask("DELETE", `uploads/${token}`);
  }

  /** The next file opens another. */
  forget() {
    memory.drop(this.name);
    this.remembered = null;
    this.#clear();
  }

  #clear() {
    Object.assign(this, { token: null, name: null, key: randomKey(), known: null, resumed: null });
    this.there.clear();
  }
}
