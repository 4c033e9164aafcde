import { test } from "uvu";
import * as assert from "uvu/assert";
import { toUtf8 } from "../../../src/bytes.ts";
import {
  conditionOf,
  decodeCreate,
  decodeStored,
  encode,
  fromBase64Pem,
  isOwn,
  timestamp,
  toBase64Pem,
} from "../../../src/k8s/certificate_signing_request.ts";
import { thrown } from "../../fakes.ts";
import { objectJson } from "../../signing.ts";

const REQUEST = btoa("-----BEGIN x");
const decode = (parts: Parameters<typeof objectJson>[1] = {}, version: "v1" | "v1beta1" = "v1") =>
  decodeCreate(toUtf8(objectJson(REQUEST, { version, ...parts })), version, () => "bcdfg");

test("decodeCreate gives what a client may say, and nothing else", () => {
  const request = decode({
    metadata: { labels: { a: "b" }, annotations: { c: "d", "certgen.internal/x": "y" }, uid: "u", finalizers: ["f"] },
    spec: { expirationSeconds: 600, username: "root", groups: ["g"], extra: {} },
    status: { certificate: "eA==" },
  });
  assert.equal(request, {
    version: "v1",
    name: "system:etcd-peer:etcd1",
    labels: { a: "b" },
    annotations: { c: "d" },
    request: "-----BEGIN x",
    usages: ["digital signature", "server auth", "client auth"],
    signerName: "certgen.internal/etcd-peer",
    expirationSeconds: 600,
  });
});

test("decodeCreate of v1beta1 leaves signer name and usages open", () => {
  const { signerName, usages, expirationSeconds, labels, annotations } = decode({}, "v1beta1");
  assert.equal([signerName, usages, expirationSeconds, labels, annotations], Array(5).fill(undefined));
});

test("decodeCreate drops annotations that are all certgen's own", () => {
  assert.is(decode({ metadata: { annotations: { "certgen.internal/serial-number": "01" } } }).annotations, undefined);
});

test("decodeCreate ends a generateName with the suffix, and judges the whole", () => {
  assert.is(decode({ name: undefined, metadata: { generateName: "csr-" } }).name, "csr-bcdfg");
  assert.is(decode({ name: "", metadata: { generateName: "csr-" } }).name, "csr-bcdfg");
  const error = thrown(
    "invalid-object",
    () => decode({ name: undefined, metadata: { generateName: "x".repeat(250) } }),
  );
  assert.is(error.field, "metadata.name");
});

test("decodeCreate fills in kind and apiVersion, and refuses others", () => {
  decode({ kind: undefined, apiVersion: undefined });
  assert.match(
    thrown("malformed-object", () => decode({ kind: "Pod" })).message,
    'Pod in version "v1" cannot be handled as a CertificateSigningRequest',
  );
  assert.match(
    thrown("malformed-object", () => decode({ apiVersion: "certificates.k8s.io/v1beta1" })).message,
    "the API version in the data (certificates.k8s.io/v1beta1) does not match the expected API version " +
      "(certificates.k8s.io/v1)",
  );
});

test("decodeCreate refuses bytes that are no UTF-8 in the request", () => {
  thrown("malformed-object", () => decode({ spec: { request: "/w==" } }));
});

const STORED = {
  kind: "CertificateSigningRequest",
  apiVersion: "certificates.k8s.io/v1",
  metadata: { name: "a" },
  spec: { request: REQUEST },
  status: { conditions: [{ type: "Approved" }] },
};

test("decodeStored reads what encode wrote", () => {
  const object = decodeStored(JSON.stringify(STORED), "a");
  assert.equal(object, STORED);
  assert.equal(decodeStored(encode(object, "v1"), "a"), object);
  assert.ok(encode(object, "v1").endsWith("}\n"));
});

test("decodeStored gives an object without a status an empty one", () => {
  const { status: _, ...bare } = STORED;
  assert.equal(decodeStored(JSON.stringify(bare), "a").status, {});
  assert.equal(decodeStored(JSON.stringify({ ...STORED, status: { conditions: null } }), "a").status.conditions, null);
});

test("decodeStored refuses everything else as io", () => {
  const texts = [
    "",
    "x",
    "{",
    "[]",
    "{}",
    JSON.stringify({ ...STORED, kind: "Pod" }),
    JSON.stringify({ ...STORED, metadata: { name: "b" } }),
    JSON.stringify({ ...STORED, metadata: { name: ["a"] } }),
    JSON.stringify({ ...STORED, metadata: [] }),
    JSON.stringify({ ...STORED, spec: [] }),
    JSON.stringify({ ...STORED, spec: null }),
    JSON.stringify({ ...STORED, status: "x" }),
    JSON.stringify({ ...STORED, status: null }),
    JSON.stringify({ ...STORED, status: { conditions: {} } }),
    JSON.stringify({ ...STORED, status: { conditions: [null] } }),
    JSON.stringify(STORED).slice(0, 50),
    "[".repeat(1000),
  ];
  for (const text of texts) {
    const error = thrown("io", () => decodeStored(text, "a"));
    assert.is(error.message, 'Cannot read stored object "a": it is no CertificateSigningRequest of this name', text);
  }
});

test("only v1 is what the signer stored itself", () => {
  assert.ok(isOwn(decodeStored(JSON.stringify(STORED), "a")));
  for (const apiVersion of ["certificates.k8s.io/v1beta1", "v1", "", undefined, 1]) {
    assert.not.ok(isOwn(decodeStored(JSON.stringify({ ...STORED, apiVersion }), "a")));
  }
});

test("encode writes the version that is asked through", () => {
  const object = decodeStored(JSON.stringify(STORED), "a");
  assert.is(JSON.parse(encode(object, "v1beta1")).apiVersion, "certificates.k8s.io/v1beta1");
});

test("conditionOf finds a condition by type", () => {
  const object = decodeStored(JSON.stringify(STORED), "a");
  assert.is(conditionOf(object, "Approved")?.type, "Approved");
  assert.is(conditionOf(object, "Denied"), undefined);
});

test("base64 of PEM goes both ways", () => {
  assert.is(fromBase64Pem(toBase64Pem("ü\n")), "ü\n");
  for (const text of ["!", "AAA", "/w=="]) thrown("malformed-object", () => fromBase64Pem(text));
});

test("timestamp is RFC 3339 in whole seconds", () => {
  assert.is(timestamp(new Date("2026-03-01T12:00:00.999Z")), "2026-03-01T12:00:00Z");
});

test.run();
