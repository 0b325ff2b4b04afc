// Frames that are wrong in a way each, made from a good one or card by card.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const BLOCK = 2880;

/** A name and an object that would run if a page took them for markup. */
export const HOSTILE = "<img src=x onerror=alert(1)>";

const card = (keyword, value) => `${keyword.padEnd(8)}= ${String(value).padStart(20)}`;
const text = (value) => `'${value.padEnd(8)}'`;

/** A frame of these cards, 16 bits for each pixel. */
function frame(cards, pixels) {
  const lines = [...cards, "END"].map((line) => line.padEnd(80).slice(0, 80)).join("");
  const header = Buffer.alloc(Math.ceil(lines.length / BLOCK) * BLOCK, " ");
  header.write(lines, "latin1");
  return Buffer.concat([header, Buffer.alloc(Math.ceil((2 * pixels) / BLOCK) * BLOCK)]);
}

const sized = (...axes) => [card("SIMPLE", "T"), card("BITPIX", 16), card("NAXIS", axes.length), ...axes.map((axis, i) => card(`NAXIS${i + 1}`, axis))];
const dated = [card("DATE-OBS", text("2025-03-26T21:20:46.1")), card("EXPTIME", "10.0"), card("RA", "192.72"), card("DEC", "41.12"), card("FILTER", text("IRCUT"))];
const light = [card("BAYERPAT", text("GRBG")), card("IMAGETYP", text("Light"))];

/** Writes them into `folder`; `good` is the path of a frame without a fault. Their paths by name. */
export function oddFrames(folder, good) {
  const whole = readFileSync(good);
  const files = {
    "cut off.fit": whole.subarray(0, whole.length / 2),
    "no end.fit": Buffer.from(whole.subarray(0, BLOCK).toString("latin1").replaceAll("END     ", "FIN     "), "latin1"),
    "picture.fit": Buffer.from(`GIF89a${"\u0000".repeat(5000)}`),
    "empty.fit": Buffer.alloc(0),
    "stack.fits": frame([...sized(40, 30, 3), ...dated, card("STACKCNT", 120)], 3600),
    [`${HOSTILE}.fit`]: frame([...sized(64, 48), ...dated, ...light, card("OBJECT", text(HOSTILE)), `COMMENT ${HOSTILE}`, card("SITELAT", "48.2082"), card("SITELONG", "16.3738")], 3072),
    "wrong values.fit": frame([
      card("SIMPLE", "T"), card("BITPIX", 16), card("NAXIS", "2.0"), "NAXIS1  = 64 / not where it belongs", card("NAXIS2", 48), ...light,
      card("DATE-OBS", text("2025-13-45T21:20:46")), card("EXPTIME", "ten"), card("RA", "NaN"), card("DEC", "1.0e2"),
      card("GAIN", 80), card("GAIN", 120), card("object", text("M 94")), "FOCUSPOS=                 1500", "TELESCOP= 'Seestar S50 / never closed", "FILTER  = 'LP' Dual / between",
      card("BIGNUM", "123456789012345678901234"), "CREATOR = 'caf\u00e9'", "ODD KEY = 1", "NOTHING AT ALL", "CONTINUE  'of nothing'", card("BZERO", text("much")),
    ], 3072),
    "long header.fit": frame([...sized(64, 48), ...dated, ...light, ...Array.from({ length: 70000 }, (_, i) => `HISTORY step ${i} of a program that tells too much`), card("LASTONE", 1)], 3072),
    "no date.fit": frame([...sized(64, 48), ...light, card("EXPTIME", "10.0")], 3072),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return Object.fromEntries(Object.keys(files).map((name) => [name, join(folder, name)]));
}
