// "Check my FITS" in Debian's Chromium: good frames and broken ones, every finding explained, nothing sent.
//
// node check.mjs CROWDSKY PYTHON SCREENSHOTS

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOSTILE, oddFrames } from "./odd_frames.mjs";
import { WIDE, browse, check, drop, look, open, withServer } from "./stage.mjs";

const [crowdsky, python, screenshots] = process.argv.slice(2);
const axe = createRequire(import.meta.url)("axe-core");
const folder = mkdtempSync(join(tmpdir(), "crowdsky-check-"));

const text = (page, name) => page.locator(`#check-${name}`).textContent();

async function dropped(page, words, ...paths) {
  await drop(page, "#check-drop", ...paths);
  await page.waitForFunction((words) => document.querySelector("#check-status").textContent.includes(words), words, { timeout: 60000 });
}

async function choose(page, name) {
  await page.getByRole("option", { name }).first().click();
  await page.waitForFunction((name) => document.querySelector("#check-name").textContent === name, name);
}

/** axe-core finds nothing. */
async function accessible(page, name) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  check(`axe is content with ${name} ${violations.map((one) => `${one.id}: ${one.nodes[0].html}`).join("; ")}`, violations.length === 0);
}

/** The page finds what `crowdsky inspect` finds, but for what takes the pixels to find: their padding and sums. */
async function sameFindings(page, path) {
  const inspect = spawnSync(crowdsky, ["inspect", path, "--json"], { encoding: "utf8" });
  const found = JSON.parse(inspect.stdout).files[0].findings.map((finding) => finding.code);
  const codes = found.filter((code) => (code >= 200 && code < 600) || code >= 700).sort();
  const listed = await page.locator("#check-findings > li").evaluateAll((kinds) => kinds.flatMap((kind) => {
    const code = Number(kind.querySelector(".badge").textContent.split(" ")[1]);
    return [...kind.querySelectorAll(".check-messages > li")].map(() => code);
  }));
  check(`${codes.length} findings are those of crowdsky inspect: ${[...new Set(codes)].join(" ")}`, codes.length > 12 && JSON.stringify(listed.sort()) === JSON.stringify(codes));
}

async function run(url) {
  const browser = await browse();
  const context = await browser.newContext({ viewport: WIDE, colorScheme: "dark", permissions: ["clipboard-read", "clipboard-write"] });
  const { page, complaints } = await open(context);
  await page.goto(`${url}/`);
  await look(page, screenshots, "check-home");
  await page.getByRole("link", { name: "Check my FITS" }).first().click();
  await page.waitForURL(/\/check$/);
  await page.waitForLoadState("networkidle");
  await look(page, screenshots, "check-empty");
  await accessible(page, "the empty page");
  const asked = [];
  context.on("request", (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));

  const night = join(folder, "night");
  execFileSync(crowdsky, ["simulate", night, "--frames", "3", "--seed", "7"], { stdio: "inherit" });
  const frames = readdirSync(night).filter((name) => name.endsWith(".fit"));
  writeFileSync(join(night, "Light_thn.jpg"), "a picture");
  await dropped(page, "3 files checked", night);
  const status = await text(page, "status");
  check(`good frames are good, and what is no FITS in a folder is passed over: ${status}`, status.startsWith("3 files checked: 3 good.") && status.includes("2 other files were passed over"));
  check("headers are checked without a request", asked.every((one) => /^GET \/static\/(check\/pixels_worker\.js|wasm\/pixels(_bg\.wasm|\.js))$/.test(one)));
  await page.waitForFunction(() => /stars? w/.test(document.querySelector("#check-quality").textContent), null, { timeout: 60000 });
  check(`a picture with stars: ${await text(page, "quality")}`, /^\d[\d,]* stars were found, \d+\.\d pixels wide/.test(await text(page, "quality")));
  await look(page, screenshots, "check-good");
  await accessible(page, "a good frame");

  // Without a network nothing changes: nothing is asked of it.
  await context.setOffline(true);
  const before = asked.length;
  const odd = oddFrames(folder, join(night, frames[0]));
  await dropped(page, `${3 + Object.keys(odd).length} files checked`, ...Object.values(odd));
  const reason = async (name) => {
    await choose(page, name);
    return text(page, "verdict");
  };
  for (const [name, words] of [
    ["cut off.fit", /cut off/], ["no end.fit", /END|within its header/], ["picture.fit", /not a FITS file/i], ["empty.fit", /empty|0 bytes/], ["stack.fits", /stacked already/], ["wrong values.fit", /DATE-OBS/], ["no date.fit", /DATE-OBS/],
  ]) check(`${name} cannot be stacked, and why is told`, /^Cannot be stacked/.test(await reason(name)) && words.test(await reason(name)));

  await choose(page, "wrong values.fit");
  await sameFindings(page, odd["wrong values.fit"]);
  for (const finding of await page.locator("#check-findings > li").all()) {
    const words = await finding.locator("dd").allTextContents();
    check(`explained: ${await finding.locator("h4").textContent()}`, words.length === 3 && words.every((one) => one.length > 5) && !(await finding.textContent()).includes("without an explanation"));
  }
  await look(page, screenshots, "check-findings");
  await accessible(page, "a page of findings");
  // The link of a finding goes to its card, even if the search hides it.
  await page.locator("#check-needle").fill("no such card");
  check("a search without a match says so", (await text(page, "matches")).startsWith("0 of "));
  await page.locator('#check-findings a[href^="#card-"]').first().click();
  const focused = await page.evaluate(() => document.activeElement.querySelector("th")?.textContent);
  check(`the link goes to its card: ${focused}`, focused === (await page.locator('#check-findings a[href^="#card-"]').first().textContent()));

  await choose(page, `${HOSTILE}.fit`);
  await page.waitForFunction(() => !document.querySelector("#check-canvas").hidden);
  check("a hostile name and object are texts", (await page.locator("#checker img").count()) === 0 && (await page.locator("#check-facts").textContent()).includes(HOSTILE));
  await page.locator("#check-needle").fill("OnError");
  check("a search narrows the table and marks what was found", (await text(page, "matches")).startsWith("2 of ") && (await page.locator("#check-cards mark").first().textContent()) === "onerror");
  check("nor does the mark make markup of them", (await page.locator("#checker img").count()) === 0);
  await look(page, screenshots, "check-hostile");
  const copied = async () => {
    await page.locator("#check-copy").click();
    await page.waitForFunction(() => document.querySelector("#check-copied").textContent !== "");
    const said = await page.evaluate(() => navigator.clipboard.readText());
    return said.split("\n");
  };
  const without = await copied();
  check("the copied header is that of the file, without the site", without[0].startsWith("SIMPLE  =") && without.at(-2) === "END" && !without.some((line) => line.startsWith("SITE")));
  await page.locator("#check-site input").check();
  check("and with the site for those who want it", (await copied()).filter((line) => line.startsWith("SITE")).length === 2);

  await page.evaluate(() => Object.defineProperty(navigator.clipboard, "writeText", { value: () => Promise.reject(new Error("not allowed")) }));
  await page.locator("#check-copy").click();
  await page.waitForSelector("#check-text:not([hidden])");
  check("where the page may not copy, the text is there to be copied by hand", (await page.locator("#check-text").inputValue()).startsWith("SIMPLE  ="));

  await choose(page, "long header.fit");
  check(`70,000 cards: ${await text(page, "matches")}`, /numbers 1 to 1,000/.test(await text(page, "matches")) && (await page.locator("#check-cards tr").count()) === 1000);
  const searched = await page.evaluate(async () => {
    const needle = document.querySelector("#check-needle");
    const begin = performance.now();
    needle.value = "lastone";
    needle.dispatchEvent(new Event("input"));
    return performance.now() - begin;
  });
  check(`one of them is found in ${searched.toFixed(0)} ms`, (await page.locator("#check-cards tr").count()) === 1 && searched < 500);
  await page.locator("#check-needle").fill("");
  await page.locator("#check-pages button").nth(1).click();
  check("the next thousand", /numbers 1,001 to 2,000/.test(await text(page, "matches")));

  // A file that goes away after it was checked.
  rmSync(odd["cut off.fit"]);
  check("a file that is gone is told as such", (await reason("cut off.fit")).includes("could not be read") && !(await page.locator("#check-facts").isVisible()));

  // The keyboard alone: arrows walk through the list, filters narrow it.
  await page.locator("#check-filters button").nth(1).focus();
  await page.keyboard.press("Enter");
  check("a filter lists the good ones", (await page.getByRole("option").count()) < 3 + Object.keys(odd).length);
  await page.keyboard.press("Tab");
  while (!(await page.evaluate(() => document.activeElement.getAttribute("role") === "option"))) await page.keyboard.press("Tab");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  await page.waitForFunction(() => document.activeElement.ariaSelected === "true" && document.querySelector("#check-name").textContent === document.activeElement.title);
  check("the arrow keys choose", (await page.locator('[role="option"][aria-selected="true"]').count()) === 1);
  check(`with the network off nothing was asked for: ${asked.slice(before)}`, asked.length === before);
  await context.setOffline(false);
  check(`the console is silent ${complaints.join("; ")}`, complaints.length === 0);

  await page.emulateMedia({ colorScheme: "light" });
  await page.locator("#check-filters button").first().click();
  await choose(page, "wrong values.fit");
  await look(page, screenshots, "check-findings-light");
  await accessible(page, "the light theme");
  const big = join(folder, "many");
  mkdirSync(big);
  const one = readFileSync(odd[`${HOSTILE}.fit`]);
  for (let i = 0; i < 2000; i += 1) writeFileSync(join(big, `Light_${i}.fit`), one);
  const begin = Date.now();
  await dropped(page, `${(2003 + Object.keys(odd).length).toLocaleString("en")} files checked`, big);
  check(`2,000 files in ${Date.now() - begin} ms`, (await page.getByRole("option").count()) === 200);
  await page.locator("#check-more button").click();
  check("more are listed when asked for", (await page.getByRole("option").count()) === 400);

  // With an account it is the same page, with the menu.
  await page.goto(`${url}/login`);
  const form = page.locator('form:has(input[name="form_action"][value="register"])');
  for (const [name, value] of [["username", "galileo"], ["email", "galileo@example.org"], ["password", "eppur si muove 1633"]]) await form.locator(`[name="${name}"]`).fill(value);
  await form.locator("button").click();
  await page.waitForURL(/upload/);
  await page.getByRole("link", { name: "Check", exact: true }).click();
  await page.waitForURL(/\/check$/);
  check("the menu says where one is", (await page.locator('nav a[aria-current="page"]').textContent()) === "Check");
  await look(page, screenshots, "check-signed-in");

  const plain = await (await browser.newContext({ viewport: WIDE, javaScriptEnabled: false })).newPage();
  await plain.goto(`${url}/check`);
  check("without scripts the page says what does the same", (await plain.locator("main").textContent()).includes("crowdsky inspect FILE"));
  await look(plain, screenshots, "check-no-script");
  await browser.close();
}

mkdirSync(screenshots, { recursive: true });
await withServer(crowdsky, folder, run);
