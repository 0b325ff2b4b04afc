// What is seen: the state in words, the buttons that make sense in it, and the lists.

import { Announcer } from "./announce.js";
import { $, say, write } from "../common/dom.js";
import { fileRow, reasonRow } from "./file_rows.js";
import { groupRow } from "./groups_view.js";
import { Pace } from "./progress.js";
import { headline, situation, summary } from "./situation.js";
import { VirtualList } from "./virtual_list.js";
import { count } from "../common/words.js";

/** Milliseconds between two drawings: progress comes much more often. */
const DRAWN_EVERY = 100;

export class Screen {
  /**
   * @param {object} parts `queue`, `intake`, `groups`, `session` and `closing`.
   * @param {(groups: object[]) => void} seen Called with the chunks that are seen.
   */
  constructor(parts, seen) {
    Object.assign(this, parts, { pace: new Pace(), announcer: new Announcer($("status")), drawn: {} });
    this.lists = {
      groups: new VirtualList($("groups"), groupRow(this.groups), (rows) => seen(rows.filter(({ kind }) => kind === "slot").map(({ group }) => group))),
      failed: new VirtualList($("failed"), reasonRow),
      rejected: new VirtualList($("rejected"), reasonRow),
      files: new VirtualList($("files"), fileRow),
    };
    $("files-part").addEventListener("toggle", () => this.lists.files.refresh());
  }

  /** Draws before long. */
  draw() {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      requestAnimationFrame(() => this.drawNow());
    }, DRAWN_EVERY);
  }

  /** Shows the chunks as they are now. */
  drawGroups() {
    this.lists.groups.show(this.groups.rows());
    this.draw();
  }

  drawNow() {
    const now = this.#now();
    const state = situation(now);
    if (state === "uploading") this.pace.tick(performance.now() / 1000, now.counts.sent, this.queue.moved);
    else this.pace.reset();
    now.pace = this.pace.words(now.counts.bytes - now.counts.sent);
    const [title, text] = [headline(state, now), summary(state, now)];
    $("uploader").dataset.state = state;
    say("headline", title);
    say("summary", text);
    this.announcer.say(state, `${title}. ${text}`);
    $("run").hidden = state === "empty" || state === "done";
    $("drop").hidden = state === "done" || now.finalising;
    this.#buttons(state, now);
    this.#lists(now.counts);
    // Seconds go by while nothing else happens.
    clearTimeout(this.second);
    if (state === "offline" || state === "uploading") this.second = setTimeout(() => this.draw(), 1000);
  }

  #now() {
    const { queue, intake, closing } = this;
    const { started, paused, offline } = queue;
    const { busy, checked, found, others } = intake;
    const wait = closing.away ? closing : offline;
    const again = Math.ceil(((wait?.again ?? 0) - Date.now()) / 1000);
    return {
      counts: queue.counts(), started, paused, offline, busy, checked, found, others, again,
      away: closing.away, finalising: closing.running, finished: closing.done, there: this.session.there.size, stacks: this.groups.wanted,
      until: this.session.until, why: wait?.busy && wait.message,
    };
  }

  #buttons(state, { counts, started, busy, there, finalising }) {
    const held = document.activeElement;
    if (started || (counts.pending > 0 && !$("resume-folders").firstChild)) $("resume").hidden = true;
    $("start").hidden = started || counts.waiting === 0;
    write($("start"), `Upload ${count(counts.waiting, "frame")}`);
    $("pause").hidden = !started;
    write($("pause"), this.queue.paused ? "Go on" : "Pause");
    $("retry").hidden = counts.failed === 0 || started;
    // After a stop that will last, as when the quota is used up.
    const rest = state === "paused" && counts.sending === 0 && counts.done + there > 0;
    $("skip").hidden = busy || !(rest || (counts.failed > 0 && !started));
    write($("skip"), rest ? "Leave out the rest and finalise" : "Go on without them");
    $("again").hidden = counts.earlier === 0 || started;
    write($("again"), `Send ${count(counts.earlier, "frame")} again that ${counts.earlier === 1 ? "was" : "were"} uploaded before`);
    const may = !finalising && !busy && counts.pending === 0 && counts.failed === 0 && counts.done + there > 0;
    $("finalise").disabled = !may;
    // It is the next step only when frames have just arrived; else there is nothing to see of it while it comes by itself.
    $("finalise").classList.toggle("primary", may && counts.done > 0);
    $("finalise").hidden = !may && ($("auto").checked || state === "nothing");
    $("auto-part").hidden = state === "sent" || state === "nothing";
    $("cancel").disabled = finalising;
    $("overall").hidden = counts.done + counts.sending + counts.failed === 0 && !started;
    $("overall").value = counts.bytes ? counts.sent / counts.bytes : 0;
    // The focus goes on to the next step, not to the top of the page.
    if (held.hidden && $("run").contains(held)) $("run").querySelector(".primary:not([hidden], :disabled)")?.focus();
  }

  #lists(counts) {
    const { items } = this.queue;
    const only = (wanted) => items.filter(({ state }) => state === wanted);
    // One may have failed in place of another.
    this.drawn.failed = counts.failed ? undefined : this.drawn.failed;
    this.#list("failed", "reason", counts.failed, () => only("failed"));
    this.#list("rejected", "reason", counts.rejected, () => only("rejected"));
    this.#list("files", "file", items.length, () => items);
    $("groups-part").hidden = this.lists.groups.rows.length === 0;
    const stored = this.groups.chunks.length === 0;
    write($("groups-title"), stored ? "On the server" : "What will be stacked");
    $("groups-hint").hidden = stored;
    this.lists.groups.refresh();
  }

  #list(name, kind, number, items) {
    if (this.drawn[name] === number) return this.lists[name].refresh();
    this.drawn[name] = number;
    $(`${name}-part`).hidden = number === 0;
    write($(`${name}-count`), number.toLocaleString("en"));
    this.lists[name].show(items().map((item) => ({ key: item, kind, item })));
  }
}
