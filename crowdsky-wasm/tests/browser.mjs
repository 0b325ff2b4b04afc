// In Chromium: node crowdsky-wasm/tests/browser.mjs SITE EXPECTED
// SITE is a folder into which a stranger has installed the package; the README's page is put into it and used.

import { createReadStream, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { browse, open } from "../../ci/web/stage.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const [, , site, expected] = process.argv;
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
// As strict as a page with WebAssembly can be, but for the script within the README's own page.
const CSP = "default-src 'none'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; connect-src 'self'";

const lines = (name) => readFileSync(join(expected, name), "utf8").trim().split("\n").map((line) => JSON.parse(line));
const files = lines("files.ndjson");
const roots = { "/site/": site, "/tests/": here, "/expected/": expected };
const server = createServer((request, response) => {
  const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
  const root = Object.keys(roots).find((root) => path.startsWith(root));
  // The files compared, by their number.
  const name = path.startsWith("/file/") ? files[Number(path.slice(6))]?.path : root && resolve(roots[root], path.slice(root.length));
  if (!name || !existsSync(name)) return response.writeHead(404).end();
  response.writeHead(200, { "Content-Type": TYPES[extname(name)] ?? "application/octet-stream", "Content-Security-Policy": CSP });
  createReadStream(name).pipe(response);
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const url = `http://127.0.0.1:${server.address().port}`;

const html = /```html\n([\s\S]*?)```/.exec(readFileSync(join(here, "../README.md"), "utf8"))[1];
writeFileSync(join(site, "index.html"), html);
writeFileSync(join(site, "blank.html"), "<!doctype html><title>tests</title>");

const browser = await browse();
try {
  const { page, complaints } = await open(browser);

  await page.goto(`${url}/site/blank.html`);
  const told = await page.evaluate(async (url) => {
    const [header, pixels, { compare }] = await Promise.all(["site/node_modules/crowdsky/index.js", "site/node_modules/crowdsky/pixels.js", "tests/compare.mjs"].map((path) => import(`${url}/${path}`)));
    await Promise.all([header.default(), pixels.default()]);
    const text = async (name) => (await (await fetch(`${url}/expected/${name}`)).text()).trim().split("\n").map((line) => JSON.parse(line));
    const files = await text("files.ndjson");
    const places = new Map(files.map(({ path }, i) => [path, i]));
    const bytes = new Uint8Array(await (await fetch(`${url}/expected/mutants.bin`)).arrayBuffer());
    const open = async (path) => (await fetch(`${url}/file/${places.get(path)}`)).blob();
    return compare({ ...header, ...pixels }, { files, mutants: await text("mutants.ndjson"), bytes }, open);
  }, url);
  console.log("in Chromium as native:", JSON.stringify(told));

  // The stranger's page, with two good frames and one that is none.
  const raw = files.filter(({ report }) => report.refused === null).slice(0, 2);
  if (raw.length < 2) throw new Error("no two raw frames to show the page");
  const bad = join(site, "no frame.fit");
  writeFileSync(bad, "GIF89a");
  await page.goto(`${url}/site/index.html`);
  await page.setInputFiles("#files", [...raw.map(({ path }) => path), bad]);
  await page.waitForFunction(() => document.querySelector("#told").textContent.includes("no frame.fit"));
  const shown = await page.locator("#told").textContent();
  if (!shown.includes(raw[0].report.chunk_key) || !/no frame\.fit: This is not a FITS file/.test(shown)) throw new Error(`the README's page shows: ${shown}`);
  if (complaints.length) throw new Error(`the console says: ${complaints.join("; ")}`);
  console.log(`the README's page, ${html.trim().split("\n").length} lines, shows:\n${shown}`);
} finally {
  await browser.close();
  server.close();
}
