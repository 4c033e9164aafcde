import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CertificatePlace } from "../../../src/agent/managed.ts";
import { PairFiles, type PairTexts } from "../../../src/agent/pair.ts";
import { createCa } from "../../../src/ca/create_ca.ts";
import { signCsr } from "../../../src/ca/sign_csr.ts";
import { createCsr } from "../../../src/x509/csr.ts";
import { exportPrivateKey, generateKey, type KeyPair } from "../../../src/x509/key.ts";
import { countingRandom, fakeClock, rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const { now, set } = fakeClock();
const ca = await createCa({ commonName: "CA", now });

async function textsOf(key?: KeyPair): Promise<PairTexts & { key: KeyPair }> {
  const used = key ?? await generateKey("ec-p256", { extractable: true });
  const csr = await createCsr({ key: used, subject: { commonName: "x" } });
  const { pem } = await signCsr(csr.pem, ca, { usages: ["serverAuth"], now });
  return { key: used, keyPem: await exportPrivateKey(used), certificatePem: pem, caPem: undefined };
}

const first = await textsOf();
const [old, next, last] = [first, await textsOf(), await textsOf(first.key)];

function make(place: Partial<CertificatePlace> = {}, user?: number): { files: MemoryFiles; pair: PairFiles } {
  const files = new MemoryFiles();
  const ports = { files, now, random: countingRandom(), user };
  return { files, pair: new PairFiles(ports, { directory: "d", ...place }, "n") };
}

/** What a reader of the two plain names finds. */
const read = (files: MemoryFiles) => [files.text("d/n.key"), files.text("d/n.crt")];

test("a first pair comes under both names at once, and proves good", async () => {
  const { files, pair } = make();
  assert.equal(await pair.read(), { state: "missing", reason: "there is no certificate" });
  assert.equal(files.snapshot(), {});
  await pair.prepare();
  await pair.commit(next, undefined);
  assert.equal(read(files), [next.keyPem, next.certificatePem]);
  assert.ok(await pair.isPending());
  assert.is(await pair.good(), undefined);
  await pair.promote();
  assert.not.ok(await pair.isPending());
  const found = await pair.read();
  assert.ok(found.state === "whole");
  assert.equal(found.pair.keyPem, next.keyPem);
  assert.is(found.pair.version, await pair.current());
  assert.is((await pair.good())?.version, found.pair.version);
});

test("commit gives up where another agent has moved the mark", async () => {
  const { files, pair } = make();
  await pair.prepare();
  const version = await pair.commit(old, undefined);
  await rejection("conflict", pair.commit(next, undefined));
  assert.equal(read(files), [old.keyPem, old.certificatePem]);
  await pair.commit(next, version);
  assert.equal(read(files), [next.keyPem, next.certificatePem]);
});

test("rollBack puts the last good pair back, by one rename", async () => {
  const { files, pair } = make();
  await pair.prepare();
  await pair.commit(old, undefined);
  await pair.promote();
  const version = await pair.commit(next, await pair.current());
  files.calls.length = 0;
  assert.ok(await pair.rollBack(version));
  assert.equal(files.calls.filter((call) => /^(?:replace|rename|remove|create)/.test(call)), [
    "replaceLink d/.n/current",
  ]);
  assert.equal(read(files), [old.keyPem, old.certificatePem]);
  assert.not.ok(await pair.isPending());
  assert.not.ok(await pair.rollBack(version), "it is back already");
});

test("rollBack does nothing where there is nothing good to go back to, or another agent was faster", async () => {
  const { files, pair } = make();
  await pair.prepare();
  const only = await pair.commit(old, undefined);
  assert.not.ok(await pair.rollBack(only));
  await pair.promote();
  const second = await pair.commit(next, only);
  const third = await pair.commit(last, second);
  assert.not.ok(await pair.rollBack(second), "it is not in use any more");
  files.put(`d/.n/${only}/tls.key`, "garbage");
  assert.not.ok(await pair.rollBack(third), "what was good is broken");
  assert.equal(read(files), [last.keyPem, last.certificatePem]);
});

test("plain files become links to their own content, at every step the same pair", async () => {
  for (let at = 1;; at++) {
    const { files, pair } = make();
    files.put("d/n.key", old.keyPem, 0o600);
    files.put("d/n.crt", old.certificatePem);
    files.put("d/ca.crt", ca.certificate.pem);
    files.failWith({ at, kind: "crash-before" });
    const isDone = await pair.prepare().then(() => true, () => false);
    assert.equal(read(files), [old.keyPem, old.certificatePem], `crash before call ${at}`);
    files.failWith();
    await pair.prepare();
    assert.equal(read(files), [old.keyPem, old.certificatePem], `after a crash before call ${at}`);
    assert.equal([files.tree.get("d/n.key")?.kind, files.tree.get("d/n.crt")?.kind], ["link", "link"]);
    assert.not.ok(await pair.isPending());
    assert.is((await pair.good())?.caPem, ca.certificate.pem);
    if (isDone) break;
    assert.ok(at < 100);
  }
});

test("files that somebody changed by hand are taken, where they are a pair", async () => {
  const { files, pair } = make();
  await pair.prepare();
  await pair.commit(old, undefined);
  await pair.promote();
  // a certificate for the same key, moved over the link
  files.tree.delete("d/n.crt");
  files.put("d/n.crt", last.certificatePem);
  await pair.prepare();
  assert.equal(read(files), [old.keyPem, last.certificatePem]);
  assert.equal(files.tree.get("d/n.crt")?.kind, "link");
  // one for another key: it is no pair, and stays until there is a better one
  files.tree.delete("d/n.crt");
  files.put("d/n.crt", next.certificatePem);
  await pair.prepare();
  assert.equal(await pair.read(), { state: "broken", reason: "key and certificate do not belong together" });
  assert.is(files.text("d/n.crt"), next.certificatePem);
  await pair.commit(next, await pair.current());
  assert.equal(read(files), [next.keyPem, next.certificatePem]);
  assert.is(files.tree.get("d/n.crt")?.kind, "link");
});

test("one name that is gone comes back; where both are gone, a new pair is wanted", async () => {
  const { files, pair } = make();
  await pair.prepare();
  await pair.commit(old, undefined);
  await pair.promote();
  files.tree.delete("d/n.crt");
  assert.is((await pair.read()).state, "missing");
  await pair.prepare();
  assert.equal(read(files), [old.keyPem, old.certificatePem]);
  files.tree.delete("d/n.crt");
  files.tree.delete("d/n.key");
  await pair.prepare();
  assert.equal(read(files), [undefined, undefined]);
  assert.is((await pair.read()).state, "missing");
  await pair.commit(next, await pair.current());
  assert.equal(read(files), [next.keyPem, next.certificatePem]);
});

test("garbage on disk is broken, with the reason", async () => {
  for (
    const [key, certificate, reason] of [
      ["garbage", old.certificatePem, /PRIVATE KEY|private key/],
      [old.keyPem, "garbage", /no PEM block/],
      [old.keyPem, "", /BEGIN CERTIFICATE|no PEM block/],
      [old.keyPem, old.certificatePem.slice(0, 200), /END CERTIFICATE/],
    ] as const
  ) {
    const { files, pair } = make();
    files.put("d/n.key", key, 0o600);
    files.put("d/n.crt", certificate);
    const found = await pair.read();
    assert.ok(found.state === "broken");
    assert.match(found.reason, reason);
  }
});

test("a disk that fails is no broken pair, whichever file cannot be read", async () => {
  const { files, pair } = make();
  await pair.prepare();
  await pair.commit({ ...next, caPem: ca.certificate.pem }, undefined);
  files.calls.length = 0;
  await pair.read();
  const total = files.calls.length;
  assert.is(files.calls.filter((call) => call.startsWith("read ")).length, 3);
  for (let at = 1; at <= total; at++) {
    files.failWith({ at, kind: "error" });
    await rejection("io", pair.read());
  }
});

test("R57 modes and owner are what was asked for from the first byte; a group that could read the key still can", async () => {
  const modes = (files: MemoryFiles) =>
    [...files.tree].filter(([path]) => path.endsWith(".key") || path.endsWith("tls.crt"))
      .filter(([, { kind }]) => kind === "file").map(([, { mode, owner }]) =>
        `${mode.toString(8)} ${owner.uid}:${owner.gid}`
      );
  const owner = { uid: 500, gid: 501 };
  const asked = make({ keyMode: 0o440, certificateMode: 0o444, owner });
  await asked.pair.prepare();
  await asked.pair.commit(next, undefined);
  assert.equal(modes(asked.files), ["440 500:501", "444 500:501"]);
  for (
    const [mode, user, then] of [
      [0o644, 0, "600 1000:1000"],
      [0o666, 0, "600 1000:1000"],
      [0o660, 0, "600 1000:1000"],
      [0o640, 0, "640 0:77"],
      [0o640, 1000, "640 1000:1000"],
      [0o400, 1000, "400 1000:1000"],
    ] as const
  ) {
    const { files, pair } = make({}, user);
    files.put("d/n.key", old.keyPem, mode, { uid: user, gid: 77 });
    files.put("d/n.crt", old.certificatePem, 0o644, { uid: user, gid: 77 });
    files.stat = ownedBy(files, user);
    await pair.prepare();
    assert.is(modes(files)[0], then, `${mode.toString(8)} of ${user}`);
    await pair.commit(next, await pair.current());
    assert.is(modes(files).at(-2), then, `${mode.toString(8)} of ${user}, renewed`);
  }
});

/** Directories and links are made by the process's own user. */
function ownedBy(files: MemoryFiles, uid: number): MemoryFiles["stat"] {
  const stat = files.stat.bind(files);
  return async (path) => {
    const found = await stat(path);
    return found && (found.kind === "file" ? found : { ...found, uid });
  };
}

test("all but the pair in use, the good one and the one before are removed, once nobody can be at work on them", async () => {
  const { files, pair } = make();
  await pair.prepare();
  const versions: string[] = [];
  try {
    for (let minute = 0; minute < 40; minute += 10) {
      set(`2026-03-01T12:${String(minute).padStart(2, "0")}:01Z`);
      versions.push(await pair.commit(minute % 20 === 0 ? old : next, versions.at(-1)));
      await pair.promote();
    }
    const left = await pair.layout.versions();
    // the newest other is kept, and what is ten minutes old may still be somebody's
    assert.equal(left, versions.slice(-2));
    assert.is((await pair.previous())?.version, versions.at(-2));
    assert.equal(read(files), [next.keyPem, next.certificatePem]);
  } finally {
    set("2026-03-01T12:00:00Z");
  }
});

test("what a killed process left of its own writing is removed", async () => {
  const { files, pair } = make();
  await pair.prepare();
  files.put("d/.n/.0f.tmp", "half a key", 0o600);
  files.put("d/.other.tmp", "not ours", 0o600);
  await pair.prepare();
  assert.equal(Object.keys(files.snapshot()), ["d/.other.tmp"]);
});

test.run();
