import { test } from "uvu";
import * as assert from "uvu/assert";
import { Staging } from "../../../src/agent/staging.ts";
import { exportPrivateKey, generateKey } from "../../../src/x509/key.ts";
import { MOMENT, rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const key = await generateKey("ec-p256", { extractable: true });
const pem = await exportPrivateKey(key);
const make = (): { files: MemoryFiles; staging: Staging } => {
  const files = new MemoryFiles();
  return { files, staging: new Staging(files, "d/.n") };
};

test("what is staged can be read back, 0600, and forgotten", async () => {
  const { files, staging } = make();
  assert.equal([await staging.key(), await staging.request()], [undefined, undefined]);
  await staging.putKey(key);
  await staging.putRequest("{}");
  assert.equal((await staging.key())?.publicKey.spki, key.publicKey.spki);
  assert.is(await staging.request(), "{}");
  assert.equal(files.snapshot(), { "d/.n/staged.json": "600 {}", "d/.n/staged.key": `600 ${pem}` });
  await staging.discard();
  assert.equal(files.snapshot(), {});
});

test("R57 a staged key that others could read, or that is no file of its own, counts as none", async () => {
  const { files, staging } = make();
  await staging.putKey(key);
  assert.ok(await staging.key());
  const stat = files.stat.bind(files);
  for (const change of [{ mode: 0o644 }, { mode: 0o640 }, { kind: "link" }, { kind: "other" }] as const) {
    files.stat = async (path) => {
      const found = await stat(path);
      return found && { ...found, ...change };
    };
    assert.is(await staging.key(), undefined, JSON.stringify(change));
  }
});

test("a staged key that is broken counts as none; a disk that fails does not", async () => {
  const { files, staging } = make();
  for (const content of ["garbage", "", Uint8Array.of(0xff)]) {
    files.put("d/.n/staged.key", content, 0o600);
    assert.is(await staging.key(), undefined);
  }
  files.put("d/.n/staged.json", Uint8Array.of(0xff));
  assert.is(await staging.request(), undefined);
  for (const at of [1, 2]) {
    files.failWith({ at, kind: "error" });
    await rejection("io", staging.key());
  }
});

test("a key that is not extractable is the caller's mistake, and nothing is written", async () => {
  const { files, staging } = make();
  await staging.putKey(await generateKey()).then(
    () => assert.unreachable(),
    (error) => assert.instance(error, TypeError),
  );
  assert.equal(files.calls, []);
});

test("a failure is kept until it is cleared; what is none counts as none", async () => {
  const { files, staging } = make();
  assert.is(await staging.failure(), undefined);
  const failure = {
    code: "unavailable",
    message: "Cannot reach it",
    at: new Date(MOMENT),
    count: 3,
    retryAt: new Date("2026-03-01T12:01:00Z"),
  };
  await staging.putFailure(failure);
  assert.equal(await staging.failure(), failure);
  await staging.putFailure({ ...failure, message: "x".repeat(10_000) });
  assert.is((await staging.failure())?.message.length, 4000);
  for (const text of ["", "{", "null", "[]", "{}", '{"code":1}', JSON.stringify({ ...failure, at: "never" })]) {
    files.put("d/.n/failure.json", text);
    assert.is(await staging.failure(), undefined, text);
  }
  await staging.clearFailure();
  assert.equal(files.snapshot(), {});
  await files.makeDirectory("d/.n/failure.json", 0o755);
  assert.is(await staging.failure(), undefined, "what cannot be read is none as well");
});

test.run();
