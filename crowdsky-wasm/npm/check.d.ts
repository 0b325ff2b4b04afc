import type { Report } from "./header.js";

/**
 * The report on a file, of which no more is read than its header: 11,520 bytes for an ordinary one.
 * @param file A `File`, or a `Blob` of Node.
 * @param headerBlocks How many blocks of 2880 bytes a header may have, 2048 by default.
 */
export function check(file: Blob, headerBlocks?: number): Promise<Report>;
