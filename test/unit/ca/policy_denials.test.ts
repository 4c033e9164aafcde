import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  bitStringOf,
  boolean,
  element,
  explicit,
  implicit,
  oid,
  sequence,
  setOf,
  utf8String,
} from "../../../src/asn1/der_writer.ts";
import { Oid } from "../../../src/asn1/oid.ts";
import { Tag } from "../../../src/asn1/tag.ts";
import { type Bytes, concat, toUtf8 } from "../../../src/bytes.ts";
import { etcdProfiles } from "../../../src/ca/etcd.ts";
import { decide, type DenialReason, type PolicyRequest } from "../../../src/ca/policy.ts";
import { parseCsr } from "../../../src/x509/csr.ts";
import {
  encodeBasicConstraints,
  encodeExtKeyUsage,
  encodeKeyUsage,
  encodeSubjectAltName,
} from "../../../src/x509/extension.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { altNames, craftCsr, type CraftedCsr, extension } from "../craft.ts";
import { hex } from "../support.ts";

const key = await generateKey("ec-p256");
const PROFILES = etcdProfiles();
const GOOD = { organization: "system:etcd-peers", commonName: "system:etcd-peer:etcd1" };
const SAN = encodeSubjectAltName([{ type: "dns", value: "etcd1" }, { type: "ip", value: "10.8.89.9" }]);

const judge = async (
  parts: Partial<CraftedCsr>,
  rest: Partial<PolicyRequest> = {},
): Promise<ReturnType<typeof decide>> =>
  decide({ csr: parseCsr(await craftCsr({ key, subject: GOOD, extensions: [SAN], ...parts })), ...rest }, PROFILES);
/** What is wrong, as `reason: message`; nothing where the request is approved. */
const denial = async (parts: Partial<CraftedCsr>, rest: Partial<PolicyRequest> = {}): Promise<string | undefined> => {
  const decision = await judge(parts, rest);
  return decision.approved ? undefined : `${decision.reason}: ${decision.message}`;
};

const text = (type: string, value: Bytes): Bytes => setOf(sequence(oid(type), value));
const subject = (...rdns: Bytes[]): Bytes => sequence(...rdns);
const O = text(Oid.organization, utf8String(GOOD.organization));
const CN = text(Oid.commonName, utf8String(GOOD.commonName));
const commonName = (name: string): { organization: string; commonName: string } => ({ ...GOOD, commonName: name });
const dns = (name: string): Bytes => altNames(implicit(2, toUtf8(name)));
const point = key.publicKey.keyBits;
const compressed = sequence(
  sequence(oid(Oid.ecPublicKey), oid(Oid.secp256r1)),
  bitStringOf(concat([Uint8Array.of(2 + ((point[64] ?? 0) & 1)), point.subarray(1, 33)])),
);

/** Requests that are good but for one thing, with the reason and a part of the message. */
const DENIED: Readonly<Record<string, readonly [DenialReason, string, Partial<CraftedCsr>, Partial<PolicyRequest>?]>> =
  {
    "R10 a subject of no profile": ["ProfileUnknown", "no profile issues", {
      subject: { organization: "x", commonName: "y" },
    }],
    "R24 an empty subject": ["ProfileUnknown", 'subject ""', { subject: {} }],
    "R8 no organization": ["SubjectNotAllowed", "organization is null", { subject: { commonName: GOOD.commonName } }],
    "R8 an empty organization": ["SubjectNotAllowed", "organization has 0 characters", {
      subject: subject(text(Oid.organization, utf8String("")), CN),
    }],
    "R8 an organization of one letter": ["SubjectNotAllowed", 'organization is "s"', {
      subject: { ...GOOD, organization: "s" },
    }],
    "R9 another organization": ["SubjectNotAllowed", 'organization is "system:masters"', {
      subject: { ...GOOD, organization: "system:masters" },
    }],
    "R9 a second organization": ["SubjectNotAllowed", "more than one organization", {
      subject: { ...GOOD, organization: [GOOD.organization, "system:masters"] },
    }],
    "R9 the second organization first": ["SubjectNotAllowed", "more than one organization", {
      subject: { ...GOOD, organization: ["system:masters", GOOD.organization] },
    }],
    "R9 a second common name": ["SubjectNotAllowed", "more than one commonName", {
      subject: { ...GOOD, commonName: [GOOD.commonName, "root"] },
    }],
    "R9 an RDN of two attributes": [
      "SubjectNotAllowed",
      "RDN of several attributes",
      {
        subject: subject(
          setOf(
            sequence(oid(Oid.organization), utf8String(GOOD.organization)),
            sequence(oid(Oid.commonName), utf8String(GOOD.commonName)),
          ),
        ),
      },
    ],
    "R9 an organizational unit": ["SubjectNotAllowed", "organizationalUnit besides", {
      subject: { ...GOOD, organizationalUnit: "x" },
    }],
    "R9 an e-mail address in the subject": ["SubjectNotAllowed", "not issued: emailAddress", {
      subject: subject(O, CN, text(Oid.emailAddress, utf8String("a@b"))),
    }],
    "R9 an unknown attribute": ["SubjectNotAllowed", "not issued: 1.2.3", {
      subject: subject(O, CN, text("1.2.3", utf8String("x"))),
    }],
    "R32 a common name that is the prefix alone": ["SubjectNotAllowed", "must have a name", {
      subject: commonName("system:etcd-peer:"),
    }],
    "R32 a slash in the common name": ["SubjectNotAllowed", "must have a name", {
      subject: commonName("system:etcd-peer:a/b"),
    }],
    "R32 a common name of 65 characters": ["SubjectNotAllowed", "commonName has 65 characters", {
      subject: subject(O, text(Oid.commonName, utf8String(`system:etcd-peer:${"a".repeat(48)}`))),
    }],
    "R32 another profile's common name": [
      "SubjectNotAllowed",
      'organization is "system:etcd-peers", not "system:etcd-servers"',
      { subject: commonName("system:etcd-server:a") },
    ],
    "R32 a common name without the prefix": ["SubjectNotAllowed", "does not begin with", {
      subject: commonName("etcd1"),
    }],
    "R33 the prefix in capitals": ["SubjectNotAllowed", "does not begin with", {
      subject: commonName("SYSTEM:etcd-peer:a"),
    }],
    "R30 NUL in the common name": ["SubjectNotAllowed", "control or format", {
      subject: commonName("system:etcd-peer:a\0.evil"),
    }],
    "R30 a line feed in the common name": ["SubjectNotAllowed", "control or format", {
      subject: commonName("system:etcd-peer:a\n"),
    }],
    "R31 a zero-width space in the common name": ["SubjectNotAllowed", "control or format", {
      subject: commonName("system:etcd-peer:a\u200b"),
    }],
    "R31 a right-to-left override in the common name": ["SubjectNotAllowed", "control or format", {
      subject: commonName("system:etcd-peer:\u202ea"),
    }],
    "R31 a full-width colon": ["SubjectNotAllowed", "does not begin with", {
      subject: commonName("system:etcd-peer：a"),
    }],
    "R31 a Cyrillic letter": ["SubjectNotAllowed", "must have a name", {
      subject: commonName("system:etcd-peer:еtcd"),
    }],
    "R31 a space at the end": ["SubjectNotAllowed", "must have a name", { subject: commonName("system:etcd-peer:a ") }],
    "R31 a BMPString": ["SubjectNotAllowed", "neither UTF8String nor", {
      subject: subject(text(Oid.organization, element(Tag.bmpString, hex("0061"))), CN),
    }],
    "R31 a TeletexString": ["SubjectNotAllowed", "neither UTF8String nor", {
      subject: subject(O, text(Oid.commonName, element(Tag.teletexString, toUtf8(GOOD.commonName)))),
    }],
    "R31 a UniversalString": ["SubjectNotAllowed", "neither UTF8String nor", {
      subject: subject(O, text(Oid.commonName, element(Tag.universalString, hex("00000061"))), CN),
    }],
    "R31 a value that is no string": ["SubjectNotAllowed", "neither UTF8String nor", {
      subject: subject(O, CN, text(Oid.organizationalUnit, hex("02 01 05"))),
    }],
    "R39 a compressed point": ["KeyNotAllowed", "point is compressed", { spki: compressed }],
    "R42 an unsupported key": ["KeyNotAllowed", "DSA keys are not supported", {
      spki: sequence(sequence(oid("1.2.840.10040.4.1")), bitStringOf(hex("00"))),
    }],
    "R43 the CA's own key": ["KeyNotAllowed", "the key is a CA's", {}, { caKeys: [hex("00"), key.publicKey.spki] }],
    "R40 a signature with SHA-1": ["SignatureAlgorithmNotAllowed", "signed with ecdsa-with-SHA1", {
      algorithm: sequence(oid("1.2.840.10045.4.1")),
    }],
    "R45 CA:TRUE": ["ExtensionNotAllowed", "CA:TRUE", { extensions: [SAN, encodeBasicConstraints(true)] }],
    "R45 CA:TRUE with a path length": ["ExtensionNotAllowed", "CA:TRUE", {
      extensions: [SAN, encodeBasicConstraints(true, 0)],
    }],
    "R46 an unknown critical extension": ["ExtensionNotAllowed", "not issued: 1.2.3", {
      extensions: [SAN, extension("1.2.3", hex("ff"), boolean(true))],
    }],
    "R46 critical name constraints": ["ExtensionNotAllowed", "nameConstraints", {
      extensions: [SAN, extension(Oid.nameConstraints, hex("30 00"), boolean(true))],
    }],
    "R45 keyCertSign": ["UsageNotAllowed", "keyCertSign", {
      extensions: [SAN, encodeKeyUsage(["digitalSignature", "keyCertSign"])],
    }],
    "R46 codeSigning": ["UsageNotAllowed", "codeSigning", {
      extensions: [SAN, encodeExtKeyUsage(["serverAuth", "codeSigning"])],
    }],
    "R46 any extended usage": ["UsageNotAllowed", "anyExtendedKeyUsage", {
      extensions: [SAN, extension(Oid.extKeyUsage, sequence(oid(Oid.anyExtendedKeyUsage)))],
    }],
    "R46 OCSP signing": ["UsageNotAllowed", "ocspSigning", { extensions: [SAN, encodeExtKeyUsage(["ocspSigning"])] }],
    "R46 an extended usage without a name": ["UsageNotAllowed", "1.2.3.4", {
      extensions: [SAN, extension(Oid.extKeyUsage, sequence(oid("1.2.3.4")))],
    }],
    "R46 a usage asked for beside the CSR": ["UsageNotAllowed", "cRLSign", {}, {
      keyUsage: ["digitalSignature", "cRLSign"],
    }],
    "R46 an extended usage asked for beside the CSR": ["UsageNotAllowed", "emailProtection", {}, {
      extKeyUsage: ["clientAuth", "emailProtection"],
    }],
    "R26 an e-mail name": ["NameNotAllowed", "names of type email", {
      extensions: [altNames(implicit(1, toUtf8("a@b")))],
    }],
    "R26 a URI": ["NameNotAllowed", "names of type uri", { extensions: [altNames(implicit(6, toUtf8("spiffe://a")))] }],
    "R26 an otherName": ["NameNotAllowed", "names of type otherName", {
      extensions: [altNames(explicit(0, oid("1.2.3")))],
    }],
    "R26 a directoryName": ["NameNotAllowed", "names of type directoryName", {
      extensions: [altNames(explicit(4, sequence()))],
    }],
    "R26 a registeredID": ["NameNotAllowed", "names of type registeredID", {
      extensions: [altNames(implicit(8, hex("2a 03")))],
    }],
    "R26 an x400Address": ["NameNotAllowed", "names of type x400Address", { extensions: [altNames(explicit(3))] }],
    "R26 an ediPartyName": ["NameNotAllowed", "names of type ediPartyName", { extensions: [altNames(explicit(5))] }],
    "R26 an e-mail name behind a good one": ["NameNotAllowed", "names of type email", {
      extensions: [altNames(implicit(2, toUtf8("a")), implicit(1, hex("")))],
    }],
    "R27 a wildcard": ["NameNotAllowed", "wildcards", { extensions: [dns("*.example.org")] }],
    "R28 an address as a DNS name": ["NameNotAllowed", "it is an IP address", { extensions: [dns("10.0.0.1")] }],
    "R28 an IPv4 address in IPv6 form": ["NameNotAllowed", "IPv4 address in IPv6 form", {
      extensions: [altNames(implicit(7, hex("00000000000000000000ffff0a000001")))],
    }],
    "R28 an address as the common name": ["SubjectNotAllowed", "does not begin with", {
      subject: commonName("10.8.89.9"),
    }],
    "R29 an empty DNS name": ["NameNotAllowed", "it is empty", { extensions: [dns("")] }],
    "R30 NUL in a DNS name": ["NameNotAllowed", "a label may have", { extensions: [dns("etcd1\0.evil")] }],
    "R33 a trailing dot": ["NameNotAllowed", "ends with a dot", { extensions: [dns("etcd1.")] }],
    "R33 an underscore": ["NameNotAllowed", "a label may have", { extensions: [dns("_etcd")] }],
    "R34 101 names": ["NameNotAllowed", "has 101 names: 100 are allowed", {
      extensions: [encodeSubjectAltName(Array.from({ length: 101 }, (_, i) => ({ type: "dns", value: `a${i}` })))],
    }],
  };

for (const [name, [reason, words, parts, rest]] of Object.entries(DENIED)) {
  test(`${name} is denied as ${reason}`, async () => {
    const said = await denial(parts, rest);
    assert.ok(said?.startsWith(`${reason}: `), said);
    assert.ok(said?.includes(words), said);
  });
}

test("R10 every reason is given by a request that is good but for it", () => {
  const reasons = new Set(Object.values(DENIED).map(([reason]) => reason));
  assert.is(reasons.size, 7);
});

test.run();
