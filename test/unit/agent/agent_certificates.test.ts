import { test } from "uvu";
import * as assert from "uvu/assert";
import { newSerialNumber, validityAt } from "../../../src/ca/issuer.ts";
import { defineProfile } from "../../../src/ca/profile.ts";
import { buildCertificate } from "../../../src/x509/certificate_builder.ts";
import type { Csr } from "../../../src/x509/csr.ts";
import { encodeBasicConstraints, encodeExtKeyUsage, encodeSubjectAltName } from "../../../src/x509/extension.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { encodeName } from "../../../src/x509/name.ts";
import { agentWorld, NODE } from "../../agent_world.ts";
import { answering, ca, issue, otherCa, refuses, withPair } from "../../bad_answers.ts";
import { MOMENT } from "../../fakes.ts";

const CERTIFICATE = `certs/${NODE}.crt`;

test("the good answer that the bad ones are made from is taken", async () => {
  const files = await withPair();
  const old = files.text(CERTIFICATE);
  const { certificate } = await agentWorld(answering(issue), files).run();
  assert.is.not(files.text(CERTIFICATE), old);
  assert.is(files.text(CERTIFICATE), certificate.pem);
  assert.is(files.text("certs/ca.crt"), ca.certificate.pem);
});

const selfMade = defineProfile({
  name: "x",
  issuer: "etcd",
  keyUsage: ["digitalSignature"],
  extKeyUsage: ["serverAuth"],
  lifetimeSeconds: 3600,
});
const subject = (commonName: string, organization = "system:etcd-peers") => encodeName({ organization, commonName });
const HOUR = 3_600_000;
const at = (offset: number): Date => new Date(Date.parse(MOMENT) + offset);

const CERTIFICATES: [what: string, make: (csr: Csr) => string | Promise<string>, message: RegExp][] = [
  ["another key", async (csr) => issue(csr, { publicKey: (await generateKey()).publicKey }), /for another key/],
  ["a missing DNS name", (csr) => issue(csr, { names: without(csr, "etcd1") }), /lacks the name DNS:etcd1/],
  ["a missing address", (csr) => issue(csr, { names: without(csr, "::1") }), /lacks the name IP:::1/],
  [
    "a name too many",
    (csr) => issue(csr, { names: [...csr.extensions.subjectAltName ?? [], { type: "dns", value: "etcd2" }] }),
    /has a name that is not asked for, DNS:etcd2/,
  ],
  ["no names", (csr) => issue(csr, { names: [] }), /lacks the name/],
  [
    "another common name",
    (csr) => issue(csr, { subject: subject("system:etcd-peer:etcd2") }),
    /common name is another/,
  ],
  ["another organization", (csr) => issue(csr, { subject: subject(NODE, "x") }), /organization is another/],
  [
    "two organizations",
    (csr) => issue(csr, { subject: encodeName({ organization: ["system:etcd-peers", "x"], commonName: NODE }) }),
    /organization is another/,
  ],
  ["an empty subject", (csr) => issue(csr, { subject: encodeName({}) }), /common name is another/],
  ["a missing usage", (csr) => issue(csr, { profile: selfMade }), /lacks the usage clientAuth/],
  ["an expired certificate", expired, /expired|ended|not valid/i],
  ["a certificate not yet valid", (csr) => issue(csr, { now: at(HOUR) }), /not valid before|not yet|begins/i],
  ["a certificate of another CA of the same name", (csr) => issue(csr, { issuer: otherCa }), /signature|verif|issue/i],
  ["garbage", () => "garbage", /no "-----BEGIN CERTIFICATE-----" line/],
  ["an empty line", () => "\n", /no "-----BEGIN CERTIFICATE-----" line/],
  ["two certificates", async (csr) => await issue(csr) + ca.certificate.pem, /more than one/],
  ["the CA's own certificate", () => ca.certificate.pem, /another key/],
  ["a CA's certificate for our key", (csr) => caFor(csr), /it is a CA's/],
  ["a cut-off certificate", async (csr) => (await issue(csr)).slice(0, 300), /no "-----END CERTIFICATE-----" line/],
  ["a key", () => "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", /PRIVATE KEY/],
];

function without(csr: Csr, value: string): NonNullable<Csr["extensions"]["subjectAltName"]> {
  return (csr.extensions.subjectAltName ?? []).filter((name) => name.value !== value);
}

/** A certificate of a CA that was valid then, and that has ended since. */
async function expired(csr: Csr): Promise<string> {
  const parts = partsFor(csr, { notBefore: at(-2 * HOUR), notAfter: at(-1000) });
  return (await buildCertificate(parts, ca, () => {})).pem;
}

async function caFor(csr: Csr): Promise<string> {
  const parts = partsFor(csr, validityAt(at(0), 3600), true);
  return (await buildCertificate(parts, ca, () => {})).pem;
}

function partsFor(
  csr: Csr,
  validity: { notBefore: Date; notAfter: Date },
  isCa = false,
): Parameters<typeof buildCertificate>[0] {
  return {
    serialNumber: newSerialNumber(),
    issuer: ca.certificate.subject.der,
    ...validity,
    subject: csr.subject.der,
    subjectPublicKeyInfo: csr.publicKey.spki,
    extensions: [
      encodeBasicConstraints(isCa),
      encodeExtKeyUsage(["serverAuth", "clientAuth"]),
      encodeSubjectAltName(csr.extensions.subjectAltName ?? []),
    ],
  };
}

for (const [what, make, message] of CERTIFICATES) {
  test(`R58 an answer with ${what} is refused, and the old pair stays`, async () => {
    const error = await refuses("invalid-certificate", answering(make));
    assert.match(error.message, /^Cannot use the certificate that the signer sent: /);
    assert.match(error.message, message);
  });
}

test("R58 a CA answer that is none is refused", async () => {
  for (
    const pem of [
      "",
      "garbage",
      otherCa.certificate.pem,
      "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    ]
  ) {
    await refuses("invalid-certificate", answering(issue, pem));
  }
});

test.run();
