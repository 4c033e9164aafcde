import { test } from "uvu";
import * as assert from "uvu/assert";
import { concat, toHex } from "../../../src/bytes.ts";
import { defineProfile, type ProfileConfig } from "../../../src/ca/profile.ts";
import { encodeBasicConstraints, encodeExtKeyUsage, encodeKeyUsage } from "../../../src/x509/extension.ts";

const CONFIG: ProfileConfig = {
  name: "web",
  issuer: "web",
  keyUsage: ["digitalSignature", "keyEncipherment"],
  extKeyUsage: ["serverAuth"],
  lifetimeSeconds: 3600,
};

test("defineProfile fills in what is not said", () => {
  const profile = defineProfile(CONFIG);
  assert.is(profile.name, "web");
  assert.is(profile.subject, undefined);
  assert.is(profile.maxNames, 100);
  assert.equal(profile.keys, ["ec-p256", "ec-p384", "ec-p521", "ed25519", "rsa"]);
  assert.equal(defineProfile({ ...CONFIG, maxNames: 0, keys: ["rsa"] }).maxNames, 0);
  const { maxLifetimeSeconds, wildcards, peerEquivalent, renewSeconds } = profile;
  assert.equal([maxLifetimeSeconds, wildcards, peerEquivalent, renewSeconds], [3600, false, false, undefined]);
  const said = { maxLifetimeSeconds: 7200, wildcards: true, peerEquivalent: true, renewSeconds: 0 };
  assert.equal({ ...defineProfile({ ...CONFIG, ...said }), ...said }, defineProfile({ ...CONFIG, ...said }));
});

test("R45 R46 the encoded part is CA:FALSE, key usages, extended usages; keyEncipherment for RSA only", () => {
  const { encoded } = defineProfile(CONFIG);
  const extended = encodeExtKeyUsage(["serverAuth"]);
  const rsa = concat([
    encodeBasicConstraints(false),
    encodeKeyUsage(["digitalSignature", "keyEncipherment"]),
    extended,
  ]);
  assert.is(toHex(concat(encoded.rsa)), toHex(rsa));
  const other = concat([encodeBasicConstraints(false), encodeKeyUsage(["digitalSignature"]), extended]);
  assert.is(toHex(concat(encoded.other)), toHex(other));
});

test("a profile is frozen, and a copy of what it was made from", () => {
  const keyUsage: ["digitalSignature", ...string[]] = ["digitalSignature"];
  const subject = { organization: "o", commonNamePrefix: "p:" };
  const profile = defineProfile({ ...CONFIG, keyUsage: keyUsage as ProfileConfig["keyUsage"], subject });
  keyUsage.push("keyCertSign");
  subject.organization = "system:masters";
  assert.equal(profile.keyUsage, ["digitalSignature"]);
  assert.is(profile.subject?.organization, "o");
  const parts = [
    profile,
    profile.subject,
    profile.keyUsage,
    profile.extKeyUsage,
    profile.keys,
    profile.encoded,
    profile.encoded.rsa,
  ];
  for (const part of parts) assert.ok(Object.isFrozen(part));
});

/** Profiles that cannot be one; each names the profile and the fault. */
const FAULTS: Readonly<Record<string, readonly [Readonly<Record<string, unknown>>, string]>> = {
  "an empty name": [{ name: "" }, "name is not"],
  "capitals": [{ name: "Web" }, "name is not"],
  "a hyphen first": [{ name: "-web" }, "name is not"],
  "a hyphen last": [{ name: "web-" }, "name is not"],
  "a path": [{ name: "../web" }, "name is not"],
  "a long name": [{ name: "a".repeat(64) }, "name is not"],
  "a lifetime of zero": [{ lifetimeSeconds: 0 }, "lifetimeSeconds"],
  "R48 a negative lifetime": [{ lifetimeSeconds: -1 }, "lifetimeSeconds"],
  "a fractional lifetime": [{ lifetimeSeconds: 1.5 }, "lifetimeSeconds"],
  "no lifetime": [{ lifetimeSeconds: Number.NaN }, "lifetimeSeconds"],
  "an endless lifetime": [{ lifetimeSeconds: Number.POSITIVE_INFINITY }, "lifetimeSeconds"],
  "R48 a lifetime of more than ten years": [{ lifetimeSeconds: 10 * 366 * 86_400 + 1 }, "lifetimeSeconds"],
  "a lifetime in text": [{ lifetimeSeconds: "8760h" }, "lifetimeSeconds"],
  "a longest lifetime that is less than the usual one": [{ maxLifetimeSeconds: 3599 }, "less than lifetimeSeconds"],
  "R48 a longest lifetime of more than ten years": [
    { maxLifetimeSeconds: 10 * 366 * 86_400 + 1 },
    "maxLifetimeSeconds",
  ],
  "a longest lifetime that is no number": [{ maxLifetimeSeconds: Number.NaN }, "maxLifetimeSeconds"],
  "a negative time of renewals": [{ renewSeconds: -1 }, "renewSeconds"],
  "a fractional time of renewals": [{ renewSeconds: 0.5 }, "renewSeconds"],
  "R45 keyCertSign": [{ keyUsage: ["digitalSignature", "keyCertSign"] }, "keyUsage is a CA's"],
  "R45 cRLSign": [{ keyUsage: ["cRLSign"] }, "keyUsage is a CA's"],
  "no key usage": [{ keyUsage: [] }, "lacks digitalSignature"],
  "no digital signature": [{ keyUsage: ["keyEncipherment"] }, "lacks digitalSignature"],
  "no extended usage": [{ extKeyUsage: [] }, "extKeyUsage is empty"],
  "no keys": [{ keys: [] }, "is empty"],
  "an unknown key": [{ keys: ["rsa", "dsa"] }, '"dsa" is no key algorithm or usage'],
  "an unknown key usage": [{ keyUsage: ["digital signature"] }, '"digital signature" is no'],
  "R46 an unknown extended usage": [{ extKeyUsage: ["any"] }, '"any" is no'],
  "an inherited word as an extended usage": [{ extKeyUsage: ["constructor"] }, '"constructor" is no'],
  "no number of names": [{ maxNames: Number.NaN }, "maxNames"],
  "a negative number of names": [{ maxNames: -1 }, "maxNames"],
  "an empty organization": [{ subject: { organization: "", commonNamePrefix: "a" } }, "subject has an empty part"],
  "an empty prefix": [{ subject: { organization: "a", commonNamePrefix: "" } }, "subject has an empty part"],
};

for (const [name, [change, words]] of Object.entries(FAULTS)) {
  test(`defineProfile refuses ${name}`, () => {
    const config = { ...CONFIG, ...change } as ProfileConfig;
    assert.throws(() => defineProfile(config), (error: unknown) => {
      assert.instance(error, TypeError);
      const { message } = error as TypeError;
      assert.ok(message.startsWith(`Cannot use profile ${JSON.stringify(config.name)}: `), message);
      assert.ok(message.includes(words), message);
      return true;
    });
  });
}

test("defineProfile takes the shortest and the longest lifetime", () => {
  for (const lifetimeSeconds of [1, 10 * 366 * 86_400]) {
    assert.is(defineProfile({ ...CONFIG, lifetimeSeconds }).lifetimeSeconds, lifetimeSeconds);
  }
});

test.run();
