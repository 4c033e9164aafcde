import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { shapeFault } from "../../../src/config_shape.ts";
import { CONFIG_SCHEMA } from "../../../src/policy/config_schema.ts";
import { configJsonSchema, SCHEMA_FILES } from "../../config_schema.ts";

const RULE = { who: { user: "a" }, mayHave: { profiles: ["p"], commonNames: ["a"] } };
const JWT = { issuer: "https://i", audiences: ["a"], jwksFile: "f", user: { claim: "sub", prefix: "i:" } };
const PROFILE = { name: "p", issuer: "etcd", usages: ["server auth"], lifetime: "1h" };

test("schema/signer.schema.json says what the file takes: npm run docs writes it", () => {
  assert.is(readFileSync(SCHEMA_FILES.signer, "utf8"), configJsonSchema("signer"));
});

test("a file of everything has the right shape, and so has an empty one", () => {
  const all = {
    $schema: "x",
    domain: "certgen.internal",
    issuers: { web: { certificate: "c", key: "k" } },
    profiles: [{
      ...PROFILE,
      subject: { organization: "o", commonNamePrefix: "p:" },
      maxLifetime: "2h",
      keys: ["rsa"],
      maxNames: 0,
      wildcards: true,
      peerEquivalent: false,
      renewFor: "0",
    }],
    rules: [RULE, { ...RULE, name: "n", widen: true, who: [{ group: "g", claim: { a: "b" } }, { token: "t" }] }],
    jwt: [
      { ...JWT, groups: { claim: "g", prefix: "i/" }, claims: ["a"], algorithms: ["ES256"] },
      {
        ...JWT,
        user: { claim: ["a", "b"], prefix: "j:" },
        groups: { claim: ["a"], prefix: "j/" },
        claims: ["a", ["kubernetes.io", "pod", "name"], Array(8).fill("a")],
      },
    ],
    limits: { requestsPerSecond: 0.5, burst: 1, pending: 1, storedBytes: 1 },
    renewal: { grace: "1d" },
  };
  assert.is(shapeFault(all, CONFIG_SCHEMA), undefined);
  assert.is(shapeFault({}, CONFIG_SCHEMA), undefined);
});

/** What is wrong, where it is, and what is said of it. */
const FAULTS: readonly (readonly [unknown, readonly (string | number)[], string])[] = [
  [null, [], "is not a map"],
  [[], [], "is not a map"],
  ["x", [], "is not a map"],
  [{ rule: [] }, ["rule"], "is not known: there are $schema, domain"],
  [{ rules: {} }, ["rules"], "is not a list"],
  [{ rules: null }, ["rules"], "is not a list"],
  [{ rules: [{}] }, ["rules", 0], "lacks who"],
  [{ rules: [{ who: RULE.who }] }, ["rules", 0], "lacks mayHave"],
  [{ rules: [{ ...RULE, mayhave: 1 }] }, ["rules", 0, "mayhave"], "is not known"],
  [{ rules: [{ ...RULE, who: "a" }] }, ["rules", 0, "who"], "is neither a map nor a list of maps"],
  [{ rules: [{ ...RULE, who: [] }] }, ["rules", 0, "who"], "is empty"],
  [{ rules: [{ ...RULE, who: { users: "a" } }] }, ["rules", 0, "who", "users"], "is not known"],
  [{ rules: [{ ...RULE, who: [{ user: "a" }, { user: 1 }] }] }, ["rules", 0, "who", 1, "user"], "is not a text"],
  [{ rules: [{ ...RULE, who: { claim: { a: 1 } } }] }, ["rules", 0, "who", "claim", "a"], "is not a text"],
  [{ rules: [{ ...RULE, widen: "yes" }] }, ["rules", 0, "widen"], "is neither true nor false"],
  [{ rules: Array(1001).fill(RULE) }, ["rules"], "more than 1000 entries"],
  [
    { rules: [{ ...RULE, mayHave: { ...RULE.mayHave, profiles: [] } }] },
    ["rules", 0, "mayHave", "profiles"],
    "is empty",
  ],
  [
    { rules: [{ ...RULE, mayHave: { ...RULE.mayHave, maxLifetime: 90 } }] },
    ["rules", 0, "mayHave", "maxLifetime"],
    "is no duration",
  ],
  [{ issuers: { Web: { certificate: "c", key: "k" } } }, ["issuers", "Web"], "lower-case"],
  [{ issuers: { web: { certificate: "c" } } }, ["issuers", "web"], "lacks key"],
  [{ profiles: [{ ...PROFILE, lifetime: "1 h" }] }, ["profiles", 0, "lifetime"], "is no duration"],
  [{ profiles: [{ ...PROFILE, usages: ["serverAuth"] }] }, ["profiles", 0, "usages", 0], "is none of any, "],
  [{ profiles: [{ ...PROFILE, keys: ["dsa"] }] }, ["profiles", 0, "keys", 0], "is none of ec-p256, "],
  [{ profiles: [{ ...PROFILE, maxNames: 1.5 }] }, ["profiles", 0, "maxNames"], "whole number from 0 to 1000"],
  [{ profiles: [{ ...PROFILE, subject: { organization: "" } }] }, ["profiles", 0, "subject"], ""],
  [{ jwt: [{ ...JWT, audiences: [] }] }, ["jwt", 0, "audiences"], "is empty"],
  [{ jwt: [{ ...JWT, algorithms: ["HS256"] }] }, ["jwt", 0, "algorithms", 0], "is none of RS256"],
  [{ jwt: [{ ...JWT, algorithms: ["none"] }] }, ["jwt", 0, "algorithms", 0], "is none of RS256"],
  [{ jwt: [{ ...JWT, jwksUrl: "http://a" }] }, ["jwt", 0, "jwksUrl"], "https://"],
  ...["", "oidc", "oi dc:", "ö:", ":\n"].map((prefix) =>
    [{ jwt: [{ ...JWT, user: { claim: "sub", prefix } }] }, ["jwt", 0, "user", "prefix"], "does not end with"] as const
  ),
  [{ jwt: [{ ...JWT, claims: [1] }] }, ["jwt", 0, "claims", 0], "is neither a text nor a list of texts"],
  [{ jwt: [{ ...JWT, claims: [[]] }] }, ["jwt", 0, "claims", 0], "is empty"],
  [{ jwt: [{ ...JWT, claims: [["a", ""]] }] }, ["jwt", 0, "claims", 0, 1], "is empty"],
  [{ jwt: [{ ...JWT, claims: [Array(9).fill("a")] }] }, ["jwt", 0, "claims", 0], "has more than 8 entries"],
  [{ jwt: [{ ...JWT, user: { claim: [["a"]], prefix: "j:" } }] }, ["jwt", 0, "user", "claim", 0], "is not a text"],
  [{ jwt: [{ ...JWT, user: { claim: "a\n", prefix: "j:" } }] }, ["jwt", 0, "user", "claim"], "control or format"],
  [{ limits: { requestsPerSecond: 0 } }, ["limits", "requestsPerSecond"], "is not more than 0"],
  [{ limits: { requestsPerSecond: "1" } }, ["limits", "requestsPerSecond"], "is not a number"],
  [{ limits: { burst: 0 } }, ["limits", "burst"], "whole number"],
  [{ limits: { pending: -1 } }, ["limits", "pending"], "whole number"],
  [{ renewal: { grace: "-1h" } }, ["renewal", "grace"], "is no duration"],
];

for (const [value, path, words] of FAULTS) {
  test(`the shape is wrong: ${JSON.stringify(value).slice(0, 100)}`, () => {
    const fault = shapeFault(value, CONFIG_SCHEMA);
    assert.equal(fault?.path, words === "" ? fault?.path : path);
    assert.ok(fault?.why.includes(words), fault?.why);
  });
}

test.run();
