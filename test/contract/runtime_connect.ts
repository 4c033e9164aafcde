import { spawn } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import https from "node:https";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ConnectOptions, Handler, Runtime, TlsPair } from "../../src/ports.ts";
import { hasOpenssl, makeCa, makeLeaf, SKIPPED } from "../openssl.ts";
import { runtimeCommand } from "../runtimes.ts";
import { fault, trying } from "./faults.ts";

/** What every {@link Runtime}'s `connect` must do. */
export function connectContract(name: string, runtime: Runtime): void {
  if (!hasOpenssl) return console.log(`${name}: ${SKIPPED}`);
  const test = suite(name);
  const ca = makeCa();
  const otherCa = makeCa("another CA");
  const pair = makeLeaf(ca, { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] });

  /** Serves with a pair, connects, and calls with the origin of the server. */
  async function connected(
    { tls = pair, handler = () => new Response("ok"), ...options }: Partial<ConnectOptions> & {
      tls?: TlsPair;
      handler?: Handler;
    },
    action: (fetch: (path: string, init?: RequestInit) => Promise<Response>, origin: string) => Promise<void>,
  ): Promise<void> {
    const server = await runtime.serve({ hostname: "127.0.0.1", port: 0, tls: [tls], handler });
    const connection = runtime.connect({ ca: ca.certificate, ...options });
    const origin = `https://localhost:${server.port}`;
    try {
      await action((path, init) => connection.fetch(new Request(new URL(path, origin), init)), origin);
    } finally {
      connection.close();
      await server.stop(0);
    }
  }

  test("sends the request as it is and gives the answer as it is", async () => {
    const handler: Handler = async (request) => {
      const seen = [request.method, request.url, request.headers.get("x-a"), request.headers.get("content-length")];
      const headers = new Headers([["x-b", "2"], ["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
      return new Response(JSON.stringify([...seen, await request.text()]), { status: 201, headers });
    };
    await connected({ handler }, async (fetch, origin) => {
      for (let i = 0; i < 3; i++) {
        const response = await fetch("/a?b=c", { method: "PUT", headers: { "x-a": "1" }, body: "body" });
        assert.equal([response.status, response.headers.get("x-b")], [201, "2"]);
        assert.equal(response.headers.getSetCookie(), ["a=1", "b=2"]);
        assert.equal(await response.json(), ["PUT", `${origin}/a?b=c`, "1", "4", "body"]);
      }
      assert.equal(await (await fetch("/", { method: "POST" })).json(), ["POST", `${origin}/`, null, "0", ""]);
      assert.is((await fetch("/", { method: "HEAD" })).status, 201);
    });
    await connected({ handler: () => new Response(null, { status: 204 }) }, async (fetch, origin) => {
      assert.is((await fetch("/")).body, null);
      const byAddress = await fetch(origin.replace("localhost", "127.0.0.1"));
      assert.is(byAddress.status, 204);
    });
  });

  test("a redirect is an answer like others", async () => {
    const handler: Handler = () => new Response(null, { status: 302, headers: { location: "/elsewhere" } });
    await connected({ handler }, async (fetch) => {
      const response = await fetch("/");
      assert.equal([response.status, response.headers.get("location")], [302, "/elsewhere"]);
    });
  });

  test("a certificate of another CA, an expired one and one of another name are told apart", async () => {
    const cases: [RegExp, TlsPair][] = [
      [/its certificate is not issued by the trusted CA; give the certificate/, makeLeaf(otherCa)],
      [/its certificate has expired, or this host's clock is wrong; renew it/, makeLeaf(ca, { days: -1 })],
      [/not for "localhost" but for DNS:other.test; use one of its names/, makeLeaf(ca, { dnsNames: ["other.test"] })],
    ];
    for (const [message, tls] of cases) {
      await connected({ tls }, async (fetch, origin) => {
        const error = await fault("invalid-certificate", fetch("/"));
        assert.ok(error.message.startsWith(`Cannot trust ${origin}: `), error.message);
        assert.match(error.message, message, error.message);
      });
    }
  });

  test("a ca without a certificate, or with a bad one, is refused: it would mean the system's roots", async () => {
    const junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (const bad of ["", "junk", junk, ca.certificate + junk, pair.privateKey]) {
      await fault("malformed-pem", trying(() => runtime.connect({ ca: bad })));
    }
    // several, with text around them, are fine
    await connected({ ca: `# ours\n${otherCa.certificate}\ntext\n${ca.certificate}` }, async (fetch) => {
      assert.is((await fetch("/")).status, 200);
    });
  });

  test("a CA that the system trusts is not trusted, and the environment switches no check off", async () => {
    const file = join(tmpdir(), `certgen-extra-ca-${process.pid}.pem`);
    await writeFile(file, otherCa.certificate);
    try {
      await connected({ tls: makeLeaf(otherCa) }, async (_, origin) => {
        // the program also asks with a plain https client, which shows that the setting works at all
        assert.is(await program({ NODE_EXTRA_CA_CERTS: file }, origin), "plain 200, ours invalid-certificate\n");
        assert.is(
          await program({ NODE_TLS_REJECT_UNAUTHORIZED: "0" }, origin),
          "plain 200, ours invalid-certificate\n",
        );
      });
    } finally {
      await rm(file);
    }
  });

  function program(environment: Record<string, string>, origin: string): Promise<string> {
    const { command, args } = runtimeCommand(runtime.name);
    const file = fileURLToPath(new URL("./connect_program.ts", import.meta.url));
    const env = { ...process.env, ...environment, CERTGEN_TEST_CA: ca.certificate };
    const child = spawn(command, [...args, file, origin], { stdio: ["ignore", "pipe", "ignore"], env });
    let output = "";
    child.stdout.on("data", (bytes: Uint8Array) => output += new TextDecoder().decode(bytes));
    const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", () => {
        clearTimeout(timer);
        resolve(output);
      });
    });
  }

  test("presents its client certificate, and says so where one is wanted", async () => {
    const client = makeLeaf(ca, { commonName: "a client", dnsNames: [] });
    let seen = "";
    const tls = { cert: pair.certificate, key: pair.privateKey, ca: ca.certificate, requestCert: true };
    const server = https.createServer(tls, (request, response) => {
      if ("getPeerCertificate" in request.socket) {
        seen = JSON.stringify(Object(request.socket).getPeerCertificate().subject);
      }
      response.end("ok");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    try {
      const ask = async (options: Partial<ConnectOptions>): Promise<Response> => {
        const connection = runtime.connect({ ca: ca.certificate, timeoutSeconds: 5, ...options });
        return await connection.fetch(new Request(`https://localhost:${port}/`)).finally(() => connection.close());
      };
      assert.is((await ask({ client })).status, 200);
      // Bun's node:https does not show the certificate, but demands it
      if (runtime.name !== "bun") assert.match(seen, /a client/);
      assert.match((await fault("unauthorized", ask({}))).message, /refuses this client's certificate, or wants one/);
    } finally {
      server.close();
    }
    const mixed = { certificate: client.certificate, privateKey: pair.privateKey };
    await fault("invalid-certificate", trying(() => runtime.connect({ ca: ca.certificate, client: mixed })));
  });

  test("an answer over the limit is too-large, whether it says so or not", async () => {
    const pull = (c: ReadableStreamDefaultController): void => c.enqueue(new Uint8Array(5000));
    const bodies = { "/exact": () => new Uint8Array(10_000), "/over": () => new Uint8Array(10_001) };
    const handler: Handler = (request) => {
      const body = Object.entries(bodies).find(([path]) => request.url.endsWith(path))?.[1]();
      return new Response(body ?? new ReadableStream({ pull }));
    };
    await connected({ handler, maxBytes: 10_000 }, async (fetch, origin) => {
      assert.is((await (await fetch("/exact")).arrayBuffer()).byteLength, 10_000);
      const { message } = await fault("too-large", fetch("/over"));
      assert.is(message, `Cannot take the answer of ${origin}: larger than 10000 bytes`);
      await fault("too-large", fetch("/endless"));
    });
  });

  test("no answer in time is unavailable, before the headers and within the body", async () => {
    const handler: Handler = (request) =>
      request.url.endsWith("/body") ? new Response(new ReadableStream({})) : new Promise<Response>(() => {});
    await connected({ handler, timeoutSeconds: 0.3 }, async (fetch, origin) => {
      for (const path of ["/", "/body"]) {
        const { message } = await fault("unavailable", fetch(path));
        assert.is(message, `Cannot reach ${origin}: no answer within 0.3 s`);
      }
    });
  });

  test("the request's signal ends it with its reason", async () => {
    await connected({ handler: () => new Promise<Response>(() => {}) }, async (fetch) => {
      const reason = new Error("enough");
      const controller = new AbortController();
      const asking = fetch("/", { signal: controller.signal });
      setTimeout(() => controller.abort(reason), 50);
      assert.is(await asking.then(() => undefined, (error: unknown) => error), reason);
      const again = fetch("/", { signal: controller.signal });
      assert.is(await again.then(() => undefined, (error: unknown) => error), reason);
    });
  });

  test("a peer that is not there, hangs up, or speaks no TLS is unavailable", async () => {
    const mute = net.createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    const plain = await runtime.serve({ hostname: "127.0.0.1", port: 0, handler: () => new Response("ok") });
    const connection = runtime.connect({ ca: ca.certificate, timeoutSeconds: 5 });
    const ask = (origin: string) => fault("unavailable", connection.fetch(new Request(origin)));
    try {
      while (!mute.listening) await runtime.sleep(0.01);
      const address = mute.address();
      const port = typeof address === "object" ? address?.port : undefined;
      assert.match(
        (await ask(`https://localhost:${port}`)).message,
        /^Cannot reach https:\/\/localhost:\d+: connection closed/,
      );
      assert.match((await ask(`https://localhost:${plain.port}`)).message, /no TLS as certgen speaks it/);
      await new Promise<void>((resolve) => mute.close(() => resolve()));
      assert.is(
        (await ask(`https://localhost:${port}`)).message,
        `Cannot reach https://localhost:${port}: connection refused`,
      );
      assert.match((await ask("https://no-such-host.invalid")).message, /no such host name|name lookup failed/);
      const http = connection.fetch(new Request(`http://localhost:${plain.port}`));
      assert.instance(await http.then(() => undefined, (error: unknown) => error), TypeError);
    } finally {
      mute.close();
      connection.close();
      await plain.stop(0);
    }
  });

  test.run();
}
