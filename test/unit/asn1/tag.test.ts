import { test } from "uvu";
import * as assert from "uvu/assert";
import { CONSTRUCTED, contextConstructed, contextPrimitive, Tag } from "../../../src/asn1/tag.ts";

test("Tag has the identifier octets of X.690, only SEQUENCE and SET constructed", () => {
  const constructed = Object.entries(Tag).filter(([, tag]) => (tag & CONSTRUCTED) !== 0).map(([name]) => name);
  assert.equal(constructed, ["sequence", "set"]);
  assert.is(new Set(Object.values(Tag)).size, Object.keys(Tag).length);
  // the numbers of X.680 §8.6, table 1
  const numbers = [1, 2, 3, 4, 5, 6, 10, 12, 18, 19, 20, 22, 23, 24, 26, 28, 30, 16, 17];
  assert.equal(Object.values(Tag).map((tag) => tag & 0x1f), numbers);
});

test("context tags", () => {
  assert.is(contextPrimitive(0), 0x80);
  assert.is(contextPrimitive(7), 0x87);
  assert.is(contextConstructed(3), 0xa3);
});

test.run();
