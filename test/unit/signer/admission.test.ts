import { test } from "uvu";
import * as assert from "uvu/assert";
import { unauthorized } from "../../../src/auth/authenticator.ts";
import { ANONYMOUS, type Identity } from "../../../src/identity.ts";
import { Admission, type RateLimits } from "../../../src/signer/admission.ts";
import { fakeClock, fakeLog, rejection } from "../../fakes.ts";

const identity = (username: string, groups: readonly string[] = []): Identity => ({ username, groups, proof: "token" });

/** Admission where each request says in its path who asks; `bad` is nobody. */
function admission(rate: RateLimits = { requestsPerSecond: 1, burst: 2 }) {
  const { now, set } = fakeClock();
  const { log, lines } = fakeLog();
  let asked = 0;
  const authenticate = (request: Request): Promise<Identity> => {
    asked++;
    const who = new URL(request.url).pathname.slice(1);
    if (who === "bad") return Promise.reject(unauthorized());
    if (who === "broken") return Promise.reject(new Error("no disk"));
    return Promise.resolve(who === "" ? ANONYMOUS : identity(who, who === "root" ? ["certgen:admins"] : []));
  };
  const all = new Admission({ authenticate, rate, now, log });
  const as = async (who: string, address?: string): Promise<Identity> => {
    all.enter(address);
    return await all.identify(new Request(`https://signer/${who}`), address);
  };
  const times = async (count: number, who: string, address?: string): Promise<void> => {
    for (let i = 0; i < count; i++) await as(who, address).catch(() => {});
  };
  return { all, as, times, set, lines, asked: () => asked };
}

test("an identity may ask so often, wherever it asks from, and others go on", async () => {
  const { as, set } = admission();
  assert.equal(await as("a", "192.0.2.1"), identity("a"));
  await as("a", "192.0.2.2");
  const error = await rejection("too-many-requests", as("a", "192.0.2.3"));
  assert.is(error.retryAfterSeconds, 1);
  await as("b", "192.0.2.1");
  set("2026-03-01T12:00:01Z");
  await as("a");
  await rejection("too-many-requests", as("a"));
});

test("whoever has no credential is limited by address, and administrators by none of their own", async () => {
  const { as, times } = admission();
  await times(2, "", "192.0.2.1");
  await rejection("too-many-requests", as("", "192.0.2.1"));
  assert.equal(await as("", "192.0.2.2"), ANONYMOUS);
  for (let i = 0; i < 10; i++) await as("root", "192.0.2.2");
});

test("an address that floods is turned away before its credentials are looked at", async () => {
  const { as, times, asked } = admission();
  await times(40, "root", "192.0.2.1");
  assert.is(asked(), 40);
  await rejection("too-many-requests", as("root", "192.0.2.1"));
  assert.is(asked(), 40);
  await as("root", "192.0.2.2");
  // a peer without an address is one of all those
  await times(40, "root");
  await rejection("too-many-requests", as("root"));
});

test("addresses of one IPv6 network are one, and so is an IPv4 address however it is written", async () => {
  const same = [
    ["2001:db8::1", "2001:db8:0:0:ffff::2", "2001:DB8::"],
    ["fe80::1%eth0", "fe80::2%eth1", "fe80::3"],
    ["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"],
    ["not an address", "not an address", "not an address"],
  ];
  for (const [one, two, three] of same) {
    const { as, asked, times } = admission();
    await as("", one);
    await as("", two);
    await rejection("too-many-requests", as("", three));
    await times(37, "root", two);
    assert.is(asked(), 40);
    await rejection("too-many-requests", as("root", three));
    assert.is(asked(), 40);
    for (const other of ["2001:db8:0:1::1", "192.0.2.2", "::192.0.2.1", "64:ff9b::c000:201", "", "other"]) {
      await as("", other);
    }
  }
});

test("a request is taken from what its sender may ask once, by whoever knows first", async () => {
  const { all } = admission({ requestsPerSecond: 1, burst: 2 });
  const request = new Request("https://signer/a");
  for (let i = 0; i < 5; i++) all.charge(identity("a"), request);
  await all.identify(request);
  all.charge(identity("a"), new Request("https://signer/a"));
  const third = new Request("https://signer/a");
  assert.throws(() => all.charge(identity("a"), third), /too many requests/);
});

test("refusals of strangers are said within a budget, and what is left when it is asked for", async () => {
  const { all, times, lines } = admission({ requestsPerSecond: 50, burst: 200 });
  const said = Array.from({ length: 25 }, () => all.refused({ path: "/x" }));
  assert.is(said.filter((one) => one).length, 10);
  await times(12, "bad");
  assert.is(lines.length, 20);
  all.rest();
  assert.equal(lines.slice(20), [
    { level: "warn", message: "authentication failed", facts: { unsaid: 2 } },
    { level: "info", message: "request refused", facts: { unsaid: 15 } },
  ]);
  all.rest();
  assert.is(lines.length, 22);
});

test("bad credentials are 401, and many of them 429, of that address alone; good ones are good all the same", async () => {
  const { as, times, set } = admission({ requestsPerSecond: 50, burst: 200 });
  for (let i = 0; i < 30; i++) await rejection("unauthorized", as("bad", "192.0.2.1"));
  await rejection("too-many-requests", as("bad", "192.0.2.1"));
  await rejection("unauthorized", as("bad", "192.0.2.2"));
  await times(100, "bad", "192.0.2.1");
  assert.equal(await as("a", "192.0.2.1"), identity("a"));
  set("2026-03-01T12:00:01Z");
  await rejection("unauthorized", as("bad", "192.0.2.1"));
});

test("failures are said within a budget, with how many were not", async () => {
  const { times, lines, set } = admission({ requestsPerSecond: 50, burst: 200 });
  await times(25, "bad", "192.0.2.1");
  assert.is(lines.length, 10);
  const facts = { method: "GET", from: "192.0.2.1", unsaid: 0 };
  assert.equal(lines[0], { level: "warn", message: "authentication failed", facts });
  set("2026-03-01T12:01:00Z");
  await times(1, "bad", "192.0.2.1");
  assert.is(lines.at(-1)?.facts["unsaid"], 15);
});

test("what breaks is no failed authentication, and lets nobody in", async () => {
  const { as, lines } = admission();
  const error = await as("broken").catch((error: unknown) => error);
  assert.is((error as Error).message, "no disk");
  assert.equal(lines, []);
});

test("without a rate there are no limits, and failures are said all the same", async () => {
  const { as, times, lines } = admission({ requestsPerSecond: 0, burst: 1 });
  await times(5000, "a");
  await times(100, "bad");
  await as("a");
  await rejection("unauthorized", as("bad"));
  assert.is(lines.length, 10);
});

test.run();
