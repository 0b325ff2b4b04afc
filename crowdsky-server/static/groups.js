// Which frames will be stacked together: a preview, by what the headers say.

const SLOT = 15 * 60 * 1000;

/**
 * Frames by telescope, filter, exposure, gain, size, object and quarter of an hour, earliest first.
 * @param {Iterable<ReturnType<import("./fits_header.js").frameFacts>>} frames
 */
export function groupFrames(frames) {
  const groups = new Map();
  for (const frame of frames) {
    const slot = Math.floor(frame.begin / SLOT) * SLOT;
    const { object, filter, telescope, exptime, gain, size } = frame;
    const key = JSON.stringify([slot, object, filter, telescope, exptime, gain, size]);
    const group = groups.get(key) ?? { slot, object, filter, telescope, exptime, frames: 0 };
    group.frames += 1;
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => a.slot - b.slot || String(a.object).localeCompare(String(b.object)));
}

/** Begin of the quarter of an hour that a chunk key `YYYYMMDD.CC...` names. */
export function slotOf(key) {
  const [, year, month, day, slot] = /^(\d{4})(\d\d)(\d\d)\.(\d\d)/.exec(key).map(Number);
  return Date.UTC(year, month - 1, day) + slot * SLOT;
}

/** `2025-01-15 19:30` of milliseconds, UTC. */
export function minute(time) {
  return new Date(time).toISOString().slice(0, 16).replace("T", " ");
}

/** Bytes for people. */
export function bytes(n) {
  if (n < 1e3) return `${n} B`;
  if (n < 1e6) return `${(n / 1e3).toFixed(0)} kB`;
  if (n < 1e9) return `${(n / 1e6).toFixed(1)} MB`;
  return `${(n / 1e9).toFixed(2)} GB`;
}
