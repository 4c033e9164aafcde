import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError } from "../../../src/errors.ts";
import { checkJwt, claimName, JWT_ALGORITHMS, type JwtFile } from "../../../src/policy/jwt_config.ts";
import { pathText } from "../../../src/yaml_source.ts";

const JWT: JwtFile = { issuer: "https://i", audiences: ["a"], jwksFile: "f", user: { claim: "sub", prefix: "i:" } };
const { jwksFile: _, ...NO_KEYS } = JWT;
const faultOf = (...entries: JwtFile[]): string => {
  try {
    checkJwt(entries, (path, why) => new CertgenError("malformed-object", `${pathText(path)}: ${why}`));
  } catch (error) {
    return error instanceof CertgenError ? error.message : "no CertgenError";
  }
  return "";
};

test("checkJwt takes keys from a file or over https", () => {
  assert.is(faultOf(), "");
  assert.is(
    faultOf(JWT, {
      ...NO_KEYS,
      issuer: "b",
      jwksUrl: "https://b/keys?x=1",
      caFile: "c",
      user: { claim: "sub", prefix: "b:" },
    }),
    "",
  );
});

test("checkJwt refuses what contradicts itself", () => {
  assert.is(faultOf(JWT, JWT), "jwt[1].issuer: is the issuer of an entry before");
  assert.is(faultOf(NO_KEYS), "jwt[0]: needs one of jwksFile and jwksUrl");
  assert.is(faultOf({ ...JWT, jwksUrl: "https://b" }), "jwt[0]: needs one of jwksFile and jwksUrl");
  assert.match(faultOf({ ...JWT, caFile: "c" }), "jwt[0].caFile: ");
  for (const jwksUrl of ["http://b", "https://", "https://u:p@b/", "https://b/#x", "file:///etc/passwd"]) {
    assert.match(faultOf({ ...NO_KEYS, jwksUrl }), "jwt[0].jwksUrl: is no https:// address");
  }
});

test("no claim gives a name of certgen or Kubernetes", () => {
  for (const prefix of ["certgen:", "system:", "system:serviceaccount:", "System:", "CERTGEN:x/"]) {
    assert.match(faultOf({ ...JWT, user: { claim: "sub", prefix } }), "jwt[0].user.prefix: begins with");
    assert.match(faultOf({ ...JWT, groups: { claim: "g", prefix } }), "jwt[0].groups.prefix: begins with");
  }
  assert.is(faultOf({ ...JWT, user: { claim: "sub", prefix: "systems:" } }), "");
});

test("L5 no issuer can give a name of another's", () => {
  const two = (first: string, second: string, group?: string): string =>
    faultOf({ ...JWT, user: { claim: "sub", prefix: first } }, {
      ...JWT,
      issuer: "b",
      user: { claim: "sub", prefix: second },
      ...group === undefined ? {} : { groups: { claim: "g", prefix: group } },
    });
  assert.is(two("a:", "b:", "b:"), "");
  assert.is(two("a:b:", "a:c:"), "");
  assert.is(two("aa:", "a:"), "");
  for (const [first, second] of [["oidc:", "oidc:"], ["a:", "a:b:"], ["a:b:", "a:"], ["a/", "a/b#"]] as const) {
    const message = two(first, second);
    assert.ok(message.startsWith(`jwt[1].user.prefix: "${second}" and "${first}" of jwt[0] begin alike`), message);
  }
  assert.match(two("a:", "b:", "a:x/"), "jwt[1].groups.prefix: ");
  assert.is(faultOf({ ...JWT, groups: { claim: "g", prefix: "i:" } }), "", "one issuer's own names");
});

test("claims are known to rules by one name each", () => {
  assert.is(claimName("a"), "a");
  assert.is(claimName(["kubernetes.io", "pod", "name"]), "kubernetes.io/pod/name");
  assert.is(faultOf({ ...JWT, claims: ["a", ["a", "b"], ["b"]] }), "");
  assert.is(faultOf({ ...JWT, claims: ["a/b", ["a", "b"]] }), 'jwt[0].claims[1]: is a claim before, "a/b"');
  const claims = Array.from({ length: 101 }, (_, i) => `c${i}`);
  assert.is(faultOf({ ...JWT, claims }), "jwt[0].claims: has 101 entries: 100 are possible");
});

test("no algorithm has a shared secret", () => {
  assert.not(JWT_ALGORITHMS.some((name) => name.startsWith("HS") || /none/i.test(name)));
});

test.run();
