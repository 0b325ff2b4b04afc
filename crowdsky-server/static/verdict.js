// What is said of a file in one word and one sentence.

/** A sentence: a capital at its beginning and a full stop at its end. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

/**
 * Why the server would not take this file, in words for people; null if it would.
 * @param {import("./wasm/header.js").Report} report
 * @returns {string | null}
 */
export function refusal(report) {
  if (report.refused !== undefined) return report.refused?.message ?? null;
  if (report.error !== null) return sentence(report.error);
  if (report.class === "stack") return "This is no raw frame: it is a picture that is stacked already. CrowdSky stacks single exposures, Light_*.fit from a folder *_sub.";
  if (report.class !== "raw") return "This is no raw frame: CrowdSky stacks single exposures of 16 bits for each pixel.";
  if (report.facts.date_obs === null) return "The header has no DATE-OBS that can be read, so nobody can say which 15 minutes it belongs to.";
  if (report.bytes !== null && report.bytes < report.expected_bytes) return `The file is cut off: its header asks for ${report.expected_bytes} bytes, and there are ${report.bytes}.`;
  if (report.bytes !== null && report.bytes > report.expected_bytes) return `The file has ${report.bytes} bytes, its header speaks of ${report.expected_bytes}: what follows is unknown.`;
  return null;
}

/** The words of a verdict, as filters and badges show them. */
export const VERDICTS = { good: "Good", warnings: "Good, with findings", refused: "Cannot be stacked" };

/**
 * @param {import("./wasm/header.js").Report} report
 * @returns {{verdict: keyof typeof VERDICTS, reason: string}} `reason` is one sentence.
 */
export function judge(report) {
  const refused = refusal(report);
  if (refused !== null) return { verdict: "refused", reason: refused };
  const found = report.findings.length;
  if (found === 0) return { verdict: "good", reason: "This is a raw frame that CrowdSky can stack, and nothing about its header is odd." };
  const are = found === 1 ? "One thing is odd" : `${found} things are odd`;
  return { verdict: "warnings", reason: `This is a raw frame that CrowdSky can stack. ${are} about its header; each is explained below.` };
}
