import { test } from "uvu";
import * as assert from "uvu/assert";
import { element, oid, sequence, setOf, utf8String } from "../../../src/asn1/der_writer.ts";
import { Oid } from "../../../src/asn1/oid.ts";
import { readDer } from "../../../src/asn1/der.ts";
import { Tag } from "../../../src/asn1/tag.ts";
import { type Bytes, toHex, toUtf8 } from "../../../src/bytes.ts";
import { createCa } from "../../../src/ca/create_ca.ts";
import { etcdProfiles } from "../../../src/ca/etcd.ts";
import {
  issueCertificate,
  type IssueRequest,
  loadIssuer,
  newSerialNumber,
  rebuildSubject,
  validityAt,
} from "../../../src/ca/issuer.ts";
import { defineProfile } from "../../../src/ca/profile.ts";
import { parseCertificate, verifyCertificate } from "../../../src/x509/certificate.ts";
import { encodeBasicConstraints, encodeKeyUsage, encodeSubjectKeyIdentifier } from "../../../src/x509/extension.ts";
import { exportPrivateKey, generateKey } from "../../../src/x509/key.ts";
import { encodeName, type Name, parseName } from "../../../src/x509/name.ts";
import { keyIdentifier } from "../../../src/x509/public_key.ts";
import { craftCertificate } from "../craft.ts";
import { clockAt, faultOf, hex, rejectionOf } from "../support.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const ca = await createCa({ commonName: "our CA", extractable: true, now: () => NOW });
const key = await generateKey("ec-p256");
const [PEER] = etcdProfiles();
if (PEER === undefined) throw new Error("no profile");
const REQUEST: IssueRequest = {
  issuer: ca,
  profile: PEER,
  publicKey: key.publicKey,
  subject: encodeName({ organization: "o", commonName: "c" }),
  names: [{ type: "dns", value: "a" }, { type: "ip", value: "10.0.0.1" }],
  lifetimeSeconds: 3600,
  now: NOW,
  serialNumber: hex("00".repeat(15) + "01"),
};

test("loadIssuer puts certificate and key together, in every form", async () => {
  const pem = await exportPrivateKey(ca);
  for (const certificate of [ca.certificate.pem, ca.certificate.der]) {
    for (const privateKey of [pem, ca]) {
      const issuer = await loadIssuer(certificate, privateKey, NOW);
      const leaf = await issueCertificate({ ...REQUEST, issuer });
      await verifyCertificate(leaf, ca.certificate, { at: NOW });
    }
  }
});

test("R55 loadIssuer refuses each pair that cannot issue, in words", async () => {
  const craft = (extensions: Bytes[]): Promise<Bytes> => craftCertificate({ key, extensions });
  const usage = encodeKeyUsage(["keyCertSign"]);
  const faults: readonly (readonly [Bytes, string])[] = [
    [await craft([encodeBasicConstraints(false), usage]), "is not a CA's (basicConstraints)"],
    [await craft([usage]), "is not a CA's (basicConstraints)"],
    [
      await craft([encodeBasicConstraints(true), encodeKeyUsage(["digitalSignature"])]),
      "may not sign certificates (keyUsage)",
    ],
    [(await createCa({ commonName: "past", now: clockAt("2000-01-01T00:00:00Z") })).certificate.der, "it expired at"],
    [
      (await createCa({ commonName: "future", now: clockAt("2030-01-01T00:00:00Z") })).certificate.der,
      "it is not valid before",
    ],
    [
      (await createCa({ commonName: "another", now: () => NOW })).certificate.der,
      "the key is not the CA certificate's",
    ],
  ];
  for (const [certificate, words] of faults) {
    const error = await rejectionOf("invalid-certificate", loadIssuer(certificate, key, NOW));
    assert.ok(error.message.startsWith("Cannot issue: ") && error.message.includes(words), error.message);
  }
  await rejectionOf("malformed-pem", loadIssuer("", key, NOW));
  await rejectionOf("malformed-pem", loadIssuer(ca.certificate.pem, ca.certificate.pem, NOW));
  await rejectionOf("invalid-certificate", loadIssuer(ca.certificate.pem, ca, new Date(Number.NaN)));
});

test("R49 validityAt: from five minutes or a tenth of the lifetime before, whichever is less, whole seconds", () => {
  const cases: readonly (readonly [number, string, string])[] = [
    [1, "12:00:00", "12:00:01"],
    [9, "12:00:00", "12:00:09"],
    [10, "11:59:59", "12:00:10"],
    [600, "11:59:00", "12:10:00"],
    [2999, "11:55:01", "12:49:59"],
    [3000, "11:55:00", "12:50:00"],
    [3600, "11:55:00", "13:00:00"],
  ];
  for (const [lifetime, from, to] of cases) {
    for (const fraction of ["000", "999"]) {
      const { notBefore, notAfter } = validityAt(new Date(`2026-03-01T12:00:00.${fraction}Z`), lifetime);
      assert.is(notBefore.toISOString(), `2026-03-01T${from}.000Z`, `${lifetime}`);
      assert.is(notAfter.toISOString(), `2026-03-01T${to}.000Z`, `${lifetime}`);
    }
  }
});

test("R48 a lifetime is counted in seconds, over leap days and years of any length", () => {
  const day = 86_400;
  const cases: readonly (readonly [from: string, seconds: number, to: string])[] = [
    ["2028-02-28T12:00:00Z", day, "2028-02-29T12:00:00.000Z"],
    ["2027-02-28T12:00:00Z", day, "2027-03-01T12:00:00.000Z"],
    ["2027-03-01T00:00:00Z", 365 * day, "2028-02-29T00:00:00.000Z"],
    ["2026-03-01T00:00:00Z", 8760 * 3600, "2027-03-01T00:00:00.000Z"],
    ["2026-10-25T00:30:00Z", 2 * 3600, "2026-10-25T02:30:00.000Z"],
    ["2049-12-31T23:59:59Z", 1, "2050-01-01T00:00:00.000Z"],
    ["2026-03-01T00:00:00Z", 3650 * day, "2036-02-27T00:00:00.000Z"],
  ];
  for (const [from, seconds, to] of cases) assert.is(validityAt(new Date(from), seconds).notAfter.toISOString(), to);
});

test("R47 validityAt never goes beyond the CA, and not on without a valid one", () => {
  const { certificate } = ca;
  const end = certificate.notAfter.getTime();
  const at = (offset: number): Date => new Date(end + offset * 1000);
  assert.is(validityAt(at(-3600), 3600, certificate).notAfter.getTime(), end);
  assert.is(validityAt(at(-3600), 3601, certificate).notAfter.getTime(), end);
  assert.is(validityAt(at(-3600), 3599, certificate).notAfter.getTime(), end - 1000);
  const last = validityAt(at(0), 3600, certificate);
  assert.is(last.notAfter.getTime(), end);
  assert.is(last.notBefore.getTime(), end - 300_000);
  for (const now of [at(1), new Date(certificate.notBefore.getTime() - 1000), new Date(Number.NaN)]) {
    assert.match(
      faultOf("unavailable", () => validityAt(now, 3600, certificate)).message,
      "Cannot issue: the CA's certificate",
    );
  }
});

test("issueCertificate writes the profile's extensions, key identifiers and names, and the CA's name", async () => {
  const certificate = await issueCertificate(REQUEST);
  await verifyCertificate(certificate, ca.certificate, { at: NOW });
  assert.equal(certificate.extensions.all.map(({ type, critical }) => [type, critical]), [
    ["basicConstraints", true],
    ["keyUsage", true],
    ["extKeyUsage", false],
    ["subjectKeyIdentifier", false],
    ["authorityKeyIdentifier", false],
    ["subjectAltName", false],
  ]);
  const { extensions } = certificate;
  assert.equal(extensions.basicConstraints, { ca: false, pathLength: undefined });
  assert.equal(extensions.keyUsage, ["digitalSignature"]);
  assert.equal(extensions.extKeyUsage, ["serverAuth", "clientAuth"]);
  assert.equal(extensions.subjectAltName, REQUEST.names);
  assert.equal(extensions.subjectKeyIdentifier, await keyIdentifier(key.publicKey.keyBits));
  assert.equal(extensions.authorityKeyIdentifier, ca.certificate.extensions.subjectKeyIdentifier);
  assert.equal(certificate.issuer.der, ca.certificate.subject.der);
  assert.equal(certificate.subject.der, REQUEST.subject);
  assert.equal(certificate.publicKey.spki, key.publicKey.spki);
  assert.is(certificate.serialNumber, "01");
});

test("R46 keyEncipherment goes to RSA keys only", async () => {
  const { publicKey } = await generateKey("rsa-2048");
  const certificate = await issueCertificate({ ...REQUEST, publicKey });
  assert.equal(certificate.extensions.keyUsage, ["digitalSignature", "keyEncipherment"]);
});

test("R51 the authority key identifier is the CA's own, made by its key where it has none", async () => {
  const parts = { key, issuer: { commonName: "x" }, extensions: [encodeBasicConstraints(true)] };
  const load = async (extensions: Bytes[]): Promise<string | undefined> => {
    const issuer = await loadIssuer(await craftCertificate({ ...parts, extensions }), key, NOW);
    const { extensions: { authorityKeyIdentifier } } = await issueCertificate({ ...REQUEST, issuer });
    return authorityKeyIdentifier && toHex(authorityKeyIdentifier);
  };
  assert.is(await load([encodeBasicConstraints(true), encodeSubjectKeyIdentifier(hex("0badcafe"))]), "0badcafe");
  assert.is(await load([encodeBasicConstraints(true)]), toHex(await keyIdentifier(key.publicKey.keyBits)));
});

test("R51 the issuer's name is the CA's byte for byte, whatever its string types", async () => {
  const name = sequence(setOf(sequence(oid(Oid.commonName), element(Tag.teletexString, hex("e9")))));
  const certificate = await craftCertificate({ key, issuer: name, extensions: [encodeBasicConstraints(true)] });
  const issuer = await loadIssuer(certificate, key, NOW);
  assert.equal((await issueCertificate({ ...REQUEST, issuer })).issuer.der, name);
});

test("an empty subject makes subjectAltName critical (RFC 5280 §4.2.1.6)", async () => {
  const { extensions } = await issueCertificate({ ...REQUEST, subject: encodeName({}) });
  assert.ok(extensions.all.find(({ type }) => type === "subjectAltName")?.critical);
  const none = await issueCertificate({ ...REQUEST, names: [] });
  assert.is(none.extensions.subjectAltName, undefined);
});

test("the lifetime is the one asked for, and at most the profile's", async () => {
  const config = {
    name: "s",
    issuer: "s",
    keyUsage: ["digitalSignature"],
    extKeyUsage: ["serverAuth"],
    lifetimeSeconds: 60,
  } as const;
  const [short, long] = [defineProfile(config), defineProfile({ ...config, maxLifetimeSeconds: 90 })];
  const cases = [[PEER, 30, 30], [short, 3600, 60], [short, 59, 59], [long, 60, 60], [long, 3600, 90]] as const;
  for (const [profile, lifetimeSeconds, end] of cases) {
    const { notAfter } = await issueCertificate({ ...REQUEST, profile, lifetimeSeconds });
    assert.is(notAfter.getTime(), NOW.getTime() + end * 1000);
  }
});

test("R54 issueCertificate signs nothing that differs from what was decided", async () => {
  const names = [{ type: "dns", value: "A" }, { type: "ip", value: "::ffff:a00:1" }] as const;
  const refused = issueCertificate({ ...REQUEST, names });
  assert.match((await refused.catch((error: Error) => error.message)) as string, "is not the one that was decided");
});

test("R50 serial numbers are positive, of at most 20 octets, 16 of them random, and differ", async () => {
  const seen = new Set<string>();
  let changing = 0n;
  for (let i = 0; i < 100_000; i++) {
    const octets = newSerialNumber();
    if (octets.length !== 16) assert.unreachable("not 16 octets");
    const digits = toHex(octets);
    if (i < 1000) changing |= BigInt(`0x${digits}`) ^ BigInt(`0x${toHex(newSerialNumber())}`);
    seen.add(digits);
  }
  assert.is(seen.size, 100_000);
  assert.is(changing, 2n ** 128n - 1n, "no bit always has the same value");
  for (const first of ["00", "01", "7f", "80", "ff"]) {
    const serialNumber = hex(first + "00".repeat(14) + "01");
    const { der, serialNumber: digits } = await issueCertificate({ ...REQUEST, serialNumber });
    assert.is(digits, toHex(serialNumber).replace(/^(?:00)+/, ""));
    assert.ok((parseCertificate(der).tbsCertificate[9] ?? 0) < 0x80);
  }
});

test("R53 serial numbers of different CAs do not meet: a CRL that etcd reads for both is matched by them alone", async () => {
  const cas = await Promise.all(["one", "another"].map((commonName) => createCa({ commonName, now: () => NOW })));
  const serials = new Set<string>();
  for (let i = 0; i < 100; i++) {
    for (const issuer of cas) {
      const { serialNumber } = await issueCertificate({ ...REQUEST, issuer, serialNumber: newSerialNumber() });
      serials.add(serialNumber);
    }
  }
  for (const { certificate } of cas) serials.add(certificate.serialNumber);
  assert.is(serials.size, 202);
});

test("R50 newSerialNumber refuses a source that gives no 16 random octets", () => {
  for (const octets of [hex(""), new Uint8Array(16), hex("01"), new Uint8Array(20).fill(1)]) {
    assert.throws(() => newSerialNumber(() => octets), "no 16 random octets");
  }
});

const name = (...rdns: Bytes[]): Name => parseName(readDer(sequence(...rdns), "name"), "name");
const attribute = (type: string, value: Bytes): Bytes => setOf(sequence(oid(type), value));

test("R9 rebuildSubject writes the values anew: UTF8String out, and no attribute that is not issued", () => {
  const printable = element(Tag.printableString, toUtf8("x"));
  const copied = rebuildSubject(name(attribute(Oid.organization, printable), attribute("1.2.3", utf8String("y"))));
  assert.equal(copied, encodeName({ organization: "x" }));
  const order = name(attribute(Oid.commonName, utf8String("c")), attribute(Oid.organization, printable));
  assert.equal(rebuildSubject(order), encodeName({ commonName: "c", organization: "x" }));
  assert.equal(rebuildSubject(name()), hex("30 00"));
});

test("rebuildSubject refuses values that cannot be written", () => {
  for (
    const [type, value] of [[Oid.country, "Germany"], [Oid.country, "é!"], [Oid.commonName, ""], [
      Oid.commonName,
      "a".repeat(65),
    ]] as const
  ) {
    const error = faultOf("invalid-object", () => rebuildSubject(name(attribute(type, utf8String(value)))));
    assert.match(error.message, "Cannot issue to this subject: ");
  }
});

test.run();
