import { test } from "uvu";
import * as assert from "uvu/assert";
import { firstOf } from "../../../src/auth/authenticator.ts";
import { createProof } from "../../../src/auth/proof.ts";
import type { ProofAuthenticatorOptions, ProvableCertificate } from "../../../src/auth/proof_authenticator.ts";
import { type Bytes, fromBase64Url, toBase64Url, toUtf8 } from "../../../src/bytes.ts";
import { createCa } from "../../../src/ca/create_ca.ts";
import { CertgenError } from "../../../src/errors.ts";
import type { Identity } from "../../../src/identity.ts";
import { ecdsaFromDer, ecdsaToDer } from "../../../src/x509/algorithm.ts";
import { generateKey, type KeyType } from "../../../src/x509/key.ts";
import { fakeClock, rejection } from "../../fakes.ts";
import {
  asking,
  type Holder,
  holder,
  MOMENT_SECONDS,
  NONCE,
  PROOF_URL,
  proofOptions,
  type ProofParts,
  proving,
  rawProof,
} from "../../proof.ts";

const peer = await holder();
const IDENTITY: Identity = {
  username: "certgen:cert:etcd-peer:system:etcd-peer:etcd1",
  groups: [],
  proof: "certificate",
  extra: {
    "certgen.internal/certificate": [peer.record.fingerprint],
    "certgen.internal/lineage": [peer.record.lineage],
  },
};

/** What becomes of a proof of the peer's: the identity, or why it was refused; the client is told nothing. */
async function judged(
  parts: ProofParts,
  request: Parameters<typeof asking>[1] = {},
  { record = {}, ...options }: Partial<ProofAuthenticatorOptions> & { record?: Partial<ProvableCertificate> } = {},
): Promise<Identity | string | null> {
  const { authenticate, reasons, nonces } = proving([{ ...peer.record, ...record }], options);
  try {
    return await authenticate(asking(await rawProof(peer, parts), request));
  } catch (error) {
    if (!(error instanceof CertgenError)) throw error;
    assert.equal([error.code, error.message, error.cause], ["unauthorized", "Unauthorized", undefined]);
    assert.is(nonces.size, 0, "no nonce is taken");
    assert.is(reasons.length, 1);
    return reasons[0] ?? "";
  }
}

const BAD_SIGNATURE = "Cannot verify proof of possession: the signature is not valid";

for (const type of ["ec-p256", "ec-p384", "ec-p521", "ed25519", "rsa-2048", "rsa-4096"] as const satisfies KeyType[]) {
  test(`the holder of a certificate is known by its key: ${type}`, async () => {
    const other = await holder(type, peer.ca);
    const { authenticate, calls, nonces } = proving([peer.record, other.record]);
    const authorization = await createProof({ ...proofOptions(other), method: "POST", body: toUtf8("body") });
    const request = asking(authorization, { method: "POST", body: "body" });
    const { fingerprint, lineage } = other.record;
    const extra = { "certgen.internal/certificate": [fingerprint], "certgen.internal/lineage": [lineage] };
    assert.equal(await authenticate(request), { ...IDENTITY, extra });
    assert.equal(calls, ["find", "admit", "burn"]);
    assert.match([...nonces.keys()].join(), /^[0-9a-f]{64}$/);
    assert.not.ok(request.bodyUsed);
    assert.is(await request.text(), "body", "the handler can read it");
    const [certificate, time, nonce, signature = ""] = authorization.split(".");
    const bytes = fromBase64Url(signature);
    for (const spoilt of [bytes.map((octet, i) => i === bytes.length - 1 ? octet ^ 1 : octet), bytes.slice(1)]) {
      const again = [certificate, time, nonce, toBase64Url(spoilt)].join(".");
      await rejection("unauthorized", authenticate(asking(again, { method: "POST", body: "body" })));
    }
    assert.is(nonces.size, 1);
  });
}

test("a request without a proof, or with another credential, is nobody's", async () => {
  const { authenticate, calls } = proving([peer.record]);
  const value = (await rawProof(peer)).replace(/^\S+ /, "");
  assert.is(await authenticate(new Request(PROOF_URL)), null);
  const elsewhere = { "proxy-authorization": await rawProof(peer), cookie: `x=${value}` };
  assert.is(await authenticate(new Request(PROOF_URL, { headers: elsewhere })), null);
  for (const other of [`Bearer ${value}`, value, "Basic eDp5"]) assert.is(await authenticate(asking(other)), null);
  assert.equal(calls, []);
});

test("two credentials in one request are refused, in whatever order", async () => {
  const proof = await rawProof(peer);
  const { authenticate } = proving([peer.record]);
  for (const pair of [[proof, proof], [proof, "Bearer x"], ["Bearer x", proof], [proof, ""]]) {
    const headers = new Headers();
    for (const one of pair) headers.append("authorization", one);
    await rejection("unauthorized", firstOf([authenticate])(new Request(PROOF_URL, { headers })));
  }
});

test("each thing that a proof binds is bound", async () => {
  const foreign = await createCa({ commonName: "test CA", now: fakeClock().now });
  const audience = (await holder("ec-p256", foreign)).record.issuerKey;
  assert.equal(await judged({}), IDENTITY);
  const post = { method: "POST", body: "x" };
  const faults: [what: string, parts: ProofParts, request?: RequestInit][] = [
    ["label", { label: "certgen-proof-of-possession-v2" }],
    ["no label", { label: "" }],
    ["method", { method: "DELETE" }],
    ["method in small letters", { method: "get" }],
    ["HEAD for GET", {}, { method: "HEAD" }],
    ["path", { path: "/apis/y?a=b" }],
    ["query", { path: "/apis/x?a=c" }],
    ["no query", { path: "/apis/x" }],
    ["another way to write the path", { path: "/apis/%78?a=b" }],
    ["the whole URL", { path: PROOF_URL }],
    ["body", { method: "POST", body: toUtf8("y") }, post],
    ["no body", { method: "POST" }, post],
    ["a body that was not sent", { method: "POST", body: toUtf8("x") }, { method: "POST" }],
    ["another CA's key", { audience }],
    ["no CA", { audience: "" }],
    ["signer name", { signerName: "certgen.internal/etcd-server" }],
    ["another key", { key: await generateKey() }],
    ["the CA's key", { key: peer.ca }],
    ["a key of another kind", { key: await generateKey("ed25519") }],
    ["an empty signature", { signature: new Uint8Array(1) }],
    ["a signature of zeros", { signature: ecdsaToDer(new Uint8Array(64)) }],
  ];
  for (const [what, parts, request] of faults) {
    const because = await judged(parts, request);
    assert.is(typeof because, "string", what);
    assert.match(String(because), /signature|Cannot read/, what);
  }
  assert.equal(await judged({ method: "POST", body: toUtf8("x") }, post), IDENTITY);
});

test("time and nonce are those that were signed", async () => {
  const [certificate, , , signature] = (await rawProof(peer)).split(".");
  const other = toBase64Url(new Uint8Array(16));
  for (const [time, nonce] of [[MOMENT_SECONDS + 1, NONCE], [MOMENT_SECONDS, other], [MOMENT_SECONDS, NONCE + "AA"]]) {
    const { authenticate, reasons } = proving([peer.record]);
    await rejection("unauthorized", authenticate(asking([certificate, time, nonce, signature].join("."))));
    assert.equal(reasons, [BAD_SIGNATURE]);
  }
});

test("the time is within the window, to the second, on both sides", async () => {
  const late = "its time is not now";
  for (const [off, known] of [[0, true], [-120, true], [120, true], [-121, false], [121, false]] as const) {
    assert.equal(await judged({ time: MOMENT_SECONDS + off }), known ? IDENTITY : late, String(off));
  }
  assert.equal(await judged({ time: MOMENT_SECONDS - 5 }, {}, { windowSeconds: 5 }), IDENTITY);
  assert.is(await judged({ time: MOMENT_SECONDS - 6 }, {}, { windowSeconds: 5 }), late);
  for (const time of [0, 1, 999_999_999_999]) assert.is(await judged({ time }), late);
  assert.is(await judged({}, {}, { now: () => new Date(NaN) }), late, "a clock that says nothing lets nobody in");
});

test("a proof is good once", async () => {
  const { authenticate, reasons, nonces } = proving([peer.record]);
  const proof = await rawProof(peer);
  assert.equal(await authenticate(asking(proof)), IDENTITY);
  await rejection("unauthorized", authenticate(asking(proof)));
  assert.equal(reasons, ["its nonce was used before"]);
  const until = [...nonces.values()].map((date) => date.getTime() / 1000);
  assert.ok(until.every((end) => end > MOMENT_SECONDS + 120), "it is kept longer than anybody can present it");
  await rejection(
    "unauthorized",
    authenticate(asking(await rawProof(peer, { path: "/other" }), {}, "https://s/other")),
  );
  assert.equal(await authenticate(asking(await rawProof(peer, { nonce: NONCE + "AA" }))), IDENTITY);
});

test("a hundred copies of a proof at once are one", async () => {
  const { authenticate, reasons } = proving([peer.record]);
  const authorization = await rawProof(peer, { method: "POST", body: toUtf8("x") });
  const answers = await Promise.all(Array.from({ length: 100 }, () => {
    return authenticate(asking(authorization, { method: "POST", body: "x" })).catch((error: CertgenError) =>
      error.code
    );
  }));
  assert.is(answers.filter((answer) => answer === "unauthorized").length, 99);
  assert.is(reasons.filter((because) => because === "its nonce was used before").length, 99);
});

test("the other signature that an ECDSA signature can be turned into is of the same proof", async () => {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const proof = await rawProof(peer);
  const raw = ecdsaFromDer(fromBase64Url(proof.split(".")[3] ?? ""), 32);
  const s = order -
    BigInt("0x" + raw.subarray(32).reduce((text, octet) => text + octet.toString(16).padStart(2, "0"), ""));
  raw.set(s.toString(16).padStart(64, "0").match(/../g)?.map((digits) => Number.parseInt(digits, 16)) ?? [], 32);
  const twin = await rawProof(peer, { signature: ecdsaToDer(raw) });
  const { authenticate, reasons } = proving([peer.record]);
  assert.equal(await authenticate(asking(proof)), IDENTITY);
  await rejection("unauthorized", authenticate(asking(twin)));
  assert.equal(reasons, ["its nonce was used before"]);
});

test("nonces of one holder take none from another", async () => {
  const other = await holder("ec-p256", peer.ca);
  const { authenticate } = proving([peer.record, other.record]);
  for (const one of [peer, other]) assert.ok(await authenticate(asking(await rawProof(one))));
});

test("a certificate that is not known here proves nothing, as it stands or with something at its end", async () => {
  const unknown = "its certificate was not issued here to anybody known";
  const { der } = peer.certificate;
  const foreign = await holder("ec-p256", await createCa({ commonName: "test CA", now: fakeClock().now }));
  const others = [new Uint8Array([...der, 0]), der.slice(0, -1), new Uint8Array([0]), foreign.certificate.der];
  for (const certificate of [...others, peer.ca.certificate.der]) assert.is(await judged({ certificate }), unknown);
  assert.is(await judged({ certificate: foreign.certificate.der, key: foreign.key }), unknown);
});

test("a certificate that is known and cannot be read is refused all the same", async () => {
  for (const der of [toUtf8("junk"), new Uint8Array([...peer.certificate.der, 0])]) {
    const odd: Holder = { ...peer, certificate: { ...peer.certificate, der } };
    const { authenticate } = proving([{ ...peer.record, fingerprint: await digest(der) }]);
    await rejection("unauthorized", authenticate(asking(await rawProof(odd))));
  }
});

async function digest(bytes: Bytes): Promise<string> {
  const octets = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

test("a certificate proves from its beginning to the end of its grace time, to the second", async () => {
  const [soon, late] = ["its certificate is not valid yet", "its certificate has expired too long ago"];
  const at = (text: string, graceSeconds = 0) =>
    judged({ time: Math.floor(Date.parse(text) / 1000) }, {}, { now: () => new Date(text), graceSeconds });
  assert.is(peer.record.notBefore.toISOString(), "2026-03-01T11:55:00.000Z");
  assert.is(peer.record.notAfter.toISOString(), "2027-03-01T12:00:00.000Z");
  assert.is(await at("2026-03-01T11:54:59.999Z"), soon);
  assert.equal(await at("2026-03-01T11:55:00Z"), IDENTITY);
  assert.equal(await at("2027-03-01T12:00:00.999Z"), IDENTITY);
  assert.is(await at("2027-03-01T12:00:01Z"), late);
  assert.equal(await at("2027-03-01T13:00:00.999Z", 3600), IDENTITY);
  assert.is(await at("2027-03-01T13:00:01Z", 3600), late);
  const nothing = new Date(NaN);
  assert.is(await judged({}, {}, { record: { notBefore: nothing } }), soon);
  assert.is(await judged({}, {}, { record: { notAfter: nothing } }), late);
});

test("a lineage ends to the second, whatever the grace time", async () => {
  const now = () => new Date("2026-03-01T12:00:00.999Z");
  const at = (renewUntil: string) =>
    judged({}, {}, { now, graceSeconds: 1e9, record: { renewUntil: new Date(renewUntil) } });
  assert.equal(await at("2026-03-01T12:00:00Z"), IDENTITY);
  assert.is(await at("2026-03-01T11:59:59Z"), "its lineage has ended");
  assert.is(await at("no time"), "its lineage has ended");
});

test("a certificate that is revoked proves nothing", async () => {
  assert.is(await judged({}, {}, { record: { isRevoked: true } }), "its certificate is revoked");
});

test("certificates without a common name are not one identity", async () => {
  const { username, groups } = await judged({}, {}, { record: { commonName: "" } }) as Identity;
  assert.is(username, `certgen:cert:etcd-peer#${peer.record.lineage}`);
  assert.equal(groups, []);
});

test.run();
