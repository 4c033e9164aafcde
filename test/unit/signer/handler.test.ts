import { test } from "uvu";
import * as assert from "uvu/assert";
import { createCa } from "../../../src/ca/create_ca.ts";
import { fromBase64Pem } from "../../../src/k8s/certificate_signing_request.ts";
import { parseCertificate, verifyCertificate } from "../../../src/x509/certificate.ts";
import { fakeClock, MOMENT } from "../../fakes.ts";
import { get, objectIn, objectJson, pathOf, peerRequest, post, statusIn, testSigner } from "../../signing.ts";

const NAME = "system:etcd-peer:etcd1";

for (const version of ["v1", "v1beta1"] as const) {
  test(`POST ${version} answers 201 with the decision and a certificate that verifies`, async () => {
    const { signer, etcd } = await testSigner();
    const request = await peerRequest();
    const response = await post(signer, objectJson(request, { version }), { version });
    const object = await objectIn(response);
    assert.is(object.apiVersion, `certificates.k8s.io/${version}`);
    assert.is(object.metadata.name, NAME);
    assert.match(object.metadata.uid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.is(object.metadata.creationTimestamp, MOMENT);
    assert.is(object.spec.request, request);
    assert.is(object.spec.signerName, "certgen.internal/etcd-peer");
    assert.is(object.spec.username, "system:anonymous");
    assert.equal(object.spec.groups, ["system:unauthenticated"]);
    assert.equal(object.status.conditions, [{
      type: "Approved",
      status: "True",
      reason: "PolicyApproved",
      message: "allowed by anybody (profile etcd-peer)",
      lastUpdateTime: MOMENT,
      lastTransitionTime: MOMENT,
    }]);
    const certificate = parseCertificate(fromBase64Pem(object.status.certificate ?? ""));
    await verifyCertificate(certificate, [etcd.certificate], { at: new Date(MOMENT) });
    assert.equal(certificate.extensions.subjectAltName, [
      { type: "dns", value: "etcd1" },
      { type: "ip", value: "10.8.89.9" },
    ]);
    assert.equal(certificate.extensions.keyUsage, ["digitalSignature"]);
    assert.is(certificate.serialNumber, object.metadata.annotations?.["certgen.internal/serial-number"]);
    assert.is(response.headers.get("cache-control"), "no-cache, private");
    const warning = response.headers.get("warning");
    if (version === "v1") assert.is(warning, null);
    else assert.match(warning ?? "", /^299 - "certificates\.k8s\.io\/v1beta1 CertificateSigningRequest is deprecated/);
  });
}

test("POST v1beta1 without signerName and usages gets the profile's", async () => {
  const { signer } = await testSigner();
  const { spec } = await objectIn(
    await post(signer, objectJson(await peerRequest(), { version: "v1beta1" }), { version: "v1beta1" }),
  );
  assert.equal(spec.usages, ["digital signature", "key encipherment", "server auth", "client auth"]);
});

test("POST takes URL-safe base64 with line feeds, a missing kind and null members, as Go does", async () => {
  const { signer } = await testSigner();
  const request = (await peerRequest()).replaceAll("+", "-").replaceAll("/", "_").replace(/.{60}/g, "$&\r\n");
  const body = objectJson(request, { kind: undefined, apiVersion: undefined, status: null });
  const object = await objectIn(await post(signer, body, { headers: {} }));
  assert.ok(object.status.certificate);
});

test("POST without content-type is taken for JSON; with parameters too", async () => {
  const { signer } = await testSigner();
  const bytes = new TextEncoder().encode(objectJson(await peerRequest()));
  const request = new Request(`https://signer${pathOf("v1")}`, { method: "POST", body: bytes });
  assert.is(request.headers.get("content-type"), null);
  assert.is((await signer.fetch(request)).status, 201);
  const body = objectJson(await peerRequest(), { name: `${NAME}-2` });
  const headers = { "content-type": "Application/JSON; charset=utf-8" };
  assert.is((await post(signer, body, { headers })).status, 201);
});

test("POST with expirationSeconds shortens the certificate's life, and never lengthens it", async () => {
  const { signer } = await testSigner();
  const lifeOf = async (name: string, expirationSeconds: number): Promise<number> => {
    const body = objectJson(await peerRequest(), { name: `${NAME}-${name}`, spec: { expirationSeconds } });
    const object = await objectIn(await post(signer, body));
    assert.is(object.spec.expirationSeconds, expirationSeconds);
    const { notAfter } = parseCertificate(fromBase64Pem(object.status.certificate ?? ""));
    return (notAfter.getTime() - Date.parse(MOMENT)) / 1000;
  };
  assert.is(await lifeOf("short", 600), 600);
  assert.is(await lifeOf("long", 2 ** 31 - 1), 8760 * 3600);
});

test("GET gives the object that POST gave, in either version, however its colons are written", async () => {
  const { signer } = await testSigner();
  const posted = await objectIn(await post(signer, objectJson(await peerRequest())));
  for (const version of ["v1", "v1beta1"] as const) {
    for (const name of [NAME, NAME.replaceAll(":", "%3A"), `${NAME}/`]) {
      const got = await objectIn(await get(signer, pathOf(version, name)), 200);
      assert.equal(got, { ...posted, apiVersion: `certificates.k8s.io/${version}` });
    }
  }
});

test("GET of nothing is a 404 Status that names it", async () => {
  const { signer } = await testSigner();
  const status = await statusIn(await get(signer, pathOf("v1", "nothing")), 404);
  assert.is(status.reason, "NotFound");
  assert.is(status.message, 'certificatesigningrequests.certificates.k8s.io "nothing" not found');
  assert.equal(status.details, { name: "nothing", group: "certificates.k8s.io", kind: "certificatesigningrequests" });
});

test("GET of a name that can be none is no fault of the signer's", async () => {
  const { signer } = await testSigner();
  for (const name of ["%00", "a%25b", "%E2%80%AEx", "x".repeat(254)]) {
    const response = await get(signer, pathOf("v1", name));
    assert.is(response.status, 404, name);
  }
});

test("GET /ca/{profile} gives the CA of the profile, PEM", async () => {
  const { signer, etcd, metric } = await testSigner();
  for (const [profile, ca] of [["etcd-peer", etcd], ["etcd-server", etcd], ["etcd-metric", metric]] as const) {
    const response = await get(signer, `/ca/${profile}`);
    assert.is(response.status, 200);
    assert.is(response.headers.get("content-type"), "application/x-pem-file");
    assert.is(await response.text(), ca.certificate.pem);
  }
  for (const profile of ["etcd", "metric", "__proto__", "constructor", "%2e%2e", "etcd-peer%00"]) {
    const { status } = await get(signer, `/ca/${profile}`);
    assert.is(status, 404, profile);
  }
});

test("GET /ca/{profile} gives the other CAs after the one that issues, while they may be used", async () => {
  const { now } = fakeClock();
  const [etcd, old, ended] = [
    await createCa({ commonName: "new", now }),
    await createCa({ commonName: "old", now }),
    await createCa({ commonName: "ended", now: () => new Date("2010-01-01") }),
  ];
  const issuer = { ...etcd, others: [ended.certificate, old.certificate] };
  const { signer } = await testSigner({ issuers: { etcd: issuer, metric: old } });
  const text = await (await get(signer, "/ca/etcd-peer")).text();
  assert.is(text, etcd.certificate.pem + old.certificate.pem);
  assert.is(await (await get(signer, "/ca/etcd-metric")).text(), old.certificate.pem);
});

test("GET /ca of a profile whose CA the signer lacks is 404", async () => {
  const whole = await testSigner();
  const { signer } = await testSigner({ issuers: { etcd: whole.etcd } });
  assert.is((await get(signer, "/ca/etcd-metric")).status, 404);
});

test("R47 GET and HEAD /readyz say ok, and 503 while a CA is expired", async () => {
  const { signer, setTime } = await testSigner();
  for (const method of ["GET", "HEAD"]) {
    const response = await get(signer, "/readyz", {}, method);
    assert.is(response.status, 200);
    assert.is(response.headers.get("content-type"), "text/plain; charset=utf-8");
    assert.is(response.headers.get("x-content-type-options"), "nosniff");
    if (method === "GET") assert.is(await response.text(), "ok");
  }
  setTime("2046-01-01T00:00:00Z");
  for (const method of ["GET", "HEAD"]) {
    const response = await get(signer, "/readyz", {}, method);
    assert.is(response.status, 503);
    if (method === "GET") {
      assert.match(await response.text(), /^\[\+\]ping ok\n\[-\]ca failed: etcd: .*\nreadyz check failed\n$/);
    }
  }
});

test("R15 a wrong method is 405 on every route", async () => {
  const { signer } = await testSigner();
  const cases: [string, string[]][] = [
    [pathOf("v1"), ["HEAD", "PUT", "PATCH", "OPTIONS"]],
    [pathOf("v1beta1", NAME), ["POST", "HEAD", "OPTIONS"]],
    [`${pathOf("v1", NAME)}/approval`, ["POST", "HEAD", "DELETE", "OPTIONS"]],
    ["/version", ["POST", "HEAD", "PUT", "DELETE"]],
    ["/api/v1/events", ["POST", "HEAD", "DELETE"]],
    ["/ca/etcd-peer", ["POST", "HEAD", "PUT", "DELETE"]],
    ["/readyz", ["POST", "PUT", "DELETE", "OPTIONS"]],
  ];
  for (const [path, methods] of cases) {
    for (const method of methods) {
      const response = await get(signer, path, {}, method);
      assert.is(response.status, 405, `${method} ${path}`);
      if (method === "HEAD") continue;
      const status = await statusIn(response, 405);
      assert.is(status.reason, "MethodNotAllowed");
      assert.equal(status.details, {});
    }
  }
});

test("any other path is 404, and an encoded slash makes no path", async () => {
  const { signer } = await testSigner();
  const collection = pathOf("v1");
  const paths = [
    "/",
    "/readyz2",
    "/readyz/x",
    "/ca",
    "/ca/a/b",
    "/apis/apps/v1/certificatesigningrequests",
    `/${collection}`,
  ];
  for (const path of paths) {
    const response = await get(signer, path);
    assert.is(response.status, 404, path);
    assert.is(response.headers.get("content-type"), "text/plain; charset=utf-8", path);
    assert.is(await response.text(), "404 page not found\n");
  }
  const inApi = [
    "/apis/certificates.k8s.io/v2/certificatesigningrequests",
    "/apis/certificates.k8s.io/v1/nodes",
    "/api/v1/nodes",
    `${collection}/a/b`,
    `${collection}/a/status/x`,
    `${collection}/a%2Fb`,
    `${collection}/..%2f..%2fx`,
    `${collection}//x`,
    `${collection}/%`,
    `${collection}/%ff`,
    "/apis/authorization.k8s.io/v1/selfsubjectreviews",
  ];
  for (const path of inApi) {
    const status = await statusIn(await get(signer, path), 404);
    assert.equal([status.message, status.details], ["the server could not find the requested resource", {}]);
  }
});

test("an Accept header without JSON is 406, on GET and POST", async () => {
  const { signer } = await testSigner();
  await objectIn(await post(signer, objectJson(await peerRequest())));
  for (const accept of ["text/html", "application/yaml", "application/json;as=Pod;v=v1;g=meta.k8s.io", "x, y"]) {
    for (
      const response of [
        await get(signer, pathOf("v1", NAME), { accept }),
        await post(signer, objectJson(await peerRequest(), { name: "other" }), { headers: { accept } }),
      ]
    ) {
      const status = await statusIn(response, 406);
      assert.is(status.reason, "NotAcceptable");
      assert.is(status.message, "only the following media types are accepted: application/json");
    }
  }
  const good = [
    "*/*",
    "application/*",
    "application/json, */*;q=0.8",
    "application/vnd.kubernetes.protobuf,application/json",
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
    "APPLICATION/JSON",
  ];
  for (const accept of good) assert.is((await get(signer, pathOf("v1", NAME), { accept })).status, 200, accept);
});

test("R13 a body of another type is 415", async () => {
  const { signer } = await testSigner();
  const types = ["text/plain", "application/yaml", "application/jsonx", "x"];
  for (const type of types) {
    const status = await statusIn(
      await post(signer, objectJson(await peerRequest()), { headers: { "content-type": type } }),
      415,
    );
    assert.is(status.reason, "UnsupportedMediaType");
    assert.match(status.message, /^the body of the request was in an unknown format/);
  }
});

test.run();
