// The upload session on the server, and what the browser remembers of it over a reload.

import { Known } from "./known.js";
import { ask, known, openSession, randomKey } from "./send.js";

const MEMORY = "crowdsky.upload";

export class Session {
  constructor() {
    /** Hashes of the files that are safe on the server. */
    this.there = new Set();
    /** The token of the address, or the one of the last visit. */
    this.remembered = new URLSearchParams(location.search).get("session") ?? localStorage.getItem(MEMORY);
    this.#clear();
  }

  /** The token; opens a session if there is none, one for all that ask at once. */
  open() {
    this.token ??= openSession(this.key).then(
      ({ token }) => {
        localStorage.setItem(MEMORY, token);
        return token;
      },
      (error) => {
        this.token = null;
        throw error;
      },
    );
    return this.token;
  }

  /** What the server has of a file. */
  status(token, sha256, size) {
    this.known ??= new Known((files) => known(token, files));
    return this.known.status(sha256, size);
  }

  /** Goes on with the session that is remembered. Its overview; null if it is over. */
  async resume() {
    try {
      const overview = await ask("GET", `uploads/${encodeURIComponent(this.remembered)}`);
      if (overview.state !== "uploading") throw Object.assign(new Error(), { status: 404 });
      this.token = Promise.resolve(overview.token);
      localStorage.setItem(MEMORY, overview.token);
      for (const file of overview.files) this.there.add(file.sha256);
      return overview;
    } catch (error) {
      // Gone or another user's: there is nothing to go on with.
      if (error.status !== 404) throw error;
      localStorage.removeItem(MEMORY);
      return null;
    }
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
    localStorage.removeItem(MEMORY);
    this.#clear();
  }

  #clear() {
    Object.assign(this, { token: null, key: randomKey(), known: null });
    this.there.clear();
  }
}
