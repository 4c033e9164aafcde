import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, toUtf8 } from "../../src/bytes.ts";
import { readBody } from "../../src/request_body.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";
import type { Handler } from "../../src/ports.ts";
import { head, rawClient } from "../contract/raw_client.ts";
import { rejection } from "../fakes.ts";

const URL = "https://signer/x";

function sent(body: BodyInit, headers: Record<string, string> = {}): Request {
  const init: RequestInit & { duplex: "half" } = { method: "POST", body, headers, duplex: "half" };
  return new Request(URL, init);
}

/** A stream of so many chunks of ten bytes, and how many were asked for. */
function chunks(count: number): { stream: ReadableStream<Bytes>; pulled: () => number; cancelled: () => boolean } {
  let pulled = 0;
  let cancelled = false;
  const stream = new ReadableStream<Bytes>({
    pull: (controller) => {
      if (pulled++ === count) controller.close();
      else controller.enqueue(toUtf8("0123456789"));
    },
    cancel: () => void (cancelled = true),
  }, { highWaterMark: 0 });
  return { stream, pulled: () => pulled, cancelled: () => cancelled };
}

/** Fails where a promise does not settle within two seconds. */
async function soon<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => timer = setTimeout(() => reject(new Error("it hangs")), 2000));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

test("a body is read up to its limit, whatever its length says", async () => {
  assert.equal(await readBody(sent("12345"), 5), toUtf8("12345"));
  await rejection("too-large", readBody(sent("123456"), 5));
  await rejection("too-large", readBody(sent("1", { "content-length": "6" }), 5));
  assert.equal(await readBody(new Request(URL), 5), toUtf8(""));
  assert.equal(await readBody(sent(""), 0), toUtf8(""));
});

test("a length that is none says nothing", async () => {
  for (const length of ["", "x", "-1"]) {
    assert.equal(await readBody(sent("12345", { "content-length": length }), 5), toUtf8("12345"));
    await rejection("too-large", readBody(sent("123456", { "content-length": length }), 5));
  }
});

test("what says it is too long is not begun, and what turns out to be is not read on", async () => {
  const announced = chunks(100);
  await rejection("too-large", readBody(sent(announced.stream, { "content-length": "1000" }), 25));
  assert.ok(announced.pulled() <= 1, String(announced.pulled()));
  const silent = chunks(100);
  const { message } = await soon(rejection("too-large", readBody(sent(silent.stream), 25)));
  assert.is(message, "Request entity too large: limit is 25");
  assert.ok(silent.pulled() <= 5, String(silent.pulled()));
  assert.ok(silent.cancelled());
});

test("a body that breaks off is the error that it broke off with", async () => {
  const broken = new ReadableStream<Bytes>({ pull: (controller) => controller.error(new Error("gone")) });
  const error: unknown = await readBody(sent(broken), 25).catch((error: unknown) => error);
  assert.match(String(error), /gone/);
});

for (
  const [what, make, expected] of [
    ["a string", () => sent("0123456789"), "0123456789"],
    ["bytes", () => sent(toUtf8("0123456789")), "0123456789"],
    ["a stream", () => sent(chunks(3).stream), "0123456789".repeat(3)],
    ["an empty one", () => sent(""), ""],
    ["none", () => new Request(URL), ""],
    ["none of a DELETE", () => new Request(URL, { method: "DELETE" }), ""],
  ] as const
) {
  test(`the body of a clone is read before its original's: ${what}`, async () => {
    const request = make();
    assert.equal(await soon(readBody(request.clone(), 30)), toUtf8(expected));
    assert.not.ok(request.bodyUsed);
    assert.equal(await soon(readBody(request, 30)), toUtf8(expected));
    const whole = make();
    await readBody(whole.clone(), 30);
    assert.is(await soon(whole.text()), expected);
  });
}

test("a clone that is too large does not hang, is not read on, and the original can be read, or let go of", async () => {
  const { stream, pulled, cancelled } = chunks(100);
  const request = sent(stream);
  await soon(rejection("too-large", readBody(request.clone(), 25)));
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(pulled() <= 6, String(pulled()));
  assert.not.ok(request.bodyUsed);
  await soon(request.body?.cancel() ?? Promise.reject(new Error("no body")));
  assert.ok(cancelled());
  const other = sent(chunks(100).stream);
  await soon(rejection("too-large", readBody(other.clone(), 25)));
  await soon(rejection("too-large", readBody(other, 50)));
  const third = sent(chunks(100).stream);
  await soon(rejection("too-large", readBody(third.clone(), 25)));
  assert.is((await soon(third.text())).length, 1000);
});

/** Sends bytes to a server that reads each body twice with a limit of 30; what came out of it, and the whole answer. */
async function served(...sent: readonly string[]): Promise<{ seen: string[]; answer: string }> {
  const runtime = await detectRuntime();
  const seen: string[] = [];
  const handler: Handler = async (request) => {
    for (const one of [request.clone(), request]) {
      const text = await readBody(one, 30).then(
        (body) => new TextDecoder().decode(body),
        (error: Error) => error.message,
      );
      seen.push(text);
      if (text.startsWith("Request entity")) return new Response(text, { status: 413 });
    }
    return new Response("fine");
  };
  const server = await runtime.serve({ hostname: "127.0.0.1", port: 0, handler });
  try {
    const client = await rawClient(server.port);
    for (const part of sent) {
      client.send(part);
      await runtime.sleep(0.01);
    }
    return { seen, answer: await client.all() };
  } finally {
    await server.stop(0);
  }
}

test("a request of the real server is cloned and read twice", async () => {
  const close = "Connection: close";
  const known = await served(head("POST", "/", "Content-Length: 10", close), "01234", "56789");
  assert.equal(known.seen, ["0123456789", "0123456789"]);
  assert.match(known.answer, /^HTTP\/1\.1 200 [^]*fine$/);
  const streamed = await served(
    head("POST", "/", "Transfer-Encoding: chunked", close),
    "5\r\n01234\r\n",
    "2\r\n56\r\n0\r\n\r\n",
  );
  assert.equal(streamed.seen, ["0123456", "0123456"]);
  assert.match(streamed.answer, /^HTTP\/1\.1 200 [^]*fine$/);
  assert.equal((await served(head("GET", "/", close))).seen, ["", ""]);
  assert.equal((await served(head("DELETE", "/", close))).seen, ["", ""]);
});

test("a request of the real server that is too large is answered, with its clone left half read", async () => {
  const message = "Request entity too large: limit is 30";
  const announced = await served(head("POST", "/", "Content-Length: 31"), "x".repeat(31));
  assert.equal(announced.seen, [message]);
  assert.match(announced.answer, /^HTTP\/1\.1 413 /);
  const chunk = `14\r\n${"x".repeat(20)}\r\n`;
  const streamed = await served(head("POST", "/", "Transfer-Encoding: chunked"), chunk, chunk, chunk, "0\r\n\r\n");
  assert.equal(streamed.seen, [message]);
  assert.match(streamed.answer, /^HTTP\/1\.1 413 [^]*limit is 30$/);
});

test.run();
