import { test } from "uvu";
import * as assert from "uvu/assert";
import { toHex } from "../../../src/bytes.ts";
import { sha512 } from "../../../src/k8s/discovery.ts";
import { OpenApi } from "../../../src/k8s/openapi.ts";

test("version 2 is the stub that every kubectl takes", async () => {
  const openapi = await OpenApi.create();
  const stub = openapi.get("/openapi/v2", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
  assert.is(stub?.contentType, "application/octet-stream");
  assert.instance(stub?.body, Uint8Array);
  assert.is(
    toHex(stub?.body as Uint8Array),
    "0a03322e3012150a0a4b756265726e65746573120776312e33322e354200",
  );
  const json = openapi.get("/openapi/v2", "application/json");
  assert.is(json?.contentType, "application/json");
  assert.is(JSON.parse(json?.body as string).swagger, "2.0");
});

test("the index of version 3 names each document with its hash", async () => {
  const openapi = await OpenApi.create();
  const { paths } = JSON.parse(openapi.get("/openapi/v3", null)?.body as string);
  assert.equal(Object.keys(paths), ["apis/certificates.k8s.io/v1", "apis/certificates.k8s.io/v1beta1"]);
  for (const [path, { serverRelativeURL }] of Object.entries<{ serverRelativeURL: string }>(paths)) {
    const [url, hash] = serverRelativeURL.split("?hash=");
    assert.is(url, `/openapi/v3/${path}`);
    const document = openapi.get(url ?? "", "application/json");
    assert.is(hash, await sha512(document?.body as string));
    assert.is(document?.etag, `"${hash}"`);
  }
  assert.is(openapi.get("/openapi/v3/apis/other", null), undefined);
  assert.is(openapi.get("/openapi", null), undefined);
});

test("the documents tell kubectl that the server validates fields", async () => {
  const openapi = await OpenApi.create();
  for (const version of ["v1", "v1beta1"]) {
    const path = `/apis/certificates.k8s.io/${version}/certificatesigningrequests`;
    const { paths, components } = JSON.parse(
      openapi.get(`/openapi/v3/apis/certificates.k8s.io/${version}`, null)?.body as string,
    );
    const { patch } = paths[`${path}/{name}`];
    const gvk = { group: "certificates.k8s.io", version, kind: "CertificateSigningRequest" };
    assert.equal(patch["x-kubernetes-group-version-kind"], gvk);
    assert.equal(patch.parameters.map(({ name }: { name: string }) => name), [
      "dryRun",
      "fieldManager",
      "fieldValidation",
      "force",
    ]);
    assert.ok(paths[path].post && paths[path].get && paths[`${path}/{name}/approval`].put);
    const roots = Object.values<Record<string, unknown>>(components.schemas)
      .filter((schema) => "x-kubernetes-group-version-kind" in schema);
    assert.equal(roots.map((schema) => schema["x-kubernetes-group-version-kind"]), [[gvk]]);
  }
});

test("every reference in a document leads to a schema", async () => {
  const openapi = await OpenApi.create();
  const body = openapi.get("/openapi/v3/apis/certificates.k8s.io/v1", null)?.body as string;
  const { components } = JSON.parse(body);
  const references = [...body.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name ?? "");
  assert.ok(references.length > 10);
  for (const name of references) assert.ok(Object.hasOwn(components.schemas, name), name);
});

test.run();
