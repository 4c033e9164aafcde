import { test } from "uvu";
import * as assert from "uvu/assert";
import { parsePolicyCases } from "../../../src/policy/cases.ts";
import { faultOf } from "../support.ts";

const CASE = "cases:\n  - name: a\n    as: etcd:etcd1\n    expect: allowed\n";
const messageOf = (text: string): string => faultOf("malformed-object", () => parsePolicyCases(text, "c.yaml")).message;

test("cases are read, with what they leave out left out", () => {
  const text =
    `${CASE}    request: { commonName: c, ipAddresses: ["::1"], lifetime: 1h }\n    claims: { a: b, c: [d] }\n`;
  const [one] = parsePolicyCases(text, "c.yaml");
  assert.equal(one, {
    name: "a",
    as: "etcd:etcd1",
    expect: "allowed",
    request: { commonName: "c", ipAddresses: ["::1"], lifetime: "1h" },
    claims: { a: "b", c: ["d"] },
    lifetimeSeconds: 3600,
  });
});

test("what is no case is told with its line", () => {
  const FAULTS: Readonly<Record<string, string>> = {
    "": "is not a map",
    "- name: a": "is not a map",
    "cases: []": "line 1, column 1: cases: is empty",
    [CASE]: "line 2, column 5: cases[0]: needs one of csr and request",
    [`${CASE}    csr: a\n    request: {}\n`]: "needs one of csr and request",
    [`${CASE}    request: { dns: [a] }\n`]: "line 5, column 16: cases[0].request.dns: is not known",
    [`${CASE}    request: { ipAddresses: [10.0.0.0/8] }\n`]:
      'cases[0].request.ipAddresses: "10.0.0.0/8" is no IP address',
    [`${CASE}    request: { lifetime: 0s }\n`]: "cases[0].request.lifetime: ",
    [`${CASE.replace("allowed", "maybe")}    csr: a\n`]: "cases[0].expect: is none of allowed, denied",
    [`${CASE}    csr: a\n    claims: { a: 1 }\n`]: "cases[0].claims.a: is neither a text nor a list",
  };
  for (const [text, words] of Object.entries(FAULTS)) {
    const message = messageOf(text);
    assert.ok(message.startsWith('Cannot use cases "c.yaml": ') && message.includes(words), message);
  }
});

test.run();
