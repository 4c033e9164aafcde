// timeout: 120
import { AsnConvert } from "@peculiar/asn1-schema";
import { Certificate } from "@peculiar/asn1-x509";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fromUtf8 } from "../../../src/bytes.ts";
import { createCa } from "../../../src/ca/create_ca.ts";
import type { Issuer } from "../../../src/ca/issuer.ts";
import { signCsr } from "../../../src/ca/sign_csr.ts";
import type { Certificate as OurCertificate } from "../../../src/x509/certificate.ts";
import { createCsr } from "../../../src/x509/csr.ts";
import { generateKey, KEY_TYPES, type KeyPair, type KeyType } from "../../../src/x509/key.ts";
import { hasOpenssl, inDirectory, openssl, SKIPPED } from "../../openssl.ts";

if (!hasOpenssl) console.log(SKIPPED);
const needsOpenssl = hasOpenssl ? test : test.skip;

const keys = new Map<KeyType, KeyPair>();
const cas = new Map<KeyType, Issuer>();
for (const type of KEY_TYPES) {
  keys.set(type, await generateKey(type));
  cas.set(type, await createCa({ commonName: `CA of ${type}`, keyType: type }));
}

async function issue(type: KeyType, issuer: Issuer): Promise<OurCertificate> {
  const key = keys.get(type);
  if (key === undefined) throw new Error("no key");
  const subject = { organization: "system:etcd-peers", commonName: "system:etcd-peer:etcd1" };
  const csr = await createCsr({ key, subject, dnsNames: ["etcd1"], ipAddresses: ["10.8.89.9", "2001:db8::1"] });
  return await signCsr(csr.pem, issuer, { profile: "etcd-peer" });
}

function verify(directory: string, issuer: Issuer, certificate: OurCertificate, ...more: string[]): string {
  const [ca, leaf] = [join(directory, "ca"), join(directory, "leaf")];
  writeFileSync(ca, issuer.certificate.pem);
  writeFileSync(leaf, certificate.pem);
  return fromUtf8(openssl(["verify", "-x509_strict", "-check_ss_sig", ...more, "-CAfile", ca, leaf]));
}

for (const [caType, issuer] of cas) {
  needsOpenssl(`R51 openssl verify -x509_strict takes what a CA of ${caType} issues to every type of key`, async () => {
    for (const type of KEY_TYPES) {
      const certificate = await issue(type, issuer);
      for (const purpose of ["sslserver", "sslclient"]) {
        const more = ["-purpose", purpose, "-verify_hostname", "etcd1"];
        assert.match(inDirectory((directory) => verify(directory, issuer, certificate, ...more)), ": OK");
        if (type !== caType) break;
      }
      const read = AsnConvert.parse(certificate.der, Certificate);
      assert.equal(new Uint8Array(AsnConvert.serialize(read)), certificate.der);
    }
  });
}

needsOpenssl("openssl x509 -text shows what was meant", async () => {
  const issuer = cas.get("ec-p256");
  if (issuer === undefined) throw new Error("no CA");
  for (const type of ["ec-p256", "rsa-2048"] as const) {
    const text = fromUtf8(openssl(["x509", "-noout", "-text"], (await issue(type, issuer)).pem));
    const usage = type === "rsa-2048" ? "Digital Signature, Key Encipherment" : "Digital Signature";
    const expected = [
      /Version: 3 \(0x2\)/,
      /Issuer: CN\s?=\s?CA of ec-p256\n/,
      /Subject: O\s?=\s?system:etcd-peers, CN\s?=\s?system:etcd-peer:etcd1\n/,
      /X509v3 Basic Constraints: critical\n\s+CA:FALSE\n/,
      new RegExp(`X509v3 Key Usage: critical\\n\\s+${usage}\\n`),
      /X509v3 Extended Key Usage: ?\n\s+TLS Web Server Authentication, TLS Web Client Authentication\n/,
      /X509v3 Subject Key Identifier: ?\n/,
      /X509v3 Authority Key Identifier: ?\n/,
      /X509v3 Subject Alternative Name: ?\n\s+DNS:etcd1, IP Address:10\.8\.89\.9, IP Address:2001:DB8:0:0:0:0:0:1\n/,
    ];
    for (const pattern of expected) assert.match(text, pattern);
    assert.is(text.match(/X509v3 [A-Z]\w+ /g)?.length, 6);
  }
  const text = fromUtf8(openssl(["x509", "-noout", "-text"], issuer.certificate.pem));
  assert.match(text, /X509v3 Basic Constraints: critical\n\s+CA:TRUE, pathlen:0\n/);
  assert.match(text, /X509v3 Key Usage: critical\n\s+Certificate Sign, CRL Sign\n/);
});

needsOpenssl("openssl refuses a certificate under another CA", async () => {
  const [one, other] = [cas.get("ec-p256"), cas.get("ec-p384")];
  if (one === undefined || other === undefined) throw new Error("no CA");
  const certificate = await issue("ec-p256", one);
  assert.throws(() => inDirectory((directory) => verify(directory, other, certificate)));
});

test.run();
