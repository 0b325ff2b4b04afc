import assert from "node:assert/strict";
import test from "node:test";
import { arc, factRows, hours, quarter } from "../../static/check/facts.js";
import { FINDINGS, explained } from "../../static/check/findings.js";
import { matching, pieces } from "../../static/check/header_table.js";
import { headerText, tellsPlace } from "../../static/check/header_text.js";
import { judge, unjudged } from "../../static/check/verdict.js";

const facts = {
  width: 1080, height: 1920, naxis: 2, bayer: "GRBG", object: "M 94", telescope: "S50", instrument: null, filter: "IRCUT", exptime_s: 10, gain: 80,
  date_obs: "2025-03-26T21:20:46.100000", ra_deg: 192.7215, dec_deg: -0.0001, image_type: "Light", stack_count: null, ccd_temp_c: null, program: null,
};
const good = {
  usable: true, error: null, refused: null, class: "raw", facts, chunk_key: "20250326.85_192.7_+0.0", healpix_key: "20250326.85_HP098304", healpix_pixel: 98304,
  header_bytes: 5760, expected_bytes: 4152960, bytes: 4152960, cards: [], findings: [],
};
const finding = { code: 312, severity: "warning", card: "GAIN", offset: 800, message: "twice" };

test("every explanation is whole: a title and three answers in sentences", () => {
  assert.ok(Object.keys(FINDINGS).length >= 37);
  for (const [code, about] of Object.entries(FINDINGS)) {
    assert.match(about.title, /^[A-Z].{8,}[^.]$/, code);
    for (const part of ["means", "matters", "todo"]) assert.match(about[part], /^[A-Z].{5,}\.$/s, `${code} ${part}`);
  }
  assert.ok(explained(999).title.length > 0);
});

test("verdicts", () => {
  assert.equal(judge(good).verdict, "good");
  assert.deepEqual(judge({ ...good, findings: [finding, finding] }).verdict, "warnings");
  assert.match(judge({ ...good, findings: [finding] }).reason, /One thing is odd/);
  const said = (more) => judge({ ...good, ...more });
  assert.deepEqual(said({ refused: { code: "not_raw", message: "No." }, findings: [finding] }), { verdict: "refused", reason: "No." });
});

test("a file without a report is never good", () => {
  assert.match(unjudged({ unread: "gone", ended: false }).reason, /^The file could not be read \(Gone\.\) It may have been moved/);
  assert.equal(unjudged({ unread: "unreachable", ended: true }).reason, "The file could not be checked: it stops the check itself (unreachable).");
  for (const ended of [true, false]) assert.equal(unjudged({ unread: "why", ended }).verdict, "refused");
});

test("a frame without its colour pattern is explained", () => {
  for (const code of [701, 702]) assert.match(explained(code).matters, /BAYERPAT/);
  const kind = factRows({ ...good, class: "other" }).find(({ name }) => name === "Kind");
  assert.doesNotMatch(kind.value, /axes/);
});

test("places in the sky, to the last digit", () => {
  assert.deepEqual([0, 192.7215, 359.99999].map(hours), ["00h 00m 00.0s", "12h 50m 53.2s", "00h 00m 00.0s"]);
  assert.deepEqual([41.12, -0.5, 90, -89.99999].map(arc), ["+41° 07′ 12″", "−00° 30′ 00″", "+90° 00′ 00″", "−90° 00′ 00″"]);
});

test("a key's quarter of an hour", () => {
  assert.equal(quarter("20250326.85_192.7_+41.1"), "2025-03-26, 21:15 to 21:30 UTC");
  assert.equal(quarter("20250326.95"), "2025-03-26, 23:45 to 00:00 UTC");
});

test("facts: what is not in the header is told as such", () => {
  const rows = Object.fromEntries(factRows(good).map((row) => [row.name, row]));
  assert.equal(rows["Begin (UTC)"].value, "2025-03-26 21:20:46.1");
  assert.equal(rows.Pointing.value, "192.7215°, −0.0001°");
  assert.equal(rows.Camera.value, null);
  assert.equal(rows.Exposure.value, "10 s");
  assert.match(rows["Position key"].note, /21:15 to 21:30 UTC/);
  assert.match(rows.Size.note, /^4,152,960 bytes, 5,760 of them header\.$/);
  assert.equal("Frames in it" in rows, false);
  const whole = factRows({ ...good, facts: { ...facts, date_obs: "2025-03-26T21:20:00.000000" } });
  assert.equal(whole.find((row) => row.name === "Begin (UTC)").value, "2025-03-26 21:20:00");
  assert.deepEqual(factRows({ ...good, facts: null }), []);
});

test("cards are found by keyword, value and comment, whatever the case", () => {
  const cards = [{ keyword: "OBJECT", value: "M 94", comment: "" }, { keyword: "GAIN", value: "80", comment: "of the camera" }, { keyword: "END", value: null, comment: "" }];
  assert.deepEqual(["", "m 94", "CAMERA", " gain ", "8", "zzz"].map((text) => matching(cards, text)), [[0, 1, 2], [0], [1], [1], [1], []]);
});

test("what was looked for is marked, nothing is lost", () => {
  assert.deepEqual(pieces("abcABCab", "AB"), [
    { text: "ab", hit: true }, { text: "c", hit: false }, { text: "AB", hit: true }, { text: "C", hit: false }, { text: "ab", hit: true },
  ]);
  assert.deepEqual(pieces("İab", "ab"), [{ text: "İab", hit: false }]);
  assert.deepEqual(pieces("abc", " "), [{ text: "abc", hit: false }]);
});

test("a header is copied without the place, unless that is asked for", () => {
  const cards = ["SIMPLE  =                    T", "SITELAT =              48.2082", "SITELONG= 'x&'", "CONTINUE  'y'", "OBJECT  = 'M 94'", "END", "NOT SEEN"];
  const bytes = new TextEncoder().encode(cards.map((card) => card.padEnd(80)).join(""));
  assert.equal(headerText(bytes, false), "SIMPLE  =                    T\nOBJECT  = 'M 94'\nEND\n");
  assert.equal(headerText(bytes, true), `${cards.slice(0, 6).join("\n")}\n`);
  assert.deepEqual(["SITELAT", "SITELONG", "LAT-OBS", "OBSGEO-X", "OBSLONG", "OBJECT", "SITE", "LATENCY", "GEOMETRY"].map(tellsPlace), [true, true, true, true, true, false, false, false, false]);
});
