import { test } from "uvu";
import * as assert from "uvu/assert";
import { PairFiles } from "../../../src/agent/pair.ts";
import { createCa } from "../../../src/ca/create_ca.ts";
import { signCsr } from "../../../src/ca/sign_csr.ts";
import { createCsr } from "../../../src/x509/csr.ts";
import { exportPrivateKey, generateKey, type KeyPair } from "../../../src/x509/key.ts";
import { MemoryFiles, rejection, thrown } from "../../fakes.ts";

const ca = await createCa({ commonName: "CA" });

async function pairOf(): Promise<{ key: KeyPair; pem: string; certificate: string }> {
  const key = await generateKey("ec-p256", { extractable: true });
  const csr = await createCsr({ key, subject: { commonName: "x" } });
  const certificate = await signCsr(csr.pem, ca, { usages: ["serverAuth"] });
  return { key, pem: await exportPrivateKey(key), certificate: certificate.pem };
}

const [old, next] = [await pairOf(), await pairOf()];
const make = (): { files: MemoryFiles; pair: PairFiles } => {
  const files = new MemoryFiles();
  return { files, pair: new PairFiles(files, "d", "n") };
};

test("R2 names that would leave the directory, or hide in it, are refused", () => {
  const files = new MemoryFiles();
  for (const name of ["", ".", "..", "../x", "a/b", "/x", ".x", "a\\b", "\\", "a\0", "%2e", "x".repeat(254)]) {
    const error = thrown("unsafe-path", () => new PairFiles(files, "d", name));
    assert.ok(error.message.startsWith(`Cannot name files ${JSON.stringify(name)}: a common name may not `));
  }
  assert.equal(files.calls, []);
  assert.equal(new PairFiles(files, "d", "a:b").paths, { key: "d/a:b.key", certificate: "d/a:b.crt" });
});

test("what is staged can be read back, and stands beside the pair in use", async () => {
  const { files, pair } = make();
  assert.is(await pair.stagedKey(), undefined);
  assert.is(await pair.stagedRequest(), undefined);
  await pair.stageKey(next.key);
  await pair.stageRequest("{}");
  assert.equal((await pair.stagedKey())?.publicKey.spki, next.key.publicKey.spki);
  assert.is(await pair.stagedRequest(), "{}");
  assert.equal(files.snapshot(), { "d/n.key.new": `600 ${next.pem}`, "d/n.request.new": "600 {}" });
});

test("commit puts both into place and leaves nothing", async () => {
  const { files, pair } = make();
  files.put("d/n.key", old.pem, 0o644);
  files.put("d/n.crt", old.certificate, 0o600);
  await pair.stageKey(next.key);
  await pair.stageRequest("{}");
  await pair.commit(next.certificate);
  assert.equal(files.snapshot(), { "d/n.crt": `644 ${next.certificate}`, "d/n.key": `600 ${next.pem}` });
});

test("discard forgets what was staged and leaves the pair", async () => {
  const { files, pair } = make();
  files.put("d/n.key", old.pem, 0o600);
  files.put("d/n.crt", old.certificate);
  const before = files.snapshot();
  await pair.discard();
  await pair.stageKey(next.key);
  await pair.stageRequest("{}");
  files.put("d/n.crt.new", next.certificate);
  await pair.discard();
  assert.equal(files.snapshot(), before);
});

test("recover finishes a commit that was interrupted before or between its renames", async () => {
  for (const isKeyRenamed of [false, true]) {
    const { files, pair } = make();
    files.put("d/n.crt", old.certificate);
    files.put("d/n.key", isKeyRenamed ? next.pem : old.pem, 0o600);
    if (!isKeyRenamed) files.put("d/n.key.new", next.pem, 0o600);
    files.put("d/n.crt.new", next.certificate);
    files.put("d/n.request.new", "{}", 0o600);
    await pair.recover();
    assert.equal(files.snapshot(), { "d/n.crt": `644 ${next.certificate}`, "d/n.key": `600 ${next.pem}` });
  }
});

test("recover drops a staged certificate that no key fits, and keeps the pair", async () => {
  for (const certificate of [next.certificate, "", "garbage"]) {
    const { files, pair } = make();
    files.put("d/n.crt", old.certificate);
    files.put("d/n.key", old.pem, 0o600);
    files.put("d/n.crt.new", certificate);
    const staged = await pairOf();
    files.put("d/n.key.new", staged.pem, 0o600);
    await pair.recover();
    assert.equal(files.snapshot(), {
      "d/n.crt": `644 ${old.certificate}`,
      "d/n.key": `600 ${old.pem}`,
      "d/n.key.new": `600 ${staged.pem}`,
    });
  }
});

test("recover never puts a key without its certificate over a pair", async () => {
  const { files, pair } = make();
  files.put("d/n.crt", old.certificate);
  files.put("d/n.key", old.pem, 0o600);
  // the key in use has a fresh certificate staged, and a later run staged another key
  files.put("d/n.crt.new", old.certificate);
  files.put("d/n.key.new", next.pem, 0o600);
  await pair.recover();
  assert.is(files.text("d/n.key"), old.pem);
  assert.is(files.text("d/n.crt"), old.certificate);
});

test("recover does nothing where nothing was staged", async () => {
  const { files, pair } = make();
  await pair.recover();
  assert.equal(files.calls, ["read d/n.crt.new"]);
});

test("a staged or present key that is broken counts as none; a disk that fails does not", async () => {
  const { files, pair } = make();
  files.put("d/n.key.new", "garbage");
  files.put("d/n.key", "garbage");
  files.put("d/n.crt.new", next.certificate);
  assert.is(await pair.stagedKey(), undefined);
  await pair.recover();
  assert.is(files.text("d/n.crt"), undefined);
  files.failWith({ at: 1, kind: "error" });
  await rejection("io", pair.stagedKey());
  files.failWith({ at: 1, kind: "error" });
  await rejection("io", pair.recover());
});

test("a key that is not extractable is the caller's mistake, and nothing is written", async () => {
  const { files, pair } = make();
  await pair.stageKey(await generateKey()).then(
    () => assert.unreachable(),
    (error) => assert.instance(error, TypeError),
  );
  assert.equal(files.calls, []);
});

test("a staged key that others could read, or that is no file of its own, counts as none", async () => {
  const files = new MemoryFiles();
  const pair = new PairFiles(files, "d", "n");
  await pair.stageKey(await generateKey("ec-p256", { extractable: true }));
  assert.ok(await pair.stagedKey());
  const stat = files.stat.bind(files);
  for (const change of [{ mode: 0o644 }, { mode: 0o640 }, { kind: "link" }, { kind: "other" }] as const) {
    files.stat = async (path) => {
      const found = await stat(path);
      return found && { ...found, ...change };
    };
    assert.is(await pair.stagedKey(), undefined, JSON.stringify(change));
  }
});

test.run();
