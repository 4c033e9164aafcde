import { test } from "uvu";
import * as assert from "uvu/assert";
import { fetchedKeys, type JwkSource, localKeys } from "../../../src/auth/jwks.ts";
import { toBase64Url, toUtf8 } from "../../../src/bytes.ts";
import { rejection, thrown } from "../../fakes.ts";
import { issuerKey, keySet } from "../../jwts.ts";

const ec = await issuerKey("ES256", "ec");
const rsa = await issuerKey("RS256", "rsa");
const ed = await issuerKey("EdDSA", "ed");
const fetched = (text: string): JwkSource => fetchedKeys(toUtf8(text));
/** The public RSA key with a modulus of so many bits; it is no key, but has the shape of one. */
const rsaOf = (bits: number) => {
  const octets = new Uint8Array(Math.ceil(bits / 8)).fill(0xff);
  octets[0] = 0xff >> (octets.length * 8 - bits);
  return { ...rsa.publicJwk, n: toBase64Url(octets) };
};

test("a key is found by its id and its algorithm", async () => {
  for (const find of [localKeys, fetched].map((read) => read(keySet(ec.publicJwk, rsa.publicJwk, ed.publicJwk)))) {
    for (const [alg, kid] of [["ES256", "ec"], ["RS256", "rsa"], ["EdDSA", "ed"]] as const) {
      const key = await find({ alg, kid });
      assert.equal([key?.type, key?.usages], ["public", ["verify"]]);
      assert.ok(await find({ alg }), "the one key of this algorithm");
      assert.is(await find({ alg, kid: "other" }), undefined);
    }
    assert.is(await find({ alg: "ES256", kid: "rsa" }), undefined);
    assert.is(await find({ alg: "PS256", kid: "rsa" }), undefined);
    assert.is(await find({ alg: "ES384", kid: "ec" }), undefined);
  }
});

test("a token without an id is nobody's guess where several keys fit", async () => {
  const find = localKeys(keySet(ec.publicJwk, { ...(await issuerKey()).publicJwk, kid: "ec2" }));
  await rejection("malformed-object", find({ alg: "ES256" }));
  assert.ok(await find({ alg: "ES256", kid: "ec2" }));
});

test("symmetric algorithms have no key", async () => {
  const find = localKeys(keySet({ ...rsa.publicJwk, alg: undefined }));
  for (const alg of ["HS256", "none", "", "RSA-OAEP", "toString"]) {
    await rejection("malformed-object", find({ alg, kid: "rsa" }));
  }
  await rejection("malformed-object", find({}));
});

test("a private or symmetric key is refused, in a file and fetched, and not repeated", () => {
  const secrets = [ec.privateJwk, rsa.privateJwk, ed.privateJwk, { kty: "oct", k: "c2VjcmV0" }, {
    kty: "AKP",
    priv: "x",
  }];
  for (const secret of secrets) {
    for (const read of [localKeys, fetched]) {
      const { message } = thrown("malformed-object", () => read(keySet(ec.publicJwk, { ...secret, use: "enc" })));
      assert.match(message, /^Cannot use key set: keys\[1\] is a private or symmetric key/);
      assert.not.match(message, String(secret.d ?? "c2VjcmV0"));
    }
  }
});

test("keys that are weak or broken are refused in a file, and left out of what was fetched", async () => {
  const cases: [object, string][] = [
    [rsaOf(1024), "is RSA of 1024 bits, fewer than 2048"],
    [rsaOf(2047), "is RSA of 2047 bits, fewer than 2048"],
    [rsaOf(8193), "is RSA of 8193 bits, more than 8192"],
    [{ ...rsa.publicJwk, n: "" }, "is RSA of 0 bits"],
    [{ ...rsa.publicJwk, e: "Aw" }, "is RSA with another exponent"],
    [{ ...rsa.publicJwk, n: "+/" }, "cannot be read"],
    [{ ...rsa.publicJwk, n: 7 }, "cannot be read"],
    [{ ...ec.publicJwk, x: "AQAB" }, "has coordinates of a wrong length"],
    [{ ...ec.publicJwk, y: undefined }, "has coordinates of a wrong length"],
    [{ ...ed.publicJwk, x: "AQAB" }, "has coordinates of a wrong length"],
    [{ ...ec.publicJwk, y: ec.publicJwk.x }, "is a point that is not on its curve"],
    [{ ...ec.publicJwk, x: "A".repeat(43), y: "A".repeat(43) }, "is a point that is not on its curve"],
    [{ ...ed.publicJwk, x: `AQ${"A".repeat(41)}` }, "is a point that no key has"],
    [{ ...ec.publicJwk, use: "sig", alg: 7 }, "cannot be read"],
  ];
  for (const [key, why] of cases) {
    const { message } = thrown("malformed-object", () => localKeys(keySet(rsa.publicJwk, key)));
    assert.ok(message.startsWith(`Cannot use key set: keys[1] ${why}`), message);
    const find = fetched(keySet({ ...key, kid: "bad" }, { ...ec.publicJwk, kid: "good" }));
    assert.ok(await find({ alg: "ES256", kid: "good" }));
    for (const alg of ["RS256", "ES256", "EdDSA"]) assert.is(await find({ alg, kid: "bad" }), undefined);
  }
  thrown("malformed-object", () => localKeys(keySet({ ...ec.publicJwk, kid: 7 })));
  for (const bits of [2048, 8192]) localKeys(keySet(rsaOf(bits)));
  // a leading zero octet adds no bits
  thrown("malformed-object", () => localKeys(keySet({ ...rsa.publicJwk, n: `AAAA${rsaOf(2040).n}` })));
});

test("keys for something else are left out; a file needs one that signs, what is fetched can have none", async () => {
  const others = [
    { ...ec.publicJwk, use: "enc" },
    { ...ec.publicJwk, crv: "secp256k1" },
    { ...ed.publicJwk, crv: "X25519" },
    { kty: "AKP", pub: "x" },
    { kty: "__proto__" },
    {},
  ];
  for (const keys of [[], others]) {
    assert.is(
      thrown("malformed-object", () => localKeys(keySet(...keys))).message,
      "Cannot use key set: it has no key that signs",
    );
    assert.is(await fetched(keySet(...keys))({ alg: "ES256", kid: "ec" }), undefined);
  }
  assert.ok(await localKeys(keySet(...others, ec.publicJwk))({ alg: "ES256", kid: "ec" }));
});

test("what is no key set is refused", () => {
  const texts = ["", "null", "[]", "{}", '{"keys":{}}', '{"keys":[null]}', '{"keys":["x"]}', "[".repeat(50_000)];
  for (const text of [...texts, keySet(...Array(101).fill(ec.publicJwk))]) {
    for (const read of [localKeys, fetched]) thrown("malformed-object", () => read(text));
  }
});

test.run();
