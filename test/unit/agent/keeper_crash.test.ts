// timeout: 240
// A fault at every file operation of a renewal: whoever reads the two plain names finds a pair, and the next try ends well.
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ManagedCertificate } from "../../../src/agent/managed.ts";
import { equal } from "../../../src/bytes.ts";
import { parseCertificate } from "../../../src/x509/certificate.ts";
import { importPrivateKey } from "../../../src/x509/key.ts";
import { type CredentialWorld, issuedBy } from "../../credentials.ts";
import { BADLY, CERTIFICATE, daySigner, type KeeperWorld, keeperWorld, KEY, NODE, WELL } from "../../keeper_world.ts";
import type { Fault, MemoryFiles } from "../../memory_files.ts";
import { MOMENT } from "../../fakes.ts";

const HOME = `certs/.${NODE}`;
/** Nine tenths of a day later: every certificate is due. */
const LATER = "2026-03-02T09:36:00Z";
/** Every pause is over, and the first certificate has not yet expired. */
const MUCH_LATER = "2026-03-02T11:00:00Z";
/** The same for a first certificate. */
const HOUR_LATER = "2026-03-01T13:00:00Z";

const HOOKS = { onChange: { program: "hook", args: [] }, check: { program: "check", args: [] } };

/** A renewal that is interrupted. */
interface Renewal {
  readonly name: string;
  readonly change?: Partial<ManagedCertificate>;
  /** Changes what is there before it. */
  readonly before?: (world: KeeperWorld, signer: CredentialWorld) => void;
  /** The check of the new pair fails, so that the last good one comes back. */
  readonly fails?: boolean;
  /** There is no pair before it. */
  readonly isFirst?: boolean;
  /** Faults while it reads, and one crash alone, are those of another one. */
  readonly isLike?: boolean;
}

const RENEWALS: readonly Renewal[] = [
  { name: "from links", change: HOOKS },
  { name: "with a new key", change: { rotateKey: "always" }, isLike: true },
  { name: "from plain files", before: toPlainFiles, isLike: true },
  { name: "from plain files, with a new key", change: { rotateKey: "always" }, before: toPlainFiles, isLike: true },
  { name: "with another CA", change: HOOKS, before: addCa, isLike: true },
  { name: "that goes back", change: HOOKS, fails: true },
  { name: "with a new key that goes back", change: { ...HOOKS, rotateKey: "always" }, fails: true, isLike: true },
  { name: "from plain files that goes back", change: HOOKS, before: toPlainFiles, fails: true, isLike: true },
  { name: "on an empty disk", isFirst: true },
  { name: "over a lone key", isFirst: true, before: ({ files }) => files.put(KEY, "a key", 0o644), isLike: true },
  {
    name: "over a lone certificate",
    isFirst: true,
    before: ({ files }) => files.put(CERTIFICATE, "a certificate"),
    isLike: true,
  },
];

const KINDS: readonly Fault["kind"][] = ["crash-before", "crash-after", "error"];

/** Two plain files, as an older agent leaves them: the key for everybody to read. */
function toPlainFiles({ files }: KeeperWorld): void {
  const texts = [KEY, CERTIFICATE, "certs/ca.crt"].map((path) => [path, files.text(path) ?? ""] as const);
  files.tree.clear();
  for (const [path, text] of texts) files.put(path, text, 0o644);
}

/** The signer has one more CA. */
function addCa(world: KeeperWorld, { etcd, metric }: CredentialWorld): void {
  world.reach = { issuerCa: etcd.certificate.pem + metric.certificate.pem };
}

/** Whether a reader finds a pair that matches and is valid now; `undefined` where there is none. */
async function isPair(files: MemoryFiles, now: string): Promise<boolean | undefined> {
  const [key, certificate] = [files.text(KEY), files.text(CERTIFICATE)];
  if (key === undefined || certificate === undefined) return undefined;
  const { publicKey, notBefore, notAfter } = parseCertificate(certificate);
  const at = new Date(now);
  return equal((await importPrivateKey(key)).publicKey.spki, publicKey.spki) && notBefore <= at && at <= notAfter;
}

const isReading = (call: string): boolean => /^(read|readLink|stat|list) /.test(call);

/** What a crash in the middle of a call leaves beside the file that was to be replaced. */
function leaveTemporary(files: MemoryFiles, call: string): void {
  const [, path] = /^replace(?:Link)? (.*)\/[^/]*$/.exec(call) ?? [];
  if (path !== undefined) files.put(`${path}/.0b0e.tmp`, "-----BEGIN", 0o600);
}

/** A keeper a moment before the renewal, with files of its own. */
async function worldBefore(signer: CredentialWorld, { before, isFirst = false, change, fails = false }: Renewal) {
  const world = keeperWorld(signer);
  world.setTime(MOMENT);
  if (!isFirst) await world.keeper().tend();
  before?.(world, signer);
  const [now, then] = isFirst ? [MOMENT, HOUR_LATER] : [LATER, MUCH_LATER];
  world.setTime(now);
  world.execute = (program, { env }) =>
    fails && program.program === "check" && env["HOOK_EVENT"] === "changed" ? BADLY : WELL;
  return { world, now, then, keeper: () => world.keeper(change), issued: () => issuedBy(signer) };
}

/** What is not there once all has ended well, and what is never there. */
function checkRemains(files: MemoryFiles, where: string): void {
  const paths = [...files.tree.keys()];
  const remains = paths.filter((path) => /\/(staged\.|failure\.)/.test(path) || path.startsWith(`${HOME}/.`));
  assert.equal(remains, [], where);
  for (const which of ["current", "good"]) assert.ok(files.text(`${HOME}/${which}/tls.key`), `${where}: ${which}`);
  assert.equal([files.tree.get(KEY)?.kind, files.tree.get(CERTIFICATE)?.kind], ["link", "link"], where);
}

function checkModes(files: MemoryFiles, before: ReadonlyMap<string, unknown>, where: string): void {
  for (const [path, file] of files.tree) {
    if (file.kind !== "file" || before.get(path) === file) continue;
    if (path.endsWith(".key")) assert.is(file.mode, 0o600, `${where}: ${path}`);
  }
}

for (const renewal of RENEWALS) {
  // a crash after an operation is one before the next; before it, the try that follows crashes as well
  for (const kind of KINDS.filter((kind) => !renewal.isLike || kind !== "crash-after")) {
    test(`R57 a ${kind} at every file operation of a renewal ${renewal.name}: the pair always matches, and the next one ends well`, async () => {
      const signer = await daySigner();
      const clean = await worldBefore(signer, renewal);
      clean.world.files.calls.length = 0;
      assert.is(
        (await clean.keeper().tend()).did,
        renewal.fails ? "failed" : "changed",
        JSON.stringify(clean.world.lines.at(-1)),
      );
      const calls = [...clean.world.files.calls];
      assert.ok(calls.length > 30, String(calls.length));
      // nothing goes from one directory to another (EXDEV): every file is made where it stays
      assert.equal(calls.filter((call) => /^(rename|create|append) /.test(call)), []);
      for (let at = 1; at <= calls.length; at++) {
        // a crash before or after what changes nothing is one before what follows
        if ((kind !== "error" || renewal.isLike) && isReading(calls[at - 1] ?? "")) continue;
        const where = `${kind} at call ${at} of ${calls.length}, ${calls[at - 1]}`;
        const { world, now, then, keeper, issued } = await worldBefore(signer, renewal);
        const { files } = world;
        const [before, had] = [new Map(files.tree), issued()];
        const old = [files.text(KEY), files.text(CERTIFICATE)];
        files.calls.length = 0;
        files.failWith({ at, kind });
        const { did } = await keeper().tend();
        assert.ok(kind === "error" || did === "failed", where);
        files.failWith();
        const isSwapped = files.calls.some((call) => /^replaceLink .*\/current$/.test(call));
        const found = [files.text(KEY), files.text(CERTIFICATE)];
        if (!isSwapped && !renewal.isFirst) assert.equal(found, old, where);
        const hasPair = !renewal.isFirst || !found.includes(undefined);
        assert.is(await isPair(files, now), hasPair || undefined, where);
        checkModes(files, before, where);
        world.execute = () => WELL;
        world.setTime(then);
        if (kind === "crash-before") {
          leaveTemporary(files, calls[at - 1] ?? "");
          files.failWith({ at: 1 + at * 31 % calls.length, kind });
          await keeper().tend();
          files.failWith();
          if (hasPair) assert.ok(await isPair(files, then), where);
        }
        const again = await keeper().tend();
        assert.ok(["changed", "nothing"].includes(again.did), `${where}: ${JSON.stringify(world.lines.at(-1))}`);
        assert.is(again.nextAt > new Date(then), true, where);
        assert.ok(await isPair(files, then), where);
        assert.is(issued(), had + 1, `${where}: one certificate`);
        checkModes(files, before, where);

        if (kind === "error") continue;
        // whoever insists gets another one, and nothing is left of what was under way
        const serial = world.certificate().serialNumber;
        const [key, count] = [files.text(KEY), issued()];
        assert.is((await keeper().tend({ force: true })).did, "changed", where);
        assert.is.not(world.certificate().serialNumber, serial, where);
        assert.is(issued(), count + 1, where);
        assert.is(files.text(KEY) !== key, renewal.change?.rotateKey === "always", where);
        assert.ok(await isPair(files, then), where);
        checkRemains(files, where);
      }
    });
  }
}

for (const [begun, ended] of [["always", "never"], ["never", "always"]] as const) {
  test(`a renewal that was begun with rotateKey ${begun} is ended so, though it is ${ended} by now: no other key is asked for`, async () => {
    const signer = await daySigner();
    const world = keeperWorld(signer);
    await world.keeper().tend();
    world.setTime(LATER);
    const key = world.files.text(KEY);
    const dying = world.keeper({ rotateKey: begun }, {
      reach: () =>
        Promise.resolve({
          url: "https://signer:6443",
          fetch: async (request) => {
            const response = await signer.signer.fetch(request);
            world.files.failWith({ at: 1, kind: "crash-before" });
            return response;
          },
          close: () => {},
        }),
    });
    assert.is((await dying.tend()).did, "failed");
    world.files.failWith();
    world.setTime(MUCH_LATER);
    const { did } = await world.keeper({ rotateKey: ended }).tend();
    assert.is(did, "changed", JSON.stringify(world.lines.at(-1)));
    assert.is(issuedBy(signer), 2);
    assert.is(world.files.text(KEY) === key, begun === "never");
  });
}

test.run();
