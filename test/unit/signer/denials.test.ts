import { test } from "uvu";
import * as assert from "uvu/assert";
import { implicit, nullValue, octetString, oid, printableString, sequence } from "../../../src/asn1/der_writer.ts";
import { Oid } from "../../../src/asn1/oid.ts";
import { concat, fromLatin1, toUtf8 } from "../../../src/bytes.ts";
import type { Condition } from "../../../src/k8s/certificate_signing_request.ts";
import type { Signer } from "../../../src/signer/create_signer.ts";
import {
  encodeBasicConstraints,
  encodeExtension,
  encodeExtKeyUsage,
  encodeKeyUsage,
} from "../../../src/x509/extension.ts";
import { EXPLICIT_CURVE, EXPONENT_3, MD5, RSA_1024, SECP256K1, SHA1 } from "../../refused_csrs.ts";
import {
  get,
  objectIn,
  objectJson,
  pathOf,
  PEER_RDNS,
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

/** The Denied condition that a request gets; it is stored, with no certificate, in both versions. */
async function denial(request: string, spec: Record<string, unknown> = {}, at: Signer = signer): Promise<Condition> {
  let first: Condition | undefined;
  for (const version of ["v1", "v1beta1"] as const) {
    const name = `denied-${++count}`;
    const object = await objectIn(await post(at, objectJson(request, { version, name, spec }), { version }));
    const [condition, ...more] = object.status.conditions ?? [];
    assert.is(condition?.type, "Denied", JSON.stringify(object.status).slice(0, 200));
    assert.is(condition?.status, "True");
    assert.equal(more, []);
    assert.is(object.status.certificate, undefined);
    assert.is(object.metadata.annotations?.["certgen.internal/serial-number"], undefined);
    assert.equal(await objectIn(await get(at, pathOf(version, name)), 200), object);
    first ??= condition;
  }
  if (first === undefined) throw new Error("no condition");
  return first;
}

const dns = (name: string): Uint8Array => implicit(2, fromLatin1(name));
const san = (...names: Uint8Array[]): RawCsr => ({
  extensions: [encodeExtension("subjectAltName", false, sequence(...names))],
});
const O = (value: string | Uint8Array): Uint8Array => rdn(["organization", value]);
const CN = (value: string | Uint8Array): Uint8Array => rdn(["commonName", value]);
const [ORGANIZATION, COMMON_NAME] = PEER_RDNS as [Uint8Array, Uint8Array];
const NODE = "system:etcd-peer:etcd1";

const SUBJECTS: [what: string, rdns: Uint8Array[], message: RegExp][] = [
  ["O empty", [O(""), COMMON_NAME], /organization is empty/],
  ["no O", [COMMON_NAME], /organization is null, not "system:etcd-peers"/],
  ["O of one character", [O("s"), COMMON_NAME], /organization is "s"/],
  ["two Os", [ORGANIZATION, ORGANIZATION, COMMON_NAME], /more than one organization/],
  ["second O system:masters", [ORGANIZATION, O("system:masters"), COMMON_NAME], /more than one organization/],
  ["first O system:masters", [O("system:masters"), ORGANIZATION, COMMON_NAME], /more than one organization/],
  ["O after CN too", [ORGANIZATION, COMMON_NAME, O("system:masters")], /more than one organization/],
  ["system:masters alone", [O("system:masters"), COMMON_NAME], /organization is "system:masters"/],
  [
    "two Os in one RDN",
    [rdn(["organization", "system:etcd-peers"], ["organization", "system:masters"]), COMMON_NAME],
    /RDN of several attributes/,
  ],
  [
    "O and CN in one RDN",
    [rdn(["organization", "system:etcd-peers"], ["commonName", NODE])],
    /RDN of several attributes/,
  ],
  ["two CNs", [ORGANIZATION, COMMON_NAME, CN("system:etcd-peer:etcd2")], /more than one commonName/],
  ["an OU", [ORGANIZATION, rdn(["organizationalUnit", "x"]), COMMON_NAME], /organizationalUnit besides/],
  ["an e-mail address", [ORGANIZATION, COMMON_NAME, rdn(["emailAddress", "a@b"])], /not issued: emailAddress/],
  ["O in other case", [O("System:etcd-peers"), COMMON_NAME], /organization is "System:etcd-peers"/],
  ["O with a space", [O("system:etcd-peers "), COMMON_NAME], /organization is "system:etcd-peers "/],
  ["O with NUL", [O("system:etcd-peers\0"), COMMON_NAME], /control or format character/],
  ["O of another profile", [O("system:etcd-metrics"), COMMON_NAME], /organization is "system:etcd-metrics"/],
  ["CN of nothing", [ORGANIZATION, CN("system:etcd-peer:")], /must have a name/],
  ["CN with a slash", [ORGANIZATION, CN(`${NODE}/x`)], /must have a name of letters/],
  ["CN with a space", [ORGANIZATION, CN(`${NODE} x`)], /must have a name of letters/],
  ["CN with NUL", [ORGANIZATION, CN("system:etcd-peer:a\0.evil")], /control or format/],
  ["CN with a bidi override", [ORGANIZATION, CN("system:etcd-peer:\u202e1")], /control or format/],
  ["CN with a full-width colon", [ORGANIZATION, CN("system:etcd-peer：etcd1")], /does not begin with/],
  ["CN with another script", [ORGANIZATION, CN("system:etcd-peer:ｅtcd1")], /must have a name of letters/],
  ["CN of 65 characters", [ORGANIZATION, CN(`system:etcd-peer:${"x".repeat(48)}`)], /longer than 64/],
  ["CN of another kind", [ORGANIZATION, CN("system:node:a")], /does not begin with/],
  ["no CN", [ORGANIZATION], /common name "" does not begin with/],
  ["CN as IA5String", [ORGANIZATION, CN(implicitString(0x16, NODE))], /neither UTF8String nor PrintableString/],
  ["CN as TeletexString", [ORGANIZATION, CN(implicitString(0x14, NODE))], /neither UTF8String nor PrintableString/],
  [
    "CN as BMPString",
    [ORGANIZATION, CN(tagged(0x1e, Uint8Array.from([...NODE].flatMap((c) => [0, c.charCodeAt(0)]))))],
    /neither UTF8String nor PrintableString/,
  ],
];

function implicitString(tag: number, text: string): Uint8Array {
  return tagged(tag, toUtf8(text));
}

function tagged(tag: number, content: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(tag, content.length), content]);
}

for (const [what, rdns, message] of SUBJECTS) {
  test(`a subject with ${what} is denied`, async () => {
    const condition = await denial(await rawRequest({ rdns }));
    assert.is(condition.reason, "SubjectNotAllowed");
    assert.match(condition.message, message);
    assert.match(condition.message, /\(profile etcd-peer\)$/);
  });
}

test("an empty subject is denied", async () => {
  const request = await rawRequest({ rdns: [] });
  assert.is((await denial(request)).reason, "SubjectNotAllowed");
  const body = objectJson(request, { version: "v1beta1", name: "nobody" });
  const { spec, status } = await objectIn(await post(signer, body, { version: "v1beta1" }));
  assert.is(status.conditions?.[0]?.reason, "ProfileUnknown");
  assert.is(spec.signerName, "kubernetes.io/legacy-unknown");
});

test("PrintableString with the right text is issued, and rebuilt as UTF8String", async () => {
  const rdns = [O(printableString("system:etcd-peers")), CN(printableString(NODE))];
  const object = await objectIn(await post(signer, objectJson(await rawRequest({ rdns }), { name: "printable" })));
  assert.is(object.status.conditions?.[0]?.type, "Approved");
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
    const condition = await denial(await rawRequest(csr));
    assert.is(condition.reason, reason);
    assert.match(condition.message, message);
  });
}

test("usages beyond the profile in spec.usages are denied, even beside good ones", async () => {
  for (const usage of ["code signing", "any", "cert sign", "crl sign", "ocsp signing", "s/mime", "data encipherment"]) {
    const condition = await denial(await peerRequest(), { usages: ["client auth", usage] });
    assert.is(condition.reason, "UsageNotAllowed", usage);
  }
});

test("key encipherment may be asked for with any key", async () => {
  const spec = { usages: ["key encipherment", "server auth"] };
  const object = await objectIn(await post(signer, objectJson(await peerRequest(), { name: "ke", spec })));
  assert.is(object.status.conditions?.[0]?.type, "Approved");
  assert.equal(object.spec.usages, spec.usages);
});

test("weak and foreign keys and signatures are denied by name", async () => {
  const cases: [string, string, RegExp][] = [
    [RSA_1024, "KeyNotAllowed", /1024/],
    [EXPONENT_3, "KeyNotAllowed", /exponent/],
    [SECP256K1, "KeyNotAllowed", /secp256k1/],
    [SHA1, "SignatureAlgorithmNotAllowed", /ecdsa-with-SHA1/],
    [MD5, "SignatureAlgorithmNotAllowed", /md5WithRSAEncryption/],
    [EXPLICIT_CURVE, "KeyNotAllowed", /explicit/],
  ];
  for (const [pem, reason, message] of cases) {
    const condition = await denial(btoa(pem));
    assert.is(condition.reason, reason, pem);
    assert.match(condition.message, message);
  }
});

test("the key of a CA is certified for nobody", async () => {
  const condition = await denial(await peerRequest("etcd1", etcd));
  assert.equal([condition.reason, condition.message], ["KeyNotAllowed", "the key is a CA's (profile etcd-peer)"]);
});

test("an empty dNSName is dropped in v1beta1 without signerName, and denied elsewhere", async () => {
  const request = await rawRequest(san(dns("")));
  const dropped = objectJson(request, { version: "v1beta1", name: "dropped" });
  const object = await objectIn(await post(signer, dropped, { version: "v1beta1" }));
  assert.is(object.status.conditions?.[0]?.type, "Approved");
  const named = { signerName: "certgen.internal/etcd-peer" };
  const condition = await denial(request, named);
  assert.is(condition.reason, "NameNotAllowed");
  assert.match(condition.message, /it is empty/);
});

test("the subject must fit the profile that signerName picks", async () => {
  const condition = await denial(await peerRequest(), { signerName: "certgen.internal/etcd-metric" });
  assert.is(condition.reason, "SubjectNotAllowed");
  assert.match(condition.message, /\(profile etcd-metric\)$/);
});

test("a profile without a CA is denied", async () => {
  const other = await testSigner({ issuers: {} });
  assert.is((await denial(await peerRequest(), {}, other.signer)).reason, "ProfileUnknown");
});

test("a request to another signer is stored pending and left alone", async () => {
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

test("extensions twice, or broken ones, are malformed and not stored", async () => {
  const bad: RawCsr[] = [
    { extensions: [encodeKeyUsage(["digitalSignature"]), encodeKeyUsage(["digitalSignature"])] },
    { extensions: [encodeExtension("basicConstraints", false, nullValue())] },
    { extensions: [encodeExtension("subjectAltName", false, sequence())] },
    { extensions: [encodeExtension("extKeyUsage", false, octetString(new Uint8Array()))] },
    san(implicit(7, new Uint8Array(5))),
    san(implicit(2, Uint8Array.of(0xc3, 0xa9))),
    { rdns: [O(tagged(0x0c, Uint8Array.of(0xff))), COMMON_NAME] },
  ];
  for (const csr of bad) await statusIn(await post(signer, objectJson(await rawRequest(csr), { name: "broken" })), 422);
  await statusIn(await get(signer, pathOf("v1", "broken")), 404);
});

test.run();
