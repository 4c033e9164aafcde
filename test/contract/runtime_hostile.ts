import net from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Handler, Runtime, ServeOptions, Server } from "../../src/ports.ts";
import { hasOpenssl, makeCa, makeLeaf, SKIPPED } from "../openssl.ts";
import { head, rawClient, stallableRelay } from "./raw_client.ts";
import type { RawClient } from "./raw_client.ts";

/** What every {@link Runtime}'s `serve` must withstand, over plain HTTP and over TLS. */
export function hostileClientContract(name: string, runtime: Runtime): void {
  hostile(name, runtime, {}, undefined);
  if (hasOpenssl) hostile(`${name}, TLS`, runtime, { tls: [makeLeaf(makeCa())] }, "localhost");
  else console.log(`${name}, TLS: ${SKIPPED}`);
}

function hostile(name: string, runtime: Runtime, tls: Partial<ServeOptions>, serverName: string | undefined): void {
  const test = suite(name);
  let errors: unknown[] = [];
  let server: Server | undefined;
  const connect = async (): Promise<RawClient> => await rawClient(server?.port ?? 0, serverName);
  const exchange = async (text: string): Promise<string> => {
    const client = await connect();
    client.send(text);
    return await client.all();
  };
  async function start(options: Partial<ServeOptions>): Promise<void> {
    errors = [];
    const onError = (error: unknown): void => void errors.push(error);
    server = await runtime.serve({ hostname: "127.0.0.1", port: 0, handler, onError, ...tls, ...options });
  }
  test.after.each(async () => await server?.stop(0));

  /** Reads 1000 bytes at most, as a handler with a limit does. */
  const handler: Handler = async (request) => {
    if (request.url.endsWith("/endless")) {
      return new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(65_536)) }));
    }
    const reader = request.body?.getReader();
    for (let length = 0; reader !== undefined;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.byteLength;
      if (length <= 1000) continue;
      await reader.cancel();
      return new Response("too large", { status: 413 });
    }
    return new Response("fine");
  };
  const isUp = async (): Promise<void> => {
    assert.match(await exchange(head("GET", "/", "Connection: close")), /^HTTP\/1\.1 200 OK\r\n[^]*fine$/);
  };
  const cutAfter = (ms: number): void => assert.ok(ms >= 250 && ms < 4000, `cut after ${ms} ms`);

  test("what is no proper request is refused, and the connection closed", async () => {
    await start({});
    assert.match(await exchange("\x16\x03\x01 garbage\r\n\r\n"), /^HTTP\/1\.1 400 /);
    assert.match(await exchange("GET / HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 400 /);
    assert.match(await exchange("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), /^HTTP\/1\.1 400 /);
    for (const host of ["a b", "a/b", "a@b", "256.256.256.256", "a:99999", "[::g]", ""]) {
      assert.match(await exchange(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`), /^HTTP\/1\.1 400 /, host);
    }
    for (const target of ["http://evil/", "https://evil/", "*", "evil"]) {
      assert.match(await exchange(head("GET", target)), /^HTTP\/1\.1 400 /, target);
    }
    assert.match(await exchange(head("TRACE", "/")), /^HTTP\/1\.1 405 /);
    assert.match(await exchange(head("PROPFIND", "/")), /^HTTP\/1\.1 405 /);
    assert.match(await exchange(head("CONNECT", "evil:1")), /^HTTP\/1\.1 405 /);
    assert.match(await exchange(head("POST", "/", "Transfer-Encoding: chunked") + "zz\r\n"), /^HTTP\/1\.1 400 /);
    const both = head("POST", "/", "Content-Length: 3", "Transfer-Encoding: chunked");
    assert.match(await exchange(both + "0\r\n\r\n"), /^HTTP\/1\.1 400 /);
    assert.match(await exchange(head("GET", "/", `X: ${"a".repeat(17_000)}`)), /^HTTP\/1\.1 431 /);
    assert.match(await exchange(head("GET", "/", `X: ${"a".repeat(15_000)}`, "Connection: close")), /^HTTP\/1\.1 200 /);
    await isUp();
    assert.equal(errors, []);
  });

  test("a target names no other host", async () => {
    await start({ handler: (request) => new Response(request.url) });
    const scheme = serverName === undefined ? "http" : "https";
    assert.ok((await exchange(head("GET", "//evil/x", "Connection: close"))).endsWith(`${scheme}://localhost//evil/x`));
    assert.match(await exchange(head("GET", "/\\evil", "Connection: close")), /:\/\/localhost\/\/evil$/);
    assert.match(await exchange(head("GET", "/@evil", "Connection: close")), /:\/\/localhost\/@evil$/);
  });

  test("requests in one packet are answered in order, bodies that nobody reads between them", async () => {
    await start({ handler: (request) => new Response(`[${new URL(request.url).pathname}]`) });
    const post = head("POST", "/b", "Content-Length: 3") + "abc";
    const all = await exchange(head("GET", "/a") + post + head("GET", "/c", "Connection: close"));
    assert.equal(all.match(/\[.*?\]/g), ["[/a]", "[/b]", "[/c]"]);
  });

  test("a client that sends too much gets the answer, and then the connection closes", async () => {
    await start({});
    const client = await connect();
    // sends more than any buffer on the way holds, and looks at the answer only then; a reset would have thrown it away
    client.socket.pause();
    client.send(head("POST", "/", "Content-Length: 100000000") + "a".repeat(2000));
    for (let i = 0; i < 20; i++) {
      client.send("a".repeat(500_000));
      await runtime.sleep(0.01);
    }
    client.socket.resume();
    await client.until(/^HTTP\/1\.1 413 [^]*connection: close\r\n[^]*too large$/i);
    client.socket.end();
    await client.closed();
    const stubborn = await connect();
    stubborn.send(head("POST", "/", "Content-Length: 100000000") + "a".repeat(2000));
    await stubborn.until(/too large$/);
    const cut = await stubborn.closed();
    assert.ok(cut < 5000, `${cut} ms`);
    await isUp();
  });

  test("R12 idle connections, slow headers and slow bodies are cut", async () => {
    await start({ idleSeconds: 0.3, bodySeconds: 0.3 });
    const [silent, slow, kept, body] = [await connect(), await connect(), await connect(), await connect()];
    const trickle = setInterval(() => {
      for (const [client, bytes] of [[slow, "X"], [body, "a"]] as const) if (client.socket.writable) client.send(bytes);
    }, 50);
    slow.send("GET / HTTP/1.1\r\nHost: local");
    body.send(head("POST", "/", "Content-Length: 500"));
    kept.send(head("GET", "/"));
    await kept.until(/fine$/);
    try {
      for (const client of [silent, slow, kept, body]) cutAfter(await client.closed());
      assert.is(await silent.all() + await slow.all() + await body.all(), "");
    } finally {
      clearInterval(trickle);
    }
    const before = await rawClient(server?.port ?? 0); // over TLS: no handshake
    cutAfter(await before.closed());
  });

  test("R12 a client that does not read its answer is cut", async () => {
    let cancelled = 0;
    const endless = (): Response => {
      const pull = (c: ReadableStreamDefaultController): void => c.enqueue(new Uint8Array(65_536));
      return new Response(new ReadableStream({ pull, cancel: () => void cancelled++ }));
    };
    await start({ bodySeconds: 0.3, handler: endless });
    // between the two stands a relay, since Deno's TLS client goes on reading when it is paused
    const relay = await stallableRelay(server?.port ?? 0);
    const client = await rawClient(relay.port, serverName);
    relay.stall();
    client.send(head("GET", "/"));
    for (let i = 0; i < 300 && cancelled === 0; i++) await runtime.sleep(0.01);
    client.socket.destroy();
    relay.close();
    assert.is(cancelled, 1);
  });

  test("stop does not wait for a client that leaves its half open", async () => {
    await start({});
    const half = net.connect({ port: server?.port ?? 0, host: "127.0.0.1", allowHalfOpen: true });
    half.on("error", () => {});
    half.resume();
    if (serverName === undefined) half.write(head("GET", "/"));
    await runtime.sleep(0.1);
    const begun = performance.now();
    await server?.stop(10);
    assert.ok(performance.now() - begun < 5000);
    half.destroy();
  });

  test("100 aborted uploads and downloads leave the process alive, and onError alone", async () => {
    await start({});
    const one = async (i: number): Promise<void> => {
      const client = await connect();
      if (i % 4 === 0) client.send(head("POST", "/", "Content-Length: 5000") + "a".repeat(i));
      else if (i % 4 === 1) client.send(head("POST", "/", "Content-Length: 500000") + "a".repeat(20_000));
      else if (i % 4 === 2) client.send(head("POST", "/", "Transfer-Encoding: chunked") + "ff\r\na");
      else client.send(head("GET", "/endless"));
      await runtime.sleep(i % 3 === 0 ? 0 : 0.02);
      if (i % 2 === 0 && "resetAndDestroy" in client.socket && serverName === undefined) {
        client.socket.resetAndDestroy();
      } else client.socket.destroy();
    };
    for (let i = 0; i < 100; i += 20) await Promise.all(Array.from({ length: 20 }, (_, k) => one(i + k)));
    await runtime.sleep(0.1);
    await isUp();
    assert.equal(errors, []);
  });

  test.run();
}
