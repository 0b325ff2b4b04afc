// Whether the server would take a file, by the report on its header.

/**
 * Why not, in words; null if it would.
 * @param {import("./wasm/header.js").Report} report
 */
export function refusal(report) {
  if (report.refused !== undefined) return report.refused?.message ?? null;
  if (!report.usable) return `The file cannot be read as FITS: ${report.error}.`;
  if (report.class === "stack") return "This is a picture that is stacked already. CrowdSky stacks single exposures: Light_*.fit of a folder *_sub.";
  if (report.class !== "raw") return "This is no raw frame.";
  if (!report.facts.date_obs) return "The header has no DATE-OBS that can be read, so nobody can say which 15 minutes it belongs to.";
  return null;
}
