// A folder whose handle the browser keeps: after a reload the page offers to go on with it.

import { WIDE, check, open, register, until } from "./stage.mjs";

const FILES = 12;

/** Puts frames into the browser's own file system and gives its folder to whoever asks for one; a real picker needs a hand. */
function picker() {
  window.showDirectoryPicker = async () => (await navigator.storage.getDirectory()).getDirectoryHandle("M 13_sub");
}

async function fill([bytes, files]) {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("M 13_sub", { create: true });
  const frame = Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0));
  for (let i = 0; i < files; i += 1) {
    frame[6000] = i;
    const file = await (await folder.getFileHandle(`Light_${i}.fit`, { create: true })).createWritable();
    await file.write(frame);
    await file.close();
  }
}

export async function remembered(browser, url, frame) {
  const context = await browser.newContext({ viewport: WIDE, colorScheme: "dark" });
  const { page } = await open(context);
  await page.addInitScript(picker);
  await register(page, url, "kepler");
  await page.evaluate(fill, [frame.toString("base64"), FILES]);
  let puts = 0;
  let held = true;
  // The fourth and all after it are held until the page is gone.
  await page.route("**/api/v1/uploads/*/files/**", (route) => ((puts += 1) <= 3 || !held ? route.continue() : undefined));
  await page.locator("#pick-folder").click({ force: true });
  await until(page, "ready");
  await page.locator("#start").click();
  await page.waitForFunction(() => document.querySelector("#summary").textContent.startsWith("3 of 12"));
  await page.reload();
  held = false;
  const button = page.getByRole("button", { name: "Go on with M 13_sub" });
  await button.waitFor();
  let sent = 0;
  page.on("request", (request) => request.method() === "PUT" && (sent += 1));
  await button.click();
  await until(page, "ready");
  await page.locator("#start").click();
  await page.waitForSelector("#result:not([hidden])");
  check(`the page goes on with the folder after a reload, sends the other ${sent}, and finalises by itself`, sent === FILES - 3);
  await page.reload();
  await page.waitForTimeout(300);
  check("then the folder is forgotten", (await button.count()) === 0);
  await context.close();
}
