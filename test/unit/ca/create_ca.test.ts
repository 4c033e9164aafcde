import { test } from "uvu";
import * as assert from "uvu/assert";
import { toHex } from "../../../src/bytes.ts";
import { type CaOptions, createCa } from "../../../src/ca/create_ca.ts";
import { parseCertificate, verifyCertificate } from "../../../src/x509/certificate.ts";
import type { KeyType } from "../../../src/x509/key.ts";
import { formatName } from "../../../src/x509/name.ts";
import { keyIdentifier } from "../../../src/x509/public_key.ts";
import { clockAt, fakeRandom, typeErrorOf } from "../support.ts";

const now = clockAt("2026-03-01T12:00:00.750Z");

test("createCa makes a CA of P-256 for ten years that verifies itself", async () => {
  const { certificate, publicKey, privateKey } = await createCa({
    commonName: "our CA",
    organization: "x",
    now,
    random: fakeRandom(),
  });
  assert.is(formatName(certificate.subject), "CN=our CA, O=x");
  assert.equal(certificate.issuer, certificate.subject);
  assert.is(certificate.serialNumber, "0102030405060708090a0b0c0d0e0f10");
  assert.is(certificate.notBefore.toISOString(), "2026-03-01T11:55:00.000Z");
  assert.is(certificate.notAfter.toISOString(), "2036-02-27T12:00:00.000Z");
  assert.is(publicKey.algorithm, "ec-p256");
  assert.not(privateKey.extractable);
  assert.equal(certificate.publicKey, publicKey);
  await verifyCertificate(certificate, certificate, { at: now() });
});

test("R45 R51 the extensions of a CA", async () => {
  const { certificate, publicKey } = await createCa({ commonName: "our CA" });
  const { all, basicConstraints, keyUsage, subjectKeyIdentifier } = certificate.extensions;
  assert.equal(all.map(({ type, critical }) => [type, critical]), [
    ["basicConstraints", true],
    ["keyUsage", true],
    ["subjectKeyIdentifier", false],
  ]);
  assert.equal(basicConstraints, { ca: true, pathLength: 0 });
  assert.equal(keyUsage, ["keyCertSign", "cRLSign"]);
  assert.is(subjectKeyIdentifier && toHex(subjectKeyIdentifier), toHex(await keyIdentifier(publicKey.keyBits)));
});

test("createCa takes another key type, lifetime and extractability", async () => {
  const ca = await createCa({ commonName: "a", keyType: "ed25519", lifetimeSeconds: 100, extractable: true, now });
  assert.is(ca.publicKey.algorithm, "ed25519");
  assert.ok(ca.privateKey.extractable);
  assert.is(ca.certificate.notBefore.toISOString(), "2026-03-01T11:59:50.000Z");
  assert.is(ca.certificate.notAfter.toISOString(), "2026-03-01T12:01:40.000Z");
});

test("R48 createCa beyond 2050", async () => {
  const { certificate } = await createCa({ commonName: "a", lifetimeSeconds: 50 * 365 * 86_400, now });
  assert.is(certificate.notAfter.getUTCFullYear(), 2076);
  assert.is(parseCertificate(certificate.pem).notAfter.getTime(), certificate.notAfter.getTime());
});

test("createCa refuses a name, lifetime or key type that is none", async () => {
  const faults: readonly CaOptions[] = [
    {},
    { commonName: "" },
    { commonName: "a".repeat(65) },
    { commonName: "a", country: "Germany" },
    { commonName: "a", lifetimeSeconds: 0 },
    { commonName: "a", lifetimeSeconds: -1 },
    { commonName: "a", lifetimeSeconds: 1.5 },
    { commonName: "a", lifetimeSeconds: Number.NaN },
    { commonName: "a", lifetimeSeconds: Number.POSITIVE_INFINITY },
    { commonName: "a", lifetimeSeconds: 9000 * 366 * 86_400 },
    { commonName: "a", lifetimeSeconds: Number.MAX_SAFE_INTEGER },
    { commonName: "a", keyType: "rsa-1024" as KeyType },
  ];
  for (const options of faults) await typeErrorOf(createCa({ now, ...options }));
  await typeErrorOf(createCa({ ["emailAddress" as "commonName"]: "a@b" }));
});

test.run();
