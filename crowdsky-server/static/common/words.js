// Numbers and times in words.

const SLOT = 15 * 60 * 1000;

/** `1 file`, `2,000 files`. */
export const count = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

/** Bytes for people. */
export function bytes(n) {
  if (n < 1e3) return `${n} B`;
  if (n < 1e6) return `${(n / 1e3).toFixed(0)} kB`;
  if (n < 1e9) return `${(n / 1e6).toFixed(1)} MB`;
  return `${(n / 1e9).toFixed(2)} GB`;
}

/** Begin of the quarter of an hour that a chunk key `YYYYMMDD.CC...` names, milliseconds. */
export function slotOf(key) {
  const [, year, month, day, slot] = /^(\d{4})(\d\d)(\d\d)\.(\d\d)/.exec(key).map(Number);
  return Date.UTC(year, month - 1, day) + slot * SLOT;
}

/** `2025-01-15 19:30` of milliseconds, UTC. */
export const minute = (time) => new Date(time).toISOString().slice(0, 16).replace("T", " ");

/** An exposure: `40 s`, `15 min`, `2 h 20 min`. */
export function duration(seconds) {
  if (seconds < 120) return `${Number(seconds.toFixed(1))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}

/** How long it will last, no more exactly than anybody knows. */
export function timeLeft(seconds) {
  if (seconds < 50) return "less than a minute left";
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `about ${count(minutes, "minute")} left`;
  return `about ${count(Math.round(seconds / 3600), "hour")} left`;
}
