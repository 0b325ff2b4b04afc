// The header of a file as text, card by card as it stands in the file.

const CARD = 80;

/** Keywords that tell where a telescope stood: most often its owner's home. */
const SITE = /^(HIERARCH\s+)?((SITE|OBS|GEO)[-_]?(LAT|LON)\w*|(LAT|LONG?)[-_]OBS|OBSGEO-?\w+|LATITUDE|LONGITUD\w*)\b/i;

/** Whether the card is one of those. */
export const tellsPlace = (line) => SITE.test(line.trimStart());

/**
 * The cards up to END, each a line; those that tell the place, and what continues them, only with `site`.
 * @param {Uint8Array} bytes The header.
 */
export function headerText(bytes, site) {
  const lines = [];
  let left = false;
  for (let at = 0; at + CARD <= bytes.length; at += CARD) {
    // Headers are ASCII; what is not is Latin-1, as the table has it.
    const line = Array.from(bytes.subarray(at, at + CARD), (byte) => String.fromCharCode(byte)).join("").trimEnd();
    left = !site && (tellsPlace(line) || (left && line.startsWith("CONTINUE")));
    if (!left) lines.push(line);
    if (line === "END") break;
  }
  return `${lines.join("\n")}\n`;
}
