import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkChange, type CheckPorts } from "../../../src/agent/check_change.ts";
import type { ChangeFacts } from "../../../src/agent/hook.ts";
import type { ManagedCertificate } from "../../../src/agent/managed.ts";
import type { Bytes } from "../../../src/bytes.ts";
import { createCa } from "../../../src/ca/create_ca.ts";
import { signCsr, type SignOptions } from "../../../src/ca/sign_csr.ts";
import { CertgenError } from "../../../src/errors.ts";
import type { Executed, PeerCertificateOptions } from "../../../src/ports.ts";
import type { Certificate } from "../../../src/x509/certificate.ts";
import { fakeClock, fakeLog, fakeSleep, type LogLine, MOMENT, rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";
import { peerRequest } from "../../signing.ts";

const { now } = fakeClock();
const ca = await createCa({ commonName: "test CA", now });
const issue = async (options: SignOptions): Promise<Certificate> =>
  await signCsr(atob(await peerRequest()), ca, { now, ...options });
const [before, after] = [await issue({ profile: "etcd-peer" }), await issue({ profile: "etcd-peer" })];
const serverOnly = await issue({ usages: ["serverAuth"], lifetimeSeconds: 3600 });

const factsOf = (certificate: Certificate): ChangeFacts => ({
  event: "changed",
  certificate,
  keyFile: "/certs/a.key",
  certificateFile: "/certs/a.crt",
  caFile: "/certs/ca.crt",
  changed: ["certificate"],
});
const MANAGED: ManagedCertificate = {
  profile: "etcd-peer",
  commonName: "etcd1",
  organization: "system:etcd-peers",
  dnsNames: [],
  ipAddresses: [],
  directory: "/certs",
};
const WITH_TLS: ManagedCertificate = { ...MANAGED, checkTls: { host: "127.0.0.1", port: 2379 } };

interface World {
  readonly ports: CheckPorts;
  readonly asked: PeerCertificateOptions[];
  readonly ran: unknown[];
  readonly pauses: number[];
  readonly lines: LogLine[];
}

/** A server that shows one thing after the other, then always the last; each attempt takes so many seconds. */
function world(shows: readonly (Bytes | Error)[], { seconds = 0, ended = {} as Partial<Executed> } = {}): World {
  const clock = fakeClock();
  let passed = 0;
  const pass = (seconds: number): void => {
    passed += seconds;
    clock.set(new Date(Date.parse(MOMENT) + passed * 1000).toISOString());
  };
  const { sleep, pauses } = fakeSleep(pass);
  const { log, lines } = fakeLog();
  const [asked, ran]: [PeerCertificateOptions[], unknown[]] = [[], []];
  const files = new MemoryFiles();
  files.put("/certs/a.key", "the key");
  const ports: CheckPorts = {
    execute: (program, { env }) => {
      ran.push([program, env["HOOK_SERIAL"], env["A"]]);
      return Promise.resolve({ code: 0, signal: undefined, timedOut: false, output: "", ...ended });
    },
    peerCertificate: (options) => {
      const shown = shows[Math.min(asked.length, shows.length - 1)] ?? new Error("nothing to show");
      asked.push(options);
      pass(seconds);
      return shown instanceof Error ? Promise.reject(shown) : Promise.resolve(shown);
    },
    env: { A: "1", CERTGEN_TOKEN: "no" },
    now: clock.now,
    sleep,
    log,
    files,
  };
  return { ports, asked, ran, pauses, lines };
}

const refused = new CertgenError("unavailable", "Cannot reach https://127.0.0.1:2379: connection refused");

test("checkChange without a check asks nobody", async () => {
  const { ports, asked, ran, lines } = world([]);
  await checkChange(MANAGED, factsOf(after), ports);
  assert.equal([asked, ran, lines], [[], [], []]);
});

test("checkChange runs the program with the facts; where it fails, the server is not asked", async () => {
  const check = { program: "/bin/check", args: ["a"] };
  const good = world([after.der]);
  await checkChange({ ...WITH_TLS, check }, factsOf(after), good.ports);
  assert.equal(good.ran, [[check, after.serialNumber, "1"]]);
  assert.is(good.asked.length, 1);
  const bad = world([after.der], { ended: { code: 4, output: "sick\n" } });
  const error = await rejection("hook-failed", checkChange({ ...WITH_TLS, check }, factsOf(after), bad.ports));
  assert.is(error.message, 'The check "/bin/check" failed: exit code 4: sick');
  assert.is(bad.asked.length, 0);
});

test("checkChange takes a server that shows the new certificate at once", async () => {
  const { ports, asked, pauses } = world([after.der]);
  await checkChange(WITH_TLS, factsOf(after), ports);
  assert.equal(pauses, []);
  const client = { certificate: after.pem, privateKey: "the key" };
  assert.equal(asked, [{ host: "127.0.0.1", port: 2379, timeoutSeconds: 5, client }]);
});

test("checkChange presents no client certificate that is none, and does not read the key for it", async () => {
  const { ports, asked } = world([serverOnly.der]);
  const files = { read: () => Promise.reject(new Error("read")) };
  await checkChange(WITH_TLS, factsOf(serverOnly), { ...ports, files });
  assert.equal(asked, [{ host: "127.0.0.1", port: 2379, timeoutSeconds: 5 }]);
});

test("checkChange tries again while the server shows another, is away, or restarts", async () => {
  const { ports, asked, pauses, lines } = world([before.der, refused, new Uint8Array([1]), after.der]);
  await checkChange(WITH_TLS, factsOf(after), ports);
  assert.is(asked.length, 4);
  assert.equal(pauses, [0.25, 0.5, 1]);
  assert.equal(lines.map(({ level, facts }) => [level, facts["attempt"]]), [1, 2, 3, 4].map((i) => ["debug", i]));
  assert.is(lines[0]?.facts["because"], `still shows serial ${before.serialNumber} and not ${after.serialNumber}`);
});

test("checkChange gives up after 30 seconds, and says what the server shows instead", async () => {
  const { serialNumber } = after;
  const forged = Uint8Array.from(after.der);
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  const cases: readonly (readonly [shown: Bytes | Error, message: string])[] = [
    [before.der, `still shows serial ${before.serialNumber} and not ${serialNumber}`],
    [forged, `still shows another certificate with serial ${serialNumber}`],
    [new Uint8Array([48, 0]), `still shows a certificate that cannot be read, and not serial ${serialNumber}`],
    [refused, `does not show serial ${serialNumber}: ${refused.message}`],
  ];
  for (const [shown, message] of cases) {
    const { ports, pauses, asked } = world([shown]);
    const error = await rejection("hook-failed", checkChange(WITH_TLS, factsOf(after), ports));
    assert.is(error.message, `The server at 127.0.0.1:2379 ${message}`);
    assert.equal(pauses, [0.25, 0.5, 1, 2, 4, 4, 4, 4, 4, 4, 2.25]);
    assert.is(asked.length, 12);
  }
});

test("checkChange counts the time of its attempts, and a clock that jumps does not count", async () => {
  const slow = world([refused], { seconds: 5 });
  await rejection("hook-failed", checkChange(WITH_TLS, factsOf(after), slow.ports));
  assert.equal(slow.pauses, [0.25, 0.5, 1, 2, 1.25]);
  const jump = world([before.der, before.der, after.der], { seconds: 86_400 });
  await checkChange(WITH_TLS, factsOf(after), jump.ports);
  const back = world([refused], { seconds: -86_400 });
  await rejection("hook-failed", checkChange(WITH_TLS, factsOf(after), back.ports));
  assert.is(back.asked.length, 12);
});

test("checkChange does not try again what cannot become better", async () => {
  const { ports, asked } = world([new CertgenError("invalid-certificate", "Cannot present client certificate: no")]);
  await rejection("invalid-certificate", checkChange(WITH_TLS, factsOf(after), ports));
  assert.is(asked.length, 1);
  await rejection("not-found", checkChange(WITH_TLS, { ...factsOf(after), keyFile: "/none" }, ports));
});

test("checkChange ends with the signal's reason, in an attempt or a pause, and names an IPv6 address as such", async () => {
  const reason = new Error("stop");
  const controller = new AbortController();
  const { ports, asked, pauses } = world([before.der]);
  const sleep: CheckPorts["sleep"] = (seconds, signal) => {
    controller.abort(reason);
    return ports.sleep(seconds, signal);
  };
  const checking = checkChange(WITH_TLS, factsOf(after), { ...ports, sleep }, controller.signal);
  assert.is(await checking.catch((error) => error), reason);
  assert.equal([asked.length, asked[0]?.signal === controller.signal, pauses], [1, true, []]);
  const aborted = world([reason]);
  const other = checkChange(WITH_TLS, factsOf(after), aborted.ports, controller.signal);
  assert.is(await other.catch((error) => error), reason);
  const v6 = checkChange({ ...MANAGED, checkTls: { host: "::1", port: 1 } }, factsOf(after), world([refused]).ports);
  assert.match((await rejection("hook-failed", v6)).message, /^The server at \[::1\]:1 does not/);
});

test.run();
