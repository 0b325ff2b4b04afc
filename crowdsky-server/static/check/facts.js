// What a header says of an exposure, for people.

const KINDS = { raw: "Raw frame, a single exposure", stack: "Stack, or another finished picture", other: "Neither a raw frame nor a stack, as far as its header tells" };

/** A whole number with commas. */
export const count = (n) => n.toLocaleString("en");

const two = (n) => String(n).padStart(2, "0");

/** Right ascension: `12h 50m 53.2s` of degrees. */
export function hours(degrees) {
  const tenths = Math.round(degrees * 2400) % 864000;
  return `${two(Math.floor(tenths / 36000))}h ${two(Math.floor(tenths / 600) % 60)}m ${two(Math.floor(tenths / 10) % 60)}.${tenths % 10}s`;
}

/** Declination: `+41° 07′ 12″` of degrees. */
export function arc(degrees) {
  const seconds = Math.round(Math.abs(degrees) * 3600);
  return `${degrees < 0 ? "−" : "+"}${two(Math.floor(seconds / 3600))}° ${two(Math.floor(seconds / 60) % 60)}′ ${two(seconds % 60)}″`;
}

/** `2025-03-26 21:20:46.123`: fractions of a second where there are any. */
const instant = (iso) => iso.replace("T", " ").replace(/Z$/, "").replace(/\.?0+$/, (zeros, at, text) => (text.includes(".") ? "" : zeros));

/** The quarter of an hour that a key `YYYYMMDD.CC...` begins with: `2025-03-26, 21:15 to 21:30 UTC`. */
export function quarter(key) {
  const [, year, month, day, slot] = /^(\d{4})(\d\d)(\d\d)\.(\d\d)/.exec(key);
  const clock = (quarters) => `${two(Math.floor(quarters / 4) % 24)}:${two((quarters % 4) * 15)}`;
  return `${year}-${month}-${day}, ${clock(Number(slot))} to ${clock(Number(slot) + 1)} UTC`;
}

function position(key) {
  const place = key.includes("_") ? "the pointing rounded to a tenth of a degree" : "no place, for the pointing is unknown";
  return `The key of the server: the quarter of an hour (${quarter(key)}) and ${place}. Frames of one stack share it, or have a neighbouring one.`;
}

const healpix = (key, pixel) =>
  `The key for archives: the same quarter of an hour and tile ${count(pixel)} of the sky cut into 196,608 tiles of equal area (HEALPix, NSIDE 128, about half a degree wide).`;

const unit = (value, name) => (value === null ? null : `${value} ${name}`);

/**
 * Rows of the table of facts: name, value, and a sentence where one helps. What the header does not say has the value null.
 * @param {import("../wasm/header.js").Report} report
 * @returns {{name: string, value: string | null, note?: string, key?: boolean}[]}
 */
export function factRows(report) {
  const { facts } = report;
  if (facts === null) return [];
  const known = facts.ra_deg !== null && facts.dec_deg !== null;
  const pixels = facts.width * facts.height;
  return [
    { name: "Target", value: facts.object },
    { name: "Begin (UTC)", value: facts.date_obs && instant(facts.date_obs) },
    { name: "Exposure", value: unit(facts.exptime_s, "s") },
    { name: "Filter", value: facts.filter },
    { name: "Gain", value: facts.gain === null ? null : String(facts.gain) },
    {
      name: "Pointing",
      value: known ? `${facts.ra_deg.toFixed(4)}°, ${facts.dec_deg < 0 ? "−" : "+"}${Math.abs(facts.dec_deg).toFixed(4)}°` : null,
      note: known ? `${hours(facts.ra_deg)}, ${arc(facts.dec_deg)}` : undefined,
    },
    { name: "Size", value: pixels > 0 ? `${facts.width} × ${facts.height} pixels` : null, note: sizes(report) },
    { name: "Telescope", value: facts.telescope },
    { name: "Camera", value: facts.instrument },
    { name: "Colour pattern", value: facts.bayer },
    { name: "Temperature", value: unit(facts.ccd_temp_c, "°C") },
    { name: "Kind", value: KINDS[report.class] ?? null, note: facts.image_type ? `IMAGETYP says ${facts.image_type}.` : undefined },
    { name: "Frames in it", value: facts.stack_count === null ? undefined : count(facts.stack_count) },
    { name: "Software", value: facts.program },
    { name: "Position key", value: report.chunk_key, note: report.chunk_key ? position(report.chunk_key) : undefined, key: true },
    { name: "HEALPix key", value: report.healpix_key, note: report.healpix_key ? healpix(report.healpix_key, report.healpix_pixel) : undefined, key: true },
  ].filter((row) => row.value !== undefined);
}

function sizes({ bytes, expected_bytes: expected, header_bytes: header }) {
  if (bytes === null || header === null) return undefined;
  const of = expected !== null && bytes !== expected ? `; by its header it should have ${count(expected)}` : "";
  return `${count(bytes)} bytes, ${count(header)} of them header${of}.`;
}
