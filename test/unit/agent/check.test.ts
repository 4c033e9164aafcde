import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkIssued, type Wanted } from "../../../src/agent/check.ts";
import { createCa } from "../../../src/ca/create_ca.ts";
import { signCsr } from "../../../src/ca/sign_csr.ts";
import { createCsr } from "../../../src/x509/csr.ts";
import { generalNames } from "../../../src/x509/general_name.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { fakeClock, MOMENT, rejection } from "../../fakes.ts";

const { now } = fakeClock();
const key = await generateKey();
const ca = await createCa({ commonName: "CA", now });
const csr = await createCsr({
  key,
  subject: { organization: "system:etcd-peers", commonName: "system:etcd-peer:e" },
  dnsNames: ["Etcd1", "etcd2"],
  ipAddresses: ["10.0.0.1"],
});
const { pem } = await signCsr(csr.pem, ca, { profile: "etcd-peer", now });
const wanted: Wanted = {
  publicKey: key.publicKey,
  commonName: "system:etcd-peer:e",
  organization: "system:etcd-peers",
  names: generalNames(["etcd1", "etcd2"], ["10.0.0.1"]),
  extKeyUsage: ["serverAuth"],
};

test("checkIssued takes a certificate that has the names that were wanted, and more usages", async () => {
  const { certificate, cas } = await checkIssued(pem, ca.certificate.pem, wanted, now());
  assert.equal(cas.map((one) => one.pem), [ca.certificate.pem]);
  assert.is(certificate.pem, pem);
  const upper = { ...wanted, names: generalNames(["ETCD1", "ETCD2"], ["10.0.0.1"]) };
  await checkIssued(pem, ca.certificate.pem, upper, now());
});

test("checkIssued takes a bundle that has the CA in it", async () => {
  const other = await createCa({ commonName: "CA", now });
  await checkIssued(pem, other.certificate.pem + ca.certificate.pem, wanted, now());
  await rejection("invalid-certificate", checkIssued(pem, other.certificate.pem, wanted, now()));
});

test("checkIssued says what is not as wanted", async () => {
  const other = await generateKey();
  const cases: [Partial<Wanted>, string][] = [
    [{ publicKey: other.publicKey }, "it is for another key"],
    [{ commonName: "x" }, "its common name is another"],
    [{ organization: "x" }, "its organization is another"],
    [{ names: generalNames(["etcd1"], ["10.0.0.1"]) }, "it has a name that is not asked for, DNS:etcd2"],
    [{ names: generalNames(["etcd3"], []) }, "it lacks the name DNS:etcd3"],
    [{ names: generalNames([], ["10.0.0.2"]) }, "it lacks the name IP:10.0.0.2"],
    [{ names: [{ type: "uri", value: "etcd1" }] }, "it lacks the name URI:etcd1"],
    [{ extKeyUsage: ["codeSigning"] }, "it lacks the usage codeSigning"],
  ];
  for (const [change, message] of cases) {
    const promise = checkIssued(pem, ca.certificate.pem, { ...wanted, ...change }, now());
    assert.is(
      (await rejection("invalid-certificate", promise)).message,
      `Cannot use the certificate that the signer sent: ${message}`,
    );
  }
});

test("checkIssued looks at the clock", async () => {
  for (const time of ["2026-03-01T11:54:59Z", "2027-03-01T12:00:01Z"]) {
    await rejection("invalid-certificate", checkIssued(pem, ca.certificate.pem, wanted, new Date(time)));
  }
  for (const time of [MOMENT, "2026-03-01T11:55:00Z", "2027-03-01T12:00:00Z"]) {
    await checkIssued(pem, ca.certificate.pem, wanted, new Date(time));
  }
});

test("checkIssued refuses text that is no certificate, and none as a CA", async () => {
  for (const text of ["", "x", csr.pem, pem + pem, pem + "x"]) {
    await rejection("invalid-certificate", checkIssued(text, ca.certificate.pem, wanted, now()));
  }
  for (const text of ["", "x", csr.pem, pem]) {
    await rejection("invalid-certificate", checkIssued(pem, text, wanted, now()));
  }
});

test.run();
