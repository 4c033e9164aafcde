import { sha256Hex } from "../../../src/digest.ts";
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  createProof,
  type CreateProofOptions,
  parseProof,
  type ProofFacts,
  proofMessage,
} from "../../../src/auth/proof.ts";
import { fromHex, fromUtf8, toBase64Url, toUtf8 } from "../../../src/bytes.ts";
import { signCsr } from "../../../src/ca/sign_csr.ts";
import { createCsr } from "../../../src/x509/csr.ts";
import { importPrivateKey, KEY_TYPES } from "../../../src/x509/key.ts";
import { parsePem } from "../../../src/x509/pem.ts";
import { verifySignature } from "../../../src/x509/public_key.ts";
import { rejection, thrown } from "../../fakes.ts";
import { holder, MOMENT_SECONDS, NONCE, PROOF_PATH, proofOptions, rawProof } from "../../proof.ts";
import { ROOT } from "../../runtimes.ts";

const peer = await holder();
const OPTIONS = proofOptions(peer);
const FACTS: ProofFacts = {
  method: "GET",
  path: "/",
  body: toUtf8(""),
  time: 1,
  nonce: NONCE,
  audience: peer.record.issuerKey,
  signerName: "certgen.internal/etcd-peer",
};

async function mistake(promise: Promise<unknown>, because: RegExp): Promise<void> {
  const error: unknown = await promise.then(() => undefined, (error: unknown) => error);
  assert.instance(error, TypeError, String(error));
  assert.match(String(error), because);
}

const refused = (header: string): unknown => thrown("unauthorized", () => parseProof(header));

test("the example in docs/proof.md is what is signed and sent", async () => {
  const text = readFileSync(`${ROOT}docs/proof.md`, "utf8");
  const block = (type: string): string => new RegExp(`\`\`\`${type}\\n([^]*?)\`\`\``).exec(text)?.[1] ?? "";
  const [key = "", certificate = "", ca = ""] = block("pem").match(/-----BEGIN [^]*?-----END [A-Z ]+-----\n/g) ?? [];
  const issuerKey = parsePem(ca, ["PUBLIC KEY"], "key");
  const [, method = "", url = ""] = /^`([A-Z]+) (https:\S+)`/m.exec(text) ?? [];
  const now = () => new Date(/^(2026\S+Z), with the nonce of the octets 00 to 0f/m.exec(text)?.[1] ?? "");
  const [signerName, body, nonce] = [
    "certgen.internal/etcd-peer",
    toUtf8("{}"),
    fromHex("000102030405060708090a0b0c0d0e0f"),
  ];
  assert.match(text, "with the body `{}`");
  const { pathname, search } = new URL(url);
  const message = await proofMessage({
    method,
    path: pathname + search,
    body,
    time: now().getTime() / 1000,
    nonce: toBase64Url(nonce),
    audience: await sha256Hex(issuerKey),
    signerName,
  });
  assert.is(fromUtf8(message), block("text"));
  const pair = await importPrivateKey(key);
  const random = () => nonce;
  const header = await createProof({ certificate, key: pair, issuerKey, signerName, method, url, body, now, random });
  assert.is(`Authorization: ${header}\n`, block("http"));
});

for (const type of KEY_TYPES.filter((type) => type !== "rsa-3072")) {
  test(`a proof by a key of ${type} is read as it was made`, async () => {
    const { certificate, key } = await holder(type, peer.ca);
    const header = await createProof({ ...OPTIONS, certificate: certificate.pem, key });
    const proof = parseProof(header);
    assert.equal(proof?.certificate, certificate.der);
    assert.is(proof?.time, MOMENT_SECONDS);
    assert.is(proof?.nonce.length, 22);
    const { time = 0, nonce = "", signature = toUtf8("") } = proof ?? {};
    const message = await proofMessage({ ...FACTS, path: PROOF_PATH, time, nonce });
    await verifySignature(certificate.publicKey, key.signatureAlgorithm, message, signature, "proof");
  });
}

test("each proof has another nonce, and the time is in whole seconds that have begun", async () => {
  const { random: _, ...rest } = OPTIONS;
  const now = () => new Date("2026-03-01T12:00:00.999Z");
  const proofs = await Promise.all(Array.from({ length: 50 }, () => createProof({ ...rest, now })));
  assert.is(new Set(proofs.map((proof) => parseProof(proof)?.nonce)).size, 50);
  assert.is(parseProof(proofs[0] ?? "")?.time, MOMENT_SECONDS);
  const { now: __, ...least } = rest;
  const { time = 0 } = parseProof(await createProof(least)) ?? {};
  assert.ok(Math.abs(time - Date.now() / 1000) < 60, "the machine's clock");
});

test("what is signed is eight lines, each ended by a line feed", async () => {
  const message = fromUtf8(await proofMessage({ ...FACTS, path: "/a?b", body: toUtf8("abc"), time: 7 }));
  assert.equal(message.split("\n"), [
    "certgen-proof-of-possession-v1",
    "GET",
    "/a?b",
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "7",
    NONCE,
    peer.record.issuerKey,
    "certgen.internal/etcd-peer",
    "",
  ]);
});

test("a part with a control character or half a surrogate pair is a mistake", async () => {
  for (const bad of ["\n", "\r", "\0", "\x1f", "\x7f", "\x85", "\x9f", "\ud800", "\udc00\ud800"]) {
    for (const field of ["method", "path", "nonce", "audience", "signerName"] as const) {
      for (const value of [bad, `${FACTS[field]}${bad}`, `${bad}x`]) {
        await mistake(proofMessage({ ...FACTS, [field]: value }), /control character/);
      }
    }
    await mistake(createProof({ ...OPTIONS, signerName: `a${bad}b` }), /control character/);
    await mistake(createProof({ ...OPTIONS, method: `GET${bad}` }), /not in capitals/);
  }
  assert.ok(await proofMessage({ ...FACTS, signerName: "a\u{1f511}b" }));
});

test("what cannot be a proof is a mistake when it is made", async () => {
  const make = (change: Partial<CreateProofOptions>) => createProof({ ...OPTIONS, ...change });
  for (const method of ["get", "Get", "", "GET ", "GET\r\nX: y"]) await mistake(make({ method }), /not in capitals/);
  await mistake(make({ url: "/relative" }), /URL/);
  await mistake(make({ key: (await holder("ec-p256", peer.ca)).key }), /not that of the certificate/);
  await rejection("malformed-der", make({ certificate: toUtf8("x") }));
  await rejection("malformed-der", make({ certificate: new Uint8Array([...peer.certificate.der, 0]) }));
  await rejection("malformed-pem", make({ certificate: peer.certificate.pem.repeat(2) }));
});

test("a control character in a URL never comes into what is signed", async () => {
  for (const path of ["/a\nb", "/a\r\nb", "/a%0ab", "/a?\n", "/a\0b", "/a?b\x7f"]) {
    const { pathname, search } = new URL(`https://signer${path}`);
    assert.not.match(pathname + search, /\p{Cc}/u);
    await createProof({ ...OPTIONS, url: `https://signer${path}` });
  }
});

test("no header, or one of another scheme, is no proof", async () => {
  const value = (await rawProof(peer)).replace(/^\S+ /, "");
  const others = [null, "", " ", "x", value, `Bearer ${value}`, `Certgen-Proofs ${value}`, `Certgen ${value}`];
  others.push(`Certgen-Proof\t${value}`, `Bearer x, Certgen-Proof ${value}`, `Certgen-Proof,`);
  for (const header of others) assert.is(parseProof(header), null, String(header).slice(0, 40));
});

test("the scheme is in any case, with any number of spaces after it", async () => {
  const header = await rawProof(peer);
  const proof = parseProof(header);
  assert.ok(proof);
  for (const scheme of ["certgen-proof", "CERTGEN-PROOF", "cErTgEn-PrOoF", "Certgen-Proof  "]) {
    assert.equal(parseProof(header.replace("Certgen-Proof", scheme)), proof);
  }
});

test("a header that is not as it must be is refused", async () => {
  const good = await rawProof(peer);
  const [certificate = "", time = "", nonce = "", signature = ""] = good.replace(/^\S+ /, "").split(".");
  const parts = (...parts: string[]): string => `Certgen-Proof ${parts.join(".")}`;
  assert.ok(parseProof(parts(certificate, time, nonce, signature)));
  for (const header of ["Certgen-Proof", "certgen-proof ", "Certgen-Proof  "]) refused(header);
  for (const header of [`${good}, ${good}`, `${good},${good}`, `${good} `, `${good}=`, `${good}.`, `${good}\n`]) {
    refused(header);
  }
  refused(parts(certificate, time, nonce));
  refused(parts("", time, nonce, signature));
  refused(parts(certificate, time, nonce, ""));
  for (const other of ["", "0" + time, "+1", "-1", "1e9", "1.5", "0x10", " 1", "１", "1234567890123"]) {
    refused(parts(certificate, other, nonce, signature));
  }
  const octets = (count: number): string => toBase64Url(new Uint8Array(count));
  for (const count of [0, 1, 15, 33, 64]) refused(parts(certificate, time, octets(count), signature));
  for (const count of [16, 17, 24, 31, 32]) assert.ok(parseProof(parts(certificate, time, octets(count), signature)));
});

test("base64url that is not canonical is refused, in each part", async () => {
  const [certificate = "", time = "", nonce = "", signature = ""] = (await rawProof(peer)).replace(/^\S+ /, "").split(
    ".",
  );
  // the last character of 16 octets holds two bits and four that are not used
  const spoilt = [
    nonce.slice(0, -1) + "B",
    nonce + "=",
    nonce + "==",
    nonce.replace("A", "+"),
    nonce.replace("A", "/"),
  ];
  for (const other of [...spoilt, nonce + "A".repeat(3), ` ${nonce}`, nonce.replace("A", "%")]) {
    refused(`Certgen-Proof ${certificate}.${time}.${other}.${signature}`);
  }
  for (const other of ["AB", "A", "AAAAA", "AA==", "A+AA", "A/AA", "AA A"]) {
    refused(`Certgen-Proof ${other}.${time}.${nonce}.${signature}`);
    refused(`Certgen-Proof ${certificate}.${time}.${nonce}.${other}`);
  }
});

test("a header that is too long is refused, and not made", async () => {
  const rest = `.1.${NONCE}.AAAA`;
  const fits = "A".repeat(4 * Math.floor((12_288 - rest.length) / 4));
  assert.ok(parseProof(`Certgen-Proof ${fits}${rest}`));
  refused(`Certgen-Proof ${fits}AAAA${rest}`);
  for (const long of ["A".repeat(1e6) + rest, " ".repeat(1e6), "A".repeat(1e6), ".".repeat(1e6)]) {
    // the quickest of some, since the machine does other things besides
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      refused(`Certgen-Proof ${long}`);
      return performance.now() - start;
    });
    assert.ok(Math.min(...times) < 50, times.join());
  }
  const dnsNames = Array.from({ length: 100 }, (_, i) => `${"a".repeat(60)}.${"b".repeat(60)}.x${i}`);
  const csr = await createCsr({ key: peer.key, subject: { commonName: "x" }, dnsNames });
  const certificate = (await signCsr(csr.pem, peer.ca, { usages: ["clientAuth"], lifetimeSeconds: 60 })).der;
  await mistake(createProof({ ...OPTIONS, certificate }), /too long/);
});

test.run();
