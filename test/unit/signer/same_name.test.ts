import { test } from "uvu";
import * as assert from "uvu/assert";
import { tokenAuthenticator } from "../../../src/auth/token.ts";
import { fromBase64Pem } from "../../../src/k8s/certificate_signing_request.ts";
import { parseCertificate } from "../../../src/x509/certificate.ts";
import { get, objectIn, objectJson, pathOf, peerRequest, post, statusIn, testSigner } from "../../signing.ts";

const NAME = "system:etcd-peer:etcd1";
const BETA = { version: "v1beta1" } as const;

test("R3 v1: the same name again is 409 AlreadyExists, whatever is asked for, and what is stored stays", async () => {
  const { signer } = await testSigner();
  const request = await peerRequest();
  const first = await objectIn(await post(signer, objectJson(request)));
  for (const again of [request, await peerRequest()]) {
    const status = await statusIn(await post(signer, objectJson(again)), 409);
    assert.is(status.reason, "AlreadyExists");
    assert.is(status.message, `certificatesigningrequests.certificates.k8s.io "${NAME}" already exists`);
    assert.is(status.details?.name, NAME);
  }
  assert.equal(await objectIn(await get(signer, pathOf("v1", NAME)), 200), first);
});

test("R3 v1beta1: equal bytes are answered with the stored object, and issue nothing", async () => {
  const { signer, lines } = await testSigner();
  const body = objectJson(await peerRequest(), BETA);
  const first = await objectIn(await post(signer, body, BETA));
  lines.length = 0;
  assert.equal(await objectIn(await post(signer, body, BETA)), first);
  assert.equal(lines, []);
});

test("R3 v1beta1: other bytes replace what the same agent made through v1beta1", async () => {
  const { signer } = await testSigner();
  const first = await objectIn(await post(signer, objectJson(await peerRequest(), BETA), BETA));
  const request = await peerRequest();
  const second = await objectIn(await post(signer, objectJson(request, BETA), BETA));
  assert.is(second.spec.request, request);
  assert.is.not(second.metadata.uid, first.metadata.uid);
  const serialOf = (object: typeof first): string =>
    parseCertificate(fromBase64Pem(object.status.certificate ?? "")).serialNumber;
  assert.is.not(serialOf(second), serialOf(first));
  assert.equal(await objectIn(await get(signer, pathOf("v1beta1", NAME)), 200), second);
});

test("v1beta1: a denied object is replaced by a better request, and the other way round", async () => {
  const { signer } = await testSigner();
  const bad = objectJson(await peerRequest(), { ...BETA, spec: { usages: ["code signing"] } });
  const good = objectJson(await peerRequest(), BETA);
  for (const [body, type] of [[bad, "Denied"], [good, "Approved"], [bad, "Denied"]] as const) {
    const object = await objectIn(await post(signer, body, BETA));
    assert.is(object.status.conditions?.[0]?.type, type);
    assert.is(object.status.certificate !== undefined, type === "Approved");
  }
});

test("R3 v1beta1: what was made through v1 is 409", async () => {
  const { signer } = await testSigner();
  const request = await peerRequest();
  const first = await objectIn(await post(signer, objectJson(request)));
  for (const again of [request, await peerRequest()]) {
    await statusIn(await post(signer, objectJson(again, BETA), BETA), 409);
  }
  assert.equal(await objectIn(await get(signer, pathOf("v1", NAME)), 200), first);
});

test("v1: what was made through v1beta1 is 409, and an annotation cannot make it replaceable", async () => {
  const { signer } = await testSigner();
  await objectIn(await post(signer, objectJson(await peerRequest(), BETA), BETA));
  await statusIn(await post(signer, objectJson(await peerRequest())), 409);
  const annotations = { "certgen.internal/created-through": "v1beta1" };
  const name = `${NAME}-2`;
  await objectIn(await post(signer, objectJson(await peerRequest(), { name, metadata: { annotations } })));
  await statusIn(await post(signer, objectJson(await peerRequest(), { ...BETA, name }), BETA), 409);
});

test("R3 v1beta1: another identity's object is 409", async () => {
  const identity = (username: string) => ({ username, groups: [], proof: "bootstrap-token" as const });
  const authenticators = [tokenAuthenticator([
    { token: "a", identity: identity("a") },
    { token: "b", identity: identity("b") },
  ])];
  const { signer } = await testSigner({ authenticators });
  const request = await peerRequest();
  const as = (token: string) => ({ ...BETA, headers: { authorization: `Bearer ${token}` } });
  const first = await objectIn(await post(signer, objectJson(request, BETA), as("a")));
  // not even equal bytes show it to somebody else
  for (const again of [request, await peerRequest()]) {
    const status = await statusIn(await post(signer, objectJson(again, BETA), as("b")), 409);
    assert.not.match(JSON.stringify(status), first.status.certificate ?? "certificate");
  }
  const got = await objectIn(await get(signer, pathOf("v1beta1", NAME), as("a").headers), 200);
  assert.equal(got, first);
  await objectIn(await post(signer, objectJson(await peerRequest(), BETA), as("a")));
});

/** What the older system left in its directory. */
async function legacy(status: unknown = {}): Promise<{ text: string; request: string }> {
  const request = await peerRequest();
  const object = {
    kind: "CertificateSigningRequest",
    apiVersion: "certificates.k8s.io/v1beta1",
    metadata: { name: NAME, creationTimestamp: null },
    spec: { request },
    status,
  };
  return { text: JSON.stringify(object), request };
}

test("a legacy file is shown in open mode, never signed and never replaced", async () => {
  const sent = { conditions: [{ type: "Approved", lastUpdateTime: null }] };
  // as v1 has it
  const shown = { conditions: [{ type: "Approved", status: "True" }] };
  const certificate = { certificate: "eA==" };
  for (
    const [status, expected] of [[{}, {}], [sent, shown], [{ ...sent, ...certificate }, { ...shown, ...certificate }]]
  ) {
    const { signer, store, lines } = await testSigner();
    const { text, request } = await legacy(status);
    const { revision } = await store.create(NAME, () => text);
    for (const beta of ["v1", "v1beta1"] as const) {
      const object = await objectIn(await get(signer, pathOf(beta, NAME)), 200);
      assert.is(object.apiVersion, `certificates.k8s.io/${beta}`);
      assert.equal(object.status, expected);
      for (const again of [request, await peerRequest()]) {
        await statusIn(await post(signer, objectJson(again, { version: beta }), { version: beta }), 409);
      }
    }
    assert.is((await store.get(NAME))?.revision, revision);
    assert.not.ok(lines.some(({ message }) => message === "certificate issued"));
  }
});

test("a legacy file is nobody's in a closed signer, whatever it says of itself", async () => {
  const identity = { username: "system:admin", groups: [], proof: "token" as const };
  const admin = { username: "x", groups: ["certgen:admins"], proof: "token" as const };
  const authenticators = [tokenAuthenticator([{ token: "a", identity }, { token: "b", identity: admin }])];
  const { signer, store } = await testSigner({ authenticators });
  const object = JSON.parse((await legacy()).text) as { spec: Record<string, unknown> };
  object.spec["username"] = "system:admin";
  await store.create(NAME, () => JSON.stringify(object));
  await statusIn(await get(signer, pathOf("v1", NAME), { authorization: "Bearer a" }), 403);
  await objectIn(await get(signer, pathOf("v1", NAME), { authorization: "Bearer b" }), 200);
});

test("a legacy file whose status was sent by its requester is shown as it is, and no more", async () => {
  const { signer, store } = await testSigner();
  const annotations = {
    "certgen.internal/serial-number": "01".repeat(16),
    "certgen.internal/created-through": "v1beta1",
  };
  const object = JSON.parse((await legacy({ conditions: [{ type: "Approved", status: "True" }] })).text) as {
    metadata: Record<string, unknown>;
    spec: Record<string, unknown>;
  };
  object.spec["username"] = "system:anonymous";
  object.metadata["annotations"] = annotations;
  await store.create(NAME, () => JSON.stringify(object));
  assert.is((await objectIn(await get(signer, pathOf("v1", NAME)), 200)).status.certificate, undefined);
  for (const again of [object.spec["request"], await peerRequest()]) {
    await statusIn(await post(signer, objectJson(again, BETA), BETA), 409);
  }
});

test.run();
