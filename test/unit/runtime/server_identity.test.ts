import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import type { DetailedPeerCertificate } from "node:tls";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createCa } from "../../../src/ca/create_ca.ts";
import { signCsr } from "../../../src/ca/sign_csr.ts";
import { networkError } from "../../../src/runtime/network_error.ts";
import { identityCheck } from "../../../src/runtime/server_identity.ts";
import { createCsr } from "../../../src/x509/csr.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { hasOpenssl, SKIPPED } from "../../openssl.ts";
import { makeRogues, type Rogues } from "../../rogues.ts";

/** What `node:tls` shows of a chain, as far as it is looked at. */
function shown(pem: string, circle = false): DetailedPeerCertificate {
  const blocks = pem.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [];
  const chain = blocks.map((block) => {
    const { raw, subject, subjectAltName } = new X509Certificate(block);

    return { raw: Buffer.from(raw), subject: { CN: subject.replace(/^.*CN=/, "") }, subjectaltname: subjectAltName };
  }) as unknown as DetailedPeerCertificate[];
  for (const [i, one] of chain.entries()) one.issuerCertificate = chain[i + 1] ?? chain[circle ? 0 : i] ?? one;
  const [leaf] = chain;
  if (leaf === undefined) throw new Error("no certificate");
  return leaf;
}

const ca = await createCa({ commonName: "CA" });
const csr = await createCsr({
  key: await generateKey(),
  subject: { commonName: "node.test" },
  dnsNames: ["localhost"],
  ipAddresses: ["127.0.0.1", "::1"],
});
const { pem } = await signCsr(csr.pem, ca, { usages: ["serverAuth"] });
const good = shown(pem + ca.certificate.pem);
const check = identityCheck([ca.certificate.der]);

test("identityCheck takes a certificate for its names and addresses, and for no other", () => {
  for (const host of ["localhost", "127.0.0.1"]) assert.is(check(host, good), undefined);
  for (const host of ["node.test", "other.test", "127.0.0.2"]) {
    const error = check(host, good);
    assert.is(error && "code" in error && error.code, "ERR_TLS_CERT_ALTNAME_INVALID", host);
  }
});

test("identityCheck refuses what cannot be read, nothing at all, and comes to an end in a circle", () => {
  const raw = (bytes: Uint8Array): DetailedPeerCertificate => ({ ...good, raw: Buffer.from(bytes) });
  for (const bytes of [new Uint8Array(), Uint8Array.of(0x30, 0), good.raw.subarray(1)]) {
    assert.ok(check("localhost", raw(bytes)) instanceof Error);
  }
  const { raw: _, ...none } = good;
  assert.is(check("localhost", none as DetailedPeerCertificate)?.message, "the server shows none");
  assert.is(check("localhost", shown(pem + ca.certificate.pem, true)), undefined);
});

let made: Rogues | undefined;
/** Making them takes a moment. */
const ours = (): Rogues => made ??= makeRogues();

test("identityCheck refuses what the TLS of some runtime would take, in words that reach the user", () => {
  if (!hasOpenssl) return console.log(SKIPPED);
  const rogues = ours();
  const trusted = new X509Certificate(rogues.ca.certificate);
  const checkRogue = identityCheck([new Uint8Array(trusted.raw)]);
  const message = (name: string): string | undefined => {
    const one = [...rogues.good, ...rogues.rogue].find((shown) => shown.name === name);
    const error = checkRogue("localhost", shown((one?.certificate ?? "") + rogues.ca.certificate));
    return error && networkError(new URL("https://localhost:1"), error).message;
  };
  for (const { name } of rogues.good) assert.is(message(name), undefined, name);
  const cannot = "Cannot trust https://localhost:1: its certificate cannot be used (CERT_REJECTED: ";
  const names = "no DNS name is in its subjectAltName, and a common name does not count)";
  const signed = "a certificate in its chain is signed with";
  const key = "the key of a certificate in its chain must not be used: ";
  const expected: Readonly<Record<string, string>> = {
    "without a subjectAltName": names,
    "with an address alone": names,
    "for no server, by its key usage": "its key usage is none of a server's)",
    "signed with SHA-1": `${signed} ecdsa-with-SHA1, which must not be used)`,
    "signed with SHA-1 and RSA": `${signed} sha1WithRSAEncryption, which must not be used)`,
    "under a CA signed with SHA-1": `${signed} ecdsa-with-SHA1, which must not be used)`,
    "RSA of 512 bits": `${key}RSA modulus has 512 bits: at least 2048 are needed)`,
    "RSA of 1024 bits": `${key}RSA modulus has 1024 bits: at least 2048 are needed)`,
    "under a CA with RSA of 1024 bits": `${key}RSA modulus has 1024 bits: at least 2048 are needed)`,
  };
  for (const [name, fault] of Object.entries(expected)) assert.is(message(name), cannot + fault, name);
});

test("identityCheck does not mind how a CA is signed that is trusted", () => {
  if (!hasOpenssl) return console.log(SKIPPED);
  const { rogue, ca: root } = ours();
  const old = rogue.find(({ name }) => name === "under a CA signed with SHA-1");
  const [, between = ""] = old?.certificate.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [];
  const chain = shown(old?.certificate ?? "");
  assert.ok(identityCheck([new X509Certificate(root.certificate).raw])("localhost", chain) instanceof Error);
  assert.is(identityCheck([new X509Certificate(between).raw])("localhost", chain), undefined);
});

test.run();
