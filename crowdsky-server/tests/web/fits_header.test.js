import assert from "node:assert/strict";
import test from "node:test";
import { frameFacts, readHeader } from "../../static/fits_header.js";

const RAW = ["SIMPLE  =                    T", "BITPIX  =                   16", "NAXIS   =                    2", "NAXIS1  =                    4", "NAXIS2  =                    3"];
const NIGHT = ["DATE-OBS= '2025-01-15T19:30:00.123'", "OBJECT  = 'M 42'", "EXPTIME = 10.0", "FILTER  = 'LP'", "RA      = 83.633 / degrees", "DEC     = -5.4D0"];

const header = (cards) => {
  const text = [...cards, "END"].map((card) => card.padEnd(80)).join("");
  return new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 2880) * 2880));
};
const facts = (cards, size = 2880 + 2880) => frameFacts(header(cards), size);

test("a frame says what it is", () => {
  const { begin, ...rest } = facts([...RAW, ...NIGHT]);
  assert.equal(new Date(begin).toISOString(), "2025-01-15T19:30:00.000Z");
  assert.deepEqual(rest, { object: "M 42", filter: "LP", telescope: null, exptime: 10, gain: null, ra: 83.633, dec: -5.4, size: "4x3" });
});

test("strings with quotes and slashes, repeated cards, cards without a value", () => {
  const { cards, length } = readHeader(header([...RAW, "OBJECT  = 'O''Neil / 1'  / name", "GAIN    = 1", "GAIN    = 80", "COMMENT = 'no'", "HISTORY  x = 1", "EQMODE  =                    T"]));
  assert.equal(cards.get("OBJECT"), "O'Neil / 1");
  assert.equal(cards.get("GAIN"), 80);
  assert.equal(cards.get("EQMODE"), true);
  assert.equal(cards.has("HISTORY"), false);
  assert.equal(length, 2880);
});

test("an object that looks like a number is a name", () => {
  assert.equal(facts([...RAW, NIGHT[0], "OBJECT  =                 7023"]).object, "7023");
});

for (const [what, cards, size, said] of [
  ["no FITS", ["JFIF"], 9999, /not a FITS/],
  ["a colour stack", [...RAW.slice(0, 2), "NAXIS   = 3", ...NIGHT], 9999, /not a raw frame/],
  ["no date", RAW, 9999, /no date/],
  ["a day that is none", [...RAW, "DATE-OBS= '2025-02-30T12:00:00'"], 9999, /no date/],
  ["a relative date", [...RAW, "DATE-OBS= 'yesterday'"], 9999, /no date/],
  ["cut off in the pixels", [...RAW, ...NIGHT], 2880 + 23, /cut off/],
]) {
  test(`${what} is not accepted`, () => assert.throws(() => facts(cards, size), said));
}

test("cut off in the header", () => {
  assert.throws(() => readHeader(header([...RAW, ...NIGHT]).slice(0, 400)), /no end/);
  assert.throws(() => readHeader(new Uint8Array()), /not a FITS/);
});
