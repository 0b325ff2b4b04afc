// What every test in the browser needs: a server, a user, Debian's Chromium, eyes, and a hand that drops files.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

export const WIDE = { width: 1280, height: 900 };
export const NARROW = { width: 390, height: 844 };
export const PASSWORD = "eppur si muove 1633";
/** Seconds that a server has to end in good order. */
const PATIENCE = 30;
export const say = (text) => console.log(text);

export function check(what, good) {
  if (!good) throw new Error(what);
  say(`ok  ${what}`);
}

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** `crowdsky serve` over a folder of its own: the process and its address. */
export async function serve(crowdsky, data, port = 0) {
  const server = spawn(crowdsky, ["serve", "--data-dir", data, "--listen", `127.0.0.1:${port}`], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: server.stdout });
  const url = await new Promise((resolve, reject) => {
    lines.on("line", (line) => line.startsWith("listening on ") && resolve(line.slice("listening on ".length).trim()));
    server.on("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { server, url };
}

/** Ends a server and waits until it is gone: while it drains, a job may still write into its folder. One that does not end is killed. */
export async function stop(server, signal = "SIGTERM") {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = once(server, "exit");
  server.kill(signal);
  const late = setTimeout(() => server.kill("SIGKILL"), PATIENCE * 1000);
  await gone;
  clearTimeout(late);
}

/** Runs a test against a server whose data lie in the folder; both are gone afterwards. */
export async function withServer(crowdsky, folder, run) {
  const { server, url } = await serve(crowdsky, join(folder, "data"));
  try {
    await run(url);
  } finally {
    await stop(server);
    rmSync(folder, { recursive: true, force: true });
  }
}

export const browse = () =>
  chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });

/** A page, and what it complains of: errors on its console, a policy that is broken, answers of 500 and more, dialogs. */
export async function open(context) {
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(`${message.text()} (${message.location().url})`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("response", (response) => response.status() >= 500 && complaints.push(`${response.status()} ${response.url()}`));
  page.on("dialog", (dialog) => {
    // The warning of a page that is left while something is on its way.
    if (dialog.type() === "beforeunload") return dialog.accept();
    complaints.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.addInitScript(() => addEventListener("securitypolicyviolation", (event) => console.error(`CSP: ${event.violatedDirective}`)));
  return { page, complaints };
}

/** A screenshot of both widths; nothing may stand out to the right. */
export async function look(page, folder, name) {
  for (const [size, viewport] of [["1280", WIDE], ["390", NARROW]]) {
    await page.setViewportSize(viewport);
    await page.waitForTimeout(150);
    const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    check(`${name} fits ${size} px`, excess <= 0);
    await page.screenshot({ path: join(folder, `${name}-${size}.png`), fullPage: true });
  }
  await page.setViewportSize(WIDE);
}

/** Drops files and folders of this machine on an element, as a hand would. */
export async function drop(page, element, ...paths) {
  const session = await page.context().newCDPSession(page);
  await page.locator(element).scrollIntoViewIfNeeded();
  const box = await page.locator(element).boundingBox();
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) await session.send("Input.dispatchDragEvent", { type, ...at, data });
  await session.detach();
}

/** Registers a user. */
export async function register(page, url, name) {
  if (!page.url().includes("/login")) await page.goto(`${url}/login.php`);
  const form = page.locator('form:has(input[name="form_action"][value="register"])');
  await form.locator('[name="username"]').fill(name);
  await form.locator('[name="email"]').fill(`${name}@example.org`);
  await form.locator('[name="password"]').fill(PASSWORD);
  await form.locator("button").first().click();
  await page.waitForURL(/upload/);
}

/** Waits until the upload page is in a state. */
export const until = (page, state, timeout = 60000) =>
  page.waitForFunction((state) => document.querySelector("#uploader").dataset.state === state, state, { timeout });

/** Simulated frames. */
export const simulate = (crowdsky, folder, ...options) => execFileSync(crowdsky, ["simulate", folder, ...options], { stdio: "inherit" });
