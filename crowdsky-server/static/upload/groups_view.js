// The rows of what will be stacked: a target with the sum of its chunks, and each chunk with its picture and its quality.

import { make, write } from "../common/dom.js";
import { count, duration, minute } from "../common/words.js";

/** With fewer frames a stack gains little over one of them. */
const FEW = 3;

const title = ({ object, filter }) => [object ?? "No name", filter].filter(Boolean).join(", ");
let numbers = 0;

function ticker(on) {
  const box = Object.assign(make("input", "tick-box"), { type: "checkbox", id: `tick-${(numbers += 1)}` });
  box.addEventListener("change", () => on(box.checked));
  return box;
}

/**
 * Makes the rows of `Groups.rows`.
 * @param {{tick: (groups: object[], on: boolean) => void}} groups
 */
export const groupRow = (groups) => (row) => (row.kind === "target" ? targetRow(groups) : row.kind === "slot" ? slotRow(groups) : storedRow(row));

function targetRow(groups) {
  const element = make("div");
  let target;
  const box = ticker((on) => groups.tick(target.chunks, on));
  const label = Object.assign(make("label", "target-name"), { htmlFor: box.id });
  const name = make("h3");
  const sums = make("span", "muted");
  label.append(name);
  element.append(box, label, sums);
  const update = (row) => {
    target = row.target;
    const out = target.chunks.filter((group) => group.out).length;
    box.checked = out < target.chunks.length;
    box.indeterminate = out > 0 && box.checked;
    write(name, title(target));
    write(sums, `${count(target.frames, "frame")} in ${count(target.chunks.length, "stack")}, ${duration(target.seconds)}`);
  };
  return { element, focus: box, update };
}

function slotRow(groups) {
  const element = make("div");
  let group;
  const box = ticker((on) => groups.tick([group], on));
  const picture = Object.assign(make("canvas", "shot"), { width: 1, height: 1 });
  picture.setAttribute("role", "img");
  const label = Object.assign(make("label", "slot-text"), { htmlFor: box.id });
  const [when, frames, thin] = [make("strong"), make("span", "muted"), make("span", "thin")];
  label.append(when, frames, thin);
  const quality = make("div", "slot-quality");
  const bar = Object.assign(make("meter"), { min: 0, max: 1, low: 0.35, high: 0.65, optimum: 1, value: 0 });
  bar.setAttribute("aria-label", "Quality");
  const words = make("span", "muted");
  quality.append(bar, words);
  element.append(box, picture, label, quality);
  const update = (row) => {
    group = row.group;
    const n = group.members.length;
    box.checked = !group.out;
    element.classList.toggle("out", group.out);
    const done = group.members.filter(({ state }) => state === "done").length;
    // Two telescopes at the same target make two stacks of the same minutes.
    const whose = row.target.telescopes > 1 ? `, ${group.telescope ?? "unknown telescope"}` : "";
    write(when, `${minute(group.slot)} UTC${whose}`);
    const exposure = group.exptime_s === null ? "" : ` × ${Number(group.exptime_s.toFixed(2))} s = ${duration(group.total_exptime_s)}`;
    write(frames, `${count(n, "frame")}${exposure}${done ? `, ${done} there` : ""}`);
    write(thin, n >= FEW ? "" : n === 1 ? "One frame alone makes no stack" : "Few frames: a thin stack");
    box.setAttribute("aria-label", `${title(group)}, ${when.textContent}, ${frames.textContent}${n < FEW ? `, ${thin.textContent}` : ""}`);
    drawLook(group, row.target, { picture, bar, words });
  };
  return { element, focus: box, update };
}

function drawLook({ look, members, object, slot }, target, { picture, bar, words }) {
  if (picture.look === look && look && !look.quality) return;
  if (picture.look !== look) {
    picture.look = look;
    const { preview } = look ?? {};
    picture.setAttribute("aria-label", preview ? `Frame of ${object ?? "no name"}, ${minute(slot)}` : "No picture yet");
    picture.classList.toggle("empty", !preview);
    if (preview) {
      Object.assign(picture, { width: preview.width, height: preview.height });
      const { width, height, rgba } = preview;
      picture.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(rgba.buffer), width, height), 0, 0);
    }
  }
  bar.hidden = !look?.quality;
  if (!look) return write(words, "Looking at frames ...");
  if (!look.quality) return write(words, `No picture: ${look.failed}`);
  const best = Math.max(...target.chunks.map((group) => group.look?.quality?.stars ?? 0));
  bar.value = look.quality.score(best);
  const of = members.length > look.quality.frames ? ` (${count(look.quality.frames, "frame")} measured)` : "";
  write(words, `${look.quality.words(bar.value)}${of}${look.preview ? "" : `; no picture: ${look.failed}`}`);
}

/** The row of a chunk that the server has of an upload that goes on. */
function storedRow({ group }) {
  const element = make("div", "slot");
  const label = make("span", "slot-text");
  label.append(make("strong", "", `${title(group)}, ${minute(group.slot)} UTC`), make("span", "muted", `${count(group.frames, "frame")} on the server`));
  element.append(label);
  return { element };
}
