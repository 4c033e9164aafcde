import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  absolute,
  newCa,
  newLeaf,
  readIssuer,
  readPair,
  readText,
  readToken,
  writePair,
} from "../../../cli/credentials.ts";
import { toUtf8 } from "../../../src/bytes.ts";
import { sha256Hex } from "../../../src/digest.ts";
import { createCa } from "../../../src/ca/create_ca.ts";
import { loadIssuer } from "../../../src/ca/issuer.ts";
import { parseCertificate, verifyCertificate } from "../../../src/x509/certificate.ts";
import { exportPrivateKey, importPrivateKey } from "../../../src/x509/key.ts";
import { rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const { issuer, pem } = await newCa("a CA");
const leafOptions = {
  commonName: "leaf",
  usages: ["serverAuth"],
  names: ["localhost", "::1", "10.0.0.1"],
  lifetimeSeconds: 3600,
} as const;

test("newCa gives a CA that can be loaded again from its texts", async () => {
  const again = await loadIssuer(pem.certificate, pem.privateKey, new Date());
  assert.is(again.certificate.serialNumber, issuer.certificate.serialNumber);
  assert.is(again.certificate.extensions.basicConstraints?.ca, true);
});

test("newLeaf tells names from addresses, and is no CA", async () => {
  const leaf = await newLeaf(issuer, leafOptions);
  const certificate = parseCertificate(leaf.certificate);
  await verifyCertificate(certificate, [issuer.certificate], { at: new Date() });
  assert.equal(certificate.extensions.subjectAltName, [
    { type: "dns", value: "localhost" },
    { type: "ip", value: "::1" },
    { type: "ip", value: "10.0.0.1" },
  ]);
  assert.equal(certificate.extensions.extKeyUsage, ["serverAuth"]);
  assert.is(certificate.extensions.basicConstraints?.ca, false);
  assert.equal((await importPrivateKey(leaf.privateKey)).publicKey.spki, certificate.publicKey.spki);
});

test("newLeaf refuses names that are none", async () => {
  for (const names of [["*.x"], ["a b"], ["10.0.0.256"]]) {
    await rejection("invalid-object", newLeaf(issuer, { ...leafOptions, names }));
  }
});

test("R55 readIssuer loads a CA, and says which files cannot be one", async () => {
  const files = new MemoryFiles();
  files.put("ca.crt", pem.certificate);
  files.put("ca.key", pem.privateKey);
  const leaf = await newLeaf(issuer, leafOptions);
  const other = await newCa("another CA");
  const ended = await createCa({ commonName: "ended", now: () => new Date("2010-01-01"), extractable: true });
  const early = await createCa({ commonName: "early", now: () => new Date("2090-01-01"), extractable: true });
  files.put("leaf.crt", leaf.certificate);
  files.put("leaf.key", leaf.privateKey);
  files.put("other.key", other.pem.privateKey);
  files.put("ended.crt", ended.certificate.pem);
  files.put("ended.key", await exportPrivateKey(ended));
  files.put("early.crt", early.certificate.pem);
  files.put("early.key", await exportPrivateKey(early));
  files.put("garbage", "garbage");
  files.put("two.crt", pem.certificate + other.pem.certificate);
  files.put("with-leaf.crt", pem.certificate + leaf.certificate);
  const alone = await readIssuer(files, "ca.crt", "ca.key");
  assert.equal([alone.certificate.pem, alone.others], [issuer.certificate.pem, undefined]);
  const both = await readIssuer(files, "two.crt", "ca.key");
  assert.equal([both.certificate.pem, both.others?.map((ca) => ca.pem)], [issuer.certificate.pem, [
    other.pem.certificate,
  ]]);
  const bad = [
    ["leaf.crt", "leaf.key"],
    ["ca.crt", "other.key"],
    ["ended.crt", "ended.key"],
    ["early.crt", "early.key"],
    ["garbage", "ca.key"],
    ["ca.crt", "garbage"],
    ["ca.crt", "ca.crt"],
    ["ca.key", "ca.key"],
    ["two.crt", "other.key"],
    ["with-leaf.crt", "ca.key"],
  ] as const;
  for (const [certificate, key] of bad) {
    const error = await rejection("invalid-certificate", readIssuer(files, certificate, key));
    assert.ok(error.message.startsWith(`Cannot use CA "${certificate}" with key "${key}": `), error.message);
    assert.not.match(error.message, "MIG");
  }
  for (const [certificate, key] of [["gone", "ca.key"], ["ca.crt", "gone"]] as const) {
    const error = await rejection("not-found", readIssuer(files, certificate, key));
    assert.match(error.message, "gone");
  }
});

test("readText gives text, and says which file is none", async () => {
  const files = new MemoryFiles();
  files.put("a", "ü");
  files.put("b", Uint8Array.of(0x30, 0x82, 0xff));
  assert.is(await readText(files, "a"), "ü");
  const error = await rejection("malformed-pem", readText(files, "b"));
  assert.is(error.message, 'Cannot read "b": it is no text; PEM is needed');
  assert.equal(await readPair(files, "a", "a"), ["ü", "ü"]);
});

test("readToken gives the token, and says which file holds none, without repeating it", async () => {
  const files = new MemoryFiles();
  files.put("token", " \nt0ken==\n", 0o600);
  assert.is(await readToken(files, "token"), "t0ken==");
  for (const text of ["", " ", "s3cr3t x", "s3cr3t\nx", "s3cr3t\u00e9", "=s3cr3t"]) {
    files.put("token", text, 0o600);
    const { message } = await rejection("malformed-object", readToken(files, "token"));
    assert.is(message, 'Cannot use "token": it holds no bearer token');
  }
});

test("writePair writes the key first, so that no certificate stands without its key", async () => {
  const files = new MemoryFiles();
  await writePair(files, "d/x", pem);
  assert.equal(files.calls, ["replace d/x.key", "replace d/x.crt"]);
  assert.equal(files.snapshot(), { "d/x.crt": `644 ${pem.certificate}`, "d/x.key": `600 ${pem.privateKey}` });
  const broken = new MemoryFiles();
  broken.failWith({ at: 1, kind: "error" });
  await rejection("io", writePair(broken, "d/x", pem));
  assert.equal(broken.snapshot(), {});
});

test("sha256 is the digest; absolute begins at the root", async () => {
  assert.is(await sha256Hex(toUtf8("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.match(absolute("x/../y"), /^\/.*\/y$|^\/y$/);
});

test.run();
