import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, equal } from "../../../src/bytes.ts";
import { createCa } from "../../../src/ca/create_ca.ts";
import { signCsr } from "../../../src/ca/sign_csr.ts";
import { CertgenError } from "../../../src/errors.ts";
import { parseCertificate, verifyCertificate } from "../../../src/x509/certificate.ts";
import { createCsr, parseCsr, verifyCsr } from "../../../src/x509/csr.ts";
import { generateKey, type KeyType } from "../../../src/x509/key.ts";
import { toPem } from "../../../src/x509/pem.ts";

const SEED = 20260301;
/** Far above what is measured (under 5 ms), for machines that are busy with other things. */
const SLOW_MS = 500;

const ca = await createCa({ commonName: "our CA" });
const subject = { organization: "system:etcd-peers", commonName: "system:etcd-peer:etcd1" };
const csrs: Bytes[] = [];
const certificates: Bytes[] = [];
for (const type of ["ec-p256", "ec-p521", "ed25519", "rsa-2048"] satisfies KeyType[]) {
  const csr = await createCsr({
    key: await generateKey(type),
    subject,
    dnsNames: ["etcd1"],
    ipAddresses: ["10.8.89.9", "::1"],
  });
  csrs.push(csr.der);
  certificates.push((await signCsr(csr.pem, ca, { profile: "etcd-peer" })).der);
}

/** One thing done to bytes, at a place between 0 and 1. */
interface Change {
  readonly kind: "flip" | "set" | "insert" | "delete" | "truncate" | "repeat" | "length" | "swap";
  readonly place: number;
  readonly value: number;
  readonly size: number;
}

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom("flip", "flip", "set", "insert", "delete", "truncate", "repeat", "length", "swap"),
  place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  value: fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(0, 1, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x84, 0xa0, 0xff),
  ),
  size: fc.integer({ min: 1, max: 8 }),
});

/** Where a tag that is usual stands before, so that the next byte is likely a length. */
function lengthAt(bytes: Uint8Array, from: number): number {
  for (let i = 0; i < bytes.length; i++) {
    const at = (from + i) % bytes.length;
    if ([0x30, 0x31, 0x02, 0x03, 0x04, 0x06, 0x0c, 0xa0, 0xa3].includes(bytes[at] ?? 0)) {
      return Math.min(at + 1, bytes.length - 1);
    }
  }
  return 0;
}

function changed(bytes: Bytes, { kind, place, value, size }: Change): Bytes {
  const at = Math.floor(place * bytes.length);
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  const copy = new Uint8Array(bytes);
  switch (kind) {
    case "flip":
      copy[at] = (copy[at] ?? 0) ^ (1 << (value & 7));
      return copy;
    case "set":
      copy[at] = value;
      return copy;
    case "insert":
      return concat([head, new Uint8Array(size).fill(value), tail]);
    case "delete":
      return concat([head, tail.subarray(size)]);
    case "truncate":
      return concat([head]);
    case "repeat":
      return concat([head, tail.subarray(0, size), tail]);
    case "length":
      copy[lengthAt(bytes, at)] = value;
      return copy;
    case "swap":
      return concat([tail, head]);
  }
}

const mutated = (originals: readonly Bytes[]): fc.Arbitrary<[Bytes, Bytes]> =>
  fc.tuple(fc.constantFrom(...originals), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([original, changes]) => [original, changes.reduce(changed, original)]);

/** What an action gives; nothing where it throws a `CertgenError`; anything else that it throws is a failure. */
async function orRefused<T>(action: () => T | Promise<T>): Promise<T | undefined> {
  const started = performance.now();
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof CertgenError)) throw error;
    return undefined;
  } finally {
    const took = performance.now() - started;
    assert.ok(took < SLOW_MS, `took ${took} ms`);
  }
}

test("a mutated CSR is refused with a CertgenError, or is signed over the very same bytes", async () => {
  const known = csrs.map((der) => parseCsr(der).certificationRequestInfo);
  await fc.assert(
    fc.asyncProperty(mutated(csrs), async ([, der]) => {
      const csr = await orRefused(() => parseCsr(der));
      if (csr === undefined) return;
      assert.equal(csr.der, der);
      const isValid = await orRefused(() => verifyCsr(csr).then(() => true));
      if (isValid) {
        assert.ok(known.some((info) => equal(info, csr.certificationRequestInfo)), "another content was taken");
      }
    }),
    { seed: SEED, numRuns: 4000 },
  );
});

test("every single bit of a CSR counts: none can be flipped and the CSR still be taken", async () => {
  const [der] = csrs;
  if (der === undefined) throw new Error("no CSR");
  for (let at = 0; at < der.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const copy = new Uint8Array(der);
      copy[at] = (copy[at] ?? 0) ^ (1 << bit);
      const taken = await orRefused(() => verifyCsr(parseCsr(copy)).then(() => true));
      assert.is(taken, undefined, `bit ${bit} of byte ${at}`);
    }
  }
});

test("a mutated certificate is refused with a CertgenError, or is signed over the very same bytes", async () => {
  const known = certificates.map((der) => parseCertificate(der).tbsCertificate);
  await fc.assert(
    fc.asyncProperty(mutated(certificates), async ([, der]) => {
      const certificate = await orRefused(() => parseCertificate(der));
      if (certificate === undefined) return;
      assert.equal(certificate.der, der);
      const issuer = await orRefused(() => verifyCertificate(certificate, ca.certificate));
      if (issuer !== undefined) {
        assert.ok(known.some((tbs) => equal(tbs, certificate.tbsCertificate)), "another content was taken");
      }
    }),
    { seed: SEED, numRuns: 4000 },
  );
});

test("bytes that are anything, and mutated PEM text, are refused with a CertgenError", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
      assert.is(await orRefused(() => parseCsr(bytes)), undefined);
      assert.is(await orRefused(() => parseCertificate(bytes)), undefined);
    }),
    { seed: SEED, numRuns: 2000 },
  );
  const text = toPem("CERTIFICATE REQUEST", csrs[0] ?? new Uint8Array(1));
  const place = fc.integer({ min: 0, max: text.length });
  const insert = fc.constantFrom("", "-", "\n", "\r\n", " ", "=", ":", "\0", "-----BEGIN ", "-----END ", "é", "\ud800");
  await fc.assert(
    fc.asyncProperty(place, fc.integer({ min: 0, max: 20 }), insert, async (at, size, between) => {
      const csr = await orRefused(() => parseCsr(text.slice(0, at) + between + text.slice(at + size)));
      if (csr !== undefined && await orRefused(() => verifyCsr(csr).then(() => true))) assert.equal(csr.der, csrs[0]);
    }),
    { seed: SEED, numRuns: 2000 },
  );
});

test.run();
