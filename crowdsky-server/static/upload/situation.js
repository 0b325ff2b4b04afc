// Which of its states the page is in, and what it says of it.

import { canHash } from "./send.js";
import { bytes, count } from "../common/words.js";

/**
 * `empty`, `checking`, `ready`, `uploading`, `paused`, `offline`, `failed`, `sent` (all is there and waits for Finalise) or `done`.
 * @param {object} now `counts` of the queue and its `started`, `paused` and `offline`; `busy`, files are being checked; `there`, how many
 *   are on the server, `until` when they are kept; `away`, Finalise waits for the server; `why`, what a busy one said; `finished`.
 */
export function situation({ counts, started, paused, offline, busy, there, away, finished }) {
  if (finished) return "done";
  if (started && paused) return "paused";
  if (offline || away) return "offline";
  if (started && (counts.pending > 0 || busy)) return "uploading";
  if (busy) return "checking";
  if (counts.pending > 0) return "ready";
  if (counts.failed > 0) return "failed";
  if (counts.done + there > 0) return "sent";
  return counts.rejected + counts.skipped > 0 ? "nothing" : "empty";
}

const HEADLINES = {
  empty: () => "",
  nothing: ({ counts }) => (counts.earlier ? "These frames were uploaded before" : "Nothing to upload"),
  checking: () => "Checking headers",
  ready: () => "Ready to upload",
  uploading: () => "Uploading",
  paused: () => "Paused",
  offline: ({ why }) => `The server is ${why ? "busy" : "away"}`,
  failed: ({ counts }) => `${count(counts.failed, "file")} failed`,
  sent: ({ counts, finalising }) => (finalising ? "Finalising" : counts.done ? "All frames are there" : "An upload is still open"),
  done: () => "Finalised",
};

/** A few words, as the state's title. */
export const headline = (state, now) => HEADLINES[state](now);

/** One line with what there is to know. */
export function summary(state, now) {
  const { counts, there, until, checked, found, stacks, others, pace, again, why, finalising } = now;
  const all = counts.done + counts.pending + counts.failed;
  const rest = [];
  const tell = (n, what) => n > 0 && rest.push(`${n.toLocaleString("en")} ${what}`);
  tell(state === "failed" ? 0 : counts.failed, "failed");
  tell(counts.earlier, "uploaded before");
  tell(counts.rejected, "not accepted");
  tell(others, "left out: not .fit");
  tell(counts.skipped - counts.earlier, "unticked or skipped");
  const tail = rest.length ? `${rest.join(", ")}.` : "";
  const sent = `${counts.done.toLocaleString("en")} of ${count(all, "frame")} there, ${bytes(counts.sent)} of ${bytes(counts.bytes)}`;
  const kept = `They are kept until ${until} or longer, and stacked once you finalise.`;
  const line = {
    empty: () => "",
    nothing: () => (counts.earlier ? "Nothing is sent twice." : "Drop a folder with raw frames, Light_*.fit."),
    checking: () => (found ? `${checked.toLocaleString("en")} of ${count(found, "file")} checked. Nothing is sent yet.` : "Looking for files."),
    ready: () => `${count(all, "frame")}, ${bytes(counts.bytes)}, for ${count(stacks, "stack")}. ${there ? `${count(there, "file")} on the server already.` : "Nothing is sent yet."}${canHash() ? " Frames uploaded before are left out on the way." : ""}`,
    uploading: () => `${[sent, ...pace].join(", ")}.`,
    paused: () => `${sent}.${counts.done + there ? ` ${kept}` : ""}`,
    offline: () => `${all ? `${sent}. ` : ""}${why || "Nothing is lost."} ${again > 0 ? `Trying again in ${again} s` : "Trying again now"}; leave this page open and it goes on by itself.`,
    failed: () => `${sent}. Try the others again, or go on without them.`,
    sent: () => (finalising ? "Jobs are being made." : `${count(Math.max(counts.done, there), "frame")} on the server. ${kept}`),
    done: () => "",
  }[state]();
  return [line, tail].filter(Boolean).join(" ");
}
