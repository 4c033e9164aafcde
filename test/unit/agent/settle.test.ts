import { test } from "uvu";
import * as assert from "uvu/assert";
import type { AgentEvents } from "../../../src/agent/events.ts";
import type { ManagedCertificate } from "../../../src/agent/managed.ts";
import { PairFiles, type PairTexts } from "../../../src/agent/pair.ts";
import { settle, type Settled } from "../../../src/agent/settle.ts";
import { createCa } from "../../../src/ca/create_ca.ts";
import { signCsr } from "../../../src/ca/sign_csr.ts";
import type { Executed, Program } from "../../../src/ports.ts";
import { parseCertificate } from "../../../src/x509/certificate.ts";
import { createCsr } from "../../../src/x509/csr.ts";
import { exportPrivateKey, generateKey } from "../../../src/x509/key.ts";
import { countingRandom, fakeClock, fakeLog, fakeSleep, type LogLine, rejection } from "../../fakes.ts";
import { BADLY, WELL } from "../../keeper_world.ts";
import { MemoryFiles } from "../../memory_files.ts";

const { now } = fakeClock();
const ca = await createCa({ commonName: "CA", now });
const otherCa = await createCa({ commonName: "other CA", now });
const key = await generateKey("ec-p256", { extractable: true });

/** A pair of the one key. */
async function textsOf(caPem: string | undefined = ca.certificate.pem): Promise<PairTexts> {
  const csr = await createCsr({ key, subject: { commonName: "n" } });
  const { pem } = await signCsr(csr.pem, ca, { usages: ["serverAuth"], now });
  return { keyPem: await exportPrivateKey(key), certificatePem: pem, caPem };
}

const [first, second] = [await textsOf(), await textsOf()];
const serialOf = ({ certificatePem }: PairTexts): string => parseCertificate(certificatePem).serialNumber;

/** The files of a pair, and what was run and told. */
interface SettleWorld {
  readonly files: MemoryFiles;
  readonly pair: PairFiles;
  /** `hook changed <serial>`. */
  readonly ran: string[];
  readonly events: string[];
  readonly lines: LogLine[];
  /** What programs end with; hears which run it is. */
  execute: (what: string) => Executed | Promise<Executed>;
  readonly settle: (signal?: AbortSignal) => Promise<Settled | undefined>;
  readonly serial: () => string;
}

async function settleWorld(change: Partial<ManagedCertificate> = {}): Promise<SettleWorld> {
  const files = new MemoryFiles();
  const managed: ManagedCertificate = {
    profile: "etcd-peer",
    commonName: "n",
    organization: "o",
    dnsNames: [],
    ipAddresses: [],
    directory: "d",
    onChange: { program: "hook", args: [] },
    check: { program: "check", args: [] },
    ...change,
  };
  const pair = new PairFiles({ files, now, random: countingRandom() }, managed, "n");
  await pair.prepare();
  const { log, lines } = fakeLog();
  const events: AgentEvents = {
    onLook: () => {},
    onRenewed: () => {},
    onFailure: () => {},
    onRolledBack: (name) => void world.events.push(`rolled back ${name}`),
  };
  const run = async ({ program }: Program, env: Readonly<Record<string, string>>): Promise<Executed> => {
    const what = `${program} ${env["HOOK_EVENT"]}`;
    world.ran.push(`${what} ${env["HOOK_SERIAL"]}`);
    return await world.execute(what);
  };
  const world: SettleWorld = {
    files,
    pair,
    ran: [],
    events: [],
    lines,
    execute: () => WELL,
    settle: (signal) =>
      settle(pair, managed, {
        files,
        now,
        sleep: fakeSleep().sleep,
        log,
        execute: (program, { env }) => run(program, env),
        peerCertificate: () => Promise.reject(new Error("nobody is asked")),
        env: {},
        events,
        ...signal && { signal },
      }),
    serial: () => parseCertificate(files.text("d/n.crt") ?? "").serialNumber,
  };
  return world;
}

/** One with a good pair, and the next one pending. */
async function pending(change: Partial<ManagedCertificate> = {}, next = second): Promise<SettleWorld> {
  const world = await settleWorld(change);
  await world.pair.commit(first, undefined);
  await world.settle();
  world.ran.length = 0;
  await world.pair.commit(next, await world.pair.current());
  return world;
}

test("where nothing is pending, or nothing is there, nothing is run", async () => {
  const world = await settleWorld();
  assert.is(await world.settle(), undefined);
  await world.pair.commit(first, undefined);
  assert.ok(await world.settle());
  world.ran.length = 0;
  assert.is(await world.settle(), undefined);
  assert.equal(world.ran, []);
});

test("a pair that is pending but broken is none to tell of", async () => {
  const world = await pending();
  world.files.put("d/n.key", "garbage");
  assert.is(await world.settle(), undefined);
  assert.equal(world.ran, []);
  assert.ok(await world.pair.isPending());
});

test("the hook runs, then the check, and then the pair is good", async () => {
  const world = await pending();
  world.execute = async () => {
    assert.ok(await world.pair.isPending(), "not good before both have run");
    return WELL;
  };
  const settled = await world.settle();
  assert.equal(settled?.changed, ["certificate"]);
  assert.is(settled?.pair.certificate.serialNumber, serialOf(second));
  assert.equal(world.ran, [`hook changed ${serialOf(second)}`, `check changed ${serialOf(second)}`]);
  assert.not(await world.pair.isPending());
  assert.is((await world.pair.good())?.certificate.serialNumber, serialOf(second));
});

test("without hook and check it is good at once", async () => {
  const world = await settleWorld({ onChange: undefined, check: undefined } as unknown as Partial<ManagedCertificate>);
  await world.pair.commit(first, undefined);
  assert.equal((await world.settle())?.changed, ["certificate", "key", "ca"]);
  assert.not(await world.pair.isPending());
});

test("another CA alone is a change that readers hear of", async () => {
  const world = await pending({}, { ...first, caPem: ca.certificate.pem + otherCa.certificate.pem });
  assert.equal((await world.settle())?.changed, ["ca"]);
  assert.is(world.ran.length, 2);
});

test("a hook that fails ends it before the check; the last good pair is back when the hook runs again", async () => {
  const world = await pending();
  world.execute = (what) => {
    if (what === "hook rolled-back") assert.is(world.serial(), serialOf(first));
    return what === "hook changed" ? BADLY : WELL;
  };
  const error = await rejection("hook-failed", world.settle());
  assert.match(error.message, /^The hook "hook" failed: exit code 3: it does not work$/);
  assert.equal(world.ran, [`hook changed ${serialOf(second)}`, `hook rolled-back ${serialOf(first)}`]);
  assert.equal(world.events, ["rolled back d/n.crt"]);
  assert.is(world.serial(), serialOf(first));
  assert.not(await world.pair.isPending(), "the good pair needs no check");
  assert.is(await world.settle(), undefined);
});

test("a hook that fails for the good pair as well is said, and the first fault is what is thrown", async () => {
  const world = await pending();
  world.execute = (what) => what === "hook changed" ? BADLY : { ...BADLY, code: 4, output: "nor does the old one" };
  const error = await rejection("hook-failed", world.settle());
  assert.match(error.message, "exit code 3");
  const said = world.lines.filter(({ level }) => level === "error");
  assert.equal(said.map(({ message }) => message), [
    "the new pair does not work: the last good one is back",
    "the hook failed for the good pair as well",
  ]);
  assert.match(String(said[1]?.facts["because"]), "exit code 4: nor does the old one");
  assert.is(world.serial(), serialOf(first));
});

test("a first pair that does not work stays pending, and is tried again", async () => {
  const world = await settleWorld();
  await world.pair.commit(first, undefined);
  world.execute = () => BADLY;
  await rejection("hook-failed", world.settle());
  assert.equal(world.events, []);
  assert.ok(world.lines.some(({ level, message }) => level === "error" && message.includes("none to go back to")));
  assert.is(world.serial(), serialOf(first));
  assert.ok(await world.pair.isPending());
  world.execute = () => WELL;
  assert.ok(await world.settle());
});

test("a last good pair that is broken by now is not gone back to", async () => {
  const world = await pending();
  const good = await world.pair.good();
  world.files.put(`d/.n/${good?.version}/tls.key`, "garbage");
  world.execute = () => BADLY;
  await rejection("hook-failed", world.settle());
  assert.is(world.serial(), serialOf(second));
  assert.equal(world.events, []);
});

for (const when of ["hook changed", "check changed"]) {
  test(`a signal during ${when} leaves the pair pending, for the next run to tell of`, async () => {
    const world = await pending();
    const stop = new AbortController();
    world.execute = (what) => {
      if (what === when) stop.abort(new Error("SIGTERM"));
      return what === when ? { ...WELL, code: undefined, signal: "SIGTERM" } : WELL;
    };
    const error = await world.settle(stop.signal).then(() => undefined, (error) => error);
    assert.is(error?.message, "SIGTERM");
    assert.is(world.serial(), serialOf(second));
    assert.ok(await world.pair.isPending());
    assert.equal(world.events, []);
    assert.not(world.ran.some((what) => what.includes("rolled-back")));
    world.execute = () => WELL;
    world.ran.length = 0;
    assert.ok(await world.settle());
    assert.equal(world.ran.length, 2, "both are run again");
  });
}

test("a signal while the hook runs for the good pair ends it; the good pair is in its place", async () => {
  const world = await pending();
  const stop = new AbortController();
  world.execute = (what) => {
    if (what === "hook rolled-back") stop.abort(new Error("SIGTERM"));
    return BADLY;
  };
  const error = await world.settle(stop.signal).then(() => undefined, (error) => error);
  assert.is(error?.message, "SIGTERM");
  assert.is(world.serial(), serialOf(first));
});

test("what is no failure of a program is no reason to go back", async () => {
  const world = await pending();
  world.execute = () => Promise.reject(new TypeError("a fault of certgen's"));
  await world.settle().then(() => assert.unreachable(), (error) => assert.instance(error, TypeError));
  assert.is(world.serial(), serialOf(second));
  assert.ok(await world.pair.isPending());
});

test.run();
