import { test } from "uvu";
import * as assert from "uvu/assert";
import { lifetimeOf, minimumInterval, renewalTime, retryPause } from "../../../src/agent/renewal_time.ts";
import { integer, octetString, oid, sequence } from "../../../src/asn1/der_writer.ts";
import { Oid } from "../../../src/asn1/oid.ts";
import { loadIssuer } from "../../../src/ca/issuer.ts";
import { defineProfile } from "../../../src/ca/profile.ts";
import { signCsr } from "../../../src/ca/sign_csr.ts";
import { type Certificate, parseCertificate } from "../../../src/x509/certificate.ts";
import { buildCertificate } from "../../../src/x509/certificate_builder.ts";
import { createCsr } from "../../../src/x509/csr.ts";
import { encodeBasicConstraints, encodeKeyUsage } from "../../../src/x509/extension.ts";
import { importPrivateKey, type KeyPair } from "../../../src/x509/key.ts";
import { encodeName } from "../../../src/x509/name.ts";
import { DAY, later } from "../../authorities.ts";
import { fixedRandom } from "../../fakes.ts";

/** An Ed25519 key that is the same in every run: what it signs is so too, and with it when a certificate is renewed. */
const fixedKey = (octet: number): Promise<KeyPair> =>
  importPrivateKey(sequence(
    integer(0),
    sequence(oid(Oid.ed25519)),
    octetString(octetString(new Uint8Array(32).fill(octet))),
  ));

const caKey = await fixedKey(1);
const caName = encodeName({ commonName: "CA" });
const caCertificate = await buildCertificate(
  {
    serialNumber: Uint8Array.of(1),
    issuer: caName,
    subject: caName,
    notBefore: later(-DAY),
    notAfter: later(3650 * DAY),
    subjectPublicKeyInfo: caKey.publicKey.spki,
    extensions: [encodeBasicConstraints(true), encodeKeyUsage(["keyCertSign"])],
  },
  caKey,
  () => {},
);
const ca = await loadIssuer(caCertificate.der, caKey, later(0));
const profile = defineProfile({
  name: "x",
  issuer: "x",
  keyUsage: ["digitalSignature"],
  extKeyUsage: ["serverAuth"],
  lifetimeSeconds: 3650 * DAY,
});
const csr = await createCsr({ key: await fixedKey(2), subject: { commonName: "n" }, dnsNames: ["n"] });

/** So many certificates of which each was issued at its moment, in seconds. */
async function certificates(count: number, lifetimeSeconds: number, at: (index: number) => number) {
  const made: Certificate[] = [];
  for (let index = 0; index < count; index++) {
    const random = (length: number) =>
      Uint8Array.from({ length }, (_, i) => i === 0 ? 1 : (index >> (i * 8 - 8)) & 255);
    const now = () => later(at(index));
    made.push(await signCsr(csr.pem, ca, { profile, lifetimeSeconds, now, random }));
  }
  return made;
}

const sameMinute = await certificates(1000, DAY, () => 0);

/** Where in its lifetime a certificate is renewed, from 0 to 1. */
async function pointOf(certificate: Certificate): Promise<number> {
  return ((await renewalTime(certificate)).getTime() - certificate.notBefore.getTime()) / 1000 /
    lifetimeOf(certificate);
}

test("a certificate is renewed between 60 and 75 % of its lifetime, and all of that is used", async () => {
  for (const some of [sameMinute, await certificates(100, 30, () => 0), await certificates(100, 3650 * DAY, () => 0)]) {
    const points = await Promise.all(some.map(pointOf));
    const [least, most] = [Math.min(...points), Math.max(...points)];
    assert.ok(least >= 0.6 && most < 0.75, `${least} to ${most}`);
    assert.ok(least < 0.61 && most > 0.74, `${least} to ${most}`);
  }
});

/** Most renewals in any 60 seconds, wherever they begin. */
async function mostInAMinute(some: readonly Certificate[]): Promise<number> {
  const times = (await Promise.all(some.map(renewalTime))).map((time) => time.getTime()).sort((a, b) => a - b);
  return Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + 60_000).length));
}

test("R63 a thousand agents with certificates of 24 hours issued in the same minute: no more than 2 % renew in any one minute", async () => {
  const spread = await certificates(1000, DAY, (index) => index * 60 / 1000);
  for (const some of [sameMinute, spread]) {
    const issuing = some.map(({ notBefore }) => notBefore.getTime());
    assert.ok(Math.max(...issuing) - Math.min(...issuing) < 60_000);
    const most = await mostInAMinute(some);
    assert.ok(most <= 20, `${most} of 1000`);
    assert.ok(most > 4, `${most}: this counts nothing`);
  }
});

test("R63 the moment is a function of the certificate alone: parsed anew, asked again, whatever the clock says", async () => {
  const [certificate, other] = sameMinute;
  assert.ok(certificate && other);
  const expected = await renewalTime(certificate);
  assert.equal(await renewalTime(parseCertificate(certificate.pem)), expected);
  const realNow = Date.now;
  try {
    for (const jump of [-3650 * DAY, DAY, 3650 * DAY]) {
      Date.now = () => later(jump).getTime();
      assert.equal(await renewalTime(certificate), expected);
    }
  } finally {
    Date.now = realNow;
  }
  assert.is.not((await renewalTime(other)).getTime(), expected.getTime());
});

test("the first 32 bits of the certificate's SHA-256 are the point", async () => {
  const [notBefore, notAfter] = [later(0), later(100_000)];
  // e3b0c442…: the hash of nothing
  const time = await renewalTime({ der: new Uint8Array(), notBefore, notAfter });
  assert.is(time.getTime(), later(60_000 + 15_000 * 0xe3b0c442 / 2 ** 32).getTime());
});

test("two certificates for one pair are a tenth of the lifetime apart, and a minute at most", () => {
  const table = [[30, 3], [300, 30], [600, 60], [DAY, 60], [365 * DAY, 60]] as const;
  for (const [lifetime, seconds] of table) assert.is(minimumInterval(lifetime), seconds);
});

const [LEAST, MOST] = [fixedRandom(0), fixedRandom(255)];

test("a pause doubles with every failure, and half of it at most is chance", () => {
  const pauses = (random: typeof LEAST, code: string) =>
    Array.from({ length: 12 }, (_, at) => retryPause(random, code, at + 1, 365 * DAY));
  assert.equal(pauses(MOST, "denied"), [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]);
  assert.equal(pauses(LEAST, "denied"), [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800, 1800]);
  for (const soft of ["unavailable", "timed-out"]) {
    assert.equal(pauses(MOST, soft), [10, 20, 40, ...Array(9).fill(60)]);
    assert.equal(pauses(LEAST, soft), [5, 10, 20, ...Array(9).fill(30)]);
  }
  const middle = retryPause(fixedRandom(51), "denied", 1, 365 * DAY);
  assert.ok(Math.abs(middle - 6) < 1e-9, String(middle));
});

test("pauses fit the lifetime: several tries are left before a certificate of 30 seconds ends", () => {
  for (const code of ["unavailable", "denied", "forked"]) {
    assert.equal([1, 2, 3, 4, 99].map((failures) => retryPause(MOST, code, failures, 30)), [0.5, 1, 1.5, 1.5, 1.5]);
    assert.is(retryPause(MOST, code, 99, 3600), code === "unavailable" ? 60 : 180);
  }
});

test("R63 after a certificate that must not be used, the minimum interval passes as after any other", () => {
  for (const [lifetime, least] of [[30, 3], [600, 60], [DAY, 60]] as const) {
    for (const random of [LEAST, MOST]) {
      for (const failures of [1, 2, 3]) {
        assert.is(retryPause(random, "invalid-certificate", failures, lifetime), least);
      }
    }
  }
  assert.is(retryPause(MOST, "invalid-certificate", 99, DAY), 3600);
});

test("a pause is never none: not after a count, nor for a certificate, that makes no sense", () => {
  for (const failures of [-1e9, -1, 0, 0.5, 1, 1e9, Infinity]) {
    for (const lifetime of [-DAY, 0, 1, 30, 1e12]) {
      for (const code of ["unavailable", "denied", "invalid-certificate"]) {
        const pause = retryPause(LEAST, code, failures, lifetime);
        assert.ok(pause >= 0.1 && pause <= 3600, `${code}, ${failures} failures, ${lifetime} s: ${pause}`);
      }
    }
  }
});

test.run();
