import type { Report } from "./header.js";

/**
 * The report on a file, of which no more is read than its header: 11,520 bytes for an ordinary one.
 * @param file A `File`, or a `Blob` of Node.
 * @param headerBlocks Blocks of 2880 bytes that the server takes of a header, 64 where nothing is said.
 */
export function check(file: Blob, headerBlocks?: number): Promise<Report>;
