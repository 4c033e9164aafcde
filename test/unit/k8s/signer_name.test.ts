import { test } from "uvu";
import * as assert from "uvu/assert";
import { signerNameFaults } from "../../../src/k8s/signer_name.ts";

const faults = (name: string) => signerNameFaults("f", name).map(({ reason, message }) => `${reason} ${message}`);

test("signerNameFaults finds nothing wrong with Kubernetes' names", () => {
  const label = "x".repeat(63);
  const domain = `${label}.${label}.${label}.${"x".repeat(61)}`;
  const names = [
    "kubernetes.io/kube-apiserver-client",
    "certgen.internal/etcd-peer",
    "a.b/c",
    "a.b/c.d-e.0",
    "0-1.b/c",
    `a.b/${"x".repeat(253)}`,
    `${domain}/${label}.${"x".repeat(253)}`,
  ];
  for (const name of names) assert.equal(faults(name), [], name);
});

test("signerNameFaults wants exactly one slash", () => {
  assert.equal(faults(""), ["FieldValueRequired Required value"]);
  for (const name of ["a.b", "a.b/c/d", "//"]) {
    assert.equal(faults(name), [
      `FieldValueInvalid Invalid value: "${name}": must be a fully qualified domain and path of the form ` +
      "'example.com/signer-name'",
    ]);
  }
});

test("signerNameFaults wants a domain of two labels, and a path of lower case", () => {
  assert.equal(faults("internal/x"), [
    'FieldValueInvalid Invalid value: "internal": should be a domain with at least two segments separated by dots',
  ]);
  const cases: [string, RegExp[]][] = [
    ["/c", [/"": validating label "": a lowercase RFC 1123 label must/, /at least two segments/]],
    ["A.b/c", [/"A.b": validating label "A": a lowercase RFC 1123 label must/]],
    ["a..b/c", [/validating label "": a lowercase RFC 1123 label must/]],
    ["-a.b/c", [/validating label "-a"/]],
    ["a-.b/c", [/validating label "a-"/]],
    [" a.b/c", [/validating label " a"/]],
    ["a.b/", [/"": validating label "": a lowercase RFC 1123 subdomain must/]],
    ["a.b/C", [/"C": validating label "C": a lowercase RFC 1123 subdomain must/]],
    ["a.b/c_d", [/validating label "c_d"/]],
    ["a.b/c.", [/validating label ""/]],
    ["a.b/c\n", [/validating label "c\\n"/]],
    // all that is wrong, but of each part only the first piece
    ["A.B/C.D", [/validating label "A"/, /validating label "C"/]],
  ];
  for (const [name, expected] of cases) {
    const found = faults(name);
    assert.is(found.length, expected.length, `${name}: ${found.join("; ")}`);
    for (const [i, one] of expected.entries()) assert.match(found[i] ?? "", one);
  }
});

test("signerNameFaults bounds the lengths of labels, domain, path and the whole", () => {
  const long = (count: number): string => "x".repeat(count);
  assert.match(faults(`${long(64)}.b/c`)[0] ?? "", /must be no more than 63 bytes/);
  assert.match(faults(`a.b/${long(254)}`)[0] ?? "", /must be no more than 253 bytes/);
  const domain = `${`${long(50)}.`.repeat(5)}b`;
  assert.equal(faults(`${domain}/c`), ["FieldValueTooLong Too long: must have at most 253 bytes"]);
  const path = `${long(200)}.${long(200)}.${long(200)}`;
  assert.equal(faults(`a.b/${path}`), ["FieldValueTooLong Too long: must have at most 571 bytes"]);
});

test("signerNameFaults takes no time and says little about long names", () => {
  const started = performance.now();
  for (const name of [`${"a-".repeat(100_000)}/x`, `a.${"a-".repeat(100_000)}/x`, ".".repeat(200_000) + "/"]) {
    assert.ok(faults(name).join().length < 2_000);
  }
  assert.ok(performance.now() - started < 500);
});

test.run();
