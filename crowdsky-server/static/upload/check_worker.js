// Headers, read away from the page: which files the server would take, and which of them will be stacked together.
//
// In: `{run, files: [{id, file}], headerBlocks}`, as many messages as there are batches; another `run` makes it forget what it knows.
// `taken` is what a worker that has ended told of. Out: `{run, checked: [{id, refused, facts}], ended}` in small batches, and from time to
// time `{run, groups, leftOut, of}`: the chunks of the first `of` frames that are taken. `{broken}` if WebAssembly cannot be had.

import { check } from "../wasm/check.js";
import { TRAPPED, isTrap } from "../common/trap.js";
import init, { group } from "../wasm/header.js";

/** Headers read at once. */
const READS = 12;
/** Milliseconds between two messages with results. */
const TOLD_EVERY = 50;
/** Milliseconds between two groupings, and how much longer than one of them: it must not eat the time for reading. */
const GROUPED_EVERY = 200;
const GROUPING_SHARE = 4;

const ready = init();
ready.catch((error) => postMessage({ broken: String(error.message ?? error) }));

let state = begun(0);

function begun(run) {
  return { run, line: [], next: 0, reading: 0, taken: [], checked: [], grouped: 0, gap: 0 };
}

addEventListener("message", async ({ data: { run, files, headerBlocks, taken = [] } }) => {
  if (run !== state.run) state = begun(run);
  state.headerBlocks = headerBlocks;
  state.taken.push(...taken);
  state.line.push(...files);
  await ready;
  if (taken.length) tell(state);
  while (state.reading < READS && state.next < state.line.length) read(state);
});

async function read(mine) {
  mine.reading += 1;
  while (mine === state && mine.next < mine.line.length) {
    const { id, file } = mine.line[mine.next];
    mine.line[mine.next++] = undefined;
    const one = await judged(id, file, mine.headerBlocks);
    mine.checked.push(one);
    if (one.refused === null) mine.taken.push(one);
    // At once: nothing that the module says after it is heard.
    if (one.trapped) say(mine, true);
    mine.timer ??= setTimeout(tell, mine.taken.length > READS ? TOLD_EVERY : 0, mine);
  }
  mine.reading -= 1;
}

async function judged(id, file, headerBlocks) {
  try {
    const { refused, facts } = await check(file, headerBlocks);
    // Only what grouping looks at is kept: thousands of headers with their cards would be hundreds of megabytes.
    return refused ? { id, refused: refused.message } : { id, refused: null, facts };
  } catch (error) {
    const trapped = isTrap(error);
    return { id, refused: trapped ? `The file could not be checked: ${TRAPPED}.` : `The file cannot be read: ${error.message}`, trapped };
  }
}

const say = ({ run, checked }, ended = false) => postMessage({ run, checked: checked.splice(0), ended });

function tell(mine) {
  mine.timer = undefined;
  if (mine !== state) return;
  say(mine);
  if (mine.taken.length > mine.grouped) mine.grouping ??= setTimeout(regroup, mine.grouped ? mine.gap : 0, mine);
}

function regroup(mine) {
  mine.grouping = undefined;
  if (mine !== state) return;
  const begin = performance.now();
  // A chunk has only members that the page knows.
  if (mine.checked.length) say(mine);
  mine.grouped = mine.taken.length;
  const { chunks, left_out } = group(mine.taken);
  const ids = ({ members, ...rest }) => ({ ...rest, members: members.map((at) => mine.taken[at].id) });
  const leftOut = left_out.map(({ index, reason }) => ({ id: mine.taken[index].id, reason }));
  postMessage({ run: mine.run, groups: chunks.map(ids), leftOut, of: mine.grouped });
  mine.gap = Math.max(GROUPED_EVERY, GROUPING_SHARE * (performance.now() - begin));
}
