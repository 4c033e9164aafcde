import https from "node:https";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Bytes } from "../../src/bytes.ts";
import type { Connection, ConnectOptions, Handler, Runtime, Server } from "../../src/ports.ts";
import { hasOpenssl, makeCa, makeLeaf, SKIPPED } from "../openssl.ts";
import { fault } from "./faults.ts";

/** A body that the test writes, and whether its reader has gone. */
interface Written {
  readonly response: Response;
  readonly write: (text: string | Bytes) => void;
  readonly end: () => void;
  readonly gone: Promise<void>;
}

function written(): Written {
  let cancel = (): void => {};
  const gone = new Promise<void>((resolve) => cancel = resolve);
  let controller: ReadableStreamDefaultController<Bytes> | undefined;
  const body = new ReadableStream<Bytes>({ start: (one) => void (controller = one), cancel: () => cancel() });
  return {
    response: new Response(body, { headers: { "x-a": "1" } }),
    write: (text) => controller?.enqueue(typeof text === "string" ? new TextEncoder().encode(text) : text),
    end: () => controller?.close(),
    gone,
  };
}

/** What every {@link Runtime}'s connections must do with streams. */
export function streamContract(name: string, runtime: Runtime): void {
  if (!hasOpenssl) return console.log(`${name}: ${SKIPPED}`);
  const test = suite(name);
  const ca = makeCa();
  const pair = makeLeaf(ca, { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] });

  /** Serves, connects, and calls with a function that asks for a stream. */
  async function connected(
    handler: Handler,
    options: Partial<ConnectOptions>,
    action: (
      stream: (init?: RequestInit) => Promise<Response>,
      more: { origin: string; server: Server; connection: Connection },
    ) => Promise<void>,
  ): Promise<void> {
    const server = await runtime.serve({ hostname: "127.0.0.1", port: 0, tls: [pair], handler });
    const connection = runtime.connect({ ca: ca.certificate, ...options });
    const origin = `https://localhost:${server.port}`;
    try {
      await action((init) => connection.stream(new Request(origin, init)), { origin, server, connection });
    } finally {
      connection.close();
      await server.stop(0);
    }
  }

  const next = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | undefined> => {
    const { done, value } = await reader.read();
    return done ? undefined : new TextDecoder().decode(value);
  };
  const readerOf = ({ body }: Response): ReadableStreamDefaultReader<Uint8Array> => {
    if (body === null) throw new Error("no body");
    return body.getReader();
  };
  const reasonOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => undefined, (e: unknown) => e);

  test("resolves at the headers; each part comes as it is written, and the end when it ends", async () => {
    const { response, write, end } = written();
    let seen = "";
    const handler: Handler = (request) => {
      seen = `${request.method} ${request.headers.get("authorization")}`;
      return response;
    };
    await connected(handler, {}, async (stream) => {
      const { status, headers, body } = await stream({ headers: { authorization: "Bearer x" } });
      assert.equal([status, headers.get("x-a"), seen], [200, "1", "GET Bearer x"]);
      const reader = readerOf(new Response(body));
      for (const text of ["one\n", "two\n", "three\n"]) {
        write(text);
        assert.is(await next(reader), text);
      }
      end();
      assert.is(await next(reader), undefined);
    });
  });

  test("neither the time of a request nor the size of an answer limits it", async () => {
    const { response, write, end } = written();
    await connected(() => response, { timeoutSeconds: 0.3, maxBytes: 10 }, async (stream) => {
      const reader = readerOf(await stream());
      for (let i = 0; i < 5; i++) {
        await runtime.sleep(0.12);
        write("x".repeat(100));
        assert.is((await next(reader))?.length, 100);
      }
      end();
      assert.is(await next(reader), undefined);
    });
  });

  test("a long body arrives whole and in order, also with a slow reader", async () => {
    const part = (i: number): Bytes => new Uint8Array(50_000).map((_, j) => (i * 31 + j) & 0xff);
    let sent = 0;
    const pull = (controller: ReadableStreamDefaultController): void => {
      if (sent < 400) controller.enqueue(part(sent++));
      else controller.close();
    };
    await connected(() => new Response(new ReadableStream({ pull })), { idleSeconds: 1.5 }, async (stream) => {
      const reader = readerOf(await stream());
      const digest: Uint8Array[] = [];
      for (let count = 0;; count++) {
        // nobody is to blame for what is not read
        if (count === 1) {
          await runtime.sleep(1.8);
          // Deno reads on, whether anybody takes it or not
          if (runtime.name !== "deno") assert.ok(sent < 400, "everything was taken before anybody read it");
        }
        const { done, value } = await reader.read();
        if (done) break;
        digest.push(value);
      }
      const whole = new Uint8Array(await new Blob(digest.map((one) => new Uint8Array(one))).arrayBuffer());
      const expected = new Uint8Array(
        await new Blob(Array.from({ length: 400 }, (_, i) => part(i))).arrayBuffer(),
      );
      assert.is(whole.length, expected.length);
      assert.ok(whole.every((byte, i) => byte === expected[i]));
    });
  });

  test("no headers in time, or then nothing for too long, is unavailable", async () => {
    const limits = { timeoutSeconds: 0.3, idleSeconds: 0.4 };
    await connected(() => new Promise<Response>(() => {}), limits, async (stream, { origin }) => {
      const { message } = await fault("unavailable", stream());
      assert.is(message, `Cannot reach ${origin}: no answer within 0.3 s`);
    });
    await connected(() => written().response, limits, async (stream) => {
      assert.match((await fault("unavailable", readerOf(await stream()).read())).message, "nothing came for 0.4 s");
    });
    const { response, write, gone } = written();
    await connected(() => response, limits, async (stream, { origin }) => {
      const reader = readerOf(await stream());
      write("x");
      assert.is(await next(reader), "x");
      const { message } = await fault("unavailable", reader.read());
      assert.is(message, `Cannot reach ${origin}: nothing came for 0.4 s`);
      await gone;
    });
  });

  test("the request's signal ends it with its reason: before, at the headers, and within the body", async () => {
    const reason = new Error("enough");
    const controller = new AbortController();
    const { response, write, gone } = written();
    await connected(() => response, {}, async (stream) => {
      const reader = readerOf(await stream({ signal: controller.signal }));
      write("x");
      assert.is(await next(reader), "x");
      const reading = reasonOf(reader.read());
      controller.abort(reason);
      assert.is(await reading, reason);
      assert.is(await reasonOf(reader.read()), reason);
      await gone;
      assert.is(await reasonOf(stream({ signal: controller.signal })), reason);
    });
    await connected(() => new Promise<Response>(() => {}), {}, async (stream) => {
      const waiting = new AbortController();
      const asking = reasonOf(stream({ signal: waiting.signal }));
      setTimeout(() => waiting.abort(reason), 50);
      assert.is(await asking, reason);
    });
  });

  test("to cancel the body tells the server, read or not", async () => {
    for (const isRead of [true, false]) {
      const { response, write, gone } = written();
      await connected(() => response, {}, async (stream) => {
        const reader = readerOf(await stream());
        if (isRead) {
          write("x");
          await reader.read();
        }
        await reader.cancel();
        await gone;
        assert.is(await next(reader), undefined);
      });
    }
  });

  test("a server that stops, or fails within the body, is unavailable, and no end", async () => {
    const { response, write } = written();
    await connected(() => response, {}, async (stream, { server }) => {
      const reader = readerOf(await stream());
      write("x");
      assert.is(await next(reader), "x");
      const reading = fault("unavailable", reader.read());
      await server.stop(0);
      await reading;
    });
    let pulls = 0;
    const pull = async (controller: ReadableStreamDefaultController): Promise<void> => {
      if (pulls++ > 0) throw new Error("broken");
      await runtime.sleep(0.05);
      controller.enqueue(new Uint8Array(3));
    };
    await connected(() => new Response(new ReadableStream({ pull })), {}, async (stream) => {
      await fault("unavailable", stream().then((answer) => answer.text()));
    });
  });

  test("an answer whose length is said and not kept is unavailable", async () => {
    const server = https.createServer({ cert: pair.certificate, key: pair.privateKey }, (_, response) => {
      response.writeHead(200, { "content-length": "10" });
      response.write("12345");
      setTimeout(() => response.destroy(), 50);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const connection = runtime.connect({ ca: ca.certificate });
    try {
      const answer = await connection.stream(new Request(`https://localhost:${port}/`));
      await fault("unavailable", answer.text());
    } finally {
      connection.close();
      server.close();
    }
  });

  test("short answers are answers: errors, redirects, and those without a body", async () => {
    const handler: Handler = (request) => {
      const path = new URL(request.url).pathname;
      if (path === "/gone") return new Response("gone\n", { status: 410 });
      if (path === "/moved") return new Response(null, { status: 302, headers: { location: "/" } });
      return path === "/none" ? new Response(null, { status: 204 }) : new Response("text");
    };
    await connected(handler, {}, async (_, { origin, connection }) => {
      const ask = (path: string, method = "GET") => connection.stream(new Request(origin + path, { method }));
      const gone = await ask("/gone");
      assert.equal([gone.status, await gone.text()], [410, "gone\n"]);
      const moved = await ask("/moved");
      assert.equal([moved.status, moved.headers.get("location"), await moved.text()], [302, "/", ""]);
      assert.is((await ask("/none")).body, null);
      assert.is(await (await ask("/", "HEAD")).text(), "");
    });
  });

  test("it trusts the given CA alone", async () => {
    await connected(() => new Response("ok"), { ca: makeCa("another CA").certificate }, async (stream) => {
      await fault("invalid-certificate", stream());
    });
  });

  test("many streams leave room for requests, and close ends them all", async () => {
    const handler: Handler = ({ url }) => url.endsWith("/ok") ? new Response("ok") : written().response;
    await connected(handler, { timeoutSeconds: 10 }, async (stream, { origin, connection }) => {
      const readers = await Promise.all(Array.from({ length: 12 }, async () => readerOf(await stream())));
      const readings = readers.map((reader) => fault("unavailable", reader.read()));
      assert.is(await (await connection.fetch(new Request(`${origin}/ok`))).text(), "ok");
      connection.close();
      await Promise.all(readings);
    });
  });

  test.run();
}
