import { test } from "uvu";
import * as assert from "uvu/assert";
import { element, implicit, nullValue, octetString, oid, sequence } from "../../../src/asn1/der_writer.ts";
import { Oid } from "../../../src/asn1/oid.ts";
import { concat, toUtf8 } from "../../../src/bytes.ts";
import {
  encodeBasicConstraints,
  encodeExtension,
  encodeExtKeyUsage,
  encodeKeyUsage,
} from "../../../src/x509/extension.ts";
import { EXPLICIT_CURVE, EXPONENT_3, MD5, RSA_1024, SECP256K1, SHA1 } from "../../refused_csrs.ts";
import {
  denialOf,
  get,
  objectIn,
  objectJson,
  pathOf,
  peerRequest,
  post,
  type RawCsr,
  rawRequest,
  rdn,
  sharedKey,
  statusIn,
  testSigner,
} from "../../signing.ts";

const { signer, etcd, lines } = await testSigner();
let count = 0;

const dns = (name: string): Uint8Array => implicit(2, Uint8Array.from(name, (c) => c.charCodeAt(0)));
const san = (...names: Uint8Array[]): RawCsr => ({
  extensions: [encodeExtension("subjectAltName", false, sequence(...names))],
});
const EXTENSIONS: [what: string, csr: RawCsr, reason: string, message: RegExp][] = [
  ["CA:TRUE", { extensions: [encodeBasicConstraints(true)] }, "ExtensionNotAllowed", /CA:TRUE/],
  ["CA:TRUE with a path length", { extensions: [encodeBasicConstraints(true, 0)] }, "ExtensionNotAllowed", /CA:TRUE/],
  [
    "a critical unknown extension",
    { extensions: [encodeExtension("nameConstraints", true, sequence())] },
    "ExtensionNotAllowed",
    /critical extension .* nameConstraints/,
  ],
  ["code signing", { extensions: [encodeExtKeyUsage(["codeSigning"])] }, "UsageNotAllowed", /codeSigning/],
  [
    "OCSP signing",
    { extensions: [encodeExtKeyUsage(["serverAuth", "ocspSigning"])] },
    "UsageNotAllowed",
    /ocspSigning/,
  ],
  [
    "any usage",
    { extensions: [encodeExtension("extKeyUsage", false, sequence(oid(Oid.anyExtendedKeyUsage)))] },
    "UsageNotAllowed",
    /anyExtendedKeyUsage/,
  ],
  [
    "an unknown usage",
    { extensions: [encodeExtension("extKeyUsage", false, sequence(oid("1.2.3.4")))] },
    "UsageNotAllowed",
    /1\.2\.3\.4/,
  ],
  ["keyCertSign", { extensions: [encodeKeyUsage(["keyCertSign"])] }, "UsageNotAllowed", /keyCertSign/],
  ["cRLSign", { extensions: [encodeKeyUsage(["digitalSignature", "cRLSign"])] }, "UsageNotAllowed", /cRLSign/],
  ["an e-mail name", san(dns("etcd1"), implicit(1, toUtf8("a@b"))), "NameNotAllowed", /type email/],
  ["a URI", san(implicit(6, toUtf8("spiffe://a/b"))), "NameNotAllowed", /type uri/],
  ["a registered ID", san(implicit(8, Uint8Array.of(0x2a, 3))), "NameNotAllowed", /type registeredID/],
  ["a wildcard", san(dns("*.example.org")), "NameNotAllowed", /wildcards/],
  ["a bare star", san(dns("*")), "NameNotAllowed", /wildcards/],
  ["a star inside", san(dns("f*o.example.org")), "NameNotAllowed", /wildcards/],
  ["an IPv4 address as a DNS name", san(dns("10.8.89.9")), "NameNotAllowed", /is an IP address/],
  ["an IPv6 address as a DNS name", san(dns("::1")), "NameNotAllowed", /is an IP address/],
  ["a bracketed address as a DNS name", san(dns("[::1]")), "NameNotAllowed", /is an IP address/],
  ["digits and dots", san(dns("1.2.3")), "NameNotAllowed", /is an IP address/],
  [
    "an IPv4-mapped address",
    san(implicit(7, concat([new Uint8Array(10), Uint8Array.of(255, 255, 1, 2, 3, 4)]))),
    "NameNotAllowed",
    /IPv4 address in IPv6 form/,
  ],
  ["a trailing dot", san(dns("etcd1.")), "NameNotAllowed", /ends with a dot/],
  ["an empty label", san(dns("a..b")), "NameNotAllowed", /empty label/],
  ["an underscore", san(dns("a_b")), "NameNotAllowed", /letters, digits/],
  ["a NUL", san(dns("etcd1\0.evil.org")), "NameNotAllowed", /letters, digits/],
  ["a label of 64", san(dns("x".repeat(64))), "NameNotAllowed", /more than 63/],
  ["a name of 254", san(dns(`${"x.".repeat(126)}xx`)), "NameNotAllowed", /more than 253/],
  ["101 names", san(...Array.from({ length: 101 }, (_, i) => dns(`n${i}`))), "NameNotAllowed", /101 names: 100/],
];

for (const [what, csr, reason, message] of EXTENSIONS) {
  test(`a request for ${what} is denied`, async () => {
    const condition = await denialOf(signer, await rawRequest(csr));
    assert.is(condition.reason, reason);
    assert.match(condition.message, message);
  });
}

test("R46 usages beyond the profile in spec.usages are denied, even beside good ones", async () => {
  for (const usage of ["code signing", "any", "cert sign", "crl sign", "ocsp signing", "s/mime", "data encipherment"]) {
    const condition = await denialOf(signer, await peerRequest(), { usages: ["client auth", usage] });
    assert.is(condition.reason, "UsageNotAllowed", usage);
  }
});

test("key encipherment may be asked for with any key", async () => {
  const spec = { usages: ["key encipherment", "server auth"] };
  const object = await objectIn(await post(signer, objectJson(await peerRequest(), { name: "ke", spec })));
  assert.is(object.status.conditions?.[0]?.type, "Approved");
  assert.equal(object.spec.usages, spec.usages);
});

test("R6 R36 R37 R39 R40 weak and foreign keys and signatures are denied by name", async () => {
  const cases: [string, string, RegExp][] = [
    [RSA_1024, "KeyNotAllowed", /1024/],
    [EXPONENT_3, "KeyNotAllowed", /exponent/],
    [SECP256K1, "KeyNotAllowed", /secp256k1/],
    [SHA1, "SignatureAlgorithmNotAllowed", /ecdsa-with-SHA1/],
    [MD5, "SignatureAlgorithmNotAllowed", /md5WithRSAEncryption/],
    [EXPLICIT_CURVE, "KeyNotAllowed", /explicit/],
  ];
  for (const [pem, reason, message] of cases) {
    const condition = await denialOf(signer, btoa(pem));
    assert.is(condition.reason, reason, pem);
    assert.match(condition.message, message);
  }
});

test("R43 the key of a CA is certified for nobody", async () => {
  const condition = await denialOf(signer, await peerRequest("etcd1", etcd));
  assert.equal([condition.reason, condition.message], ["KeyNotAllowed", "the key is a CA's (profile etcd-peer)"]);
});

test("R29 an empty dNSName is dropped in v1beta1 without signerName, and denied elsewhere", async () => {
  const request = await rawRequest(san(dns("")));
  const dropped = objectJson(request, { version: "v1beta1", name: "dropped" });
  const object = await objectIn(await post(signer, dropped, { version: "v1beta1" }));
  assert.is(object.status.conditions?.[0]?.type, "Approved");
  const named = { signerName: "certgen.internal/etcd-peer" };
  const condition = await denialOf(signer, request, named);
  assert.is(condition.reason, "NameNotAllowed");
  assert.match(condition.message, /it is empty/);
});

test("the subject must fit the profile that signerName picks", async () => {
  const condition = await denialOf(signer, await peerRequest(), { signerName: "certgen.internal/etcd-metric" });
  assert.is(condition.reason, "SubjectNotAllowed");
  assert.match(condition.message, /\(profile etcd-metric\)$/);
});

test("R10 a profile without a CA is denied", async () => {
  const other = await testSigner({ issuers: {} });
  assert.is((await denialOf(other.signer, await peerRequest())).reason, "ProfileUnknown");
});

test("R10 a request to another signer is stored pending and left alone", async () => {
  const request = await peerRequest();
  for (const signerName of ["kubernetes.io/kubelet-serving", "certgen.internal/other", "example.com/etcd-peer"]) {
    const name = `foreign-${++count}`;
    const object = await objectIn(await post(signer, objectJson(request, { name, spec: { signerName } })));
    assert.equal(object.status, {});
    assert.is(object.spec.signerName, signerName);
    assert.equal(await objectIn(await get(signer, pathOf("v1", name)), 200), object);
  }
  assert.ok(lines.some(({ message }) => message === "request left alone"));
});

test("a signature that does not verify is 422, to this signer and to another", async () => {
  const [mine, theirs] = [await peerRequest("etcd1", await sharedKey()), await peerRequest()];
  const pem = (text: string): Uint8Array =>
    Uint8Array.from(atob(atob(text).split("\n").slice(1, -2).join("")), (c) => c.charCodeAt(0));
  const der = pem(mine);
  // the public key of one in the request of the other: both points stand at the same place
  const spki = (await sharedKey()).publicKey.spki;
  const at = der.findIndex((_, i) => spki.every((octet, k) => der[i + k] === octet));
  const forged = new Uint8Array(der);
  forged.set(pem(theirs).subarray(at, at + spki.length), at);
  const text = btoa(String.fromCharCode(...forged));
  const request = btoa(`-----BEGIN CERTIFICATE REQUEST-----\n${text}\n-----END CERTIFICATE REQUEST-----\n`);
  for (const signerName of ["certgen.internal/etcd-peer", "example.com/x"]) {
    const status = await statusIn(
      await post(signer, objectJson(request, { name: "forged", spec: { signerName } })),
      422,
    );
    assert.is(status.details?.causes?.[0]?.field, "spec.request");
  }
  await statusIn(await get(signer, pathOf("v1", "forged")), 404);
});

test("R22 extensions twice, or broken ones, are malformed and not stored", async () => {
  const bad: RawCsr[] = [
    { extensions: [encodeKeyUsage(["digitalSignature"]), encodeKeyUsage(["digitalSignature"])] },
    { extensions: [encodeExtension("basicConstraints", false, nullValue())] },
    { extensions: [encodeExtension("subjectAltName", false, sequence())] },
    { extensions: [encodeExtension("extKeyUsage", false, octetString(new Uint8Array()))] },
    san(implicit(7, new Uint8Array(5))),
    san(implicit(2, Uint8Array.of(0xc3, 0xa9))),
    { rdns: [rdn(["organization", element(0x0c, Uint8Array.of(0xff))])] },
  ];
  for (const csr of bad) await statusIn(await post(signer, objectJson(await rawRequest(csr), { name: "broken" })), 422);
  await statusIn(await get(signer, pathOf("v1", "broken")), 404);
});

test.run();
