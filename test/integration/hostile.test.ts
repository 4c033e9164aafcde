// timeout: 120
// The worst requests, over TLS, against a signer that everybody can reach: it answers, lives, and writes nothing elsewhere.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:tls";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bitStringOf, explicit, integer, oid, sequence, setOf, utf8String } from "../../src/asn1/der_writer.ts";
import { Oid } from "../../src/asn1/oid.ts";
import { toBase64Pem } from "../../src/k8s/certificate_signing_request.ts";
import { node } from "../../src/runtime/node.ts";
import { generateKey, sign } from "../../src/x509/key.ts";
import { toPem } from "../../src/x509/pem.ts";
import { certgen, folder, requestsIn, type RunningSigner, startSigner, temporary } from "../programs.ts";
import { currentRuntime } from "../runtimes.ts";

const BASE = "/apis/certificates.k8s.io";

/** A CSR whose subject has these organizations, each in an RDN of its own, and a peer's common name. */
async function csrWith(organizations: readonly string[]): Promise<string> {
  const key = await generateKey();
  const attribute = (type: string, value: string): Uint8Array => setOf(sequence(oid(type), utf8String(value)));
  const subject = sequence(
    ...organizations.map((o) => attribute(Oid.organization, o)),
    attribute(Oid.commonName, "system:etcd-peer:x"),
  );
  const info = sequence(integer(0), subject, key.publicKey.spki, explicit(0));
  return toPem("CERTIFICATE REQUEST", sequence(info, key.signatureAlgorithm.der, bitStringOf(await sign(key, info))));
}

/** Every file below a directory but those of the requests, with its size and time. */
function snapshot(directory: string): string {
  const paths = readdirSync(directory, { recursive: true }).map(String).filter((path) => !path.startsWith("csrs"))
    .sort();
  return paths.map((path) =>
    `${path} ${statSync(`${directory}/${path}`).size} ${statSync(`${directory}/${path}`).mtimeMs}`
  ).join("\n");
}

test("R1 R8 R12 hostile requests get a clear 4xx or a denial, and nothing is written outside of --csrdir", async () => {
  const { path: cwd, remove } = temporary();
  let signer: RunningSigner | undefined;
  try {
    await certgen(currentRuntime(), "signer", ["init", "--dir=pki", "--san=127.0.0.1"], cwd);
    const csrs = folder(cwd, "csrs");
    signer = await startSigner(currentRuntime(), [
      "--cacrt=pki/ca.crt",
      "--cakey=pki/ca.key",
      "--csrdir=csrs",
      "--servcrt=pki/server.crt",
      "--servkey=pki/server.key",
    ], cwd);
    const { port } = signer;
    const connection = node.connect({ ca: readFileSync(`${cwd}/pki/ca.crt`, "utf8") });
    const post = async (
      body: string | Uint8Array<ArrayBuffer>,
      version = "v1beta1",
    ): Promise<{ code: number; text: string }> => {
      const url = `https://127.0.0.1:${port}${BASE}/${version}/certificatesigningrequests`;
      const response = await connection.fetch(
        new Request(url, { method: "POST", headers: { "content-type": "application/json" }, body }),
      );
      return { code: response.status, text: await response.text() };
    };
    const before = snapshot(cwd);
    const good = toBase64Pem(await csrWith(["system:etcd-peers"]));
    const named = (name: unknown, request = good): string => JSON.stringify({ metadata: { name }, spec: { request } });

    const names = [
      "../../x",
      "..",
      ".",
      "a/b",
      "",
      "n".repeat(300),
      "nul\0",
      "x%2f",
      "line\nfeed",
      "\u202ename",
      {},
      7,
    ];
    for (const name of names) {
      const { code, text } = await post(named(name));
      assert.ok(code === 422 || code === 400, `${JSON.stringify(name)}: ${code} ${text}`);
      assert.is(JSON.parse(text).kind, "Status");
    }
    assert.equal(requestsIn(csrs), [], "nothing of it is kept");

    const bodies: [string, string, number][] = [
      ["depth bomb", "[".repeat(100_000), 400],
      ["nested objects", `${'{"a":'.repeat(60)}1${"}".repeat(60)}`, 400],
      ["no JSON", "\0\x01\x02", 400],
      ["another kind", JSON.stringify({ kind: "Pod", metadata: { name: "p" } }), 400],
      ["no PEM", named("x", toBase64Pem("hello")), 422],
      ["no request", JSON.stringify({ metadata: { name: "x" }, spec: {} }), 422],
    ];
    for (const [what, body, expected] of bodies) {
      const { code, text } = await post(body);
      assert.is(code, expected, `${what}: ${text}`);
    }
    // a client that is still writing may see the connection end instead of the answer
    const large = await post(new Uint8Array(10 << 20)).catch((error) => ({ code: 413, text: String(error.code) }));
    assert.is(large.code, 413, large.text);

    const subjects: [string[], RegExp][] = [
      [[""], /SubjectNotAllowed/],
      [[], /SubjectNotAllowed/],
      [["s"], /SubjectNotAllowed/],
      [["system:etcd-peers", "system:etcd-servers"], /SubjectNotAllowed.*more than one organization/],
      [["system:etcd-peers", "system:masters"], /SubjectNotAllowed.*more than one organization/],
    ];
    for (const [organizations, reason] of subjects) {
      const { code, text } = await post(named("system:etcd-peer:x", toBase64Pem(await csrWith(organizations))));
      assert.is(code, 201, text);
      assert.match(text, reason);
      const { status } = JSON.parse(text);
      assert.is(status.conditions[0].type, "Denied");
      assert.is(status.certificate, undefined);
    }

    // bytes that are no HTTP, and connections that are left half-way
    for (let i = 0; i < 20; i++) {
      const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
      socket.on("error", () => {});
      socket.write(
        i % 2 === 0
          ? "GET /\r\n\r\n\0\0"
          : `POST ${BASE}/v1/certificatesigningrequests HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{`,
      );
      setTimeout(() => socket.destroy(), 20);
    }
    const last = await post(named("system:etcd-peer:x"));
    assert.is(last.code, 201);
    assert.is(JSON.parse(last.text).status.conditions[0].type, "Approved", "and the next good request is served");
    assert.is(snapshot(cwd), before);
    connection.close();
  } finally {
    await signer?.stop();
    remove();
  }
});

test.run();
