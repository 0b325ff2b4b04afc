import assert from "node:assert/strict";
import test from "node:test";
import { Pace } from "../../static/upload/progress.js";
import { bytes, count, duration, minute, slotOf, timeLeft } from "../../static/common/words.js";

test("bytes for people", () => assert.deepEqual([0, 4_152_960, 12e9].map(bytes), ["0 B", "4.2 MB", "12.00 GB"]));

test("one and many", () => assert.deepEqual([0, 1, 2000].map((n) => count(n, "file")), ["0 files", "1 file", "2,000 files"]));

test("the slot of a chunk key", () => assert.equal(minute(slotOf("20250115.78_83.6_+22.0")), "2025-01-15 19:30"));

test("exposures", () => assert.deepEqual([10, 12.5, 900, 3600, 8400].map(duration), ["10 s", "12.5 s", "15 min", "1 h", "2 h 20 min"]));

test("time left", () => {
  assert.deepEqual([3, 49, 60, 170, 5300, 8000].map(timeLeft), [
    "less than a minute left", "less than a minute left", "about 1 minute left", "about 3 minutes left", "about 88 minutes left", "about 2 hours left",
  ]);
});

test("a steady line: its speed and the time left, but not in the first seconds", () => {
  const pace = new Pace();
  for (let second = 0; second <= 3; second += 1) pace.tick(second, second * 4e6, second * 4e6);
  assert.equal(pace.left(720e6), null);
  for (let second = 4; second <= 20; second += 1) pace.tick(second, second * 4e6, second * 4e6);
  assert.ok(Math.abs(pace.left(720e6) - 180) < 1e-6, String(pace.left(720e6)));
  assert.deepEqual(pace.words(720e6), ["4.0 MB/s", "about 3 minutes left"]);
});

test("a line that stumbles is smoothed: ten seconds at a fifth of the speed do not make the rest five times as long", () => {
  const pace = new Pace();
  let sent = 0;
  for (let second = 0; second <= 60; second += 1) pace.tick(second, (sent += second > 50 ? 1e6 : 5e6), sent);
  const left = pace.left(500e6);
  assert.ok(left > 100 && left < 300, String(left));
});

test("files that are there already take their time but no line", () => {
  const pace = new Pace();
  for (let second = 0; second <= 10; second += 1) pace.tick(second, second * 100e6, 0);
  assert.equal(pace.speed, 0);
  assert.deepEqual(pace.words(6e9), ["about 1 minute left"]);
  pace.reset();
  assert.deepEqual(pace.words(6e9), []);
});
