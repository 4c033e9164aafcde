import { test } from "uvu";
import * as assert from "uvu/assert";
import { KubernetesApi, type KubernetesOptions } from "../kubernetes_api.ts";
import { objectJson, pathOf, peerRequest, rawRequest } from "../signing.ts";

const AGENT = {
  token: "agent.token",
  username: "system:serviceaccount:etcd:certgen-agent",
  verbs: ["create", "get", "watch"],
};

/** What a server answers. */
async function codeOf(options: Partial<KubernetesOptions>, request: Request): Promise<[number, string]> {
  const api = new KubernetesApi({ users: [AGENT], ...options });
  const answer = await api.handler(request);
  return [answer.status, await answer.text()];
}

function ask(method: string, path: string, body?: string, more: Record<string, string> = {}): Request {
  const headers = { authorization: `Bearer ${AGENT.token}`, "content-type": "application/json", ...more };
  return new Request(`https://api${path}`, { method, headers, ...body === undefined ? {} : { body } });
}

test("KubernetesApi refuses what kube-apiserver refuses", async () => {
  const good = await peerRequest();
  const tampered = btoa(atob(good).replace(/(.)\n-----END/, (_, end) => `${end === "A" ? "B" : "A"}\n-----END`));
  const bodies: [number, string, Record<string, unknown>][] = [
    [201, "", {}],
    [201, "", { spec: { expirationSeconds: 600 } }],
    [422, "spec.signerName", { spec: { signerName: undefined } }],
    [422, "spec.signerName", { spec: { signerName: "certgen/etcd-peer" } }],
    [422, "spec.signerName", { spec: { signerName: "certgen.internal" } }],
    [422, "spec.signerName", { spec: { signerName: "certgen.internal/a/b" } }],
    [422, "spec.signerName", { spec: { signerName: "kubernetes.io/legacy-unknown" } }],
    [422, "spec.usages", { spec: { usages: undefined } }],
    [422, "spec.usages", { spec: { usages: [] } }],
    [422, "spec.usages[0]", { spec: { usages: ["serverAuth"] } }],
    [422, "spec.usages[1]", { spec: { usages: ["any", "any"] } }],
    [422, "spec.expirationSeconds", { spec: { expirationSeconds: 599 } }],
    [400, "", { spec: { expirationSeconds: "600" } }],
    [422, "spec.request", { spec: { request: "" } }],
    [422, "spec.request", { spec: { request: btoa(atob(good) + atob(good)) } }],
    [422, "spec.request", { spec: { request: btoa(atob(good).replaceAll("CERTIFICATE REQUEST", "CERTIFICATE")) } }],
    [422, "spec.request", { spec: { request: tampered } }],
    [400, "", { spec: { request: "no base64!" } }],
    [422, "metadata.name", { name: "a/b" }],
    [422, "metadata.name", { name: "a%b" }],
    [422, "metadata.name", { name: ".." }],
    [422, "metadata.name", { name: "" }],
    [400, "", { apiVersion: "certificates.k8s.io/v1beta1" }],
  ];
  for (const [code, field, parts] of bodies) {
    const [status, text] = await codeOf({}, ask("POST", pathOf("v1"), objectJson(good, parts)));
    assert.is(status, code, JSON.stringify(parts) + text);
    if (field) assert.is(JSON.parse(text).details.causes[0].field, field);
  }
  const odd = objectJson(await rawRequest({ rdns: [] }));
  assert.is((await codeOf({}, ask("POST", pathOf("v1"), odd)))[0], 201, "the subject is the signer's business");
  const lies = {
    status: { certificate: "eA==", conditions: [{ type: "Approved" }] },
    spec: { username: "system:admin" },
  };
  const [, text] = await codeOf({}, ask("POST", pathOf("v1"), objectJson(good, lies)));
  assert.equal([JSON.parse(text).status, JSON.parse(text).spec.username], [{}, AGENT.username]);
});

test("KubernetesApi knows its users, and tells nobody of paths", async () => {
  const body = objectJson(await peerRequest());
  const asked: [number, Request, Partial<KubernetesOptions>][] = [
    [401, ask("POST", pathOf("v1"), body, { authorization: "Bearer another" }), { anonymous: true }],
    [401, ask("POST", pathOf("v1"), body, { authorization: "Certgen-Proof x" }), {}],
    [403, ask("POST", pathOf("v1"), body, { authorization: "Certgen-Proof x" }), { anonymous: true }],
    [401, new Request(`https://api${pathOf("v1")}`), {}],
    [403, ask("GET", "/ca/etcd-peer"), {}],
    [403, ask("GET", pathOf("v1")), {}],
    [403, ask("DELETE", pathOf("v1", "a")), {}],
    [404, ask("GET", pathOf("v1", "a")), {}],
    [404, ask("POST", pathOf("v1beta1"), body), {}],
    [415, ask("POST", pathOf("v1"), body, { "content-type": "application/yaml" }), {}],
    [400, ask("GET", `${pathOf("v1")}?watch=true&fieldSelector=spec.request%3Dx`), {}],
  ];
  for (const [code, request, options] of asked) {
    const [status] = await codeOf(options, request);
    assert.is(status, code, `${request.method} ${request.url}`);
  }
});

test.run();
