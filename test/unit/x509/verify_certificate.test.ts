import { test } from "uvu";
import * as assert from "uvu/assert";
import { boolean, explicit, integer, oid, sequence, time } from "../../../src/asn1/der_writer.ts";
import { Oid } from "../../../src/asn1/oid.ts";
import type { Bytes } from "../../../src/bytes.ts";
import {
  caFault,
  type Certificate,
  isIssuedBy,
  parseCertificate,
  validityFault,
  verifyCertificate,
} from "../../../src/x509/certificate.ts";
import {
  encodeAuthorityKeyIdentifier,
  encodeBasicConstraints,
  encodeExtKeyUsage,
  encodeKeyUsage,
  encodeSubjectAltName,
  encodeSubjectKeyIdentifier,
} from "../../../src/x509/extension.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { craftCertificate, type CraftedCertificate, extension } from "../craft.ts";
import { hex, indexOf, patched, rejectionOf } from "../support.ts";

const AT = new Date("2025-06-01T00:00:00Z");
const key = await generateKey("ec-p256");
const otherKey = await generateKey("ec-p256");
const CA = [encodeBasicConstraints(true, 0), encodeKeyUsage(["keyCertSign", "cRLSign"])];
const LEAF = [encodeBasicConstraints(false)];

const make = async (parts: Partial<CraftedCertificate> = {}): Promise<Certificate> =>
  parseCertificate(await craftCertificate({ key, ...parts }));
const makeCa = (parts: Partial<CraftedCertificate> = {}): Promise<Certificate> => make({ extensions: CA, ...parts });
const makeLeaf = (parts: Partial<CraftedCertificate> = {}): Promise<Certificate> =>
  make({ extensions: LEAF, subject: { commonName: "a" }, spki: otherKey.publicKey.spki, ...parts });
const untrusted = async (certificate: Certificate, ca: Certificate | Certificate[], at = AT): Promise<string> =>
  (await rejectionOf("invalid-certificate", verifyCertificate(certificate, ca, { at }))).message;

test("verifyCertificate gives the CA that issued it, also among others", async () => {
  const [ca, other, leaf] = [await makeCa(), await makeCa({ issuer: { commonName: "other" } }), await makeLeaf()];
  assert.is(await verifyCertificate(leaf, ca, { at: AT }), ca);
  assert.is(await verifyCertificate(leaf, [other, ca], { at: AT }), ca);
  assert.is(await verifyCertificate(ca, ca, { at: AT }), ca);
});

test("verifyCertificate refuses another CA, and no CA at all", async () => {
  const [other, leaf] = [await makeCa({ issuer: { commonName: "other" } }), await makeLeaf()];
  assert.is(await untrusted(leaf, other), 'Cannot trust certificate: its issuer "CN=CA" is not the CA "CN=other"');
  await untrusted(leaf, [other, other]);
  await untrusted(leaf, []);
});

test("verifyCertificate refuses a CA of the same name with another key", async () => {
  const impostor = await makeCa({ key: otherKey });
  await rejectionOf("invalid-signature", verifyCertificate(await makeLeaf(), impostor, { at: AT }));
});

test("names are compared as bytes: another string type is another name", async () => {
  const printable = sequence(hex("31 0b 30 09 06 03 55 04 03 13 02 43 41"));
  assert.match(await untrusted(await makeLeaf(), await makeCa({ issuer: printable })), "is not the CA");
});

test("verifyCertificate compares key identifiers where both are there", async () => {
  const ski = (identifier: string): Bytes[] => [...CA, encodeSubjectKeyIdentifier(hex(identifier))];
  const leaf = await makeLeaf({ extensions: [...LEAF, encodeAuthorityKeyIdentifier(hex("aa"))] });
  await verifyCertificate(leaf, await makeCa({ extensions: ski("aa") }), { at: AT });
  await verifyCertificate(leaf, await makeCa(), { at: AT });
  await verifyCertificate(await makeLeaf(), await makeCa({ extensions: ski("bb") }), { at: AT });
  assert.match(await untrusted(leaf, await makeCa({ extensions: ski("bb") })), "is not the CA");
});

test("a CA that was renewed: the old certificate and the new one, in whichever order", async () => {
  const leaf = await makeLeaf();
  const [expired, renewed] = [await makeCa({ notAfter: time(new Date("2025-01-01T00:00:00Z")) }), await makeCa()];
  assert.is(await verifyCertificate(leaf, [expired, renewed], { at: AT }), renewed);
  assert.is(await verifyCertificate(leaf, [renewed, expired], { at: AT }), renewed);
  assert.match(await untrusted(leaf, [expired]), "the CA's certificate must not be used: it expired");
  const rolled = await makeCa({ key: otherKey });
  assert.is(await verifyCertificate(leaf, [rolled, renewed], { at: AT }), renewed);
  await rejectionOf("invalid-signature", verifyCertificate(leaf, [rolled, rolled], { at: AT }));
});

test("R49 validity is inclusive at both ends, to the second", async () => {
  const ca = await makeCa();
  const limits = {
    notBefore: time(new Date("2025-01-01T00:00:00Z")),
    notAfter: time(new Date("2025-12-31T23:59:59Z")),
  };
  const leaf = await makeLeaf(limits);
  for (const at of ["2025-01-01T00:00:00.000Z", "2025-12-31T23:59:59.000Z", "2025-12-31T23:59:59.999Z"]) {
    await verifyCertificate(leaf, ca, { at: new Date(at) });
  }
  assert.match(
    await untrusted(leaf, ca, new Date("2024-12-31T23:59:59.999Z")),
    "it is not valid before 2025-01-01T00:00:00.000Z",
  );
  assert.match(await untrusted(leaf, ca, new Date("2026-01-01T00:00:00Z")), "it expired at 2025-12-31T23:59:59.000Z");
  const narrow = await makeCa(limits);
  const wide = await makeLeaf();
  await verifyCertificate(wide, narrow, { at: new Date("2025-12-31T23:59:59Z") });
  assert.match(
    await untrusted(wide, narrow, new Date("2026-01-01T00:00:00Z")),
    "the CA's certificate must not be used: it expired",
  );
  assert.match(
    await untrusted(wide, narrow, new Date("2024-12-31T00:00:00Z")),
    "the CA's certificate must not be used: it is not",
  );
});

test("R25 at no moment at all nothing is valid", async () => {
  const leaf = await makeLeaf();
  await untrusted(leaf, await makeCa(), new Date(Number.NaN));
  assert.ok(validityFault(leaf, new Date(Number.NaN)) !== undefined);
});

test("R48 a certificate that ends before it begins is never valid", async () => {
  const leaf = await makeLeaf({
    notBefore: time(new Date("2026-01-01T00:00:00Z")),
    notAfter: time(new Date("2025-01-01T00:00:00Z")),
  });
  for (const at of ["2024-06-01", "2025-06-01", "2026-06-01"]) await untrusted(leaf, await makeCa(), new Date(at));
});

test("R55 caFault sees what makes a certificate none of a CA", async () => {
  const noCa = "is not a CA's (basicConstraints)";
  const cases: readonly (readonly [string, Partial<CraftedCertificate>, string | undefined])[] = [
    ["a CA", {}, undefined],
    ["a CA without keyUsage", { extensions: [encodeBasicConstraints(true)] }, undefined],
    ["a leaf", { extensions: LEAF }, noCa],
    ["no basicConstraints", { extensions: [encodeKeyUsage(["keyCertSign"])] }, noCa],
    ["no extensions", { extensions: [] }, noCa],
    ["version 1", { version: hex(""), extensions: [] }, noCa],
    ["version 2", { version: explicit(0, integer(1)), extensions: [] }, noCa],
    [
      "no keyCertSign",
      { extensions: [encodeBasicConstraints(true), encodeKeyUsage(["cRLSign", "digitalSignature"])] },
      "keyUsage",
    ],
    [
      "an unknown critical extension",
      { extensions: [...CA, extension("1.2.3", hex("05 00"), boolean(true))] },
      "not known: 1.2.3",
    ],
    [
      "critical name constraints",
      { extensions: [...CA, extension(Oid.nameConstraints, hex("30 00"), boolean(true))] },
      "not known: nameConstraints",
    ],
  ];
  for (const [name, parts, words] of cases) {
    const fault = caFault(await makeCa(parts), AT);
    if (words === undefined) assert.is(fault, undefined, name);
    else assert.ok(fault?.includes(words), `${name}: ${fault}`);
    const verified = verifyCertificate(await makeLeaf(), await makeCa(parts), { at: AT });
    if (words === undefined) await verified;
    else assert.match((await rejectionOf("invalid-certificate", verified)).message, words);
  }
});

test("R36 R40 a CA with a weak key is refused", async () => {
  const ca = await makeCa();
  const fault = caFault({ ...ca, publicKey: { ...ca.publicKey, fault: "it is weak" } }, AT);
  assert.is(fault, "the CA's key must not be used: it is weak");
});

test("unknown critical extensions of a certificate are refused, known and uncritical ones are not", async () => {
  const ca = await makeCa();
  const known = [
    encodeBasicConstraints(false),
    encodeKeyUsage(["digitalSignature"]),
    encodeExtKeyUsage(["serverAuth"]),
    encodeSubjectAltName([{ type: "dns", value: "a" }], true),
    extension("1.2.3", hex("05 00")),
  ];
  await verifyCertificate(await makeLeaf({ extensions: known }), ca, { at: AT });
  const critical = await makeLeaf({ extensions: [...LEAF, extension("1.2.3", hex("05 00"), boolean(true))] });
  assert.match(await untrusted(critical, ca), "it has a critical extension that is not known: 1.2.3");
});

test("verifyCertificate verifies over the bytes received", async () => {
  const ca = await makeCa();
  const der = (await makeLeaf()).der;
  const changed = parseCertificate(patched(der, indexOf(der, hex("06 03 55 04 03 0c 01 61")) + 7, 0x62));
  await rejectionOf("invalid-signature", verifyCertificate(changed, ca, { at: AT }));
  const end = der[der.length - 1] ?? 0;
  const last = parseCertificate(patched(der, -1, end ^ 1));
  await rejectionOf("invalid-signature", verifyCertificate(last, ca, { at: AT }));
});

test("isIssuedBy says whose key signed it, whatever both are good for now", async () => {
  const [ca, leaf] = [await makeCa(), await makeLeaf()];
  assert.ok(await isIssuedBy(leaf, ca));
  assert.ok(await isIssuedBy(ca, ca));
  const past = { notAfter: time(new Date("2024-02-01T00:00:00Z")) };
  assert.ok(await isIssuedBy(await makeLeaf(past), await makeCa(past)));
  assert.ok(await isIssuedBy(leaf, await makeCa({ extensions: LEAF })));
  const critical = [...LEAF, extension("1.2.3", hex("05 00"), boolean(true))];
  assert.ok(await isIssuedBy(await makeLeaf({ extensions: critical }), ca));
});

test("isIssuedBy believes no name, no identifier and no key by itself", async () => {
  const [ca, leaf] = [await makeCa(), await makeLeaf()];
  assert.not.ok(await isIssuedBy(leaf, await makeCa({ issuer: { commonName: "other" } })), "same key, other name");
  assert.not.ok(await isIssuedBy(leaf, await makeCa({ key: otherKey })), "same name, other key");
  assert.not.ok(await isIssuedBy(ca, leaf), "the wrong way round");
  const named = await makeLeaf({ extensions: [...LEAF, encodeAuthorityKeyIdentifier(hex("aa"))] });
  const ski = (identifier: string) => makeCa({ extensions: [...CA, encodeSubjectKeyIdentifier(hex(identifier))] });
  assert.ok(await isIssuedBy(named, await ski("aa")));
  assert.not.ok(await isIssuedBy(named, await ski("bb")), "other identifier");
  const forged = await makeLeaf({ key: otherKey });
  assert.not.ok(await isIssuedBy(forged, ca), "the CA's name, a signature of somebody else's");
  const der = leaf.der;
  const changed = parseCertificate(patched(der, indexOf(der, hex("06 03 55 04 03 0c 01 61")) + 7, 0x62));
  assert.not.ok(await isIssuedBy(changed, ca), "another subject under the same signature");
});

test("isIssuedBy does not ask a weak key, nor an algorithm that is not known, and throws for neither", async () => {
  const [ca, leaf] = [await makeCa(), await makeLeaf()];
  assert.not.ok(await isIssuedBy(leaf, { ...ca, publicKey: { ...ca.publicKey, fault: "it is weak" } }));
  const foreign = await makeLeaf({ algorithm: sequence(oid("1.2.3")) });
  assert.not.ok(await isIssuedBy(foreign, ca));
  const ed25519 = await generateKey("ed25519");
  assert.not.ok(await isIssuedBy(leaf, await makeCa({ spki: ed25519.publicKey.spki })), "a key of another kind");
  assert.not.ok(await isIssuedBy(await makeLeaf({ signature: hex("03 02 00 aa") }), ca), "a signature that is none");
  assert.not.ok(await isIssuedBy(await makeLeaf({ signature: hex("03 01 00") }), ca), "an empty signature");
});

test("the clock of the machine is used where no moment is given", async () => {
  const past = await makeLeaf({ notAfter: time(new Date("2024-02-01T00:00:00Z")) });
  await rejectionOf("invalid-certificate", verifyCertificate(past, await makeCa()));
});

test.run();
