// A user at work in Debian's Chromium: registers, drops a folder of frames, finalises, watches the job, gets the stack.
//
// node playwright.mjs CROWDSKY PYTHON SCREENSHOTS

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PASSWORD, WIDE, browse, check, drop, look as lookAt, open, register, withServer, simulate, until } from "./stage.mjs";

const [crowdsky, python, screenshots] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "crowdsky-web-"));
const look = (page, name) => lookAt(page, screenshots, name);

async function run(url) {
  const browser = await browse();
  const context = await browser.newContext({ viewport: WIDE, acceptDownloads: true, colorScheme: "dark" });
  const { page, complaints } = await open(context);

  await page.goto(`${url}/`);
  await look(page, "home");
  await page.goto(`${url}/login.php?msg=login_required`);
  await look(page, "login");
  await register(page, url, "galileo");
  await look(page, "upload-empty");
  await page.goto(`${url}/stacks.php`);
  await look(page, "stacks-empty");
  await page.goto(`${url}/status.php`);
  await look(page, "sessions-empty");

  // One bad frame beside eight good ones, and a picture that is none.
  const night = join(folder, "M 31_sub");
  simulate(crowdsky, night, "--frames", "8", "--seed", "7");
  const frames = readdirSync(night).filter((name) => name.endsWith(".fit"));
  check("eight frames are simulated", frames.length === 8);
  writeFileSync(join(night, "Light_broken.fit"), "GIF89a");
  writeFileSync(join(night, "Light_thn.jpg"), "no frame");
  await page.goto(`${url}/upload.php`);
  await drop(page, "#drop", night);
  await until(page, "ready");
  const summary = await page.locator("#summary").textContent();
  check(`the folder is checked, nothing is sent: ${summary}`, /^8 frames, .* for 1 stack\. Nothing is sent yet\. Frames uploaded before are left out on the way\. 1 not accepted, 2 left out: not \.fit\./.test(summary));
  await page.waitForFunction(() => /^(Good|Fair|Poor): FWHM/.test(document.querySelector(".slot-quality span")?.textContent), null, { timeout: 60000 });
  await look(page, "upload-ready");
  await page.locator("#auto").uncheck();
  await page.locator("#start").click();
  await until(page, "sent", 120000);
  await look(page, "upload-sent");

  // What is there is not sent again after a reload.
  let sent = 0;
  page.on("request", (request) => request.method() === "PUT" && (sent += 1));
  await page.reload();
  await page.waitForSelector("#resume:not([hidden])");
  await look(page, "upload-resumed");
  await drop(page, "#drop", night);
  await until(page, "ready");
  await page.locator("#auto").uncheck();
  await page.locator("#start").click();
  await until(page, "sent");
  check("after a reload no frame is sent again", sent === 0);
  // Somebody signs out and in again in another tab: the page takes the new session's form token and goes on.
  const other = await context.newPage();
  await other.goto(`${url}/account.php`);
  await other.locator('form[action="/logout.php"] button').click();
  await other.goto(`${url}/login.php`);
  const again = other.locator('form:has(input[name="form_action"][value="login"])');
  await again.locator('[name="username"]').fill("galileo");
  await again.locator('[name="password"]').fill(PASSWORD);
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
await withServer(crowdsky, folder, run);
