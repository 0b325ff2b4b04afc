// What is said of a file in one word and one sentence.

import { TRAPPED } from "../common/trap.js";

/** A sentence: a capital at its beginning and a full stop at its end. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

/** The words of a verdict, as filters and badges show them. */
export const VERDICTS = { good: "Good", warnings: "Good, with findings", refused: "Cannot be stacked" };

/**
 * @param {import("../wasm/header.js").Report} report
 * @returns {{verdict: keyof typeof VERDICTS, reason: string}} `reason` is one sentence.
 */
export function judge(report) {
  if (report.refused !== null) return { verdict: "refused", reason: report.refused.message };
  const found = report.findings.length;
  if (found === 0) return { verdict: "good", reason: "This is a raw frame that CrowdSky can stack, and nothing about its header is odd." };
  const are = found === 1 ? "One thing is odd" : `${found} things are odd`;
  return { verdict: "warnings", reason: `This is a raw frame that CrowdSky can stack. ${are} about its header; each is explained below.` };
}

/**
 * Of a file without a report.
 * @param {{unread: string, ended?: boolean}} why `ended`: the file has stopped the check, see `common/trap.js`.
 */
export function unjudged({ unread, ended }) {
  const reason = ended
    ? `The file could not be checked: ${TRAPPED} (${unread}).`
    : `The file could not be read (${sentence(unread)}) It may have been moved or deleted since, or the browser may not read it.`;
  return { verdict: "refused", reason };
}
