import { test } from "uvu";
import * as assert from "uvu/assert";
import { apiWorld } from "../../api.ts";
import { objectJson, pathOf, peerRequest, sharedKey } from "../../signing.ts";
import { fakeTimers } from "../../timers.ts";

const SEED = 20_260_301;
const ROUNDS = 4000;

/** xorshift32: every run the same. */
function dice(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "PATCH", "PUT", "HEAD", "OPTIONS", "BREW"];
const PATHS = [
  ...(["v1", "v1beta1"] as const).flatMap((version) => [
    pathOf(version),
    ...["a", "b", "c", "%ff", "a%2f..", "..", "%E2%80%AE", "x".repeat(300)].map((name) => pathOf(version, name)),
    ...["approval", "status", "log"].map((sub) => `${pathOf(version, "a")}/${sub}`),
  ]),
  "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
  "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
  "/apis/authentication.k8s.io/v1/selfsubjectreviews",
  "/api/v1/events",
  "/version",
  "/apis",
  "/openapi/v3",
  "/ca/etcd-peer",
  "/ca/__proto__",
  "/readyz",
  "//",
];
const NEAR = ["a", "a", "b", "a/status", "a/approval"];
const TYPES = [
  "application/json",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
  "application/vnd.kubernetes.protobuf",
  "text/plain",
  ";;;",
];
const ACCEPTS = [
  "*/*",
  "application/json",
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "text/html",
  ",,;=",
  "",
];
const QUERIES = [
  "",
  "fieldManager=me",
  "dryRun=All",
  "dryRun=x",
  "fieldValidation=Strict",
  "fieldValidation=%00",
  "limit=1",
  "limit=-9",
  "limit=x",
  "continue=%ff",
  "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIvIn0",
  "labelSelector=a%20in%20(",
  "fieldSelector=%5C",
  "resourceVersion=99999999999999999999",
  "resourceVersion=1&resourceVersionMatch=Exact",
  "watch=1&timeoutSeconds=1",
  "watch=1&resourceVersion=1",
  "includeObject=%20",
  "pretty=true",
  "propagationPolicy=x",
  "__proto__=1",
];
const KEYS = [
  "metadata",
  "spec",
  "status",
  "name",
  "kind",
  "apiVersion",
  "labels",
  "annotations",
  "finalizers",
  "ownerReferences",
  "uid",
  "resourceVersion",
  "conditions",
  "certificate",
  "request",
  "usages",
  "signerName",
  "expirationSeconds",
  "type",
  "reason",
  "lastUpdateTime",
  "generation",
  "__proto__",
  "constructor",
  "$patch",
  "op",
  "path",
  "value",
  "from",
];
const VALUES: readonly unknown[] = [
  null,
  "",
  "a",
  "True",
  "Approved",
  "Denied",
  "Ready",
  "add",
  "remove",
  "move",
  "/metadata/labels/x",
  "/status/conditions/0",
  "\ud800",
  "\0",
  "x".repeat(5000),
  0,
  -1,
  1e300,
  600,
  true,
  [],
  {},
  "2026-01-01T00:00:00Z",
  "9999-99-99T99:99:99Z",
  "eA==",
  "example.com/x",
];

test("whatever is sent as an administrator, the answer is a Status or a documented text, and never the signer's fault", async () => {
  const timers = fakeTimers();
  const { admin, lines } = await apiWorld({ sleep: timers.sleep, rate: { requestsPerSecond: 0 } });
  const roll = dice(SEED);
  const pick = <T>(list: readonly T[]): T => list[roll(list.length)] as T;
  const request = await peerRequest("etcd1", await sharedKey());
  const value = (depth: number): unknown => {
    if (depth > 3 || roll(3) === 0) return pick(VALUES);
    if (roll(4) === 0) return Array.from({ length: roll(3) }, () => value(depth + 1));
    return Object.fromEntries(Array.from({ length: roll(4) }, () => [pick(KEYS), value(depth + 1)]));
  };
  const good = (): Record<string, unknown> => {
    const name = pick(["a", "b", "c"]);
    const object = JSON.parse(objectJson(request, { name, spec: { signerName: "example.com/other" } })) as Record<
      string,
      unknown
    >;
    const part = pick(["metadata", "spec", "status"]);
    const conditions = Array.from(
      { length: roll(3) },
      () => ({ type: pick(VALUES), status: "True", [pick(KEYS)]: pick(VALUES) }),
    );
    return { ...object, status: { conditions }, [part]: { ...object[part] as object, [pick(KEYS)]: value(2) } };
  };
  const body = (): string | Uint8Array => {
    switch (roll(6)) {
      case 0:
        return Uint8Array.from([0x6b, 0x38, 0x73, 0, ...Array.from({ length: roll(40) }, () => roll(256))]);
      case 1:
        return pick(["", "{", "[]", "null", "[".repeat(100), '{"a":', "a: [", "- - -", "\ufeff{}", '"x"']);
      case 2:
        return JSON.stringify([value(2), value(2)]);
      case 3:
        return JSON.stringify(value(0));
      default:
        return JSON.stringify(good());
    }
  };
  const codes = new Map<number, number>();
  for (let round = 0; round < ROUNDS; round++) {
    const method = pick(METHODS);
    // half of everything is nearly right, so that the other half is met behind the first checks too
    const isNear = roll(2) === 0;
    const place = !isNear ? pick(PATHS) : method === "POST" ? pathOf("v1") : pathOf("v1", pick(NEAR));
    const path = `${place}?${isNear ? "fieldManager=me" : pick(QUERIES)}&${pick(QUERIES)}`;
    const type = !isNear ? pick(TYPES) : method === "PATCH" ? pick(TYPES.slice(1, 5)) : "application/json";
    const headers = { "content-type": type, accept: isNear ? "*/*" : pick(ACCEPTS) };
    const sent = method === "GET" || method === "HEAD" ? undefined : body();
    const what = `round ${round}: ${method} ${path} ${JSON.stringify(headers)} ${String(sent).slice(0, 600)}`;
    const answer = await admin.send(method, path, sent, headers);
    codes.set(answer.status, (codes.get(answer.status) ?? 0) + 1);
    assert.ok(answer.status < 500, `${what}: ${answer.status}`);
    if (answer.status === 200 && path.includes("watch=1")) {
      await answer.body?.cancel();
      continue;
    }
    const text = await answer.text();
    if (answer.headers.get("content-type") !== "application/json") {
      const isDocument = /^\/(?:ca|openapi|readyz|version|apis\?)/.test(path);
      assert.ok(answer.status === 200 ? isDocument : text === "404 page not found\n", `${what}: ${text.slice(0, 200)}`);
    } else if (answer.status >= 400) {
      const { kind, code } = JSON.parse(text) as { kind: string; code: number };
      assert.equal([kind, code], ["Status", answer.status], what);
    }
  }
  for (const code of [200, 201, 400, 404, 405, 406, 409, 415, 422]) assert.ok(codes.has(code), `no ${code} was met`);
  assert.equal(lines.filter(({ level }) => level === "error"), []);
  assert.equal(timers.waits().length, 0);
  assert.is((await admin.send("GET", pathOf("v1"))).status, 200);
});

test.run();
