// Each state of the upload page: how it looks, whether axe finds a fault in it, and how many bytes the page is.

import { readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { WIDE, check, drop, look, open, register, say, simulate, until } from "./stage.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Bytes of the page as it is unpacked, without the module that looks at pixels. */
const BUDGET = 200 * 1024;
const PIXELS = /\/(pixels\w*\.(js|wasm)|pixels_worker\.js|previews\.js|quality\.js)$/;

async function faults(page, state) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run());
  const bad = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const told = bad.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map(({ target }) => target).join(" ")})`);
  say(`    ${violations.length} faults in all: ${violations.map(({ id, impact }) => `${id} (${impact})`).join(", ") || "none"}`);
  check(`axe finds nothing serious in ${state} ${told.join("; ")}`, bad.length === 0);
}

/** Two nights of two telescopes' sizes, one with a single frame, and files that are no frames. */
function night(crowdsky, folder) {
  const path = join(folder, "Two nights");
  simulate(crowdsky, path, "--frames", "9", "--seed", "5");
  simulate(crowdsky, join(folder, "other"), "--frames", "1", "--seed", "8", "--sensor", "s30");
  const one = readdirSync(join(folder, "other")).find((name) => name.endsWith(".fit"));
  renameSync(join(folder, "other", one), join(path, one.replace("Light_", "Light_alone_")));
  const some = readdirSync(path).find((name) => name.endsWith(".fit"));
  writeFileSync(join(path, "Light_cut_off.fit"), readFileSync(join(path, some)).subarray(0, 100_000));
  writeFileSync(join(path, "Light_broken.fit"), "GIF89a");
  writeFileSync(join(path, "Light_thn.jpg"), "no frame");
  return path;
}

export async function states(browser, url, crowdsky, folder, screenshots) {
  const path = night(crowdsky, folder);
  const context = await browser.newContext({ viewport: WIDE, colorScheme: "dark", bypassCSP: true, reducedMotion: "reduce" });
  const { page } = await open(context);
  /** Bytes on the line by address. */
  const loaded = new Map();
  page.on("requestfinished", async (request) => loaded.set(request.url(), (await request.sizes()).responseBodySize));
  const state = async (name) => {
    await look(page, screenshots, `state-${name}`);
    await faults(page, name);
  };

  // Headers are read slowly, so that there is time to look.
  await page.route("**/static/upload/check_worker.js", async (route) => {
    const answer = await route.fetch();
    const slow = "const whole = Blob.prototype.arrayBuffer; let late = 0; Blob.prototype.arrayBuffer = async function () { await new Promise((r) => setTimeout(r, 400 * late++)); return whole.call(this); };\n";
    await route.fulfill({ response: answer, body: slow + (await answer.text()) });
  });
  await register(page, url, "caroline");
  loaded.clear();
  await page.reload();
  await state("empty");

  await drop(page, "#drop", path);
  await until(page, "checking");
  await page.waitForSelector(".row.slot");
  await state("checking");
  await until(page, "ready");
  const pictures = () => [...document.querySelectorAll(".slot-quality span")].filter(({ textContent }) => /FWHM|No picture|no star/.test(textContent)).length;
  await page.waitForFunction(`(${pictures})() >= 2`, null, { timeout: 60000 });
  await state("ready");
  await page.emulateMedia({ colorScheme: "light" });
  await state("ready-light");
  await page.emulateMedia({ colorScheme: "dark" });

  // Files wait until Pause is clicked, however long it takes to look at the page while it sends; one of them is refused at once.
  let refusals = 0;
  let letPass;
  const paused = new Promise((resolve) => (letPass = resolve));
  await page.route("**/api/v1/uploads/*/files/**", async (route) => {
    if (route.request().url().includes("184549")) {
      refusals += 1;
      const body = JSON.stringify({ code: "bad_fits", detail: "The FITS header is broken. Copy the file from the telescope again." });
      return route.fulfill({ status: 422, contentType: "application/problem+json", body });
    }
    await paused;
    await route.continue();
  });
  await page.locator("#files-part summary").click();
  await page.locator("#start").click();
  check("the focus is on Pause", await page.evaluate(() => document.activeElement.id === "pause"));
  await page.waitForFunction(() => document.querySelector('.file[data-state="sending"]'));
  await state("uploading");
  await page.locator("#pause").click();
  await until(page, "paused");
  letPass();
  await page.waitForFunction(() => !document.querySelector('.file[data-state="sending"]'));
  await state("paused");
  await page.locator("#pause").click();
  await until(page, "failed");
  await state("failed");
  await page.locator("#cancel").click();
  await page.locator("#sure[open]").waitFor();
  await state("sure");
  await page.keyboard.press("Escape");
  await page.locator("#skip").click();
  await page.waitForSelector("#result:not([hidden])");
  check("the focus is on the jobs", await page.evaluate(() => document.activeElement.id === "result-link"));
  await state("done");
  check("a file that is bad was sent once", refusals === 1);
  await weigh(loaded, url, context);
  await context.close();
  await earlier(browser, url, path, screenshots);
  await broken(browser, url, screenshots);
}

/** A stack that is unticked stays here; frames that were uploaded before are left out, and sent again when that is wanted. */
async function earlier(browser, url, path, screenshots) {
  const context = await browser.newContext({ viewport: WIDE, colorScheme: "dark", bypassCSP: true });
  const { page } = await open(context);
  let sent = 0;
  page.on("request", (request) => request.method() === "PUT" && (sent += 1));
  const nine = async () => {
    await drop(page, "#drop", path);
    await until(page, "ready");
    await page.getByRole("checkbox", { name: /S30.*One frame alone/ }).uncheck();
    await page.waitForFunction(() => /^9 frames, .* 1 unticked or skipped/.test(document.querySelector("#summary").textContent));
  };
  await register(page, url, "annie");
  await nine();
  await page.getByRole("button", { name: "Upload 9 frames" }).click();
  await page.waitForSelector("#result:not([hidden])");
  check("the frame that was unticked is not sent", sent === 9);
  await page.getByRole("link", { name: "Upload more" }).click();
  await until(page, "empty");
  await nine();
  await page.locator("#auto").uncheck();
  await page.locator("#start").click();
  await until(page, "nothing");
  check("frames of an earlier upload are not sent", sent === 9 && (await page.locator("#summary").textContent()).includes("9 uploaded before"));
  await look(page, screenshots, "state-earlier");
  await faults(page, "earlier");
  await page.getByRole("button", { name: "Send 9 frames again that were uploaded before" }).click();
  await until(page, "sent");
  check("they are sent again when that is wanted", sent === 18);
  await context.close();
}

/** The page's own files, of all that was loaded: together, as the browser unpacks them. */
async function weigh(loaded, url, context) {
  const own = [...loaded].filter(([address]) => /\/(upload\.php|static\/.*)$/.test(address) && !PIXELS.test(address));
  const sizes = await Promise.all(own.map(async ([address]) => [new URL(address).pathname, (await (await context.request.get(address)).body()).length]));
  const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);
  for (const [name, size] of sizes.sort((a, b) => b[1] - a[1]).slice(0, 5)) say(`    ${size} ${name}`);
  const [unpacked, line] = [sum(sizes.map(([, size]) => size)), sum(own.map(([, size]) => size))];
  check(`the page is ${(unpacked / 1024).toFixed(1)} KiB in ${own.length} files, ${(line / 1024).toFixed(1)} KiB on the line`, own.length > 20 && unpacked <= BUDGET);
}

/** A browser that cannot run the module has the plain form. */
async function broken(browser, url, screenshots) {
  const context = await browser.newContext({ viewport: WIDE, colorScheme: "dark", bypassCSP: true });
  const { page } = await open(context);
  await page.route("**/header_bg.wasm", (route) => route.fulfill({ status: 200, contentType: "application/wasm", body: "no module" }));
  await register(page, url, "henrietta");
  await page.waitForSelector("#plain:not([hidden])");
  check("without the module the page says so", (await page.locator("#broken").textContent()).includes("cannot check frames"));
  await look(page, screenshots, "state-broken");
  await faults(page, "broken");
  await context.close();
}
