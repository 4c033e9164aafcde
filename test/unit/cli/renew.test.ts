import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { newCa, newLeaf } from "../../../cli/credentials.ts";
import * as renew from "../../../cli/renew.ts";
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { runCommand } from "../../command.ts";

const PEER = "system:etcd-peer:a";
const SERVER = "system:etcd-server:a";

/** A signer that leaves the peer's request to a person, and denies any other. */
async function undecided({ method, url, body }: { method: string; url: string; body: string }): Promise<Response> {
  if (method !== "POST") {
    return new URL(url).searchParams.has("watch") || !url.includes(PEER)
      ? Response.json({ message: "no" }, { status: 404 })
      : Response.json({ metadata: { name: PEER }, spec: {}, status: {} });
  }
  const { metadata, spec } = JSON.parse(body);
  const denied = { type: "Denied", status: "True", reason: "No", message: "not this one" };
  const status = String(metadata.name).startsWith(PEER) ? {} : { conditions: [denied] };
  return await Promise.resolve(Response.json({ metadata, spec, status }, { status: 201 }));
}

test("a certificate that waits for its approval holds up no other, and the time may be longer than a timer runs", async () => {
  const root = realpathSync(mkdtempSync(`${tmpdir()}/certgen-renew-`));
  const runtime = await detectRuntime();
  const { issuer, pem } = await newCa("serving CA");
  const leaf = await newLeaf(issuer, {
    commonName: "signer",
    usages: ["serverAuth"],
    names: ["localhost", "127.0.0.1"],
    lifetimeSeconds: 3600,
  });
  const server = await runtime.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: [leaf],
    handler: async (request) =>
      await undecided({ method: request.method, url: request.url, body: await request.text() }),
  });
  try {
    writeFileSync(`${root}/ca.crt`, pem.certificate);
    const certificates = (names: readonly string[]) => names.map((commonName) => ({ commonName, dnsNames: ["a"] }));
    const config = (names: readonly string[]): string => {
      const signer = { address: `127.0.0.1:${server.port}`, cacrt: "ca.crt" };
      const path = `${root}/${names.length}.json`;
      writeFileSync(path, JSON.stringify({ signer, directory: "pki", certificates: certificates(names) }));
      return path;
    };
    const both = await runCommand(renew, [`--config=${config([PEER, SERVER])}`, "--timeout=4s"]);
    assert.is(both.code, 4, both.stderr);
    assert.match(both.stdout, "not this one");
    const long = await runCommand(renew, [`--config=${config([SERVER])}`, "--timeout=30d", "--force"]);
    assert.is(long.code, 3, long.stderr);
  } finally {
    await server.stop(0);
    rmSync(root, { recursive: true });
  }
});

test.run();
