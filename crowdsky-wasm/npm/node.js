// For Node: the module is there as soon as this file is imported.
import { readFileSync } from "node:fs";
import { initSync } from "./header.js";

initSync({ module: readFileSync(new URL("./header_bg.wasm", import.meta.url)) });

/** Nothing is left to do: it is here so that the same program runs on both sides. */
export default async function init() {}
export { HeaderScanner, group } from "./header.js";
export { check } from "./check.js";
