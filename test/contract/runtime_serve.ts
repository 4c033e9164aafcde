import tls from "node:tls";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Handler, Runtime, ServeOptions, Server, TlsPair } from "../../src/ports.ts";
import { hasOpenssl, makeCa, makeLeaf, SKIPPED } from "../openssl.ts";
import { fault } from "./faults.ts";
import { head, rawClient } from "./raw_client.ts";

/** What every {@link Runtime}'s `serve` must do for clients that mean well. */
export function serveContract(name: string, runtime: Runtime): void {
  const test = suite(name);
  const withOpenssl = hasOpenssl ? test : (what: string, _: unknown): void => {
    console.log(`${what}: ${SKIPPED}`);
    test.skip();
  };

  async function serving(
    options: Partial<ServeOptions> & { handler: Handler },
    action: (server: Server) => Promise<void>,
  ): Promise<void> {
    const server = await runtime.serve({ hostname: "127.0.0.1", port: 0, ...options });
    try {
      await action(server);
    } finally {
      await server.stop(0);
    }
  }

  async function nameFor(server: Server, serverName: string): Promise<string> {
    const client = await rawClient(server.port, serverName);
    client.socket.destroy();
    return client.serverName;
  }

  test("the request reaches the handler as it was sent, and the answer the client", async () => {
    const handler: Handler = async (request, info) => {
      const headers = new Headers([["x-a", "1"], ["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
      const seen = [request.method, request.url, request.headers.get("x-b"), await request.text(), info?.remoteAddress];
      return new Response(JSON.stringify(seen), { status: 201, headers });
    };
    await serving({ handler }, async (server) => {
      const url = `http://127.0.0.1:${server.port}/a%20b?c=d`;
      const response = await fetch(url, { method: "POST", headers: { "x-b": "2" }, body: "body" });
      assert.is(response.status, 201);
      assert.is(response.headers.get("x-a"), "1");
      assert.equal(response.headers.getSetCookie(), ["a=1", "b=2"]);
      assert.equal(await response.json(), ["POST", url, "2", "body", "127.0.0.1"]);
    });
  });

  test("known bodies go out with a content-length, HEAD without a body, 204 with neither", async () => {
    const bodies: Record<string, () => Response> = {
      "/text": () => new Response("text"),
      "/json": () => Response.json([1]),
      "/bytes": () => new Response(new Uint8Array(100_000)),
      "/empty": () => new Response(""),
      "/none": () => new Response(null, { status: 204 }),
    };
    const handler: Handler = (request) => bodies[new URL(request.url).pathname]?.() ?? new Response("?");
    await serving({ handler }, async (server) => {
      for (const [path, length] of Object.entries({ text: "4", json: "3", bytes: "100000", empty: "0" })) {
        const response = await fetch(`http://127.0.0.1:${server.port}/${path}`);
        assert.is(response.headers.get("content-length"), length, path);
        assert.is(String((await response.arrayBuffer()).byteLength), length, path);
      }
      const client = await rawClient(server.port);
      client.send(head("HEAD", "/text") + head("GET", "/none", "Connection: close"));
      const all = await client.all();
      assert.match(all, /content-length: 4\r\n[^]*\r\n\r\nHTTP\/1\.1 204 No Content\r\n/i);
      assert.not.match(all.slice(all.indexOf("204")), /content-length|transfer-encoding|text$/i);
    });
  });

  test("a stream goes out as it comes, headers first", async () => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    let cancelled: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => cancelled = resolve);
    const handler: Handler = () =>
      new Response(new ReadableStream({ start: (c) => void (controller = c), cancel: () => cancelled?.() }));
    await serving({ handler }, async (server) => {
      const client = await rawClient(server.port);
      client.send(head("GET", "/"));
      await client.until(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
      for (const event of ["one", "two"]) {
        controller?.enqueue(new TextEncoder().encode(event));
        await client.until(new RegExp(`${event}\r\n$`));
      }
      client.socket.destroy();
      await gone; // nothing more was sent: the close itself is noticed
    });
  });

  test("a handler that throws is a 500 with a fixed text, its detail only in onError", async () => {
    const errors: unknown[] = [];
    const handler: Handler = () => Promise.reject(new Error("secret"));
    await serving({ handler, onError: (error) => errors.push(error) }, async (server) => {
      const response = await fetch(`http://127.0.0.1:${server.port}/`);
      assert.is(response.status, 500);
      assert.is(await response.text(), "internal error\n");
      assert.equal(errors.map(String), ["Error: secret"]);
    });
  });

  test("a port that is taken is an io error that names it", async () => {
    await serving({ handler: () => new Response() }, async (server) => {
      const again = runtime.serve({ hostname: "127.0.0.1", port: server.port, handler: () => new Response() });
      const { message } = await fault("io", again);
      assert.is(message, `Cannot listen on 127.0.0.1:${server.port}: address already in use (EADDRINUSE)`);
    });
  });

  test("stop lets a request in flight finish and takes no others", async () => {
    let answer: (() => void) | undefined;
    const handler: Handler = () => new Promise((resolve) => answer = () => resolve(new Response("done")));
    await serving({ handler }, async (server) => {
      const [client, idle] = [await rawClient(server.port), await rawClient(server.port)];
      client.send(head("GET", "/"));
      while (answer === undefined) await runtime.sleep(0.01);
      let stopped = false;
      const stopping = server.stop(5).then(() => stopped = true);
      await idle.closed();
      assert.match(String(await rawClient(server.port).catch((error: unknown) => error)), /ECONNREFUSED/);
      assert.is(stopped, false);
      answer();
      assert.match(await client.all(), /connection: close\r\n[^]*done$/i);
      await stopping;
    });
  });

  test("stop drops what is not done in its time", async () => {
    let asked = false;
    const handler: Handler = () => {
      asked = true;
      return new Promise(() => {});
    };
    await serving({ handler }, async (server) => {
      const client = await rawClient(server.port);
      client.send(head("GET", "/"));
      while (!asked) await runtime.sleep(0.01);
      const start = performance.now();
      await server.stop(0.2);
      const took = performance.now() - start;
      assert.ok(took >= 150 && took < 4000, String(took));
      await client.closed();
    });
  });

  const ca = hasOpenssl ? makeCa() : { certificate: "", privateKey: "" };
  const leaf = (commonName: string, ...dnsNames: string[]): TlsPair =>
    hasOpenssl ? makeLeaf(ca, { commonName, dnsNames }) : ca;
  const [one, two, three] = [
    leaf("one", "one.test", "shared.test"),
    leaf("two", "TWO.test", "shared.test"),
    leaf("3", "*.three.test"),
  ];
  const ok: Handler = () => new Response("ok");

  withOpenssl("SNI chooses among the pairs, the first is for all other names", async () => {
    await serving({ tls: [one, two, three], handler: ok }, async (server) => {
      assert.is(await nameFor(server, "one.test"), "one");
      assert.is(await nameFor(server, "a.three.test"), "3");
      assert.is(await nameFor(server, "b.a.three.test"), "one");
      assert.is(await nameFor(server, "three.test"), "one");
      assert.is(await nameFor(server, "two.test"), "two");
      assert.is(await nameFor(server, "shared.test"), "one");
      assert.is(await nameFor(server, "other.test"), "one");
      assert.is(await nameFor(server, "two"), "one", "a common name is no DNS name");
      assert.is(await nameFor(server, ""), "one");
    });
  });

  withOpenssl("TLS 1.2 and 1.3 are spoken, without ALPN or with http/1.1", async () => {
    await serving({ tls: [one], handler: ok }, async (server) => {
      for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
        for (const ALPNProtocols of [undefined, ["h2", "http/1.1"]]) {
          const client = await rawClient(server.port, "one.test", {
            maxVersion: version,
            ...(ALPNProtocols && { ALPNProtocols }),
          });
          assert.is(client.socket instanceof tls.TLSSocket ? client.socket.getProtocol() : "", version);
          client.send(head("GET", "/", "Connection: close"));
          assert.match(await client.all(), /ok$/);
        }
      }
    });
  });

  withOpenssl("reload takes other pairs and keeps a connection that is open", async () => {
    await serving({ tls: [one], handler: ok }, async (server) => {
      const client = await rawClient(server.port, "one.test");
      client.send(head("GET", "/"));
      await client.until(/ok$/);
      await server.reload([three, two]);
      assert.is(await nameFor(server, "one.test"), "3");
      assert.is(await nameFor(server, ""), "3");
      assert.is(await nameFor(server, "two.test"), "two");
      client.forget();
      client.send(head("GET", "/"));
      await client.until(/ok$/);
      await server.reload([one]);
      assert.is(await nameFor(server, "one.test"), "one");
    });
  });

  withOpenssl("a pair that cannot serve is refused, and the old one stays", async () => {
    const mixed: TlsPair = { certificate: one.certificate, privateKey: two.privateKey };
    const junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const start = (pairs: TlsPair[]) => runtime.serve({ hostname: "127.0.0.1", port: 0, handler: ok, tls: pairs });
    assert.match((await fault("invalid-certificate", start([one, mixed]))).message, /private key is not that of.*one/);
    await serving({ tls: [one], handler: ok }, async (server) => {
      await fault("invalid-certificate", server.reload([mixed]));
      await fault("invalid-certificate", server.reload([two, mixed]));
      await fault("malformed-key", server.reload([{ ...one, privateKey: "junk" }]));
      await fault("malformed-pem", server.reload([{ ...one, certificate: "junk" }]));
      await fault("malformed-pem", server.reload([{ ...one, certificate: one.certificate + junk }]));
      assert.instance(await server.reload([]).then(() => undefined, (error: unknown) => error), TypeError);
      assert.is(await nameFor(server, ""), "one");
      assert.is(await nameFor(server, "two.test"), "one");
    });
  });

  test.run();
}
