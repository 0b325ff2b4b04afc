// How long the page's tasks are, and how much memory it has.

import { readFileSync } from "node:fs";

const CATEGORIES = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"];

/** Traces what `work` does; the longest tasks of pages' main threads, ms. Workers have threads of their own and are not counted. */
export async function longestTasks(browser, work) {
  const session = await browser.newBrowserCDPSession();
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value.filter(({ name, ph }) => ph === "M" || /RunTask$/.test(name))));
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: CATEGORIES } });
  const result = await work();
  const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.end");
  await complete;
  await session.detach();
  const thread = ({ pid, tid }) => `${pid}.${tid}`;
  const main = new Set(events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(thread));
  const tasks = events.filter((event) => event.ph === "X" && main.has(thread(event)));
  const longest = (of) => tasks.map(of).sort((a, b) => b - a).slice(0, 5).map((us) => us / 1000);
  return { result, tasks: tasks.length, wall: longest(({ dur }) => dur ?? 0), cpu: longest(({ dur, tdur }) => tdur ?? dur ?? 0) };
}

/** MB: the page's JavaScript heap, and the private memory of the largest renderer, which its workers are part of. */
export async function memory(browser, page) {
  const own = await page.context().newCDPSession(page);
  const { usedSize } = await own.send("Runtime.getHeapUsage");
  await own.detach();
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const renderers = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => privateBytes(id));
  return { heap: usedSize / 1e6, renderer: Math.max(...renderers) / 1e6 };
}

function privateBytes(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const sum = [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)].reduce((all, [, kilobytes]) => all + Number(kilobytes), 0);
  return sum * 1024;
}

export const mb = ({ heap, renderer }) => `heap ${heap.toFixed(0)} MB, renderer ${renderer.toFixed(0)} MB`;
