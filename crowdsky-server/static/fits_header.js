// The header of a FITS file, as far as the preview needs it. The server reads it again and has the last word.

const CARD = 80;
const BLOCK = 2880;
/** Blocks looked at; real Seestar headers have two. */
export const HEADER_BYTES = 36 * BLOCK;

/**
 * The cards of a header.
 * @param {Uint8Array} bytes The beginning of the file.
 * @returns {{cards: Map<string, string|number|boolean>, length: number}}
 * @throws {Error} With a sentence for people.
 */
export function readHeader(bytes) {
  const text = new TextDecoder("latin1").decode(bytes);
  if (!/^SIMPLE {2}= +T/.test(text.slice(0, CARD))) throw new Error("This is not a FITS file.");
  const cards = new Map();
  for (let at = 0; at + CARD <= text.length; at += CARD) {
    const card = text.slice(at, at + CARD);
    const keyword = card.slice(0, 8).trimEnd();
    if (keyword === "END") return { cards, length: Math.ceil((at + CARD) / BLOCK) * BLOCK };
    if (card.slice(8, 10) === "= ") cards.set(keyword, value(card.slice(10)));
  }
  throw new Error("The FITS header has no end; the file may be cut off.");
}

function value(field) {
  const text = field.trimStart();
  if (text.startsWith("'")) {
    // A quote within a string is written twice.
    const quoted = /^'((?:[^']|'')*)'/.exec(text);
    return quoted ? quoted[1].replaceAll("''", "'").trimEnd() : "";
  }
  const plain = text.split("/")[0].trim();
  if (plain === "T" || plain === "F") return plain === "T";
  const number = Number(plain.replace(/[dD]/, "E"));
  return plain !== "" && Number.isFinite(number) ? number : plain;
}

/**
 * What a raw frame says of itself.
 * @param {Uint8Array} bytes The beginning of the file.
 * @param {number} size Bytes of the whole file.
 * @throws {Error} With a sentence for people, if it cannot be stacked.
 */
export function frameFacts(bytes, size) {
  const { cards, length } = readHeader(bytes);
  const number = (name) => (typeof cards.get(name) === "number" ? cards.get(name) : null);
  const string = (name) => (typeof cards.get(name) === "string" && cards.get(name) !== "" ? cards.get(name) : null);
  if (number("NAXIS") !== 2) throw new Error("This is not a raw frame: it is no single plane of pixels.");
  const data = (Math.abs(number("BITPIX") ?? 0) / 8) * (number("NAXIS1") ?? 0) * (number("NAXIS2") ?? 0);
  if (size < length + data) throw new Error("The file is cut off; copy it from the telescope again.");
  const begin = startOf(string("DATE-OBS"));
  if (begin === null) throw new Error("The frame has no date (DATE-OBS), so it belongs to no chunk.");
  const object = cards.get("OBJECT");
  return {
    object: object === undefined || object === "" ? null : String(object),
    filter: string("FILTER"),
    telescope: string("TELESCOP"),
    exptime: number("EXPTIME"),
    gain: number("GAIN"),
    ra: number("RA"),
    dec: number("DEC"),
    size: `${number("NAXIS1")}x${number("NAXIS2")}`,
    begin,
  };
}

/** Milliseconds of a DATE-OBS without zone, which is UTC; null if it is none. */
function startOf(text) {
  const parts = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.\d+)?)?$/.exec(text ?? "");
  if (!parts) return null;
  const [year, month, day, hour = 0, minute = 0, second = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  // A day that does not exist rolls over to another.
  return new Date(time).getUTCDate() === day || second === 60 ? time : null;
}
