import { test } from "uvu";
import * as assert from "uvu/assert";
import { createCa } from "../../../src/ca/create_ca.ts";
import { etcdProfiles } from "../../../src/ca/etcd.ts";
import { CertgenError } from "../../../src/errors.ts";
import { fromBase64Pem } from "../../../src/k8s/certificate_signing_request.ts";
import type { Files } from "../../../src/ports.ts";
import { createSigner } from "../../../src/signer/create_signer.ts";

import { openDirectory } from "../../../src/requests/directory.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import type { Store } from "../../../src/store/store.ts";
import { parseCertificate, verifyCertificate } from "../../../src/x509/certificate.ts";
import { fakeClock, MOMENT } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";
import { get, objectIn, objectJson, pathOf, peerRequest, post, statusIn, testSigner } from "../../signing.ts";

const NAME = "system:etcd-peer:etcd1";
const SECRET = "secret detail of /var/lib/signer: connection string postgres://u:p@h";

/** A store whose methods all fail. */
function brokenStore(error: () => unknown): Store {
  const fail = (): Promise<never> => Promise.reject(error());
  const watch = async function* (): AsyncGenerator<never> {
    yield await fail();
  };
  return { revision: 0, create: fail, get: fail, update: fail, delete: fail, commit: fail, list: fail, watch };
}

test("an error of the store is a 500 with a fixed text; the log has the rest", async () => {
  const errors = [
    new Error(SECRET),
    new TypeError(SECRET),
    new CertgenError("io", SECRET),
    new CertgenError("unsafe-path", SECRET),
    new CertgenError("rejected", SECRET),
    new CertgenError("timed-out", SECRET),
    new CertgenError("invalid-certificate", SECRET),
    SECRET,
    { message: SECRET },
    null,
  ];
  for (const error of errors) {
    const { signer, lines } = await testSigner({ store: brokenStore(() => error) });
    for (
      const response of [
        await post(signer, objectJson(await peerRequest())),
        await get(signer, pathOf("v1", NAME)),
      ]
    ) {
      const status = await statusIn(response, 500);
      assert.is(status.message, "Internal error: the signer's log says more");
      assert.is(status.reason, "InternalError");
      assert.not.match(JSON.stringify(status), "secret");
      const line = lines.pop();
      assert.is(line?.level, "error");
      if (error instanceof Error) assert.is(line?.facts["because"], SECRET);
    }
  }
});

test("a directory that is gone, and files that are no objects, are the signer's fault: 500", async () => {
  const gone: Files = Object.assign(new MemoryFiles(), {
    create: () => Promise.reject(new CertgenError("not-found", `Cannot create: ${SECRET}`)),
  });
  const { signer } = await testSigner({ store: await openDirectory(gone, "/csrs") });
  await statusIn(await post(signer, objectJson(await peerRequest())), 500);
  const files = new MemoryFiles();
  files.put("/csrs/binary", Uint8Array.of(0xff));
  files.put("/csrs/huge", new Uint8Array((4 << 20) + 1));
  files.put("/csrs/half", objectJson(await peerRequest(), { name: "half" }).slice(0, -20));
  const other = await testSigner({ store: await openDirectory(files, "/csrs") });
  for (const name of ["binary", "huge", "half"]) await statusIn(await get(other.signer, pathOf("v1", name)), 500);
});

test("an authenticator that breaks lets nobody in and tells nobody why", async () => {
  const { signer, lines } = await testSigner({ authenticators: [() => Promise.reject(new Error(SECRET))] });
  const status = await statusIn(await post(signer, objectJson(await peerRequest())), 500);
  assert.not.match(JSON.stringify(status), "secret");
  assert.is(lines.at(-1)?.facts["because"], SECRET);
});

test("a random source that gives nothing is a 500, and nothing is stored", async () => {
  for (const random of [() => new Uint8Array(16), () => new Uint8Array()]) {
    const { signer, store } = await testSigner({ random });
    await statusIn(await post(signer, objectJson(await peerRequest())), 500);
    assert.is(await store.get(NAME), undefined);
  }
});

test("useIssuers goes on with another CA: for new certificates and for GET /ca", async () => {
  const { signer, etcd, metric } = await testSigner();
  const { now } = fakeClock();
  const next = await createCa({ commonName: "next CA", now });
  const first = await objectIn(await post(signer, objectJson(await peerRequest(), { name: "first" })));
  signer.useIssuers({ etcd: next, metric });
  const second = await objectIn(await post(signer, objectJson(await peerRequest(), { name: "second" })));
  const at = { at: new Date(MOMENT) };
  await verifyCertificate(parseCertificate(fromBase64Pem(first.status.certificate ?? "")), [etcd.certificate], at);
  await verifyCertificate(parseCertificate(fromBase64Pem(second.status.certificate ?? "")), [next.certificate], at);
  assert.is(await (await get(signer, "/ca/etcd-peer")).text(), next.certificate.pem);
  signer.useIssuers({});
  assert.is((await get(signer, "/ca/etcd-peer")).status, 404);
});

test("an expired CA is 503 with Retry-After, and nothing is stored", async () => {
  const { signer, store, setTime } = await testSigner();
  for (const time of ["2046-01-01T00:00:00Z", "2016-01-01T00:00:00Z"]) {
    setTime(time);
    for (const version of ["v1", "v1beta1"] as const) {
      const response = await post(signer, objectJson(await peerRequest(), { version }), { version });
      assert.is(response.headers.get("retry-after"), "5");
      const status = await statusIn(response, 503);
      assert.is(status.reason, "ServiceUnavailable");
      assert.is(status.details?.retryAfterSeconds, 5);
      assert.is(await store.get(NAME), undefined);
    }
  }
  // a request that would be denied is denied all the same
  const body = objectJson(await peerRequest(), { spec: { usages: ["code signing"] } });
  assert.is((await objectIn(await post(signer, body))).status.conditions?.[0]?.type, "Denied");
  setTime(MOMENT);
  await objectIn(await post(signer, objectJson(await peerRequest(), { name: `${NAME}-2` })));
});

test("one expired CA does not stop the other", async () => {
  const { now } = fakeClock("2046-01-01T00:00:00Z");
  const etcd = await createCa({ commonName: "fresh CA", now });
  const { metric } = await testSigner();
  const { signer } = await testSigner({ issuers: { etcd, metric }, now });
  assert.ok((await objectIn(await post(signer, objectJson(await peerRequest())))).status.certificate);
  assert.match(await (await get(signer, "/readyz")).text(), /^\[\+\]ping ok\n\[-\]ca failed: metric: /);
});

test("a certificate never outlives its CA", async () => {
  const { now } = fakeClock();
  const etcd = await createCa({ commonName: "short CA", lifetimeSeconds: 86_400, now });
  const { signer } = await testSigner({ issuers: { etcd } });
  const { status } = await objectIn(await post(signer, objectJson(await peerRequest())));
  const { notAfter } = parseCertificate(fromBase64Pem(status.certificate ?? ""));
  assert.equal(notAfter, etcd.certificate.notAfter);
});

test("the domain of signer names is a setting", async () => {
  const { signer } = await testSigner({ domain: "pki.example.org" });
  const ours = objectJson(await peerRequest(), { name: "a", spec: { signerName: "pki.example.org/etcd-peer" } });
  assert.ok((await objectIn(await post(signer, ours))).status.certificate);
  assert.equal((await objectIn(await post(signer, objectJson(await peerRequest(), { name: "b" })))).status, {});
  const beta = objectJson(await peerRequest(), { name: "c", version: "v1beta1" });
  const { spec } = await objectIn(await post(signer, beta, { version: "v1beta1" }));
  assert.is(spec.signerName, "pki.example.org/etcd-peer");
});

test("a signer of defaults works: the machine's clock, WebCrypto's octets, no log", async () => {
  const etcd = await createCa({ commonName: "CA of now" });
  const signer = createSigner({ issuers: { etcd }, profiles: etcdProfiles(), store: new MemoryStore() });
  const { status } = await objectIn(await post(signer, objectJson(await peerRequest())));
  assert.ok(status.certificate);
  assert.is(await (await get(signer, "/readyz")).text(), "ok");
});

test.run();
