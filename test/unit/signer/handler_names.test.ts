import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  causeIn,
  objectIn,
  objectJson,
  pathOf,
  peerRequest,
  post,
  sharedKey,
  statusIn,
  withDirectory,
} from "../../signing.ts";

test("R1 names that can leave a directory, hide or confuse are 422, and nothing is written", async () => {
  const { signer, files } = await withDirectory();
  const before = files.snapshot();
  const cases: [name: string, message: RegExp][] = [
    ["..", /may not be '\.\.'/],
    [".", /may not be '\.'/],
    ["a/b", /may not contain '\/'/],
    ["../../x", /may not contain '\/'/],
    ["../x", /may not contain '\/'/],
    ["/etc/passwd", /may not contain '\/'/],
    ["a%2fb", /may not contain '%'/],
    ["%2e%2e%2fx", /may not contain '%'/],
    ["%", /may not contain '%'/],
    ["x\0y", /may not contain control/],
    ["\0", /may not contain control/],
    ["a\nb", /may not contain control/],
    ["a\u007fb", /may not contain control/],
    ["a\u0085b", /may not contain control/],
    ["etcd\u202e1", /may not contain control or format/],
    ["etcd\u2066x", /may not contain control or format/],
    ["\u200betcd", /may not contain control or format/],
    ["\ufeffetcd", /may not contain control or format/],
    ["a\u2028b", /may not contain control or format/],
    ["\ud800", /may not contain control or format/],
    ["x".repeat(254), /may not be longer than 253 bytes/],
    ["x".repeat(300), /may not be longer than 253 bytes/],
    ["é".repeat(127), /may not be longer than 253 bytes/],
    ["x".repeat(200_000), /may not be longer than 253 bytes/],
  ];
  for (const version of ["v1", "v1beta1"] as const) {
    for (const [name, message] of cases) {
      const cause = await causeIn(signer, { version, name });
      assert.is(cause.field, "metadata.name", name);
      assert.is(cause.reason, "FieldValueInvalid", name);
      assert.match(cause.message, message);
      assert.ok(cause.message.length < 300);
    }
  }
  assert.equal(files.snapshot(), before);
  assert.equal(files.calls, []);
});

test("R1 no name, an empty one and a null one are a 422 that says required", async () => {
  const { signer, files } = await withDirectory();
  for (const name of [undefined, "", null]) {
    const cause = await causeIn(signer, { name });
    assert.equal(cause, {
      reason: "FieldValueRequired",
      message: "Required value: name or generateName is required",
      field: "metadata.name",
    });
  }
  assert.equal(files.calls, []);
});

test("R1 names that only look odd are kept, each in a file of the directory", async () => {
  const { signer, files } = await withDirectory();
  const names = [
    "...",
    ".hidden",
    "trailing.",
    "trailing ",
    "C:x",
    "con",
    "a\\b",
    "..\\..\\x",
    "~root",
    "$(reboot)",
    "; rm -rf",
    "a'b\"c",
    "ünïcode",
    "x".repeat(253),
    "é".repeat(126),
    "__proto__",
    "constructor",
  ];
  const key = await sharedKey();
  for (const name of names) {
    const object = await objectIn(await post(signer, objectJson(await peerRequest("etcd1", key), { name })));
    assert.is(object.metadata.name, name);
    const got = await signer.fetch(new Request(`https://signer${pathOf("v1", encodeURIComponent(name))}`));
    assert.is((await objectIn(got, 200)).metadata.name, name);
  }
  const paths = Object.keys(files.snapshot()).filter((path) => !["/etc/passwd", "/csrs/.revision"].includes(path));
  assert.is(paths.length, names.length);
  for (const path of paths) assert.match(path, /^\/csrs\/(?!\.)[^/\\\s]{1,255}$/);
});

test("generateName gets five characters of Kubernetes' alphabet", async () => {
  const { signer } = await withDirectory();
  const names = new Set<string>();
  for (let i = 0; i < 5; i++) {
    const body = objectJson(await peerRequest(), { name: undefined, metadata: { generateName: "csr-" } });
    const { metadata } = await objectIn(await post(signer, body));
    assert.match(metadata.name, /^csr-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    names.add(metadata.name);
  }
  assert.is(names.size, 5);
  const both = objectJson(await peerRequest(), { name: "mine", metadata: { generateName: "csr-" } });
  assert.is((await objectIn(await post(signer, both))).metadata.name, "mine");
  const slash = objectJson(await peerRequest(), { name: undefined, metadata: { generateName: "a/" } });
  const { details } = await statusIn(await post(signer, slash), 422);
  assert.equal(details?.causes?.map(({ field }) => field), ["metadata.generateName", "metadata.name"]);
});

test.run();
