// For web pages and bundlers: `await init()` first, which fetches the module beside this file.
export { default, HeaderScanner, group } from "./header.js";
export { check } from "./check.js";
