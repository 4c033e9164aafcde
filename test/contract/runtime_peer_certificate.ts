import { Buffer } from "node:buffer";
import net from "node:net";
import tls from "node:tls";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PeerCertificateOptions, Runtime, TlsPair } from "../../src/ports.ts";
import { parseCertificates } from "../../src/x509/certificate.ts";
import { hasOpenssl, makeCa, makeLeaf, SKIPPED } from "../openssl.ts";
import { fault } from "./faults.ts";

const der = ({ certificate }: TlsPair): Uint8Array | undefined => parseCertificates(certificate)[0]?.der;

/** What every {@link Runtime}'s `peerCertificate` must do. */
export function peerCertificateContract(name: string, runtime: Runtime): void {
  if (!hasOpenssl) return console.log(`${name}: ${SKIPPED}`);
  const test = suite(name);
  const ca = makeCa();
  const pair = makeLeaf(ca, { dnsNames: ["localhost"] });
  const other = makeLeaf(makeCa("another CA"), { commonName: "another", dnsNames: ["other"] });
  const client = makeLeaf(ca, { commonName: "a client", dnsNames: [] });
  const ask = (port: number, options: Partial<PeerCertificateOptions> = {}): Promise<Uint8Array> =>
    runtime.peerCertificate({ host: "127.0.0.1", port, timeoutSeconds: 20, ...options });

  /** Calls with the port of a server that is closed afterwards, which waits for its last connection. */
  async function listening(server: net.Server, action: (port: number) => Promise<void>): Promise<void> {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const address = server.address();
    try {
      await action(typeof address === "object" ? address?.port ?? 0 : 0);
    } finally {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  }

  /** Waits for what happens at the other end of a connection. */
  async function until(isSo: () => boolean): Promise<void> {
    for (let i = 0; i < 200 && !isSo(); i++) await runtime.sleep(0.01);
  }

  function tlsServer(options: tls.TlsOptions, onConnection: (socket: tls.TLSSocket) => void = () => {}): net.Server {
    return tls.createServer({ cert: pair.certificate, key: pair.privateKey, ...options }, (socket) => {
      socket.on("error", () => {});
      onConnection(socket);
    }).on("tlsClientError", () => {});
  }

  test("gives the certificate of a TLS 1.2 and a TLS 1.3 server, whoever issued it, the leaf of a chain", async () => {
    const rsa = makeLeaf(ca, { keyType: "rsa", days: -1 });
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      for (const one of [pair, rsa, other, { ...pair, certificate: pair.certificate + ca.certificate }]) {
        const options = { cert: one.certificate, key: one.privateKey, minVersion: version, maxVersion: version };
        await listening(tlsServer(options), async (port) => assert.equal(await ask(port), der(one)));
      }
    }
  });

  test("a name is sent as SNI, an address is not", async () => {
    const server = await runtime.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: [other, pair],
      handler: () => new Response("ok"),
    });
    try {
      assert.equal(await ask(server.port, { host: "localhost" }), der(pair));
      assert.equal(await ask(server.port), der(other));
    } finally {
      await server.stop(0);
    }
  });

  test("an IPv6 address is an address", async () => {
    const options = { hostname: "::1", port: 0, tls: [pair], handler: () => new Response("ok") };
    const server = await runtime.serve(options).catch(() => undefined);
    if (server === undefined) return console.log("skipped: needs IPv6");
    try {
      assert.equal(await ask(server.port, { host: "::1" }), der(pair));
    } finally {
      await server.stop(0);
    }
    assert.match(
      (await fault("unavailable", ask(server.port, { host: "::1" }))).message,
      /^Cannot reach https:\/\/\[::1\]:/,
    );
  });

  test("a server that has another certificate now shows that: no session is resumed", async () => {
    const options = { hostname: "127.0.0.1", port: 0, handler: () => new Response("ok") };
    const server = await runtime.serve({ ...options, tls: [pair] });
    try {
      for (const one of [pair, other, pair, other]) {
        await server.reload([one]);
        for (let i = 0; i < 3; i++) assert.equal(await ask(server.port), der(one));
      }
    } finally {
      await server.stop(0);
    }
  });

  test("presents the client certificate to a server that demands one", async () => {
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const seen: unknown[] = [];
      const versions = { minVersion: version, maxVersion: version };
      const demands = { ...versions, ca: ca.certificate, requestCert: true, rejectUnauthorized: true };
      const server = tlsServer(demands, (socket) => seen.push(socket.getPeerCertificate().subject.CN));
      await listening(server, async (port) => {
        assert.equal(await ask(port, { client }), der(pair));
        await until(() => seen.length > 0);
        assert.equal(seen, ["a client"]);
        // with TLS 1.3 the refusal comes after the server's proof, with TLS 1.2 before it
        if (version === "TLSv1.3") assert.equal(await ask(port), der(pair));
        else await fault("unavailable", ask(port));
      });
    }
  });

  test("a client certificate that cannot be used is refused before anything is sent", async () => {
    const mixed = { certificate: client.certificate, privateKey: pair.privateKey };
    await fault("invalid-certificate", ask(1, { client: mixed }));
    await fault("malformed-pem", ask(1, { client: { certificate: "", privateKey: pair.privateKey } }));
  });

  test("a server that does not prove its key is unavailable", async () => {
    const versions = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;
    await listening(tlsServer(versions), async (port) => {
      const types: number[] = [];
      await listening(forger(port, types), async (forged) => {
        const { message } = await fault("unavailable", ask(forged));
        assert.match(message, /no TLS as certgen speaks it|the TLS handshake failed after its certificate was shown/);
      });
      // ClientHello, then an alert at once: no ChangeCipherSpec (20), where the server's own check would come
      assert.equal(types, [22, 21]);
    });
  });

  /** Relays to a TLS 1.2 server, but spoils the signature in its ServerKeyExchange; notes the record types of the client. */
  function forger(port: number, types: number[]): net.Server {
    return net.createServer((down) => {
      const up = net.connect(port, "127.0.0.1");
      for (const socket of [down, up]) socket.on("error", () => {});
      down.on("data", (data: Uint8Array) => {
        types.push(data[0] ?? -1);
        up.write(data);
      });
      down.on("close", () => up.destroy());
      up.on("close", () => down.end());
      let flight = Buffer.alloc(0);
      up.on("data", (data: Uint8Array) => {
        flight = Buffer.concat([flight, data]);
        // the flight ends with ServerHelloDone (RFC 5246 §7.4.5): a type, three bytes of length 0
        if (!flight.subarray(-4).equals(Buffer.from([14, 0, 0, 0]))) return;
        const last = flight.length - (flight.at(-9) === 22 ? 10 : 5); // in a record of its own, or behind the other
        flight[last] = (flight[last] ?? 0) ^ 1;
        down.write(flight);
      });
    });
  }

  test("a server without TLS, one that hangs up, and none at all are unavailable", async () => {
    const plain = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.resume();
      socket.end("SSH-2.0-not TLS\r\n");
    });
    let closed = 0;
    await listening(plain, async (port) => {
      const { message } = await fault("unavailable", ask(port));
      assert.match(
        message,
        /^Cannot reach https:\/\/127\.0\.0\.1:\d+: (no TLS as certgen speaks it|connection closed)/,
      );
    });
    await listening(net.createServer((socket) => socket.destroy()), async (port) => {
      closed = port;
      const { message } = await fault("unavailable", ask(port));
      assert.is(message, `Cannot reach https://127.0.0.1:${port}: connection closed by the peer`);
    });
    const { message } = await fault("unavailable", ask(closed));
    assert.is(message, `Cannot reach https://127.0.0.1:${closed}: connection refused`);
    await fault("unavailable", ask(closed, { host: "localhost" }));
    await fault("unavailable", ask(closed, { host: "no-such-host.invalid" }));
  });

  test("a server that never answers is unavailable in time, and left", async () => {
    let left = 0;
    const mute = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.resume();
      socket.on("close", () => left++);
    });
    await listening(mute, async (port) => {
      const { message } = await fault("unavailable", ask(port, { timeoutSeconds: 0.3 }));
      assert.is(message, `Cannot reach https://127.0.0.1:${port}: no TLS within 0.3 s`);
    });
    await until(() => left > 0);
    assert.is(left, 1);
  });

  test("the signal ends it with its reason", async () => {
    const mute = net.createServer((socket) => void socket.on("error", () => {}).resume());
    await listening(mute, async (port) => {
      const reason = new Error("enough");
      const controller = new AbortController();
      const asking = ask(port, { signal: controller.signal });
      setTimeout(() => controller.abort(reason), 50);
      assert.is(await asking.then(() => undefined, (error: unknown) => error), reason);
      const again = ask(port, { signal: controller.signal });
      assert.is(await again.then(() => undefined, (error: unknown) => error), reason);
    });
  });

  test.run();
}
