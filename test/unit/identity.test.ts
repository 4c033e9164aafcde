import { test } from "uvu";
import * as assert from "uvu/assert";
import { ANONYMOUS, EXTRA, factOf, factsOf } from "../../src/identity.ts";

test("factOf gives the one value of a fact", () => {
  assert.is(factOf({ extra: { [EXTRA.tokenId]: ["abc"] } }, EXTRA.tokenId), "abc");
  assert.is(factOf({ extra: { [EXTRA.tokenId]: ["abc", "def"] } }, EXTRA.tokenId), undefined, "of two none is the one");
  assert.is(factOf({ extra: { [EXTRA.tokenId]: [] } }, EXTRA.tokenId), undefined);
  assert.is(factOf({ extra: {} }, "constructor"), undefined, "what an object inherits is no fact");
  assert.is(factOf(ANONYMOUS, EXTRA.tokenId), undefined);
});

test("factsOf tells an empty list from nothing said", () => {
  assert.equal(factsOf({ extra: { [EXTRA.allowedDnsNames]: [] } }, EXTRA.allowedDnsNames), []);
  assert.is(factsOf({ extra: {} }, EXTRA.allowedDnsNames), undefined);
  assert.is(factsOf({ extra: {} }, "toString"), undefined);
  assert.is(factsOf(ANONYMOUS, EXTRA.allowedDnsNames), undefined);
});

test.run();
