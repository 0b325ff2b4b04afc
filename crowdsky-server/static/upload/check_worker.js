// Headers, read away from the page: which files the server would take, and which of them will be stacked together.
//
// In: `{run, files: [{id, file}], headerBlocks}`, as many messages as there are batches; another `run` makes it forget what it knows.
// Out: `{run, checked: [{id, refused}]}` in small batches, and from time to time `{run, groups, leftOut, of}`: the chunks of the
// first `of` frames that are taken. `{broken}` if WebAssembly cannot be had.

import { check } from "../wasm/check.js";
import { endAfterTrap } from "../common/trap.js";
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
  return { run, line: [], next: 0, reading: 0, ids: [], facts: [], checked: [], grouped: 0, gap: 0 };
}

addEventListener("message", async ({ data: { run, files, headerBlocks } }) => {
  if (run !== state.run) state = begun(run);
  state.headerBlocks = headerBlocks;
  state.line.push(...files);
  await ready;
  while (state.reading < READS && state.next < state.line.length) read(state);
});

async function read(mine) {
  mine.reading += 1;
  while (mine === state && mine.next < mine.line.length) {
    const { id, file } = mine.line[mine.next];
    mine.line[mine.next++] = undefined;
    mine.checked.push({ id, refused: await judged(mine, id, file) });
    mine.timer ??= setTimeout(tell, mine.ids.length > READS ? TOLD_EVERY : 0, mine);
  }
  mine.reading -= 1;
}

async function judged(mine, id, file) {
  try {
    const report = await check(file, mine.headerBlocks);
    if (report.refused === null) {
      mine.ids.push(id);
      // Only what grouping looks at is kept: thousands of headers with their cards would be hundreds of megabytes.
      mine.facts.push({ facts: report.facts });
    }
    return report.refused?.message ?? null;
  } catch (error) {
    endAfterTrap(error);
    return `The file cannot be read: ${error.message}`;
  }
}

function tell(mine) {
  mine.timer = undefined;
  if (mine !== state) return;
  postMessage({ run: mine.run, checked: mine.checked.splice(0) });
  if (mine.facts.length > mine.grouped) mine.grouping ??= setTimeout(regroup, mine.grouped ? mine.gap : 0, mine);
}

function regroup(mine) {
  mine.grouping = undefined;
  if (mine !== state) return;
  const begin = performance.now();
  // A chunk has only members that the page knows.
  if (mine.checked.length) postMessage({ run: mine.run, checked: mine.checked.splice(0) });
  mine.grouped = mine.facts.length;
  const { chunks, left_out } = group(mine.facts);
  const ids = ({ members, ...rest }) => ({ ...rest, members: members.map((at) => mine.ids[at]) });
  const leftOut = left_out.map(({ index, reason }) => ({ id: mine.ids[index], reason }));
  postMessage({ run: mine.run, groups: chunks.map(ids), leftOut, of: mine.grouped });
  mine.gap = Math.max(GROUPED_EVERY, GROUPING_SHARE * (performance.now() - begin));
}
