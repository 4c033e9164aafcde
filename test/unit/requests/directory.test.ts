import { test } from "uvu";
import * as assert from "uvu/assert";
import { openDirectory } from "../../../src/requests/directory.ts";
import { MemoryFiles } from "../../memory_files.ts";

const text = (metadata: unknown, apiVersion = "certificates.k8s.io/v1"): string =>
  JSON.stringify({ kind: "CertificateSigningRequest", apiVersion, metadata });

/** The revision that a file's entry has. */
async function revisionOf(content: string): Promise<number | undefined> {
  const files = new MemoryFiles();
  files.put("/csrs/a", content);
  return (await (await openDirectory(files, "/csrs")).get("a"))?.revision;
}

test("openDirectory knows the revision of the signer's own objects", async () => {
  assert.is(await revisionOf(text({ name: "a", resourceVersion: "7" })), 7);
  for (const resourceVersion of ["", "0", "-1", "07", "1.5", "1e3", "x", "9007199254740992", 7, null]) {
    assert.is(await revisionOf(text({ name: "a", resourceVersion })), 0);
  }
});

test("openDirectory knows the signer's own entries of kinds, under their whole names", async () => {
  const files = new MemoryFiles();
  const store = await openDirectory(files, "/csrs");
  const entry = (name: string, apiVersion = "certgen.internal/v1") => (revision: number): string =>
    JSON.stringify({ apiVersion, kind: "Token", metadata: { name, resourceVersion: `${revision}` } });
  await store.create("token/ab12cd", entry("token/ab12cd"));
  assert.ok(files.tree.has("/csrs/.token/ab12cd"));
  assert.is((await (await openDirectory(files, "/csrs")).get("token/ab12cd"))?.revision, 1);
  for (const text of [entry("ab12cd"), entry("token/x", "certgen.internal/v2")]) {
    assert.instance(await store.create("token/x", text).catch((error: unknown) => error), TypeError);
  }
});

test("openDirectory believes nothing that somebody else's file says of itself", async () => {
  const beta = "certificates.k8s.io/v1beta1";
  assert.is(await revisionOf(text({ name: "a", resourceVersion: "7" }, beta)), 0);
  for (const one of ["", "{", "[]", "null", "{}", text(null), text([]), text("x"), "[".repeat(10_000)]) {
    assert.is(await revisionOf(one), 0, one.slice(0, 20));
  }
});

test.run();
