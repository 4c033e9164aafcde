import { test } from "uvu";
import * as assert from "uvu/assert";
import { toUtf8 } from "../../../src/bytes.ts";
import { OutputTail } from "../../../src/runtime/output_tail.ts";

/** What is kept of a text that comes in pieces of so many bytes. */
function tail(maxBytes: number, text: string, pieceBytes: number): string {
  const output = new OutputTail(maxBytes);
  const write = output.writer();
  const bytes = toUtf8(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) write(bytes.subarray(at, at + pieceBytes));
  return output.text();
}

test("OutputTail keeps whole characters, however they come", () => {
  const text = "aé€😀\ufeffz".repeat(10);
  for (let maxBytes = 1; maxBytes < 30; maxBytes++) {
    for (const pieceBytes of [1, 2, 3, 5, 1000]) {
      const kept = tail(maxBytes, text, pieceBytes);
      assert.ok(text.endsWith(kept), `${maxBytes} ${pieceBytes} ${kept}`);
      const length = toUtf8(kept).length;
      assert.ok(length <= maxBytes && length > maxBytes - 4, `${maxBytes} ${pieceBytes} ${length}`);
    }
  }
  assert.is(tail(100, text.slice(0, 10), 3), text.slice(0, 10));
});

test("OutputTail keeps the characters of two streams apart, and marks what is no UTF-8", () => {
  const output = new OutputTail(100);
  const [out, err] = [output.writer(), output.writer()];
  out(Uint8Array.of(0xc3));
  err(toUtf8("e"));
  out(Uint8Array.of(0xa9, 0xff));
  err(Uint8Array.of(0xe2, 0x82));
  assert.is(output.text(), "eé\ufffd\ufffd");
  assert.is(new OutputTail(10).text(), "");
});

test.run();
