// timeout: 240
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { keepFresh } from "../../../src/agent/keep_fresh.ts";
import type { Keeper, Tended } from "../../../src/agent/keeper.ts";
import type { ManagedCertificate } from "../../../src/agent/managed.ts";
import { renewalTime } from "../../../src/agent/renewal_time.ts";
import { CertgenError } from "../../../src/errors.ts";
import type { Certificate } from "../../../src/x509/certificate.ts";
import type { CredentialWorld } from "../../credentials.ts";
import { failure } from "../../agent_world.ts";
import { MOMENT } from "../../fakes.ts";
import { daySigner, type KeeperWorld, keeperWorld } from "../../keeper_world.ts";
import { Timeline } from "../../timeline.ts";

/** Ten and three in `npm run soak`. */
const DAYS = Number(process.env["FRESH_DAYS"] ?? 2);
const DOWN = Number(process.env["FRESH_DAYS_DOWN"] ?? 1);
const at = (hours: number): string => new Date(Date.parse(MOMENT) + hours * 3_600_000).toISOString();

/** A keeper among others, and the certificates that it put in place. */
interface Kept {
  readonly world: KeeperWorld;
  readonly renewals: { readonly at: Date; readonly certificate: Certificate }[];
  readonly looks: Tended[];
}

/** One signer, one clock, and keepers that `run` waits with until a moment. */
class Days {
  readonly signer: CredentialWorld;
  readonly time: Timeline;
  readonly kept: readonly Kept[];
  readonly stop = new AbortController();
  isDown: (at: Date) => boolean = () => false;
  readonly #worlds: KeeperWorld[];

  constructor(signer: CredentialWorld, count = 1) {
    this.signer = signer;
    this.#worlds = Array.from({ length: count }, () =>
      keeperWorld((request) => {
        if (!this.isDown(this.time.now())) return signer.signer.fetch(request);
        throw new CertgenError("unavailable", "Cannot reach the signer: connection refused");
      }));
    this.time = new Timeline(MOMENT, count, (at) => {
      signer.setTime(at.toISOString());
      for (const world of this.#worlds) world.setTime(at.toISOString());
    });
    this.kept = this.#worlds.map((world) => ({ world, renewals: [], looks: [] }));
    // as `run` has it
    for (const world of this.#worlds) world.reach = { patienceSeconds: 60 };
  }

  keeper(index: number, change: Partial<ManagedCertificate> = {}): Keeper {
    const { world, renewals } = this.kept[index] as Kept;
    const events = {
      onLook: () => {},
      onRenewed: (_: string, at: Date) => void renewals.push({ at, certificate: world.certificate() }),
      onFailure: (_: string, code: string) => void world.events.push(code),
      onRolledBack: () => {},
    };
    return world.keeper(change, { sleep: this.time.sleep, now: this.time.now, events });
  }

  async run(hours: number, keepers: readonly Keeper[] = this.kept.map((_, i) => this.keeper(i))): Promise<void> {
    const { sleep, now } = this.time;
    this.time.when(at(hours), () => this.stop.abort(new Error("SIGTERM")));
    await keepFresh(keepers, {
      sleep,
      now,
      signal: this.stop.signal,
      onLook: (tended) => this.kept[this.kept.length - 1]?.looks.push(tended),
    });
  }
}

/** What was said where nobody looks for faults. */
const said = ({ lines }: KeeperWorld): number => lines.filter(({ level }) => level !== "debug").length;

/** Each certificate was followed by another between 60 and 75 % of its lifetime, at the first look after its time. */
async function inTime(renewals: Kept["renewals"]): Promise<void> {
  for (const [i, { at }] of renewals.entries()) {
    const before = renewals[i - 1]?.certificate;
    if (before === undefined) continue;
    const lifetime = before.notAfter.getTime() - before.notBefore.getTime();
    const part = (at.getTime() - before.notBefore.getTime()) / lifetime;
    assert.ok(part >= 0.6 && part < 0.751, `renewed at ${part}`);
    const late = at.getTime() - (await renewalTime(before)).getTime();
    assert.ok(late >= 0 && late <= 60_000, `${late} ms after its time`);
  }
}

test(`R63 for ${DAYS} days each certificate is renewed between 60 and 75 % of its lifetime, and the CA is asked for hourly`, async () => {
  const days = new Days(await daySigner());
  const { world, renewals } = days.kept[0] as Kept;
  await days.run(24 * DAYS);
  assert.ok(renewals.length >= DAYS * 1.33 && renewals.length <= DAYS * 1.67 + 1, `${renewals.length} certificates`);
  await inTime(renewals);
  assert.is(world.sent.filter(({ method }) => method === "POST").length, renewals.length, "asked once for each");
  const cas = world.sent.filter(({ path }) => path.startsWith("/ca/")).length;
  assert.ok(cas >= 23 * DAYS && cas <= 27 * DAYS, `the CA was asked for ${cas} times`);
  assert.ok(said(world) <= 6 * DAYS, `${said(world)} lines`);
});

test(`R56 R63 a signer that is down for ${DOWN} days costs few lines, and once it is back the certificate is renewed`, async () => {
  const days = new Days(await daySigner());
  const { world, renewals } = days.kept[0] as Kept;
  const hours = 6 + 24 * DOWN;
  days.time.when(at(0.5), () => days.time.jump(at(13.5)));
  days.isDown = (now) => now >= new Date(at(6)) && now < new Date(at(hours));
  await days.run(hours + 1);
  assert.is(renewals.length, 2);
  const back = (renewals[1]?.at.getTime() ?? 0) - Date.parse(at(hours));
  assert.ok(back >= 0 && back <= 120_000, `${back} ms after it was back`);
  assert.ok(world.events.length > 200 * DOWN && world.events.every((code) => code === "unavailable"));
  assert.ok(said(world) > 24 * DOWN && said(world) < 100 * DOWN, `${said(world)} lines`);
});

test("one that is refused, and one whose signer does not answer, hold up no other", async () => {
  const days = new Days(await daySigner(), 3);
  const [well, refused, silent] = days.kept as [Kept, Kept, Kept];
  refused.world.reach = { fetch: () => Promise.resolve(failure(403, "Forbidden")) };
  const waiting = async (request: Request): Promise<never> => {
    await days.time.sleep(30, request.signal);
    throw new CertgenError("unavailable", "no answer within 30 s");
  };
  silent.world.reach = { fetch: waiting, patienceSeconds: 60 };
  days.time.when(at(0.5), () => days.time.jump(at(13.5)));
  await days.run(18.5);
  assert.is(well.renewals.length, 2);
  await inTime(well.renewals);
  assert.equal([refused.renewals, silent.renewals], [[], []]);
  assert.ok(refused.world.events.length > 5 && refused.world.events.every((code) => code === "forbidden"));
  assert.ok(refused.world.events.length < 30, `refused ${refused.world.events.length} times`);
  assert.ok(silent.world.events.length > 50 && silent.world.events.every((code) => code === "unavailable"));
});

test("R63 after a sleep of hours, or of days, what is due by then is renewed at once, and no more", async () => {
  for (const [slept, state] of [[20, "due"], [60, "expired"]] as const) {
    const days = new Days(await daySigner());
    const { world, renewals, looks } = days.kept[0] as Kept;
    days.time.when(at(1), () => days.time.jump(at(slept)));
    await days.run(slept + 0.5);
    assert.equal(renewals.map(({ at }) => at.toISOString()), [at(0), at(slept)]);
    assert.is(looks.find(({ did }, i) => i > 0 && did === "changed")?.look.state, state);
    assert.is(world.sent.filter(({ method }) => method === "POST").length, 2);
  }
});

test("R63 a clock that is set back by a year, and right again later, causes no certificate but the due ones", async () => {
  const days = new Days(await daySigner());
  const { world, renewals } = days.kept[0] as Kept;
  days.time.when(at(3), () => days.time.jump(at(3 - 365 * 24)));
  days.time.when(at(3 - 365 * 24 + 2), () => days.time.jump(at(5)));
  await days.run(20);
  assert.is(renewals.length, 2);
  await inTime(renewals);
  assert.is(world.sent.filter(({ method }) => method === "POST").length, 2);
});

test("it ends at the signal, whatever is under way", async () => {
  const days = new Days(await daySigner());
  const { world } = days.kept[0] as Kept;
  let asked = 0;
  const fetch = (request: Request): Promise<Response> =>
    new Promise((_, reject) => {
      request.signal.addEventListener("abort", () => reject(request.signal.reason));
      if (++asked === 1) return reject(new CertgenError("unavailable", "connection refused"));
      queueMicrotask(() => days.stop.abort(new Error("SIGTERM")));
    });
  world.reach = { fetch, patienceSeconds: 60 };
  await days.run(1);
  assert.is(asked, 2);
  assert.equal(world.events, [], "to be stopped is no failure");
});

test("each look has a signal of its own: what listens to it is forgotten with it, however long the process lives", async () => {
  const days = new Days(await daySigner());
  const keeper = days.keeper(0);
  const tend = keeper.tend.bind(keeper);
  const signals = new Set<AbortSignal | undefined>();
  keeper.tend = (options) => {
    signals.add(options?.signal);
    return tend(options);
  };
  await days.run(0.2, [keeper]);
  assert.ok(signals.size > 10, `${signals.size} signals`);
  assert.not(signals.has(days.stop.signal));
});

test("what is a fault of certgen's own ends it", async () => {
  const days = new Days(await daySigner());
  (days.kept[0] as Kept).world.reach = { fetch: () => Promise.reject(new TypeError("a fault")) };
  await days.run(1).then(() => assert.unreachable(), (error) => assert.is(error.message, "a fault"));
});

test.run();
