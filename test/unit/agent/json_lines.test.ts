import { test } from "uvu";
import * as assert from "uvu/assert";
import { jsonLines } from "../../../src/agent/json_lines.ts";
import { toUtf8 } from "../../../src/bytes.ts";
import { rejection } from "../../fakes.ts";

/** A body of these parts, and whether it was cancelled. */
function bodyOf(parts: readonly Uint8Array[]): { body: ReadableStream<Uint8Array>; isCancelled: () => boolean } {
  let [at, cancelled] = [0, false];
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const part = parts[at++];
      if (part === undefined) controller.close();
      else controller.enqueue(part);
    },
    cancel: () => void (cancelled = true),
  }, { highWaterMark: 0 });
  return { body, isCancelled: () => cancelled };
}

async function lines(parts: readonly (string | Uint8Array)[], maxBytes?: number): Promise<unknown[]> {
  const bytes = parts.map((part) => typeof part === "string" ? toUtf8(part) : part);
  const found: unknown[] = [];
  for await (const object of jsonLines(bodyOf(bytes).body, maxBytes)) found.push(object);
  return found;
}

test("jsonLines gives the same objects, however the body is cut", async () => {
  const text = '{"a":"\u00e9\u{1f600}"}\n{"b":[{}]}\r\n\n  \n{"c":"\\n"}\n{"d":1}';
  const expected = [{ a: "\u00e9\u{1f600}" }, { b: [{}] }, { c: "\n" }, { d: 1 }];
  const bytes = toUtf8(text);
  assert.equal(await lines([text]), expected);
  assert.equal(await lines([`${text}\n`]), expected);
  assert.equal(await lines([...bytes].map((byte) => Uint8Array.of(byte))), expected);
  for (let at = 0; at <= bytes.length; at++) {
    assert.equal(await lines([bytes.subarray(0, at), bytes.subarray(at)]), expected);
  }
  assert.equal(await lines([]), []);
  assert.equal(await lines(["\n"]), []);
});

test("an object is given before the next one is asked for", async () => {
  const parts = [toUtf8('{"a":1}\n{"b"'), toUtf8(":2}\n")];
  const { body, isCancelled } = bodyOf(parts);
  const reading = jsonLines(body);
  assert.equal((await reading.next()).value, { a: 1 });
  await reading.return();
  assert.ok(isCancelled());
});

test("what is no object is rejected, and the body cancelled", async () => {
  for (const text of ["x\n", "[]\n", '{"a":1}\n{\n', '{"a":1', "null"]) {
    await rejection("rejected", lines([text]));
  }
  const { body, isCancelled } = bodyOf([toUtf8("x\n"), toUtf8("{}\n")]);
  await rejection("rejected", jsonLines(body).next());
  assert.ok(isCancelled());
});

test("a line that does not end is too-large", async () => {
  assert.equal(await lines(['{"a":"123"}\n'], 11), [{ a: "123" }]);
  await rejection("too-large", lines(['{"a":"1234"}\n'], 11));
  await rejection("too-large", lines(['{"a":', '"1234"}'], 11));
  // each line has its own limit
  assert.is((await lines(Array(100).fill('{"a":"123"}\n'), 11)).length, 100);
});

test("what the body fails with is what is thrown", async () => {
  const reason = new Error("gone");
  const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(reason) });
  assert.is(await jsonLines(body).next().then(() => undefined, (error: unknown) => error), reason);
});

test.run();
