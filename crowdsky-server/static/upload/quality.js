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

/** The medians of what was measured on some frames: `{stars, fwhm, sky}` each. */
export class Quality {
  constructor(measured) {
    const widths = measured.map(({ fwhm }) => fwhm).filter(Number.isFinite);
    this.stars = median(measured.map(({ stars }) => stars));
    this.fwhm = widths.length ? median(widths) : null;
    this.sky = median(measured.map(({ sky }) => sky));
    this.frames = measured.length;
  }

  /**
   * From 0 to 1: how sharp the stars are, and how many there are of those that the best chunk of the same target has: clouds take
   * stars away.
   */
  score(best) {
    if (this.fwhm === null || this.stars === 0) return 0;
    const sharp = Math.max(0.1, Math.min(1, (BLURRED - this.fwhm) / (BLURRED - SHARP)));
    return sharp * Math.min(1, Math.sqrt(this.stars / Math.max(1, best)));
  }

  /** `Good: FWHM 3.1 px, 240 stars, sky 1,020 ADU`. */
  words(score) {
    const verdict = score >= 0.65 ? "Good" : score >= 0.35 ? "Fair" : "Poor";
    const width = this.fwhm === null ? "no star to measure" : `FWHM ${this.fwhm.toFixed(1)} px`;
    return `${verdict}: ${width}, ${this.stars} ${this.stars === 1 ? "star" : "stars"}, sky ${Math.round(this.sky).toLocaleString("en")} ADU`;
  }
}
