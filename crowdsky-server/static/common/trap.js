// A WebAssembly module that was stopped by a trap gives wrong answers ever after. Its worker says `ended` with its word on the file that did
// it; the page terminates it, and another goes on with the rest.

/** Whether an error says so. */
export const isTrap = (error) => error instanceof WebAssembly.RuntimeError || error instanceof RangeError;

/** What is said of the file. */
export const TRAPPED = "it stops the check itself";
