import * as x509 from "@peculiar/asn1-x509";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Oid, oidName } from "../../../src/asn1/oid.ts";

test("Oid names each identifier once", () => {
  assert.is(new Set(Object.values(Oid)).size, Object.keys(Oid).length);
  for (const oid of Object.values(Oid)) assert.match(oid, /^[012](?:\.(?:0|[1-9]\d*))+$/);
});

test("Oid agrees with @peculiar/asn1-x509", () => {
  const pairs: readonly (readonly [string, string])[] = [
    [Oid.subjectKeyIdentifier, x509.id_ce_subjectKeyIdentifier],
    [Oid.keyUsage, x509.id_ce_keyUsage],
    [Oid.subjectAltName, x509.id_ce_subjectAltName],
    [Oid.basicConstraints, x509.id_ce_basicConstraints],
    [Oid.nameConstraints, x509.id_ce_nameConstraints],
    [Oid.certificatePolicies, x509.id_ce_certificatePolicies],
    [Oid.authorityKeyIdentifier, x509.id_ce_authorityKeyIdentifier],
    [Oid.extKeyUsage, x509.id_ce_extKeyUsage],
    [Oid.anyExtendedKeyUsage, x509.anyExtendedKeyUsage],
    [Oid.serverAuth, x509.id_kp_serverAuth],
    [Oid.clientAuth, x509.id_kp_clientAuth],
    [Oid.codeSigning, x509.id_kp_codeSigning],
    [Oid.emailProtection, x509.id_kp_emailProtection],
    [Oid.timeStamping, x509.id_kp_timeStamping],
    [Oid.ocspSigning, x509.id_kp_OCSPSigning],
  ];
  for (const [ours, theirs] of pairs) assert.is(ours, theirs);
});

test("oidName names what it knows, foreign algorithms too, and leaves the rest in dots", () => {
  for (const [name, oid] of Object.entries(Oid)) assert.is(oidName(oid), name);
  assert.is(oidName("1.2.840.113549.1.1.5"), "sha1WithRSAEncryption");
  assert.is(oidName("1.3.101.113"), "Ed448");
  assert.is(oidName("1.3.132.0.10"), "secp256k1");
  assert.is(oidName("1.2.3.4"), "1.2.3.4");
  assert.is(oidName("__proto__"), "__proto__");
  assert.is(oidName("constructor"), "constructor");
});

test.run();
