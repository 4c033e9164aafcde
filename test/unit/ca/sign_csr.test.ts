import { test } from "uvu";
import * as assert from "uvu/assert";
import { boolean, element, oid, sequence, setOf } from "../../../src/asn1/der_writer.ts";
import { Oid } from "../../../src/asn1/oid.ts";
import { Tag } from "../../../src/asn1/tag.ts";
import { type Bytes, toUtf8 } from "../../../src/bytes.ts";
import { createCa } from "../../../src/ca/create_ca.ts";
import { defineProfile } from "../../../src/ca/profile.ts";
import { signCsr, type SignOptions } from "../../../src/ca/sign_csr.ts";
import { verifyCertificate } from "../../../src/x509/certificate.ts";
import { createCsr } from "../../../src/x509/csr.ts";
import {
  encodeExtKeyUsage,
  encodeKeyUsage,
  encodeSubjectAltName,
  encodeSubjectKeyIdentifier,
} from "../../../src/x509/extension.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { encodeName } from "../../../src/x509/name.ts";
import { attribute, craftCsr, extension } from "../craft.ts";
import { clockAt, fakeRandom, hex, patched, rejectionOf, typeErrorOf } from "../support.ts";

const now = clockAt("2026-03-01T12:00:00Z");
const ca = await createCa({ commonName: "our CA", now });
const key = await generateKey("ec-p256");
const SUBJECT = { organization: "system:etcd-peers", commonName: "system:etcd-peer:etcd1" };
const csr = await createCsr({ key, subject: SUBJECT, dnsNames: ["etcd1"], ipAddresses: ["10.8.89.9"] });
const OPTIONS: SignOptions = { profile: "etcd-peer", now, random: fakeRandom() };

test("R52 signCsr issues under a built-in profile", async () => {
  for (const input of [csr.pem, csr.der]) {
    const certificate = await signCsr(input, ca, OPTIONS);
    await verifyCertificate(certificate, ca.certificate, { at: now() });
    assert.equal(certificate.extensions.extKeyUsage, ["serverAuth", "clientAuth"]);
    assert.equal(certificate.extensions.subjectAltName, [{ type: "dns", value: "etcd1" }, {
      type: "ip",
      value: "10.8.89.9",
    }]);
    assert.equal(certificate.subject.der, encodeName(SUBJECT));
    assert.is(certificate.serialNumber, "0102030405060708090a0b0c0d0e0f10");
    assert.is(certificate.notBefore.toISOString(), "2026-03-01T11:55:00.000Z");
    assert.is(certificate.notAfter.toISOString(), "2027-03-01T12:00:00.000Z");
  }
});

test("signCsr issues for usages, to any subject", async () => {
  const other = await createCsr({ key, subject: { commonName: "www" }, dnsNames: ["www.example.org"] });
  const certificate = await signCsr(other.pem, ca, { usages: ["serverAuth"], lifetimeSeconds: 90, now });
  assert.equal(certificate.extensions.extKeyUsage, ["serverAuth"]);
  assert.is(certificate.notAfter.toISOString(), "2026-03-01T12:01:30.000Z");
  assert.is(certificate.notBefore.toISOString(), "2026-03-01T11:59:51.000Z");
  const profile = defineProfile({
    name: "web",
    issuer: "x",
    keyUsage: ["digitalSignature"],
    extKeyUsage: ["clientAuth"],
    lifetimeSeconds: 60,
  });
  assert.equal((await signCsr(other.pem, ca, { profile, now })).extensions.extKeyUsage, ["clientAuth"]);
});

test("R47 R48 the end of the lifetime: asked for, the profile's, the CA's", async () => {
  const end = async (options: SignOptions): Promise<string> =>
    (await signCsr(csr.pem, ca, { ...OPTIONS, ...options })).notAfter.toISOString();
  assert.is(await end({ lifetimeSeconds: 1 }), "2026-03-01T12:00:01.000Z");
  assert.is(await end({ notAfter: new Date("2026-03-01T12:00:01.999Z") }), "2026-03-01T12:00:01.000Z");
  assert.is(await end({ notAfter: new Date("2026-06-01T00:00:00Z") }), "2026-06-01T00:00:00.000Z");
  assert.is(await end({ lifetimeSeconds: 2 * 8760 * 3600 }), "2027-03-01T12:00:00.000Z");
  assert.is(await end({ lifetimeSeconds: Number.POSITIVE_INFINITY }), "2027-03-01T12:00:00.000Z");
  assert.is(await end({ now: clockAt("2036-02-27T11:59:59Z") }), ca.certificate.notAfter.toISOString());
  await rejectionOf("unavailable", end({ now: clockAt("2036-02-27T12:00:01Z") }));
  await rejectionOf("unavailable", end({ now: clockAt("2026-03-01T11:54:59Z") }));
  await rejectionOf("unavailable", end({ now: () => new Date(Number.NaN) }));
});

test("R48 a certificate that ends after 2050 has GeneralizedTime", async () => {
  const late = clockAt("2049-06-01T00:00:00Z");
  const certificate = await signCsr(csr.pem, await createCa({ commonName: "late", now: late }), {
    ...OPTIONS,
    now: late,
  });
  assert.is(certificate.notAfter.toISOString(), "2050-06-01T00:00:00.000Z");
  assert.ok(new TextDecoder("latin1").decode(certificate.der).includes("20500601000000Z"));
});

test("signCsr refuses options that contradict each other, or are none", async () => {
  const faults: readonly SignOptions[] = [
    {},
    { profile: "etcd-peer", usages: ["serverAuth"] },
    { profile: "etcd-client" as "etcd-peer" },
    { ...OPTIONS, lifetimeSeconds: 60, notAfter: new Date("2026-04-01T00:00:00Z") },
    { ...OPTIONS, lifetimeSeconds: 0 },
    { ...OPTIONS, lifetimeSeconds: -1 },
    { ...OPTIONS, lifetimeSeconds: Number.NaN },
    { ...OPTIONS, notAfter: now() },
    { ...OPTIONS, notAfter: new Date("2025-01-01T00:00:00Z") },
    { ...OPTIONS, notAfter: new Date(Number.NaN) },
    { usages: ["serverAuth"], lifetimeSeconds: 1.5, now },
    { usages: ["serverAuth"], lifetimeSeconds: 1e12, now },
    { usages: ["any" as "serverAuth"], now },
  ];
  for (const options of faults) await typeErrorOf(signCsr(csr.pem, ca, options));
});

test("R9 a subject is written anew: PrintableString in, UTF8String out", async () => {
  const printable = (type: string, text: string): Bytes =>
    setOf(sequence(oid(type), element(Tag.printableString, toUtf8(text))));
  const subject = sequence(
    printable(Oid.organization, SUBJECT.organization),
    printable(Oid.commonName, SUBJECT.commonName),
  );
  const certificate = await signCsr(await craftCsr({ key, subject }), ca, OPTIONS);
  assert.equal(certificate.subject.der, encodeName(SUBJECT));
  assert.equal(certificate.subject.attributes.map(({ tag }) => tag), [Tag.utf8String, Tag.utf8String]);
});

test("R23 R46 nothing of the request's attributes and extensions reaches the certificate but its names", async () => {
  const extensions = [
    extension("1.2.3", hex("ff")),
    encodeSubjectKeyIdentifier(hex("deadbeef")),
    encodeKeyUsage(["keyEncipherment"]),
    encodeExtKeyUsage(["clientAuth"]),
    encodeSubjectAltName([{ type: "dns", value: "etcd1" }], true),
    extension(Oid.authorityKeyIdentifier, sequence()),
    extension(Oid.certificatePolicies, hex("30 00")),
  ];
  const attributes = [attribute(Oid.challengePassword, sequence(boolean(true))), attribute("1.2.3.4", sequence())];
  const crafted = await craftCsr({ key, subject: SUBJECT, extensions, attributes });
  const plain = await craftCsr({
    key,
    subject: SUBJECT,
    extensions: [encodeSubjectAltName([{ type: "dns", value: "etcd1" }])],
  });
  const [one, two] = [await signCsr(crafted, ca, OPTIONS), await signCsr(plain, ca, OPTIONS)];
  assert.equal(one.tbsCertificate, two.tbsCertificate);
});

test("R43 a CSR with the CA's own key is denied", async () => {
  const own = await createCsr({ key: ca, subject: SUBJECT });
  const error = await rejectionOf("denied", signCsr(own.pem, ca, OPTIONS));
  assert.is(error.reason, "KeyNotAllowed");
  assert.is(error.message, "Cannot sign CSR: the key is a CA's (profile etcd-peer)");
});

test("signCsr denies what the profile refuses, with the reason, and what does not verify", async () => {
  const denied = await rejectionOf("denied", signCsr(csr.pem, ca, { ...OPTIONS, profile: "etcd-server" }));
  assert.is(denied.reason, "SubjectNotAllowed");
  const changed = patched(csr.der, -1, (csr.der[csr.der.length - 1] ?? 0) ^ 1);
  await rejectionOf("invalid-signature", signCsr(changed, ca, OPTIONS));
  await rejectionOf("malformed-der", signCsr(csr.der.slice(1), ca, OPTIONS));
  await rejectionOf("malformed-pem", signCsr("", ca, OPTIONS));
  await rejectionOf("malformed-pem", signCsr(csr.pem + csr.pem, ca, OPTIONS));
});

test("R26 an e-mail name is denied also for usages alone", async () => {
  const email = extension(Oid.subjectAltName, sequence(hex("81 03 61 40 62")));
  const error = await rejectionOf(
    "denied",
    signCsr(await craftCsr({ key, extensions: [email] }), ca, { usages: ["clientAuth"], now }),
  );
  assert.is(error.reason, "NameNotAllowed");
});

test("R34 100 names are issued", async () => {
  const dnsNames = Array.from({ length: 100 }, (_, i) => `node-${i}.example.org`);
  const certificate = await signCsr((await createCsr({ key, subject: SUBJECT, dnsNames })).pem, ca, OPTIONS);
  assert.equal(certificate.extensions.subjectAltName?.map(({ value }) => value), dnsNames);
});

test.run();
