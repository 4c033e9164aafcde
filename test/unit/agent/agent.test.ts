import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseCertificate, verifyCertificate } from "../../../src/x509/certificate.ts";
import { importPrivateKey } from "../../../src/x509/key.ts";
import { agentSigner, agentWorld, NODE, TOKEN } from "../../agent_world.ts";
import { fixedRandom, type MemoryFiles, MOMENT, rejection } from "../../fakes.ts";
import { pathOf } from "../../signing.ts";

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
    [...files.tree].map(([path, { mode }]) => `${path} ${mode.toString(8)}`).sort(),
    ["certs 755", "certs/ca.crt 644", `certs/${NODE}.crt 644`, `certs/${NODE}.key 600`].sort(),
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
  const first = files.snapshot();
  const caVersion = files.tree.get("certs/ca.crt")?.version;
  await run();
  assert.is.not(files.text(`certs/${NODE}.key`), first[`certs/${NODE}.key`]?.slice(4));
  assert.is(files.tree.get("certs/ca.crt")?.version, caVersion);
  assert.equal(Object.keys(files.snapshot()), Object.keys(first));
  await assertPair(files);
});

test("a CA that changed is written; one that cannot be read, too", async () => {
  const { signer, etcd } = await agentSigner();
  for (const content of ["old", Uint8Array.of(0xff)]) {
    const { run, files } = agentWorld(signer.fetch);
    files.put("certs/ca.crt", content);
    await run();
    assert.is(files.text("certs/ca.crt"), etcd.certificate.pem);
  }
});

test("an existing key that others could read is replaced by one that they cannot", async () => {
  const { signer } = await agentSigner();
  const { run, files } = agentWorld(signer.fetch);
  files.put(`certs/${NODE}.key`, "old", 0o644);
  await run();
  assert.is(files.tree.get(`certs/${NODE}.key`)?.mode, 0o600);
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
  assert.equal([...files.tree.keys()], ["certs"]);
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
