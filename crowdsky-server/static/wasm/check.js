// Checks a file, reading no more of it than its header.

import { HeaderScanner } from "./header.js";

/** Bytes read at first: four blocks. The header of a Seestar has two or three. */
const FIRST = 11520;

/**
 * The report on a file.
 * @param {Blob} file
 * @param {number} [headerBlocks] Blocks of 2880 bytes that the server takes of a header, 64 where nothing is said.
 * @returns {Promise<import("./header.js").Report>}
 */
export async function check(file, headerBlocks) {
  const scanner = new HeaderScanner(file.size, headerBlocks);
  let told = { need: FIRST };
  for (let read = 0; "need" in told; ) {
    const piece = new Uint8Array(await file.slice(read, told.need).arrayBuffer());
    read += piece.length;
    // A file that has become shorter meanwhile gives no more.
    told = piece.length ? scanner.push(piece) : scanner.finish();
  }
  // Not after an error: a module stopped by a trap would answer with another error, and hide the first.
  scanner.free();
  return told;
}
