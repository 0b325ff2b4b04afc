export { Preview, Quality, preview, quality } from "./pixels.js";

/** Fetches the module beside this file, from `module_or_path` if that is given. In Node nothing is left to do. */
export default function init(from?: { module_or_path: URL | string | Response | BufferSource | WebAssembly.Module }): Promise<unknown>;
