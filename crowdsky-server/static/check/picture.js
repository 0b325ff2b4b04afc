// A picture of the frame that is looked at, and how good it is. Its module is fetched when the first frame asks for it.

import { count } from "./facts.js";

const $ = (name) => document.getElementById(`check-${name}`);

/** Pixels of the longer side: sharp on a screen of twice the density, and quickly drawn. */
const LONGEST = 960;
/** Larger files are not taken into memory. The largest Seestar has 17 MB. */
const MOST_BYTES = 200e6;
/** Whoever runs through a list with the arrow keys does not wait for every picture, ms. */
const PATIENCE = 250;

export class Picture {
  constructor() {
    Object.assign(this, { worker: null, timer: 0, wanted: null });
  }

  /** Of this file, if its report says that it is a frame. */
  show(item, report) {
    clearTimeout(this.timer);
    this.wanted = item.id;
    const frame = report?.class === "raw" && report.usable && item.file.size <= MOST_BYTES;
    $("picture").hidden = !frame;
    $("canvas").hidden = true;
    if (!frame) return;
    $("quality").textContent = "Looking at the pixels …";
    this.timer = setTimeout(() => this.ask(item), PATIENCE);
  }

  ask(item) {
    if (this.worker === null) {
      this.worker = new Worker(new URL("./pixels_worker.js", import.meta.url), { type: "module" });
      this.worker.onmessage = ({ data }) => this.answered(data);
      this.worker.onerror = () => {
        this.end();
        $("quality").textContent = "The picture could not be made: its script did not load.";
      };
    }
    this.worker.postMessage({ id: item.id, file: item.file, longest: LONGEST });
    this.asked = item;
  }

  /** The next frame begins another worker. */
  end() {
    this.worker.terminate();
    this.worker = null;
  }

  answered({ id, image, stars, fwhm, sky, unread, ended }) {
    if (ended) {
      this.end();
      // What was asked behind it has no answer.
      if (this.asked.id !== id) this.ask(this.asked);
    }
    if (id !== this.wanted) return;
    if (unread !== undefined) {
      $("quality").textContent = `There is no picture: ${unread}.`;
      return;
    }
    const canvas = $("canvas");
    Object.assign(canvas, { width: image.width, height: image.height, hidden: false });
    canvas.getContext("2d").putImageData(image, 0, 0);
    canvas.setAttribute("aria-label", `The frame ${this.asked.path}, stretched so that faint things are seen`);
    $("quality").textContent = quality(stars, fwhm, sky);
  }
}

/** What the figures mean, in a sentence or two. */
export function quality(stars, fwhm, sky) {
  const level = `The sky is at ${count(Math.round(sky))} of 65,535.`;
  if (stars === 0) return `No stars were found: clouds, a covered lens, or no focus. Such a frame is left out of a stack. ${level}`;
  const width = Number.isFinite(fwhm) ? `, ${fwhm.toFixed(1)} pixels wide (full width at half maximum; the smaller, the sharper)` : "";
  return `${count(stars)} ${stars === 1 ? "star was" : "stars were"} found${width}. ${level}`;
}
