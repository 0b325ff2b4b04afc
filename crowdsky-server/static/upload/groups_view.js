// The rows of what will be stacked: a target with the sum of its chunks, and each chunk with its picture and its quality.

import { make, write } from "../common/dom.js";
import { count, duration, minute } from "../common/words.js";

/** With fewer frames a stack gains little over one of them. */
const FEW = 3;

/** The pointing that a chunk's key names. */
export function place(key) {
  const [, ra, dec] = key.split("_");
  return dec ? `RA ${Number(ra)}°, Dec ${dec}°` : "no pointing";
}

export const title = ({ object, filter }) => [object ?? "No name", filter].filter(Boolean).join(", ");
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
export const groupRow = (groups) => (row) => (row.kind === "target" ? targetRow(groups) : row.kind === "slot" ? slotRow(groups) : row.make());

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
    write(sums, `${count(target.frames, "frame")} in ${count(target.stacks, "stack")}, ${duration(target.seconds)}`);
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
    const { out, members, had } = group;
    const n = Math.max(members.length, had);
    box.checked = !out;
    element.classList.toggle("out", out);
    const done = Math.max(members.filter(({ state }) => state === "done").length, had);
    // Two telescopes at the same target make two stacks of the same minutes.
    const whose = row.target.telescopes > 1 ? `, ${group.telescope ?? "unknown telescope"}` : "";
    write(when, `${minute(group.slot)} UTC${whose}${row.target.panels ? `, ${place(group.chunk_key)}` : ""}`);
    const exposure = group.exptime_s === null ? "" : ` × ${Number(group.exptime_s.toFixed(2))} s = ${duration(group.total_exptime_s)}`;
    // Nothing is taken back by its tick.
    const there = out ? `already sent${done > 1 ? " are stacked" : ""}` : "there";
    write(frames, `${count(members.length, "frame")}${exposure}${done ? `, ${done} ${there}` : ""}`);
    write(thin, n >= FEW ? "" : n === 1 ? "One frame alone: no stack yet" : "Few frames: a thin stack");
    box.setAttribute("aria-label", `${title(group)}, ${when.textContent}, ${frames.textContent}${n < FEW ? `, ${thin.textContent}` : ""}`);
    if (group.look) return group.look.draw(group, row.target, { picture, bar, words });
    picture.setAttribute("aria-label", "No picture yet");
    picture.classList.add("empty");
    bar.hidden = true;
    write(words, "Looking at frames ...");
  };
  return { element, focus: box, update };
}
