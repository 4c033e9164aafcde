import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Issuers, type Look, lookAt, sameCertificates } from "../../../src/agent/look.ts";
import type { WantedCertificate } from "../../../src/agent/managed.ts";
import type { PairState } from "../../../src/agent/pair.ts";
import { renewalTime } from "../../../src/agent/renewal_time.ts";
import { parseCertificate } from "../../../src/x509/certificate.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { authority, certify, issued, type IssuedTexts, later, type Leaf } from "../../authorities.ts";

const [ca, next] = [await authority("CA"), await authority("next \u202eCA")];
const WANTED: WantedCertificate = {
  profile: "etcd-peer",
  commonName: "n",
  organization: "o",
  dnsNames: ["n"],
  ipAddresses: ["10.0.0.1"],
};

const usual = await issued(ca);
const whole = (texts: IssuedTexts): PairState => ({
  state: "whole",
  pair: { version: "v", caPem: undefined, ...texts },
});

interface Seen {
  readonly wanted?: Partial<WantedCertificate>;
  readonly issuers?: Issuers;
  readonly at?: Date;
}

/** Looks at a pair a moment after it was issued, with its CA trusted, unless said. */
async function look(texts: IssuedTexts, seen: Seen = {}): Promise<Look> {
  const { wanted, issuers = { trusted: [ca.certificate] }, at = later(1) } = seen;
  return await lookAt(whole(texts), { ...WANTED, ...wanted }, issuers, at);
}

/** What is to be done, in few words. */
const brief = ({ state, reason, isDue, isOther }: Look): string =>
  [state, ...isDue ? ["due"] : [], ...isOther ? ["other"] : []].join("+") + (reason && `: ${reason}`);

test("what is missing or broken is due, and has no pair", async () => {
  for (const state of ["missing", "broken"] as const) {
    const found = await lookAt({ state, reason: "because" }, WANTED, { trusted: [ca.certificate] }, later(0));
    assert.equal(found, { state, reason: "because", isDue: true, isOther: false });
  }
});

test("a fresh one carries its pair and the moment of its renewal, and no reason", async () => {
  const found = await look(usual);
  assert.is(brief(found), "fresh");
  assert.is(found.reason, "");
  assert.is(found.pair?.certificate, usual.certificate);
  assert.equal(found.renewAt, await renewalTime(usual.certificate));
});

test("it is due from the moment of its renewal on, and not a moment before", async () => {
  const renewAt = (await renewalTime(usual.certificate)).getTime();
  for (const before of [1000, 1]) assert.is(brief(await look(usual, { at: new Date(renewAt - before) })), "fresh");
  for (const after of [0, 1000, 3_600_000]) {
    assert.is(
      brief(await look(usual, { at: new Date(renewAt + after) })),
      "due+due: it is in the last part of its lifetime",
    );
  }
});

test("it is due until its last second, and expired from the next one on", async () => {
  const { notAfter } = usual.certificate;
  const end = notAfter.getTime();
  for (const at of [end, end + 999]) assert.is((await look(usual, { at: new Date(at) })).state, "due");
  for (const at of [end + 1000, end + 1e10]) {
    assert.is(brief(await look(usual, { at: new Date(at) })), `expired+due: it expired at ${notAfter.toISOString()}`);
  }
});

test("R63 before its time nothing is due: a clock is wrong, and another certificate would come too early as well", async () => {
  const { notBefore } = usual.certificate;
  const text = `broken: it is not valid before ${notBefore.toISOString()}`;
  for (const before of [1, 1000, 1e10]) {
    assert.is(brief(await look(usual, { at: new Date(notBefore.getTime() - before) })), text);
  }
  assert.is((await look(usual, { at: notBefore })).state, "fresh");
  // neither is it where something else is wanted
  const early = await look(usual, { at: new Date(notBefore.getTime() - 1), wanted: { organization: "p" } });
  assert.is(early.isDue, false);
  assert.is(early.isOther, true);
  assert.is((await look(usual, { at: new Date(Number.NaN) })).isDue, false);
});

const DIFFERENCES: [what: string, wanted: Partial<WantedCertificate>, reason: string][] = [
  ["common name", { commonName: "m" }, "its common name is another"],
  ["organization", { organization: "p" }, "its organization is another"],
  ["no organization", { organization: "" }, "its organization is another"],
  ["a DNS name more", { dnsNames: ["n", "m"] }, "it lacks the name DNS:m"],
  ["a DNS name less", { dnsNames: [] }, "it has a name that is not asked for, DNS:n"],
  ["another DNS name", { dnsNames: ["m"] }, "it lacks the name DNS:m"],
  ["an address more", { ipAddresses: ["10.0.0.1", "::1"] }, "it lacks the name IP:::1"],
  ["an address less", { ipAddresses: [] }, "it has a name that is not asked for, IP:10.0.0.1"],
  ["a usage more", { extKeyUsage: ["serverAuth", "clientAuth", "codeSigning"] }, "it lacks the usage codeSigning"],
  ["another kind of key", { keyType: "ec-p384" }, "its key is of another kind"],
  ["a key of another family", { keyType: "rsa-2048" }, "its key is of another kind"],
];

for (const [what, wanted, reason] of DIFFERENCES) {
  test(`it is due, and another, where what is wanted differs: ${what}`, async () => {
    assert.is(brief(await look(usual, { wanted })), `due+due+other: ${reason}`);
    const { notAfter } = usual.certificate;
    const expired = await look(usual, { wanted, at: new Date(notAfter.getTime() + 1000) });
    assert.is(brief(expired), `expired+due+other: it expired at ${notAfter.toISOString()}`);
  });
}

test("what says the same in other words is no difference", async () => {
  const same: Partial<WantedCertificate>[] = [
    { dnsNames: ["N"] },
    { dnsNames: ["n", "n"] },
    { extKeyUsage: ["clientAuth", "serverAuth"] },
    { extKeyUsage: ["serverAuth"] },
    { keyType: "ec-p256" },
    { profile: "other", signerName: "other/x", lifetimeSeconds: 1 },
  ];
  for (const wanted of same) assert.is(brief(await look(usual, { wanted })), "fresh", JSON.stringify(wanted));
});

test("usage and kind of key are those of the certificate", async () => {
  const cases: [Leaf, Partial<WantedCertificate>][] = [
    [{ usages: ["serverAuth"] }, { extKeyUsage: ["serverAuth"] }],
    [{ key: await generateKey("ec-p384", { extractable: true }) }, { keyType: "ec-p384" }],
    [{ key: await generateKey("ed25519", { extractable: true }) }, { keyType: "ed25519" }],
    [{ key: await generateKey("rsa-2048", { extractable: true }) }, { keyType: "rsa-2048" }],
  ];
  for (const [leaf, wanted] of cases) {
    const texts = await issued(ca, leaf);
    assert.is(brief(await look(texts, { wanted })), "fresh", JSON.stringify(wanted));
    assert.is((await look(texts)).isOther, true, JSON.stringify(wanted));
  }
});

test("it is due where another CA issues now, and is none other for that", async () => {
  const trusted = [ca.certificate, next.certificate];
  const found = brief(await look(usual, { issuers: { trusted, issuing: next.certificate } }));
  assert.match(found, /^due\+due: its CA was another than the one that issues now, "CN=next \\+u202eCA"$/);
  assert.is(brief(await look(usual, { issuers: { trusted: [], issuing: next.certificate } })), found);
  const impostor = await authority("CA");
  const issuers = { trusted: [ca.certificate], issuing: impostor.certificate };
  assert.is((await look(usual, { issuers })).state, "due", "same name, another key");
});

test("the CA renewed with the same key is the same CA", async () => {
  const renewed = await certify(ca, ca);
  const crossed = await certify(ca, next);
  for (const one of [renewed, crossed]) {
    assert.is(brief(await look(usual, { issuers: { trusted: [one], issuing: one } })), "fresh");
  }
});

test("it is due where its CA is not among those that are trusted, if any are", async () => {
  const reason = "due+due: its CA is not among those that are trusted here";
  assert.is(brief(await look(usual, { issuers: { trusted: [next.certificate] } })), reason);
  assert.is(brief(await look(usual, { issuers: { trusted: [next.certificate], issuing: ca.certificate } })), reason);
  assert.is(brief(await look(usual, { issuers: { trusted: [next.certificate, ca.certificate] } })), "fresh");
  assert.is(brief(await look(usual, { issuers: { trusted: [] } })), "fresh");
  assert.is(brief(await look(usual, { issuers: { trusted: [], issuing: undefined } })), "fresh");
});

test("a lifetime of 30 seconds is looked at as any other", async () => {
  const short = await issued(ca, { lifetimeSeconds: 30 });
  const states: string[] = [];
  for (let second = -4; second <= 31; second++) {
    const { state } = await look(short, { at: later(second) });
    if (states.at(-1) !== state) states.push(state);
  }
  assert.equal(states, ["broken", "fresh", "due", "expired"]);
});

test("sameCertificates compares bytes, whatever their order", () => {
  const [a, b] = [ca.certificate, next.certificate];
  const again = parseCertificate(a.pem);
  for (const [one, other] of [[[], []], [[a], [again]], [[a, b], [again, b]], [[a, b], [b, a]]]) {
    assert.ok(sameCertificates(one ?? [], other ?? []));
  }
  for (const [one, other] of [[[a], []], [[], [a]], [[a], [b]], [[a], [a, b]], [[a, b], [a]]]) {
    assert.not.ok(sameCertificates(one ?? [], other ?? []));
  }
});

test.run();
