export { default, HeaderScanner, group } from "./header.js";
export type { Need, Report, Refusal, Facts, Card, Finding, Grouped, Chunk } from "./header.js";
export { check } from "./check.js";
