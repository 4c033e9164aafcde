import { test } from "uvu";
import * as assert from "uvu/assert";
import { Discovery, GIT_VERSION, sha512 } from "../../../src/k8s/discovery.ts";
import { faultOf } from "../support.ts";

const AGGREGATED = (v: string) => `application/json;g=apidiscovery.k8s.io;v=${v};as=APIGroupDiscoveryList`;
const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

async function read(path: string, accept: string | null = null) {
  const document = (await Discovery.create()).get(path, accept);
  return { ...document, value: JSON.parse(document?.body ?? "null") };
}

test("the legacy documents have the shapes of kube-apiserver", async () => {
  const group = {
    name: "certificates.k8s.io",
    versions: [
      { groupVersion: "certificates.k8s.io/v1", version: "v1" },
      { groupVersion: "certificates.k8s.io/v1beta1", version: "v1beta1" },
    ],
    preferredVersion: { groupVersion: "certificates.k8s.io/v1", version: "v1" },
  };
  assert.equal((await read("/api")).value, { kind: "APIVersions", versions: [], serverAddressByClientCIDRs: [] });
  assert.equal((await read("/apis/certificates.k8s.io")).value, { kind: "APIGroup", apiVersion: "v1", ...group });
  const { value: groups } = await read("/apis", "application/json, */*");
  assert.equal(Object.keys(groups), ["kind", "apiVersion", "groups"]);
  assert.equal(groups.groups.map(({ name }: { name: string }) => name), [
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
  ]);
  assert.equal(groups.groups[2], group);
  const csr = "certificatesigningrequests";
  const part = {
    singularName: "",
    namespaced: false,
    kind: "CertificateSigningRequest",
    verbs: ["get", "patch", "update"],
  };
  for (const version of ["v1", "v1beta1"]) {
    assert.equal((await read(`/apis/certificates.k8s.io/${version}`)).value, {
      kind: "APIResourceList",
      apiVersion: "v1",
      groupVersion: `certificates.k8s.io/${version}`,
      resources: [
        { ...part, name: csr, singularName: "certificatesigningrequest", verbs: VERBS, shortNames: ["csr"] },
        { name: `${csr}/approval`, ...part },
        { name: `${csr}/status`, ...part },
      ],
    });
  }
});

test("every group version that is named has a document", async () => {
  const discovery = await Discovery.create();
  const { groups } = JSON.parse(discovery.get("/apis", null)?.body ?? "");
  for (const { name, versions } of groups) {
    assert.ok(discovery.get(`/apis/${name}`, null));
    for (const { groupVersion } of versions) assert.ok(discovery.get(`/apis/${groupVersion}`, null), groupVersion);
  }
  for (const path of ["/apis/other", "/apis/certificates.k8s.io/v2", "/api/v1", "", "/"]) {
    assert.is(discovery.get(path, null), undefined);
  }
});

test("the aggregated document says the same in one, with an entity tag", async () => {
  for (const version of ["v2", "v2beta1"]) {
    const document = await read("/apis", `${AGGREGATED(version)},application/json`);
    assert.is(document.contentType, AGGREGATED(version));
    assert.is(document.etag, `"${await sha512(document.body ?? "")}"`);
    assert.match(document.etag ?? "", /^"[0-9A-F]{128}"$/);
    assert.equal(document.headers, { vary: "Accept", "cache-control": "public" });
    assert.is(document.value.apiVersion, `apidiscovery.k8s.io/${version}`);
    const responseKind = { group: "", version: "", kind: "CertificateSigningRequest" };
    const verbs = ["get", "patch", "update"];
    const resources = [{
      resource: "certificatesigningrequests",
      responseKind,
      scope: "Cluster",
      singularResource: "certificatesigningrequest",
      verbs: VERBS,
      shortNames: ["csr"],
      subresources: [{ subresource: "approval", responseKind, verbs }, { subresource: "status", responseKind, verbs }],
    }];
    assert.equal(document.value.items[2], {
      metadata: { name: "certificates.k8s.io", creationTimestamp: null },
      versions: ["v1", "v1beta1"].map((one) => ({ version: one, resources, freshness: "Current" })),
    });
    assert.equal((await read("/api", AGGREGATED(version))).value.items, []);
  }
});

test("clients that take neither form are refused, and only where there are two", async () => {
  const discovery = await Discovery.create();
  faultOf("not-acceptable", () => discovery.get("/apis", "text/html"));
  assert.ok(discovery.get("/version", "text/html"));
});

test("the version is one that kubectl's dispatcher and its skew check read", async () => {
  const { value } = await read("/version");
  assert.match(GIT_VERSION, /^v1\.\d+\.\d+$/);
  assert.equal([value.major, value.minor, value.gitVersion], ["1", GIT_VERSION.split(".")[1], GIT_VERSION]);
  for (const key of ["gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform"]) {
    assert.type(value[key], "string");
  }
});

test.run();
