// What the upload page says to the server.

import { Failure } from "./queue.js";

const META = 'meta[name="csrf-token"]';
const SIGNED_OUT = "You are signed out. Sign in again in another tab, then go on.";
const csrf = () => document.querySelector(META).content;
const base64 = (hex) => btoa(String.fromCharCode(...hex.match(/../g).map((byte) => parseInt(byte, 16))));
/** Seconds without a byte, or without an answer, after which a connection is taken to be dead: a lid was closed, a cable pulled. */
const STALLED = 90;
/** What answers instead of a server that is away. */
const AWAY = [502, 504];
const inTime = () => ({ signal: AbortSignal.timeout(STALLED * 1000) });

/** Whether the browser computes hashes: only where the page came by https or from this machine. */
export const canHash = () => Boolean(globalThis.crypto?.subtle);

/**
 * Whether somebody has signed in again meanwhile, in another tab: the new session has another form token, which is taken over.
 * `null` if nobody is signed in.
 */
async function renewed() {
  const answer = await fetch("/upload.php", inTime());
  if (answer.url.includes("/login")) return null;
  const found = /name="csrf-token" content="([0-9a-f]{64})"/.exec(await answer.text());
  const fresh = found?.[1] ?? csrf();
  const changed = fresh !== csrf();
  document.querySelector(META).content = fresh;
  return changed;
}

/** What a failure means once it is known whether the browser is still signed in: a refused upload may look like a broken line. */
async function judged(error) {
  if (![0, 401, 403].includes(error.status)) return error;
  try {
    const session = await renewed();
    if (session === null) return new Failure(SIGNED_OUT, { stop: true });
    // It can be reached: then this transfer has broken off by itself, and is one of the tries that a file has.
    return session || error.away ? new Failure(error.message, { again: true }) : error;
  } catch {
    // The server cannot be reached: then the first failure says all there is to say.
    return error;
  }
}

/** What an answer that is no success means for the queue. */
function failure(status, text, retryAfter) {
  let said;
  try {
    said = JSON.parse(text);
  } catch {
    said = {};
  }
  const sentence = said.detail ?? said.error ?? `The server answered ${status}.`;
  const after = Number(retryAfter) || 0;
  if (status === 401 || status === 302) return new Failure(SIGNED_OUT, { stop: true });
  // The session was finalised in another tab, or has expired.
  if (status === 404 || said.code === "wrong_state") return new Failure(sentence, { stop: true, gone: true });
  // 409 is a limit. A disk that is full says when to ask again; the user's own quota does not.
  if (status === 403 || status === 409 || (status === 507 && !after)) return new Failure(sentence, { stop: true });
  const busy = [429, 503, 507].includes(status);
  if (busy || AWAY.includes(status)) return new Failure(sentence, { away: true, busy, after });
  const again = status === 408 || status >= 500 || said.code === "digest_mismatch";
  return new Failure(sentence, { again, after });
}

/** JSON from the interface for programs; once more if somebody has signed in again meanwhile. */
export async function ask(method, path, body, headers = {}) {
  try {
    return await askOnce(method, path, body, headers);
  } catch (error) {
    const better = await judged(error);
    if (better === error || better.stop) throw better;
    return askOnce(method, path, body, headers);
  }
}

async function askOnce(method, path, body, headers) {
  const request = { ...inTime(), method, headers: { "X-CSRF-Token": csrf(), ...headers } };
  if (body !== undefined) {
    request.body = JSON.stringify(body);
    request.headers["Content-Type"] = "application/json";
  }
  let answer;
  let text;
  try {
    answer = await fetch(`/api/v1/${path}`, request);
    text = await answer.text();
  } catch {
    throw new Failure("The server cannot be reached.", { away: true });
  }
  if (!answer.ok) throw Object.assign(failure(answer.status, text, answer.headers.get("Retry-After")), { status: answer.status });
  return text ? JSON.parse(text) : null;
}

/** Opens a session; the same key gives the same session, should the answer get lost. */
export function openSession(key) {
  return ask("POST", "uploads", {}, { "Idempotency-Key": key });
}

/** A random key. */
export const randomKey = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

/** Asks what the server has of these files: `[{sha256, status}]`. */
export const known = (token, files) => ask("POST", `uploads/${token}/check`, files);

/** Sends a file whose SHA-256 is known. */
export function put(token, name, file, sha256, tools) {
  const path = `/api/v1/uploads/${token}/files/${sha256}?name=${encodeURIComponent(name)}`;
  return transfer("PUT", path, file, file, { "Content-Digest": `sha-256=:${base64(sha256)}:`, "Content-Type": "application/octet-stream" }, tools);
}

/** Sends a file without a hash. */
export function post(token, name, file, tools) {
  const form = new FormData();
  form.append("action", "file");
  form.append("session_token", token);
  form.append("file", file, name);
  return transfer("POST", "/upload.php", file, form, {}, tools);
}

// Not fetch: it tells nothing of its progress.
async function transfer(method, path, file, body, headers, tools) {
  try {
    await transferOnce(method, path, body, headers, tools);
  } catch (error) {
    tools.signal.throwIfAborted();
    // A file that is gone from the disk looks like a broken line.
    if (error.status === 0) await readable(file);
    throw await judged(error);
  }
}

async function readable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch (error) {
    throw new Failure(`The file cannot be read: ${error.message}`);
  }
}

function transferOnce(method, path, body, headers, { signal, progress }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    request.open(method, path);
    for (const [name, value] of Object.entries({ ...headers, "X-CSRF-Token": csrf() })) request.setRequestHeader(name, value);
    const abort = () => request.abort();
    let timer;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(abort, STALLED * 1000);
    };
    request.upload.onprogress = ({ loaded }) => {
      alive();
      progress(loaded);
    };
    request.onload = () => {
      // A form that finds nobody signed in is sent on to the page for that.
      const status = request.responseURL.includes("/login") ? 401 : request.status;
      if (status >= 200 && status < 300) resolve();
      else reject(Object.assign(failure(status, request.responseText, request.getResponseHeader("Retry-After")), { status }));
    };
    request.onerror = request.onabort = () => reject(Object.assign(new Failure("The connection broke off.", { away: true }), { status: 0 }));
    request.onloadend = () => {
      clearTimeout(timer);
      // It lives as long as the upload.
      signal.removeEventListener("abort", abort);
    };
    signal.addEventListener("abort", abort);
    alive();
    request.send(body);
  });
}
