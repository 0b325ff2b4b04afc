// One file's way to the server: its hash first, then a question, and its bytes only if nobody has them.

/**
 * @param {object} tools
 * @param {() => Promise<string>} tools.open The token of the session.
 * @param {Set<string>} tools.there Hashes the session has; what arrives is added.
 * @param {((file: File) => Promise<string>)|null} tools.digest SHA-256 in hexadecimal digits; null where the browser computes none.
 * @param {(token: string, sha256: string) => Promise<string>} tools.status
 * @param {(token: string, item: object, tools: object) => Promise<void>} tools.put
 * @param {(token: string, item: object, tools: object) => Promise<void>} tools.post Without a hash.
 * @returns {(item: object, tools: {signal: AbortSignal, progress: (sent: number) => void}) => Promise<object|void>}
 */
export function delivery({ open, there, digest, status, put, post }) {
  /** Files on their way, by session and hash. */
  const flights = new Map();

  async function fly(token, item, tools) {
    // Asked each time: a transfer that broke off may have arrived, and its answer been lost.
    const told = await status(token, item.hash);
    tools.signal.throwIfAborted();
    if (told === "earlier" && !item.again) return { state: "skipped", earlier: true, note: "uploaded before" };
    if (told === "have") {
      there.add(item.hash);
      return { note: "already there" };
    }
    await put(token, item, tools);
    there.add(item.hash);
  }

  return async function send(item, tools) {
    const token = await open();
    if (!digest) return post(token, item, tools);
    item.hash ??= await digest(item.file);
    tools.signal.throwIfAborted();
    if (there.has(item.hash)) return { note: "already there" };
    const key = token + item.hash;
    const other = flights.get(key);
    // The same bytes under another name: what becomes of the first becomes of this one too.
    if (other) return (await other) ?? { note: "already there" };
    const flight = fly(token, item, tools);
    flights.set(key, flight);
    try {
      return await flight;
    } finally {
      flights.delete(key);
    }
  };
}
