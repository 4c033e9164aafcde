import { test } from "uvu";
import * as assert from "uvu/assert";
import { accepts, bodyFormat, negotiate, negotiateDiscovery, patchType } from "../../../src/k8s/accept.ts";
import { faultOf } from "../support.ts";

const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";

test("negotiate takes the first clause that can be answered", () => {
  const cases: [string | null, string][] = [
    [null, "Object"],
    ["", "Object"],
    ["*/*", "Object"],
    ["application/*", "Object"],
    ["application/json, */*;q=0.8", "Object"],
    ["Application/JSON; charset=utf-8", "Object"],
    ["application/vnd.kubernetes.protobuf,application/json", "Object"],
    [`${TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`, "Table"],
    [`application/json;as=Table;v=v1beta1;g=meta.k8s.io,${TABLE}`, "Table"],
    ['application/json; as="Table"; g="meta.k8s.io"; v="v1"', "Table"],
    [`application/json,${TABLE}`, "Object"],
    ["application/json;as=Unknown;v=v1;g=meta.k8s.io,application/json", "Object"],
    ["application/json;as=Table;v=v1;g=other.io,*/*", "Object"],
    ["application/json;stream=watch", "Object"],
    ["application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "PartialObjectMetadata"],
  ];
  for (const [accept, expected] of cases) assert.is(negotiate(accept, "object"), expected, String(accept));
  const list = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";
  assert.is(negotiate(list, "list"), "PartialObjectMetadataList");
});

test("negotiate refuses what it has no answer for", () => {
  const cases = [
    "application/yaml",
    "text/html",
    "application/vnd.kubernetes.protobuf",
    "application/json;as=Unknown;v=v1;g=meta.k8s.io",
    "application/json;as=Table;v=v2;g=meta.k8s.io",
    "application/json;stream=other",
    ",",
    "json",
    ",".repeat(100_000) + "application/json",
  ];
  for (const accept of cases) {
    const { message } = faultOf("not-acceptable", () => negotiate(accept, "object"));
    assert.is(message, "only the following media types are accepted: application/json");
  }
});

test("negotiate knows metadata of an object from metadata of a list", () => {
  const one = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json";
  const list = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";
  assert.match(faultOf("not-acceptable", () => negotiate(one, "list")).message, "is a list");
  assert.match(faultOf("not-acceptable", () => negotiate(list, "object")).message, "is not a list");
});

test("negotiateDiscovery gives the version that stands first", () => {
  const clause = (v: string) => `application/json;g=apidiscovery.k8s.io;v=${v};as=APIGroupDiscoveryList`;
  assert.is(negotiateDiscovery(`${clause("v2")},${clause("v2beta1")},application/json`), "v2");
  assert.is(negotiateDiscovery(`${clause("v2beta1")},application/json`), "v2beta1");
  assert.is(negotiateDiscovery(`${clause("v3")},application/json`), "legacy");
  assert.is(negotiateDiscovery("application/json, */*"), "legacy");
  assert.is(negotiateDiscovery(null), "legacy");
  faultOf("not-acceptable", () => negotiateDiscovery(clause("v3")));
});

test("accepts finds a word in a media type", () => {
  assert.ok(accepts("application/com.github.proto-openapi.spec.v2@v1.0+protobuf", "proto"));
  assert.not(accepts("application/json;x=proto", "proto"));
  assert.not(accepts(null, "proto"));
});

test("bodyFormat knows JSON and protobuf, and takes nothing for JSON", () => {
  assert.is(bodyFormat(null), "json");
  assert.is(bodyFormat("application/json; charset=utf-8"), "json");
  assert.is(bodyFormat("Application/vnd.kubernetes.protobuf"), "protobuf");
  for (const type of ["application/yaml", "text/plain", "application/jsonx", "application/merge-patch+json"]) {
    assert.match(
      faultOf("unsupported-media-type", () => bodyFormat(type)).message,
      "the body of the request was in an unknown format - accepted media types include: application/json",
    );
  }
});

test("patchType knows the four types and no other", () => {
  assert.is(patchType("application/json-patch+json"), "json");
  assert.is(patchType("application/merge-patch+json; charset=utf-8"), "merge");
  assert.is(patchType("application/strategic-merge-patch+json"), "strategic");
  assert.is(patchType("application/apply-patch+yaml"), "apply");
  for (const type of [null, "", "application/json", "application/apply-patch+cbor"]) {
    const fault = faultOf("unsupported-media-type", () => patchType(type));
    assert.is(fault.message, "415: Unsupported Media Type");
    assert.equal(fault.causes, []);
  }
});

test.run();
