import { copyFileSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as auditVerify from "../../../cli/audit_verify.ts";
import { openAuditDirectory } from "../../../cli/audit_directory.ts";
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { exportPrivateKey, generateKey } from "../../../src/x509/key.ts";
import { auditEvent } from "../../auditing.ts";
import { type Outcome, runCommand } from "../../command.ts";
import { fakeClock, fakeLog } from "../../fakes.ts";

const root = realpathSync(mkdtempSync(`${tmpdir()}/certgen-audit-verify-`));
let count = 0;
const run = (...argv: string[]): Promise<Outcome> => runCommand(auditVerify, argv);

/** A state directory with a log of two events and a head. */
async function written(): Promise<{ state: string; audit: string; file: string }> {
  const state = `${root}/${++count}`;
  const runtime = await detectRuntime();
  const log = await openAuditDirectory(runtime, `${state}/audit`, fakeLog().log, { now: fakeClock().now });
  for (const number of [1, 2]) await log.record(auditEvent(number));
  await log.close();
  return { state, audit: `${state}/audit`, file: `${state}/audit/audit-000001.jsonl` };
}

test("audit verify says that a log is whole, and what to keep of it", async () => {
  const { state, audit } = await written();
  const { code, stdout, stderr } = await run("--state-dir", state);
  assert.equal([code, stderr], [0, ""]);
  const hash = /^[0-9a-f]{64}$/m.exec(stdout)?.[0];
  assert.is(
    stdout,
    `audit log ${audit} is whole: 3 lines in 1 file, 1 head\n` +
      "0 lines after the last head, which nothing signs for\n" +
      `last head, number 3 of 2026-03-01T12:00:00.000Z; keep it on another machine for --head:\n${hash}\n`,
  );
  const { stdout: json } = await run("--audit-dir", audit, "--output", "json");
  const { lastHead, ...report } = JSON.parse(json) as { lastHead: { hash: string } };
  assert.equal(report, { directory: audit, files: 1, lines: 3, heads: 1, linesAfterHead: 0, rests: [] });
  assert.is(lastHead.hash, hash);
});

test("audit verify exits with 1 and names file and line of what was changed", async () => {
  const { audit, file } = await written();
  writeFileSync(file, readFileSync(file, "utf8").replace("r1", "r9"));
  const { code, stdout, stderr } = await run("--audit-dir", audit);
  assert.equal([code, stdout], [1, ""]);
  const message = "audit-000001.jsonl line 1 (changed): the line after it has another hash of it";
  assert.is(stderr, `error: Cannot trust audit log ${JSON.stringify(audit)}: ${message}\n`);
  const json = await run("--audit-dir", audit, "-o", "json");
  assert.equal([json.code, json.stderr], [1, ""]);
  assert.equal((JSON.parse(json.stdout) as { fault: unknown }).fault, {
    file: "audit-000001.jsonl",
    line: 1,
    kind: "changed",
    message: "the line after it has another hash of it",
  });
});

test("audit verify says what a crash has left, and takes it for no fault", async () => {
  const { audit, file } = await written();
  writeFileSync(file, '{"seq', { flag: "a" });
  const { code, stdout } = await run("--audit-dir", audit);
  assert.is(code, 0);
  assert.match(stdout, "audit-000001.jsonl: 5 bytes that a failed write has left, no part of the log\n");
});

test("audit verify takes a key from elsewhere, either half, and finds that the log is of another one", async () => {
  const { audit } = await written();
  copyFileSync(`${audit}/audit.pub`, `${root}/kept.pub`);
  assert.is((await run("--audit-dir", audit, "--audit-key", `${root}/kept.pub`)).code, 0);
  assert.is((await run("--audit-dir", audit, "--audit-key", `${audit}/audit.key`)).code, 0);
  writeFileSync(`${root}/other.key`, await exportPrivateKey(await generateKey("ec-p256", { extractable: true })));
  const { code, stderr } = await run("--audit-dir", audit, "--audit-key", `${root}/other.key`);
  assert.is(code, 1);
  assert.match(stderr, "audit-000001.jsonl line 3 (bad-signature)");
});

test("audit verify compares with a head that was kept, as a hash or as a file", async () => {
  const { audit } = await written();
  copyFileSync(`${audit}/head`, `${root}/head`);
  assert.is((await run("--audit-dir", audit, "--head", `${root}/head`)).code, 0);
  const hash = /^[0-9a-f]{64}$/m.exec((await run("--audit-dir", audit)).stdout)?.[0] ?? "";
  assert.is((await run("--audit-dir", audit, "--head", hash.toUpperCase())).code, 0);
  const other = await written();
  for (const head of [`${root}/head`, hash]) {
    const { code, stderr } = await run("--audit-dir", other.audit, "--head", head);
    assert.is(code, 1);
    assert.match(stderr, `(cut-off): head ${hash} is not in the log`);
  }
  writeFileSync(`${root}/none`, "x\n");
  for (
    const [head, message] of [[`${root}/none`, "it is not one head"], ["", "no such file"], ["abc", "no such file"]]
  ) {
    const { code, stderr } = await run("--audit-dir", audit, "--head", head ?? "");
    assert.is(code, 1);
    assert.match(stderr, message ?? "");
  }
});

test("audit verify needs a log and a key", async () => {
  const { code, stderr } = await run("--state-dir", `${root}/none`);
  assert.is(code, 1);
  assert.match(stderr, "audit.pub");
  const { audit, file } = await written();
  rmSync(file);
  rmSync(`${audit}/head`);
  assert.match((await run("--audit-dir", audit)).stderr, "there is none in");
});

test.after(() => rmSync(root, { recursive: true, force: true }));
test.run();
