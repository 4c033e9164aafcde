import { test } from "uvu";
import * as assert from "uvu/assert";
import { systemNow } from "../../src/clock.ts";

test("systemNow is the present, a new Date each time", () => {
  const before = Date.now();
  const now = systemNow();
  const after = Date.now();
  assert.ok(before <= now.getTime() && now.getTime() <= after);
  assert.is.not(systemNow(), systemNow());
});

test.run();
