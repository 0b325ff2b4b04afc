// A WebAssembly module that was stopped by a trap gives wrong answers ever after: its worker ends with an error, and the page begins another.

/** To be told of everything a module throws. */
export function endAfterTrap(error) {
  if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) setTimeout(() => reportError(error));
}
