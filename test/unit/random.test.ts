import { test } from "uvu";
import * as assert from "uvu/assert";
import { toHex } from "../../src/bytes.ts";
import { secureRandom } from "../../src/random.ts";

test("secureRandom gives as many octets as asked for, and others each time", () => {
  assert.is(secureRandom(0).length, 0);
  assert.is(secureRandom(20).length, 20);
  const seen = new Set(Array.from({ length: 1000 }, () => toHex(secureRandom(16))));
  assert.is(seen.size, 1000);
});

test.run();
