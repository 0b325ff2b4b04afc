// A user at work in Debian's Chromium: registers, drops a folder of frames, finalises, watches the job, gets the stack.
//
// node playwright.mjs CROWDSKY PYTHON SCREENSHOTS

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [crowdsky, python, screenshots] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "crowdsky-web-"));
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 390, height: 844 };
const say = (text) => console.log(text);

function check(what, good) {
  if (!good) throw new Error(what);
  say(`ok  ${what}`);
}

/** `crowdsky serve` over a folder of its own; its address. */
async function serve() {
  const server = spawn(crowdsky, ["serve", "--data-dir", join(folder, "data"), "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: server.stdout });
  const url = await new Promise((resolve, reject) => {
    lines.on("line", (line) => line.startsWith("listening on ") && resolve(line.slice("listening on ".length).trim()));
    server.on("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { server, url };
}

/** A screenshot of both widths; nothing may stand out to the right. */
async function look(page, name) {
  for (const [size, viewport] of [["1280", WIDE], ["390", NARROW]]) {
    await page.setViewportSize(viewport);
    await page.waitForTimeout(150);
    const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    check(`${name} fits ${size} px`, excess <= 0);
    await page.screenshot({ path: join(screenshots, `${name}-${size}.png`), fullPage: true });
  }
  await page.setViewportSize(WIDE);
}

/** Drops a folder of this machine on an element, as a hand would. */
async function dropFolder(page, element, path) {
  const session = await page.context().newCDPSession(page);
  const box = await page.locator(element).boundingBox();
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) await session.send("Input.dispatchDragEvent", { type, ...at, data });
  await session.detach();
}

async function run(url) {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  const context = await browser.newContext({ viewport: WIDE, acceptDownloads: true, colorScheme: "dark" });
  const page = await context.newPage();
  // A policy that is broken is told on the console too.
  const complaints = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(`${message.text()} (${message.location().url})`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("response", (response) => response.status() >= 500 && complaints.push(`${response.status()} ${response.url()}`));
  await page.addInitScript(() => addEventListener("securitypolicyviolation", (event) => console.error(`CSP: ${event.violatedDirective}`)));

  await page.goto(`${url}/`);
  await look(page, "home");
  await page.goto(`${url}/login.php?msg=login_required`);
  await look(page, "login");
  const form = page.locator('form:has(input[name="form_action"][value="register"])');
  await form.locator('[name="username"]').fill("galileo");
  await form.locator('[name="email"]').fill("galileo@example.org");
  await form.locator('[name="password"]').fill("eppur si muove 1633");
  await form.locator("button").first().click();
  await page.waitForURL(/upload/);
  await look(page, "upload-empty");
  await page.goto(`${url}/stacks.php`);
  await look(page, "stacks-empty");
  await page.goto(`${url}/status.php`);
  await look(page, "sessions-empty");

  // One bad frame beside eight good ones, and a picture that is none.
  const night = join(folder, "M 31_sub");
  execFileSync(crowdsky, ["simulate", night, "--frames", "8", "--seed", "7"], { stdio: "inherit" });
  const frames = readdirSync(night).filter((name) => name.endsWith(".fit"));
  check("eight frames are simulated", frames.length === 8);
  writeFileSync(join(night, "Light_broken.fit"), "GIF89a");
  writeFileSync(join(night, "Light_thn.jpg"), "no frame");
  await page.goto(`${url}/upload.php`);
  await dropFolder(page, "#drop", night);
  await page.waitForFunction(() => /^8 of 8 files done/.test(document.querySelector("#summary").textContent), null, { timeout: 120000 });
  const summary = await page.locator("#summary").textContent();
  check(`the folder is uploaded: ${summary}`, summary.includes("1 not accepted") && /left out/.test(summary));
  await look(page, "upload-done");

  // What is there is not sent again after a reload.
  let sent = 0;
  page.on("request", (request) => request.method() === "PUT" && (sent += 1));
  await page.reload();
  await page.waitForSelector("#resume:not([hidden])");
  await look(page, "upload-resumed");
  await dropFolder(page, "#drop", night);
  await page.waitForFunction(() => /^8 of 8 files done/.test(document.querySelector("#summary").textContent), null, { timeout: 60000 });
  check("after a reload no frame is sent again", sent === 0);
  // Somebody signs out and in again in another tab: the page takes the new session's form token and goes on.
  const other = await context.newPage();
  await other.goto(`${url}/account.php`);
  await other.locator('form[action="/logout.php"] button').click();
  await other.goto(`${url}/login.php`);
  const again = other.locator('form:has(input[name="form_action"][value="login"])');
  await again.locator('[name="username"]').fill("galileo");
  await again.locator('[name="password"]').fill("eppur si muove 1633");
  await again.locator("button").first().click();
  await other.waitForURL(/upload/);
  await other.close();
  await page.locator("#finalise").click();
  await page.waitForSelector("#result:not([hidden])");
  await look(page, "finalised");
  await page.locator("#result-link").click();
  await page.waitForSelector("[data-job]");
  await look(page, "status-running");
  await page.waitForFunction(() => [...document.querySelectorAll("[data-job]")].every((job) => job.dataset.status === "completed"), null, { timeout: 300000 });
  check("the job is watched to its end", (await page.locator("#live").textContent()) === "live");
  await look(page, "status-completed");
  await page.goto(`${url}/status.php`);
  await look(page, "sessions");

  await page.goto(`${url}/stacks.php`);
  const picture = page.locator(".gallery img").first();
  await picture.scrollIntoViewIfNeeded();
  await page.waitForFunction(() => document.querySelector(".gallery img").naturalWidth > 0);
  check("the thumbnail is seen", (await picture.evaluate((image) => image.naturalWidth)) > 0);
  await look(page, "stacks");
  await page.locator(".gallery a").first().click();
  await page.waitForFunction(() => document.querySelector(".detail img").naturalWidth > 0);
  await look(page, "stack");
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("a.primary[download]").click()]);
  const file = join(folder, download.suggestedFilename());
  await download.saveAs(file);
  const script = "import sys; from astropy.io import fits; f = fits.open(sys.argv[1], checksum=True); f.verify('exception'); "
    + "print([(h.name, h.data.shape) for h in f if h.data is not None], f[0].header.get('NIMAGES'), f[0].header.get('EXPTIME'))";
  const told = execFileSync(python, ["-W", "error", "-c", script, file]).toString().trim();
  check(`astropy opens ${download.suggestedFilename()}: ${told}`, told.includes("(") && /^[A-Za-z0-9._+-]+\.fits$/.test(download.suggestedFilename()));
  await page.goto(`${url}/account.php`);
  await look(page, "account");
  const missing = await page.goto(`${url}/stacks.php?id=999`);
  check("a stack that is not there is 404", missing.status() === 404);
  await look(page, "not-found");
  const unexpected = complaints.filter((text) => !/status of 40[34]/.test(text));
  check(`the console is silent ${unexpected.join("; ")}`, unexpected.length === 0);

  // The same in the light of day.
  await page.emulateMedia({ colorScheme: "light" });
  for (const name of ["upload", "stacks"]) {
    await page.goto(`${url}/${name}.php`);
    await look(page, `${name}-light`);
  }

  // Without scripts: one file through the plain form.
  const plain = await (await browser.newContext({ viewport: WIDE, javaScriptEnabled: false, storageState: await context.storageState() })).newPage();
  await plain.goto(`${url}/upload.php`);
  await plain.setInputFiles('#plain input[name="file"]', join(night, frames[0]));
  await plain.locator('#plain form:has(input[value="single"]) button').click();
  await plain.waitForURL(/session=/);
  check("a frame is uploaded without scripts", (await plain.locator("#plain").textContent()).includes("1 file"));
  await plain.screenshot({ path: join(screenshots, "no-script-1280.png"), fullPage: true });
  await browser.close();
}

mkdirSync(screenshots, { recursive: true });
const { server, url } = await serve();
try {
  await run(url);
} finally {
  server.removeAllListeners("exit");
  server.kill("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
}
