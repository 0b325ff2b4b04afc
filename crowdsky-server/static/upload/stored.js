// What the server has of an upload that goes on, beside the chunks of the files that are here. Loaded with `resume.js`.

import { make } from "../common/dom.js";
import { count, minute, slotOf } from "../common/words.js";
import { place, title } from "./groups_view.js";

/** What tells stacks apart, in the words of this page and of the server. */
const mark = ({ chunk_key, object, filter, telescope, exptime_s, exptime = exptime_s }) =>
  JSON.stringify([chunk_key, object, filter, telescope, exptime]);

export class Stored {
  /** @param {object[]} groups Those of the server's overview. */
  constructor(groups) {
    this.rows = groups.map((group) => ({ key: group, kind: "stored", group, make: () => storedRow(group) }));
  }

  /** Gives the chunks that the server has as well `had`, how many frames are there; the rows of its others. */
  beside(chunks) {
    const here = new Map(chunks.map((group) => [mark(group), group]));
    return this.rows.filter(({ group }) => {
      const same = here.get(mark(group));
      if (same) same.had = group.frames;
      return !same;
    });
  }
}

function storedRow(group) {
  const element = make("div", "slot");
  const label = make("span", "slot-text");
  const there = [`${count(group.frames, "frame")} on the server`, group.telescope, place(group.chunk_key)].filter(Boolean);
  label.append(make("strong", "", `${title(group)}, ${minute(slotOf(group.chunk_key))} UTC`), make("span", "muted", there.join(", ")));
  element.append(label);
  return { element };
}
