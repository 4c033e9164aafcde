import { test } from "uvu";
import * as assert from "uvu/assert";
import { toHex, toUtf8 } from "../../src/bytes.ts";
import { sha256, sha256Hex } from "../../src/digest.ts";

test("sha256 of the standard's own example, and of nothing", async () => {
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assert.is(await sha256Hex(toUtf8("abc")), abc);
  assert.is(toHex(await sha256(toUtf8("abc"))), abc);
  assert.is(await sha256Hex(new Uint8Array()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

test("sha256 of a part of a buffer is of that part alone", async () => {
  assert.is(await sha256Hex(toUtf8("xabcx").subarray(1, 4)), await sha256Hex(toUtf8("abc")));
});

test.run();
