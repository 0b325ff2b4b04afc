// SHA-256 of files, computed by a worker.

import { Failure } from "./queue.js";

const asked = new Map();
let number = 0;
let worker;

function started() {
  worker = new Worker("/static/upload/hash_worker.js", { type: "module" });
  worker.addEventListener("message", ({ data }) => {
    const { resolve, reject } = asked.get(data.number);
    asked.delete(data.number);
    if (data.error) reject(new Error(data.error));
    else resolve(data.sha256);
  });
  worker.addEventListener("error", (event) => {
    // It could not be loaded; the next question starts another.
    worker = undefined;
    for (const { reject } of asked.values()) reject(new Failure(`The hash cannot be computed: ${event.message ?? "no worker"}`, { again: true }));
    asked.clear();
  });
}

/** The 64 hexadecimal digits of a file. */
export function digest(file) {
  if (!worker) started();
  return new Promise((resolve, reject) => {
    asked.set((number += 1), { resolve, reject });
    worker.postMessage({ number, file });
  });
}
