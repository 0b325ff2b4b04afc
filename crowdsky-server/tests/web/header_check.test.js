import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { check } from "../../static/wasm/check.js";
import init, { group } from "../../static/wasm/header.js";

await init({ module_or_path: await readFile(new URL("../../static/wasm/header_bg.wasm", import.meta.url)) });

const CARDS = [
  "SIMPLE  =                    T", "BITPIX  =                   16", "NAXIS   =                    2", "NAXIS1  =                 1080", "NAXIS2  =                 1920",
  "BZERO   =                32768", "IMAGETYP= 'Light   '", "EXPTIME =                 10.0", "RA      =                83.63", "DEC     =                 22.0",
  "FILTER  = 'LP      '", "BAYERPAT= 'GRBG    '", "TELESCOP= 'S50_00000000'", "OBJECT  = 'M 42    '",
];
const refusal = ({ refused }) => refused?.message ?? null;
const SIZE = 1080 * 1920 * 2;

/** A file of which nothing but the header exists, and how many of its bytes were read. */
function file({ cards = [...CARDS, "DATE-OBS= '2025-01-15T19:30:00.123'"], blocks = 2, size } = {}) {
  const text = [...cards.map((card) => card.padEnd(80)), ...Array(blocks * 36 - cards.length - 1).fill(" ".repeat(80)), "END".padEnd(80)].join("");
  const header = new TextEncoder().encode(text);
  const one = { size: size ?? header.length + Math.ceil(SIZE / 2880) * 2880, read: 0 };
  one.slice = (from, to) => ({
    async arrayBuffer() {
      const bytes = new Uint8Array(Math.max(0, Math.min(to, one.size) - from));
      bytes.set(header.subarray(from, from + bytes.length));
      one.read += bytes.length;
      return bytes.buffer;
    },
  });
  return one;
}

test("an ordinary header costs 11,520 bytes, though the file has four million", async () => {
  for (const blocks of [2, 3, 4]) {
    const frame = file({ blocks });
    const report = await check(frame);
    assert.deepEqual([refusal(report), report.facts.object, frame.read], [null, "M 42", 11_520]);
  }
});

test("a longer header costs its own length, and never the pixels", async () => {
  const frame = file({ blocks: 9 });
  assert.equal(refusal(await check(frame)), null);
  assert.ok(frame.read >= 9 * 2880 && frame.read <= 2 * 9 * 2880, String(frame.read));
});

for (const [what, more, said] of [
  ["no FITS", { cards: ["GIF89a"] }, /FITS/],
  ["a frame without a date", { cards: CARDS }, /DATE-OBS/],
  ["a frame that is cut off", { size: 100_000 }, /cut off/],
  ["a stack", { cards: [...CARDS.map((card) => card.replace(/^(NAXIS   =.*)2$/, "$13")), "NAXIS3  =                    3", "DATE-OBS= '2025-01-15T19:30:00'"], size: 13e6 }, /stack|raw frame/],
]) {
  test(`${what} is refused in words`, async () => {
    const frame = file(more);
    assert.match(refusal(await check(frame)), said);
    assert.ok(frame.read <= 11_520);
  });
}

test("frames of one quarter of an hour are one chunk", async () => {
  const at = (time) => file({ cards: [...CARDS, `DATE-OBS= '2025-01-15T${time}'`] });
  const reports = await Promise.all(["19:45:00", "19:30:00", "19:44:59"].map((time) => check(at(time))));
  const { chunks, left_out } = group(reports.map(({ facts }) => ({ facts })));
  assert.deepEqual([chunks.map(({ members }) => members), left_out], [[[1, 2], [0]], []]);
});

test("an empty file is refused, and one that has become empty since it was picked", async () => {
  assert.match(refusal(await check(new Blob([]))), /empty|0 bytes/);
  const gone = file();
  gone.slice = () => new Blob([]);
  assert.match(refusal(await check(gone)), /cut off/);
});
