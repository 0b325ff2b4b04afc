import assert from "node:assert/strict";
import test from "node:test";
import { Closing } from "../../static/upload/closing.js";
import { Failure } from "../../static/upload/queue.js";

test("Finalise waits for a busy server, and says what it said", async () => {
  let tries = 0;
  let result;
  const seen = [];
  const closing = new Closing({
    finalise: async () => {
      if ((tries += 1) === 1) throw new Failure("Too much to do.", { away: true, busy: true, after: 60 });
      return "jobs";
    },
    finished: (jobs) => (result = jobs),
    failed: assert.fail,
    changed: () => closing?.away && seen.push([closing.busy, closing.message]) && setTimeout(() => closing.knock()),
  });
  await closing.run();
  assert.deepEqual([result, tries, seen], ["jobs", 2, [[true, "Too much to do."]]]);
});

test("a failure is handed on as it is: it may say that the session is over", async () => {
  const gone = new Failure("It is complete.", { stop: true, gone: true });
  let said;
  await new Closing({ finalise: () => Promise.reject(gone), finished: assert.fail, failed: (failure) => (said = failure), changed() {} }).run();
  assert.equal(said, gone);
});
