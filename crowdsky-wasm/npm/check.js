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
  try {
    for (let read = 0, need = FIRST; ; ) {
      const piece = new Uint8Array(await file.slice(read, need).arrayBuffer());
      read += piece.length;
      const told = scanner.push(piece);
      if (!("need" in told)) return told;
      // A file that has become shorter meanwhile gives no more.
      if (piece.length === 0) return scanner.finish();
      need = told.need;
    }
  } finally {
    scanner.free();
  }
}
