// For Node: the module is there as soon as this file is imported.
import { readFileSync } from "node:fs";
import { initSync } from "./pixels.js";

initSync({ module: readFileSync(new URL("./pixels_bg.wasm", import.meta.url)) });

/** Nothing is left to do: it is here so that the same program runs on both sides. */
export default async function init() {}
export { Preview, Quality, preview, quality } from "./pixels.js";
