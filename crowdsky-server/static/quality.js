// How good the frames of a chunk are, from a few of them.

/** Full widths at half maximum, px, of stars as sharp as this telescope shows them, and of stars that are hardly stars. */
const SHARP = 2;
const BLURRED = 8;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** So many members, spread over the time of the chunk; the middle one first. */
export function sample(members, most = 3) {
  if (members.length <= most) return members;
  const last = members.length - 1;
  return [members[Math.round(last / 2)], members[0], members[last]];
}

/**
 * The medians of what was measured; null without any.
 * @param {{stars: number, fwhm: number, sky: number}[]} measured
 */
export function summary(measured) {
  if (measured.length === 0) return null;
  const widths = measured.map(({ fwhm }) => fwhm).filter(Number.isFinite);
  return {
    stars: median(measured.map(({ stars }) => stars)),
    fwhm: widths.length ? median(widths) : null,
    sky: median(measured.map(({ sky }) => sky)),
    frames: measured.length,
  };
}

/** From 0 to 1: how sharp the stars are, and how many of those that the best chunk of the same target has: clouds take stars away. */
export function score({ stars, fwhm }, best) {
  if (fwhm === null || stars === 0) return 0;
  const sharp = Math.max(0.1, Math.min(1, (BLURRED - fwhm) / (BLURRED - SHARP)));
  return sharp * Math.min(1, Math.sqrt(stars / Math.max(1, best)));
}

export const word = (score) => (score >= 0.65 ? "Good" : score >= 0.35 ? "Fair" : "Poor");

/** `FWHM 3.1 px, 240 stars, sky 1,020`. */
export function figures({ stars, fwhm, sky }) {
  const width = fwhm === null ? "no star to measure" : `FWHM ${fwhm.toFixed(1)} px`;
  return `${width}, ${stars} ${stars === 1 ? "star" : "stars"}, sky ${Math.round(sky).toLocaleString("en")}`;
}
