import { test } from "uvu";
import * as assert from "uvu/assert";
import { addWarnings, documentAnswer, json, statusAnswer, text } from "../../../src/signer/answer.ts";
import { statusOf } from "../../../src/k8s/status.ts";
import { CertgenError } from "../../../src/errors.ts";
import { apiWorld } from "../../api.ts";
import { pathOf, statusIn } from "../../signing.ts";

const NO_CACHE = "no-cache, private";

test("JSON is compact with a line feed at its end, or on several lines for people", async () => {
  assert.is(await json({ a: [1] }, 200, false).text(), '{"a":[1]}\n');
  const answer = json({ a: [1] }, 201, true);
  assert.is(answer.status, 201);
  assert.is(answer.headers.get("content-type"), "application/json");
  assert.is(answer.headers.get("cache-control"), NO_CACHE);
  assert.is(await answer.text(), '{\n  "a": [\n    1\n  ]\n}\n');
});

test("warnings are header fields of their own", () => {
  const answer = addWarnings(json({}, 200, false), ['299 - "a"', '299 - "b"']);
  assert.is(answer.headers.get("warning"), '299 - "a", 299 - "b"');
});

test("a Status that says when to come again has Retry-After", () => {
  const again = statusAnswer(statusOf(new CertgenError("unavailable", "later")), false);
  assert.is(again.status, 503);
  assert.is(again.headers.get("retry-after"), "5");
  assert.is(statusAnswer(statusOf(new CertgenError("not-found", "no")), false).headers.get("retry-after"), null);
});

test("a text is no other type", () => {
  assert.is(text("a", 200).headers.get("x-content-type-options"), "nosniff");
  assert.is(text("a", 404).headers.get("content-type"), "text/plain; charset=utf-8");
});

test("a document that the client has already is 304, without a body or a type", async () => {
  const document = { contentType: "application/json", body: "{}", etag: '"e"', headers: { vary: "Accept" } };
  const request = (etag: string) => new Request("https://signer/apis", { headers: { "if-none-match": etag } });
  const same = documentAnswer(request('"e"'), document);
  assert.is(same.status, 304);
  assert.is(same.headers.get("etag"), '"e"');
  assert.is(same.headers.get("content-type"), null);
  assert.is(await same.text(), "");
  const other = documentAnswer(request('"f"'), document);
  assert.is(other.status, 200);
  assert.is(await other.text(), "{}");
  assert.is(documentAnswer(request('"e"'), { contentType: "a/b", body: "", headers: {} }).status, 200);
});

test("aggregated discovery is cached by its tag, and legacy discovery is plain JSON", async () => {
  const { nobody } = await apiWorld();
  const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
  for (const path of ["/api", "/apis"]) {
    const first = await nobody.send("GET", path, undefined, { accept });
    assert.is(first.headers.get("content-type"), accept.split(",")[0]);
    assert.is(first.headers.get("cache-control"), "public");
    assert.is(first.headers.get("vary"), "Accept");
    const etag = first.headers.get("etag") ?? "";
    assert.match(etag, /^"[0-9A-F]{128}"$/);
    assert.is((await nobody.send("GET", path, undefined, { accept, "if-none-match": etag })).status, 304);
    assert.is((await nobody.send("GET", path, undefined, { accept, "if-none-match": '"other"' })).status, 200);
    const legacy = await nobody.send("GET", `${path}?timeout=32s`, undefined, { accept: "application/json, */*" });
    assert.is(legacy.headers.get("content-type"), "application/json");
    assert.is(legacy.headers.get("etag"), null);
  }
  const beta = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
  const answer = await nobody.send("GET", "/apis", undefined, { accept: beta });
  assert.is(answer.headers.get("content-type"), beta);
  await statusIn(await nobody.send("GET", "/apis", undefined, { accept: "text/html" }), 406);
});

test("what /apis lists, answers", async () => {
  const { nobody } = await apiWorld();
  const { groups } = await (await nobody.send("GET", "/apis")).json() as {
    groups: { name: string; versions: { groupVersion: string }[] }[];
  };
  assert.equal(groups.map(({ name }) => name), [
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
  ]);
  for (const { name, versions } of groups) {
    assert.is((await nobody.send("GET", `/apis/${name}`)).status, 200);
    for (const { groupVersion } of versions) {
      const list = await (await nobody.send("GET", `/apis/${groupVersion}/`)).json() as { groupVersion: string };
      assert.is(list.groupVersion, groupVersion);
    }
  }
  for (const path of ["/version", "/version/"]) {
    const { gitVersion } = await (await nobody.send("GET", path)).json() as { gitVersion: string };
    assert.match(gitVersion, /^v1\.\d+\.\d+$/);
  }
});

test("people get JSON on several lines: by ?pretty, and by their tool unless they say otherwise", async () => {
  const { admin } = await apiWorld();
  const isPretty = async (query: string, agent = "kubectl/v1.32.5") => {
    const answer = await admin.send("GET", `${pathOf("v1")}${query}`, undefined, { "user-agent": agent });
    assert.is(answer.status, 200);
    return (await answer.text()).startsWith('{\n  "kind"');
  };
  assert.not.ok(await isPretty(""));
  assert.ok(await isPretty("?pretty=true"));
  assert.not.ok(await isPretty("?pretty=false"));
  assert.not.ok(await isPretty("?pretty=0"));
  for (const agent of ["curl/8.5.0", "Wget/1.21", "Mozilla/5.0 (X11)"]) {
    assert.ok(await isPretty("", agent));
    assert.not.ok(await isPretty("?pretty=false", agent));
  }
  assert.not.ok(await isPretty("", "libcurl-agent"));
  const error = await admin.send("GET", `${pathOf("v1", "none")}?pretty=1`);
  assert.match(await error.text(), /^\{\n {2}"kind": "Status"/);
});

test("v1beta1 warns in every answer, also in errors and in a watch; v1 never", async () => {
  const { admin, nobody } = await apiWorld();
  const warning = '299 - "certificates.k8s.io/v1beta1 CertificateSigningRequest is deprecated in v1.19+, ' +
    'unavailable in v1.22+; use certificates.k8s.io/v1 CertificateSigningRequest"';
  const name = "a";
  await admin.create({ name });
  for (const version of ["v1", "v1beta1"] as const) {
    const watch = await admin.send("GET", `${pathOf(version)}?watch=1`);
    await watch.body?.cancel();
    const answers = [
      watch,
      await admin.send("GET", pathOf(version)),
      await admin.send("GET", pathOf(version, name)),
      await admin.send("GET", pathOf(version, "none")),
      await admin.send("POST", pathOf(version), "{"),
      await admin.send("OPTIONS", pathOf(version)),
      await admin.send("GET", pathOf(version), undefined, { accept: "text/html" }),
      await nobody.send("GET", pathOf(version)),
      await nobody.send("GET", pathOf(version), undefined, { authorization: "Bearer x" }),
    ];
    assert.equal(answers.map(({ status }) => status), [200, 200, 200, 404, 400, 405, 406, 403, 401]);
    for (const answer of answers) {
      assert.is(answer.headers.get("warning"), version === "v1" ? null : warning);
      assert.is(answer.headers.get("cache-control"), NO_CACHE);
    }
  }
});

test.run();
