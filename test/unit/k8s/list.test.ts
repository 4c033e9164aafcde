import { test } from "uvu";
import * as assert from "uvu/assert";
import { fromBase64Url, fromUtf8, toBase64Url, toUtf8 } from "../../../src/bytes.ts";
import { parseContinue, toContinue } from "../../../src/k8s/list.ts";
import { faultOf } from "../support.ts";

test("toContinue writes the token as kube-apiserver does", () => {
  const token = toContinue({ revision: 211, start: "csr1\0" });
  assert.is(fromUtf8(fromBase64Url(token)), '{"v":"meta.k8s.io/v1","rv":211,"start":"csr1\\u0000"}');
  assert.equal(parseContinue(token), { revision: 211, start: "csr1\0" });
  assert.equal(parseContinue(`${token}==`), { revision: 211, start: "csr1\0" });
});

test("parseContinue refuses tokens that are none", () => {
  const token = (value: unknown) => toBase64Url(toUtf8(JSON.stringify(value)));
  const v = "meta.k8s.io/v1";
  const bad = [
    "!",
    "abc",
    token([]),
    token({}),
    token({ v: "v2", rv: 1, start: "a" }),
    token({ v, rv: 1 }),
    token({ v, rv: 1, start: "" }),
    token({ v, rv: "1", start: "a" }),
    token({ v, rv: 1.5, start: "a" }),
    token({ v, rv: -1, start: "a" }),
    token({ v, rv: 1, start: "a".repeat(5_000) }),
  ];
  for (const one of bad) {
    assert.match(faultOf("malformed-object", () => parseContinue(one)).message, /^continue key is not valid: /);
  }
});

test.run();
