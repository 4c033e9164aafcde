import { test } from "uvu";
import * as assert from "uvu/assert";
import { toUtf8 } from "../../../src/bytes.ts";
import { createCa } from "../../../src/ca/create_ca.ts";
import { parseCertificate, verifyCertificate } from "../../../src/x509/certificate.ts";
import { importPrivateKey } from "../../../src/x509/key.ts";
import { agentSigner, agentWorld, NODE, TOKEN } from "../../agent_world.ts";
import { fakeClock, fixedRandom, MOMENT, rejection } from "../../fakes.ts";
import type { MemoryFiles } from "../../memory_files.ts";
import { pathOf } from "../../signing.ts";

/** A path without what is different each time. */
const versionless = (path: string): string => path.replace(/\/\d{8}T\d{6}Z-[0-9a-f]{8}/, "/VERSION");

/** The public keys of the key and the certificate on disk are one. */
async function assertPair(files: MemoryFiles, base: string = `certs/${NODE}`): Promise<void> {
  const key = await importPrivateKey(files.text(`${base}.key`) ?? "");
  assert.equal(parseCertificate(files.text(`${base}.crt`) ?? "").publicKey.spki, key.publicKey.spki);
}

test("requestCertificate writes key, certificate and CA, each with its mode, and nothing else", async () => {
  const { signer, etcd } = await agentSigner();
  const { files, run, sent } = agentWorld(signer.fetch);
  const pair = await run();
  assert.equal(
    [...files.tree].map(([path, { kind, mode }]) => `${versionless(path)} ${kind} ${mode.toString(8)}`).sort(),
    [
      "certs directory 755",
      "certs/ca.crt file 644",
      `certs/${NODE}.crt link 777`,
      `certs/${NODE}.key link 777`,
      `certs/.${NODE} directory 755`,
      `certs/.${NODE}/current link 777`,
      `certs/.${NODE}/good link 777`,
      `certs/.${NODE}/VERSION directory 755`,
      `certs/.${NODE}/VERSION/ca.crt file 644`,
      `certs/.${NODE}/VERSION/tls.crt file 644`,
      `certs/.${NODE}/VERSION/tls.key file 600`,
    ].sort(),
  );
  assert.equal([pair.keyFile, pair.certificateFile, pair.caFile], [
    `certs/${NODE}.key`,
    `certs/${NODE}.crt`,
    "certs/ca.crt",
  ]);
  await assertPair(files);
  assert.match(files.text(pair.keyFile) ?? "", /^-----BEGIN PRIVATE KEY-----\n/);
  assert.is(files.text(pair.caFile), etcd.certificate.pem);
  const certificate = parseCertificate(files.text(pair.certificateFile) ?? "");
  assert.is(certificate.pem, pair.certificate.pem);
  await verifyCertificate(certificate, [etcd.certificate], { at: new Date(MOMENT) });
  assert.equal(sent.map(({ method, path }) => `${method} ${path}`), [`POST ${pathOf("v1")}`, "GET /ca/etcd-peer"]);
  for (const { headers } of sent) assert.is(headers.get("authorization"), `Bearer ${TOKEN}`);
});

test("requestCertificate posts v1 under the common name and eight digits, with signer name and usages", async () => {
  const { signer } = await agentSigner();
  const { run, sent } = agentWorld(signer.fetch);
  await run({ random: fixedRandom(0xab) });
  const { apiVersion, kind, metadata, spec, ...rest } = JSON.parse(sent[0]?.body ?? "");
  assert.equal([apiVersion, kind, metadata], [
    "certificates.k8s.io/v1",
    "CertificateSigningRequest",
    { name: `${NODE}-abababab` },
  ]);
  assert.equal(rest, {});
  assert.equal(Object.keys(spec), ["request", "signerName", "usages"]);
  assert.is(spec.signerName, "certgen.internal/etcd-peer");
  assert.equal(spec.usages, ["digital signature", "server auth", "client auth"]);
});

test("requestCertificate asks for key encipherment with an RSA key", async () => {
  const { signer } = await agentSigner();
  const { run, sent, files } = agentWorld(signer.fetch);
  await run({ keyType: "rsa-2048" });
  assert.equal(JSON.parse(sent[0]?.body ?? "").spec.usages, [
    "digital signature",
    "key encipherment",
    "server auth",
    "client auth",
  ]);
  await assertPair(files);
});

test("the metrics profile has its own CA file, beside the other", async () => {
  const { signer, metric, etcd } = await agentSigner();
  const { run, files } = agentWorld(signer.fetch);
  await run();
  const commonName = "system:etcd-metric:etcd1";
  await run({ profile: "etcd-metric", commonName, organization: "system:etcd-metrics", caFile: "metric-ca.crt" });
  assert.is(files.text("certs/metric-ca.crt"), metric.certificate.pem);
  assert.is(files.text("certs/ca.crt"), etcd.certificate.pem);
  await assertPair(files, `certs/${commonName}`);
});

test("a second run replaces the pair with a new key, and leaves a CA file that is right alone", async () => {
  const { signer } = await agentSigner();
  const { run, files } = agentWorld(signer.fetch);
  await run();
  const first = files.text(`certs/${NODE}.key`);
  const caVersion = files.tree.get("certs/ca.crt")?.version;
  await run();
  assert.is.not(files.text(`certs/${NODE}.key`), first);
  assert.is(files.tree.get("certs/ca.crt")?.version, caVersion);
  const versions = [...files.tree.keys()].filter((path) => path.endsWith("/tls.key"));
  assert.is(versions.length, 2, "the one before is kept");
  await assertPair(files);
});

test("R58 a CA that nothing here leads to is not written, nor its certificate, but where the user says it is right", async () => {
  const { signer, etcd } = await agentSigner();
  const other = await createCa({ commonName: "other CA", now: fakeClock().now });
  for (const content of [other.certificate.pem, "old", Uint8Array.of(0xff)]) {
    const { run, files } = agentWorld(signer.fetch);
    files.put("certs/ca.crt", content);
    const error = await rejection("invalid-certificate", run());
    assert.match(
      error.message,
      /Cannot take the CA that the signer names, "CN=|Cannot use the CA's file "certs\/ca.crt"/,
    );
    assert.equal([files.text(`certs/${NODE}.crt`), files.text(`certs/${NODE}.key`)], [undefined, undefined]);
    assert.equal(files.tree.get("certs/ca.crt")?.content, typeof content === "string" ? toUtf8(content) : content);
  }
  const { run, files } = agentWorld(signer.fetch);
  files.put("certs/ca.crt", other.certificate.pem);
  await run({ issuerCa: etcd.certificate.pem });
  assert.is(files.text("certs/ca.crt"), etcd.certificate.pem);
});

test("an existing key that others could read is replaced by one that they cannot", async () => {
  const { signer } = await agentSigner();
  const { run, files } = agentWorld(signer.fetch);
  files.put(`certs/${NODE}.key`, "old", 0o644);
  await run();
  const keys = [...files.tree].filter(([path]) => path.endsWith(".key"));
  assert.equal(keys.map(([, { kind, mode }]) => `${kind} ${mode.toString(8)}`).sort(), ["file 600", "link 777"]);
});

test("R2 common names that leave the directory are refused before anything is touched", async () => {
  const { signer } = await agentSigner();
  const names = [
    "../x",
    "../../etc/x",
    "a/b",
    "/etc/x",
    "..",
    ".",
    ".hidden",
    "a\\b",
    "..\\x",
    "",
    "a\0b",
    "a\nb",
    "a%2fb",
    "x".repeat(254),
    "\u202ea",
  ];
  for (const commonName of names) {
    const { run, files, sent } = agentWorld(signer.fetch);
    const error = await rejection("unsafe-path", run({ commonName }));
    assert.match(error.message, /^Cannot name files ".*": a common name may not /s);
    assert.equal([files.calls, sent], [[], []]);
  }
});

test("names that are none are refused before anything is touched", async () => {
  const { signer } = await agentSigner();
  for (const names of [{ dnsNames: ["*.x"] }, { dnsNames: [""] }, { dnsNames: ["1.2.3.4"] }, { ipAddresses: ["x"] }]) {
    const { run, files, sent } = agentWorld(signer.fetch);
    await rejection("invalid-object", run(names));
    assert.equal([files.calls, sent], [[], []]);
  }
});

test("a token that no header can carry is refused before anything is touched, and not repeated", async () => {
  const { signer } = await agentSigner();
  for (const token of ["", "s3cr3t\nx", "s3cr3t x", "s3cr3t\u00e9", "s3cr3t\0", "=s3cr3t"]) {
    const { run, files, sent } = agentWorld(signer.fetch);
    const error = await rejection("malformed-object", run({ token }));
    assert.not.match(error.message, "s3cr3t");
    assert.equal([files.calls, sent], [[], []]);
  }
});

test("a common name with shell characters is a file name and nothing more", async () => {
  const { signer } = await agentSigner();
  const { run, files } = agentWorld(signer.fetch);
  // the policy refuses it; what matters is where it would have gone
  await rejection("denied", run({ commonName: "system:etcd-peer:a; rm -rf $(x)" }));
  assert.equal([...files.tree.keys()], ["certs", "certs/.system:etcd-peer:a; rm -rf $(x)"]);
});

test("no token and no key stands in a log line or an error", async () => {
  const { signer, lines: signerLines } = await agentSigner();
  const good = agentWorld(signer.fetch);
  await good.run();
  const bad = agentWorld(signer.fetch);
  const error = await rejection("unauthorized", bad.run({ token: "0a1b2c.an0ther-s3cr3t" }));
  let answers = 0;
  const flaky = agentWorld((request) => ++answers < 4 ? new Response("down", { status: 503 }) : signer.fetch(request));
  await flaky.run();
  const key = (good.files.text(`certs/${NODE}.key`) ?? "").split("\n")[1] ?? "";
  const all = JSON.stringify([signerLines, good.lines, bad.lines, flaky.lines, error.message]);
  assert.ok(flaky.lines.length >= 3 && key.length === 64);
  for (const secret of [TOKEN, "s3cr3t", key, "PRIVATE KEY"]) assert.not.ok(all.includes(secret), secret);
});

test.run();
