import { test } from "uvu";
import * as assert from "uvu/assert";
import { toBase64, toUtf8 } from "../../../src/bytes.ts";
import { CertgenError } from "../../../src/errors.ts";
import type { ApiVersion } from "../../../src/k8s/certificate_signing_request.ts";
import { type CreateRequest, decodeCreate, sentName } from "../../../src/k8s/create_request.ts";
import type { JsonObject } from "../../../src/k8s/json.ts";
import { createCsr } from "../../../src/x509/csr.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { faultOf } from "../support.ts";

const { pem } = await createCsr({ key: await generateKey(), subject: { commonName: "etcd1" }, dnsNames: ["etcd1"] });
const REQUEST = toBase64(toUtf8(pem));
const SPEC = { request: REQUEST, signerName: "certgen.internal/etcd-peer", usages: ["client auth"] };

function decode(metadata: JsonObject, spec: JsonObject = {}, version: ApiVersion = "v1"): CreateRequest {
  const object = { metadata: { name: "a", ...metadata }, spec: { ...SPEC, ...spec } };
  return decodeCreate(object, version, { suffix: () => "bcdfg" });
}

/** Field and message of every cause. */
function causes(metadata: JsonObject, spec: JsonObject = {}, version: ApiVersion = "v1"): string[] {
  const { causes = [] } = faultOf("invalid-object", () => decode(metadata, spec, version));
  return causes.map(({ field, message }) => `${field} ${message}`);
}

test("decodeCreate gives what a client may say, and nothing else", () => {
  const owner = { apiVersion: "v1", kind: "Node", name: "n", uid: "1" };
  const { csr, ...request } = decode({
    generateName: "b-",
    labels: { l: "m" },
    annotations: { c: "d", "certgen.internal/x": "y" },
    ownerReferences: [owner],
    finalizers: ["x.io/f"],
    uid: "u",
    namespace: "n",
    generation: 9,
    managedFields: [{}],
  }, { expirationSeconds: 600, username: "root", groups: ["g"], extra: {} });
  assert.equal(request, {
    version: "v1",
    name: "a",
    generateName: "b-",
    labels: { l: "m" },
    annotations: { c: "d" },
    ownerReferences: [owner],
    finalizers: ["x.io/f"],
    request: pem,
    signerName: SPEC.signerName,
    usages: SPEC.usages,
    expirationSeconds: 600,
  });
  assert.equal(csr.extensions.subjectAltName, [{ type: "dns", value: "etcd1" }]);
});

test("decodeCreate of v1beta1 leaves signer name and usages open, but takes no empty list", () => {
  const { signerName, usages } = decode({}, { signerName: null, usages: null }, "v1beta1");
  assert.equal([signerName, usages], [undefined, undefined]);
  assert.is(decode({}, { signerName: "" }, "v1beta1").signerName, undefined);
  assert.equal(causes({}, { usages: [] }, "v1beta1"), ["spec.usages Required value"]);
  assert.equal(causes({}, { signerName: "x" }, "v1beta1").length, 1);
  const odd = ["foo", "client auth", "client auth"];
  assert.equal(decode({}, { usages: odd }, "v1beta1").usages, odd);
  assert.is(decode({}, { signerName: "kubernetes.io/legacy-unknown" }, "v1beta1").signerName?.length, 28);
});

test("decodeCreate drops annotations that are all certgen's own", () => {
  assert.is(decode({ annotations: { "certgen.internal/serial-number": "01" } }).annotations, undefined);
});

test("decodeCreate ends a generateName with the suffix, and judges the whole", () => {
  for (const name of [undefined, null, ""]) {
    const request = decode({ name, generateName: "csr-" });
    assert.equal([request.name, request.generateName], ["csr-bcdfg", "csr-"]);
  }
  const long = causes({ name: "", generateName: "x".repeat(250) });
  assert.equal(long.map((one) => one.split(" ")[0]), ["metadata.name"]);
  assert.equal(causes({ name: "", generateName: "a/" }), [
    "metadata.generateName Invalid value: \"a/\": may not contain '/'",
    "metadata.name Invalid value: \"a/bcdfg\": may not contain '/'",
  ]);
  assert.equal(causes({ generateName: "%" }).length, 1);
});

test("decodeCreate wants a name that can be one", () => {
  assert.equal(causes({ name: undefined }), ["metadata.name Required value: name or generateName is required"]);
  for (const name of [".", "..", "a/b", "a%2fb", "a\u0000", "a\u202eb", "x".repeat(254), "\ud800"]) {
    assert.match(causes({ name }).join(), /^metadata\.name Invalid value: /);
  }
  assert.is(decode({ name: "system:etcd peer:Ü_1" }).name, "system:etcd peer:Ü_1");
});

test("decodeCreate tells every fault at once, in Kubernetes' order", () => {
  const all = causes({
    name: ".",
    labels: { "-a": "b" },
    annotations: { " ": "" },
    ownerReferences: [{ apiVersion: "v1", kind: "", name: "n", uid: "1" }],
    finalizers: ["a b"],
  }, {
    request: toBase64(toUtf8("x")),
    usages: ["client auth", "client auth", "foo"],
    signerName: "x",
    expirationSeconds: 599,
  });
  assert.equal(all.map((one) => one.split(" ")[0]), [
    "metadata.name",
    "metadata.labels",
    "metadata.annotations",
    "metadata.ownerReferences.kind",
    "metadata.finalizers",
    "spec.request",
    "spec.usages[2]",
    "spec.usages[1]",
    "spec.signerName",
    "spec.expirationSeconds",
  ]);
});

test("decodeCreate says what is wrong with a request, and does not repeat it", () => {
  assert.equal(causes({}, { request: null }), ["spec.request Required value"]);
  assert.equal(causes({}, { request: "\n" }), ["spec.request Required value"]);
  const texts = ["x", pem + pem, pem.replace(/M/, "!"), pem.replaceAll("CERTIFICATE REQUEST", "CERTIFICATE")];
  for (const text of [...texts, pem.replace(/\n.{8}/, "\nMAAAAAAA")]) {
    const [cause = "", ...more] = causes({}, { request: toBase64(toUtf8(text)) });
    assert.match(cause, /^spec\.request Invalid value: "<request data>": Cannot read /);
    assert.ok(cause.length < 400);
    assert.equal(more, []);
  }
  assert.match(causes({}, { request: "/w==" }).join(), /not UTF-8/);
});

test("decodeCreate takes the base64 that Go takes, and refuses other with 400", () => {
  // text before the block that makes both characters in which the alphabets differ
  const text = `~~~???\n${pem}`;
  const odd = toBase64(toUtf8(text)).replaceAll("+", "-").replaceAll("/", "_");
  assert.match(odd, /-.*_/);
  assert.is(decode({}, { request: odd.replace(/(.{76})/g, "$1\r\n") }).request, text);
  for (const request of ["!", "AAA", REQUEST + "=", 1, [REQUEST]]) {
    const { message } = faultOf("malformed-object", () => decode({}, { request }));
    assert.match(message, /^Cannot read spec\.request: /);
  }
});

test("decodeCreate of v1 wants known usages once each, and a bounded number of them", () => {
  for (const usages of [undefined, null, []]) assert.equal(causes({}, { usages }), ["spec.usages Required value"]);
  const [unknown = ""] = causes({}, { usages: ["foo"] });
  assert.match(
    unknown,
    /^spec\.usages\[0\] Unsupported value: "foo": supported values: "any", "cert sign", .*"timestamping"$/,
  );
  assert.equal(causes({}, { usages: ["any", "any"] }), ['spec.usages[1] Duplicate value: "any"']);
  for (const version of ["v1", "v1beta1"] as const) {
    const usages = Array(10_000).fill("x");
    assert.equal(causes({}, { usages }, version), ["spec.usages Invalid value: 10000: must be at most 100"]);
  }
});

test("decodeCreate of v1 wants a signer name, and not the legacy one", () => {
  for (const signerName of [undefined, null, ""]) {
    assert.equal(causes({}, { signerName }), ["spec.signerName Required value"]);
  }
  assert.equal(causes({}, { signerName: "kubernetes.io/legacy-unknown" }), [
    'spec.signerName Invalid value: "kubernetes.io/legacy-unknown": ' +
    "the legacy signerName is not allowed via this API version",
  ]);
  assert.match(causes({}, { signerName: "a.b" }).join(), /must be a fully qualified domain and path/);
});

test("decodeCreate wants ten minutes at least, as a 32-bit integer", () => {
  for (const expirationSeconds of [599, 0, -1, -(2 ** 31)]) {
    assert.equal(causes({}, { expirationSeconds }), [
      `spec.expirationSeconds Invalid value: ${expirationSeconds}: ` +
      "may not specify a duration less than 600 seconds (10 minutes)",
    ]);
  }
  assert.is(decode({}, { expirationSeconds: 2 ** 31 - 1 }).expirationSeconds, 2 ** 31 - 1);
  for (const expirationSeconds of [2 ** 31, 600.5, "600"]) {
    faultOf("malformed-object", () => decode({}, { expirationSeconds }));
  }
});

test("decodeCreate refuses a resourceVersion, after what is invalid", () => {
  const { message } = faultOf("malformed-object", () => decode({ resourceVersion: "7" }));
  assert.is(message, "resourceVersion should not be set on objects to be created");
  assert.is(decode({ resourceVersion: "" }).name, "a");
  causes({ resourceVersion: "7", name: "." });
});

test("decodeCreate refuses members of the wrong type with 400, whatever else is wrong", () => {
  const wrong: [JsonObject, JsonObject][] = [
    [{ name: 1 }, {}],
    [{ generateName: {} }, {}],
    [{ labels: { a: 1 } }, {}],
    [{ annotations: [] }, {}],
    [{ finalizers: "f" }, {}],
    [{ ownerReferences: {} }, {}],
    [{ resourceVersion: 7 }, {}],
    [{}, { usages: "any" }],
    [{}, { usages: [1] }],
    [{}, { signerName: {} }],
  ];
  for (const [metadata, spec] of wrong) {
    faultOf("malformed-object", () => decode({ labels: { "-": "-" }, ...metadata }, { expirationSeconds: 1, ...spec }));
  }
  faultOf("malformed-object", () => decodeCreate({ metadata: [] }, "v1", { suffix: () => "" }));
  faultOf("malformed-object", () => decodeCreate({ spec: "x" }, "v1", { suffix: () => "" }));
  faultOf("malformed-object", () => decodeCreate({ kind: "Pod" }, "v1", { suffix: () => "" }));
});

test("decodeCreate passes on what is no fault of the request", () => {
  const suffix = (): string => {
    throw new Error("no random octets");
  };
  const object = { metadata: { generateName: "a" }, spec: SPEC };
  assert.throws(() => decodeCreate(object, "v1", { suffix }), (error: unknown) => !(error instanceof CertgenError));
});

test("sentName finds a name in whatever was sent", () => {
  assert.is(sentName({ metadata: { name: "a/b" } }), "a/b");
  assert.is(sentName({ metadata: { name: "x".repeat(1_000) } })?.length, 253);
  for (const metadata of [undefined, null, 1, [], {}, { name: "" }, { name: 1 }]) {
    assert.is(sentName({ metadata }), undefined);
  }
});

test.run();
