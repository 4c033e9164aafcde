import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { auditPaths, openAuditDirectory, readAuditKey } from "../../../cli/audit_directory.ts";
import { verifyAudit } from "../../../src/audit/verify.ts";
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { exportPrivateKey, generateKey } from "../../../src/x509/key.ts";
import { auditEvent } from "../../auditing.ts";
import { type FakeRuntime, fakeRuntime } from "../../command.ts";
import { fakeClock, fakeLog, rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const { now } = fakeClock();
const { log } = fakeLog();
const PATHS = auditPaths("/state/audit");
const opened = async ({ runtime }: FakeRuntime): Promise<void> => {
  const audit = await openAuditDirectory(runtime, "/state/audit", log, { now, linesPerHead: 1 });
  await audit.record(auditEvent(1));
  await audit.close();
};

test("directory and key are made where they are missing, the key for its owner alone", async () => {
  const fake = fakeRuntime();
  const { log, lines } = fakeLog();
  await (await openAuditDirectory(fake.runtime, "/state/audit", log)).close();
  const modes = ["/state/audit", PATHS.key, PATHS.publicKey].map((path) => fake.files.tree.get(path)?.mode);
  assert.equal(modes, [0o700, 0o600, 0o644]);
  assert.match(fake.files.text(PATHS.key) ?? "", /^-----BEGIN PRIVATE KEY-----\n/);
  assert.match(fake.files.text(PATHS.publicKey) ?? "", /^-----BEGIN PUBLIC KEY-----\n/);
  assert.equal(lines.map(({ facts }) => facts), [{ file: PATHS.publicKey }]);
});

test("a log is gone on with under the same key, and either half verifies it", async () => {
  const fake = fakeRuntime();
  await opened(fake);
  const key = fake.files.text(PATHS.key);
  await opened(fake);
  assert.is(fake.files.text(PATHS.key), key);
  for (const path of [PATHS.key, PATHS.publicKey]) {
    const { fault, heads } = await verifyAudit(fake.files, "/state/audit", await readAuditKey(fake.files, path));
    assert.equal([fault, heads], [undefined, 2], path);
  }
});

test("a public half that a crash has kept from being written is written, another one is refused", async () => {
  const fake = fakeRuntime();
  await opened(fake);
  const pem = fake.files.text(PATHS.publicKey);
  fake.files.tree.delete(PATHS.publicKey);
  await opened(fake);
  assert.is(fake.files.text(PATHS.publicKey), pem);
  fake.files.put(PATHS.publicKey, "x");
  assert.match((await rejection("malformed-key", opened(fake))).message, '"/state/audit/audit.pub"');
});

test("a log whose key is gone is not gone on with, and gets no other key", async () => {
  const fake = fakeRuntime();
  await opened(fake);
  fake.files.tree.delete(PATHS.key);
  assert.match((await rejection("malformed-object", opened(fake))).message, "audit.key");
  assert.is(fake.files.tree.has(PATHS.key), false);
  fake.files.put(PATHS.key, await exportPrivateKey(await generateKey("ec-p256", { extractable: true })));
  fake.files.tree.delete(PATHS.publicKey);
  await rejection("malformed-object", opened(fake));
});

test("readAuditKey names the file, and says nothing of what is in it", async () => {
  const files = new MemoryFiles();
  await rejection("not-found", readAuditKey(files, "/none"));
  for (
    const text of [
      "secret",
      "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
      "-----BEGIN PRIVATE KEY-----\nAAAA\n",
    ]
  ) {
    files.put("/a", text);
    const error: unknown = await readAuditKey(files, "/a").catch((error: unknown) => error);
    assert.match(error instanceof Error ? error.message : "", /^Cannot use audit key "\/a": Cannot read /);
    assert.not.match(String(error), /secret|AAAA/);
  }
});

test("what somebody else could have planted is refused", async () => {
  const runtime = await detectRuntime();
  const root = realpathSync(mkdtempSync(`${tmpdir()}/certgen-audit-directory-`));
  try {
    mkdirSync(`${root}/open`);
    chmodSync(`${root}/open`, 0o777);
    await rejection("unsafe-path", openAuditDirectory(runtime, `${root}/open`, log));
    mkdirSync(`${root}/link`, { mode: 0o700 });
    symlinkSync("elsewhere", `${root}/link/audit.key`);
    await rejection("unsafe-path", openAuditDirectory(runtime, `${root}/link`, log));
    const audit = await openAuditDirectory(runtime, `${root}/audit`, log);
    await audit.record(auditEvent(1));
    await audit.close();
    symlinkSync("audit", `${root}/other`);
    await rejection("unsafe-path", openAuditDirectory(runtime, `${root}/other`, log));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test("in a directory that was given the log alone must be nobody else's", async () => {
  const runtime = await detectRuntime();
  if (runtime.userId() === undefined) return; // Windows has no such modes
  const root = realpathSync(mkdtempSync(`${tmpdir()}/certgen-audit-given-`));
  try {
    chmodSync(root, 0o2777);
    const directory = `${root}/.audit-log`;
    await rejection("unsafe-path", openAuditDirectory(runtime, directory, log));
    await (await openAuditDirectory(runtime, directory, log, { parents: false })).close();
    chmodSync(directory, 0o777);
    await rejection("unsafe-path", openAuditDirectory(runtime, directory, log, { parents: false }));
    symlinkSync(root, `${root}/link`);
    await rejection("unsafe-path", openAuditDirectory(runtime, `${root}/link`, log, { parents: false }));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test.run();
