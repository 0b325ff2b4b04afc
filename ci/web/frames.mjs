// Thousands of small frames: copies of a simulated one, each with a place, a time and pixels of its own.

import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const CARD = 80;
const BLOCK = 2880;
const OBJECTS = ["M 8", "M 13", "M 27", "M 31", "M 33", "M 42", "M 51", "M 101", "NGC 7000", "IC 1396"];
const FILTERS = ["IRCUT", "LP"];
const NIGHT = Date.UTC(2026, 1, 27, 20, 0, 0);

/** Puts a value into a card of a header. */
function set(bytes, keyword, value) {
  for (let at = 0; at < bytes.length; at += CARD) {
    if (bytes.toString("latin1", at, at + 8).trimEnd() !== keyword) continue;
    bytes.write(`${keyword.padEnd(8)}= ${value}`.padEnd(CARD), at, CARD, "latin1");
    return;
  }
  throw new Error(`the simulated frame has no card ${keyword}`);
}

/** Where frame `i` of `n` belongs: forty stacks of equal size, or each frame a stack of its own. */
function place(i, n, alone) {
  if (alone) return { object: `Field ${i}`, filter: "LP", time: NIGHT + i * 900_000 };
  const stack = Math.floor((i * 40) / n);
  const seconds = (i % Math.ceil(n / 40)) * 11;
  return { object: OBJECTS[stack >> 2], filter: FILTERS[stack & 1], time: NIGHT + ((stack >> 1) & 1) * 900_000 + seconds * 1000 };
}

/**
 * Writes `n` frames into a folder.
 * @param {Buffer} frame A simulated one.
 * @returns {Set<string>} Their SHA-256.
 */
export function manyFrames(frame, folder, n, { alone = false } = {}) {
  mkdirSync(folder, { recursive: true });
  const hashes = new Set();
  for (let i = 0; i < n; i += 1) {
    const { object, filter, time } = place(i, n, alone);
    const bytes = Buffer.from(frame);
    set(bytes, "DATE-OBS", `'${new Date(time).toISOString().slice(0, 23)}000'`);
    set(bytes, "OBJECT", `'${object.padEnd(8)}'`);
    set(bytes, "FILTER", `'${filter.padEnd(8)}'`);
    set(bytes, "RA", String(10 + (OBJECTS.indexOf(object) + 1) * 7).padStart(20));
    // No two files are the same, whatever their headers say.
    bytes.writeUInt32BE(i, 2 * BLOCK + 400);
    hashes.add(createHash("sha256").update(bytes).digest("hex"));
    const stamp = new Date(time).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
    writeFileSync(join(folder, `Light_${object}_10.0s_${filter}_${stamp}.fit`), bytes);
  }
  return hashes;
}
