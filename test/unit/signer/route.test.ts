import { test } from "uvu";
import * as assert from "uvu/assert";
import { isInApi, methodsOf, routeOf } from "../../../src/signer/route.ts";
import { apiWorld } from "../../api.ts";
import { objectIn, pathOf, statusIn } from "../../signing.ts";

const GROUP = "/apis/certificates.k8s.io";
const LISTED = `${GROUP}/v1/certificatesigningrequests`;

test("a path leads to the same place with and without a slash at its end", () => {
  for (const path of ["/version", "/readyz", "/api", "/apis", GROUP, `${GROUP}/v1`, LISTED, `${LISTED}/a`]) {
    assert.ok(routeOf(path));
    assert.equal(routeOf(`${path}/`), routeOf(path));
  }
});

test("segments are decoded after they are split, each once", () => {
  const object = (name: string, subresource = "") => ({ to: "object", version: "v1", name, subresource });
  assert.equal(routeOf(`${LISTED}/system:etcd-peer:a`), object("system:etcd-peer:a"));
  assert.equal(routeOf(`${LISTED}/system%3Aetcd-peer%3aa`), object("system:etcd-peer:a"));
  assert.equal(routeOf(`${LISTED}/with%20space`), object("with space"));
  assert.equal(routeOf(`${LISTED}/z%C3%BCrich`), object("zürich"));
  assert.equal(routeOf(`${LISTED}/a%252fb`), object("a%2fb"));
  assert.equal(routeOf(`${LISTED}/a/approval`), object("a", "approval"));
  assert.equal(routeOf(`${LISTED}/approval`), object("approval"));
  assert.is(routeOf(`${LISTED}/a%2fapproval`), undefined);
  assert.is(routeOf(`${LISTED}/..%2f..%2fx`), undefined);
  assert.is(routeOf(`${LISTED}/%ff`), undefined);
  assert.is(routeOf(`${LISTED}/%`), undefined);
  assert.is(routeOf(`${LISTED}//a`), undefined);
  assert.is(routeOf(`/${LISTED}`), undefined);
});

test("only known subresources, versions and groups are routes of their own", () => {
  for (
    const path of [`${LISTED}/a/log`, `${LISTED}/a/status/x`, `${GROUP}/v2/certificatesigningrequests`, "/apis/a/v1/b"]
  ) {
    assert.is(routeOf(path)?.to, "document");
  }
  assert.is(routeOf("/healthz/ping")?.to, "document");
  assert.equal(routeOf("/ca/peer"), { to: "ca", profile: "peer" });
  assert.equal(routeOf("/api/v1/events"), { to: "events" });
});

test("the inside of an API is /api and below our groups", () => {
  for (const path of ["/api", "/api/v1/pods", `${GROUP}/v3`, "/apis/authorization.k8s.io/v1/x"]) {
    assert.ok(isInApi(path));
  }
  for (const path of ["/", "/apix", "/apis/apps/v1", "/apis/certificates.k8s.iox/v1"]) assert.not.ok(isInApi(path));
  assert.equal(methodsOf({ to: "events" }), ["GET"]);
});

test("what is nowhere is a Status inside of an API and text outside", async () => {
  const { admin } = await apiWorld();
  const inside = [
    "/api/v1",
    "/api/v1/pods",
    `${GROUP}/v2`,
    `${GROUP}/v1/pods`,
    `${LISTED}/a/log`,
    `${LISTED}/a%2fb`,
    `${LISTED}/..%2f..%2fx`,
    `${LISTED}/a%2fapproval`,
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    "/apis/authentication.k8s.io/v1alpha1/selfsubjectreviews",
  ];
  for (const path of inside) {
    for (const method of ["GET", "POST", "DELETE"]) {
      const status = await statusIn(await admin.send(method, path), 404);
      assert.equal(status, {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Failure",
        reason: "NotFound",
        code: 404,
        message: "the server could not find the requested resource",
        details: {},
      });
    }
  }
  for (const path of ["/", "/apis/apps", "/apis/apps/v1/deployments", "/metrics", "/ca", "/a%2fb", "/%", "//api"]) {
    const answer = await admin.send("GET", path);
    assert.is(answer.status, 404, path);
    assert.is(answer.headers.get("content-type"), "text/plain; charset=utf-8");
    assert.is(answer.headers.get("x-content-type-options"), "nosniff");
    assert.is(await answer.text(), "404 page not found\n");
  }
});

test("a method that a route has not is 405, with no details", async () => {
  const { admin } = await apiWorld();
  const review = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  const wrong: readonly (readonly [string, readonly string[]])[] = [
    ...["/version", "/api", "/apis", GROUP, `${GROUP}/v1`, "/openapi/v2", "/openapi/v3", "/ca/peer", "/api/v1/events"]
      .map(
        (path) => [path, ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]] as const,
      ),
    ...["/readyz", "/livez", "/healthz"].map((path) => [path, ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]] as const),
    [LISTED, ["HEAD", "PUT", "PATCH", "OPTIONS"]],
    [`${LISTED}/a`, ["HEAD", "POST", "OPTIONS"]],
    [`${LISTED}/a/approval`, ["HEAD", "POST", "DELETE", "OPTIONS"]],
    [`${LISTED}/a/status`, ["HEAD", "POST", "DELETE", "OPTIONS"]],
    [review, ["HEAD", "GET", "PUT", "PATCH", "DELETE", "OPTIONS"]],
  ];
  for (const [path, methods] of wrong) {
    for (const method of methods) {
      const status = await statusIn(await admin.send(method, path), 405);
      assert.is(status.reason, "MethodNotAllowed");
      assert.is(status.message, "the server does not allow this method on the requested resource");
      assert.equal(status.details, {});
    }
  }
});

test("names with colons, spaces, capitals and UTF-8 are reached by their encoded form", async () => {
  const { admin } = await apiWorld();
  for (const name of ["a:b", "with space", "UPPER_case", "zürich-日本", "x".repeat(253)]) {
    const object = await admin.create({ name });
    assert.equal(await objectIn(await admin.send("GET", pathOf("v1", encodeURIComponent(name))), 200), object);
    assert.equal(
      await objectIn(await admin.send("GET", `${pathOf("v1", encodeURIComponent(name))}/approval/`), 200),
      object,
    );
    assert.is((await admin.send("DELETE", pathOf("v1", encodeURIComponent(name)))).status, 200);
    await statusIn(await admin.send("GET", pathOf("v1", encodeURIComponent(name))), 404);
  }
});

test.run();
