import { test } from "uvu";
import * as assert from "uvu/assert";
import { install } from "../../../src/agent/install.ts";
import type { ManagedCertificate } from "../../../src/agent/managed.ts";
import { PairFiles } from "../../../src/agent/pair.ts";
import { renewalTime } from "../../../src/agent/renewal_time.ts";
import { type Failure, Staging } from "../../../src/agent/staging.ts";
import { type CertificateStatus, statusOf } from "../../../src/agent/status.ts";
import { authority, certify, DAY, issued, later } from "../../authorities.ts";
import { countingRandom, fakeClock, rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const [ca, stranger] = [await authority("CA"), await authority("stranger")];
const pair = await issued(ca);
const renewAt = await renewalTime(pair.certificate);
const MANAGED: ManagedCertificate = {
  profile: "etcd-peer",
  commonName: "n",
  organization: "o",
  dnsNames: ["n"],
  ipAddresses: ["10.0.0.1"],
  directory: "d",
};
const ABOUT = { commonName: "n", certificateFile: "d/n.crt" };
/** What is said of the pair that was installed, whatever its state. */
const HELD = { ...ABOUT, certificate: pair.certificate, renewAt };

/** A directory, with the pair that was issued a moment ago unless said, and what looks at it without changing anything. */
async function make({ isEmpty = false, isPromoted = true } = {}) {
  const files = new MemoryFiles();
  const { now, set } = fakeClock();
  const ports = { files, now, random: countingRandom() };
  const pairFiles = new PairFiles(ports, MANAGED, "n");
  if (!isEmpty) {
    await pairFiles.prepare();
    await install(files, pairFiles, MANAGED, { ...pair, cas: [ca.certificate], isPinned: false }, undefined, now());
    if (isPromoted) await pairFiles.promote();
  }
  const look = async (at: Date = later(1), managed: Partial<ManagedCertificate> = {}): Promise<CertificateStatus> => {
    set(at.toISOString());
    const before = files.snapshot();
    files.calls.length = 0;
    const status = await statusOf({ ...MANAGED, ...managed }, ports);
    assert.equal(files.calls.filter((call) => !/^(?:read|stat|list|readLink) /.test(call)), []);
    assert.equal(files.snapshot(), before);
    return status;
  };
  return { files, pairFiles, look, staging: new Staging(files, pairFiles.layout.home) };
}

/** A status without the functions and getters of its certificate, which every parse makes anew. */
const plain = ({ certificate, ...rest }: CertificateStatus) => ({ ...rest, serialNumber: certificate?.serialNumber });

function equals(status: CertificateStatus, expected: CertificateStatus): void {
  assert.equal(plain(status), plain(expected));
  assert.is("certificate" in status, "certificate" in expected);
  assert.is("failure" in status, "failure" in expected);
}

test("missing: there is nothing, and nothing is made", async () => {
  const { files, look } = await make({ isEmpty: true });
  equals(await look(), { ...ABOUT, state: "missing", reason: "there is no certificate", isPending: false });
  files.put("d/n.crt", pair.certificatePem);
  equals(await look(), { ...ABOUT, state: "missing", reason: "there is no key", isPending: false });
});

test("fresh, due and expired carry the certificate and when it is renewed", async () => {
  const { look } = await make();
  equals(await look(), { ...HELD, state: "fresh", reason: "", isPending: false });
  const due = { ...HELD, state: "due", isPending: false } as const;
  equals(await look(renewAt), { ...due, reason: "it is in the last part of its lifetime" });
  equals(await look(later(1), { dnsNames: ["n", "m"] }), { ...due, reason: "it lacks the name DNS:m" });
  const { notAfter } = pair.certificate;
  const expired = { ...HELD, state: "expired", reason: `it expired at ${notAfter.toISOString()}` } as const;
  equals(await look(later(DAY + 1)), { ...expired, isPending: false });
});

test("due where the CA's file does not hold its CA; nothing is said where there is none", async () => {
  const { files, look } = await make();
  files.put("d/ca.crt", stranger.certificate.pem);
  const reason = "its CA is not among those that are trusted here";
  equals(await look(), { ...HELD, state: "due", reason, isPending: false });
  files.put("d/ca.crt", stranger.certificate.pem + (await certify(ca, ca)).pem);
  equals(await look(), { ...HELD, state: "fresh", reason: "", isPending: false });
  await files.remove("d/ca.crt");
  equals(await look(), { ...HELD, state: "fresh", reason: "", isPending: false });
  files.put("d/metric.crt", stranger.certificate.pem);
  equals(await look(later(1), { caFile: "metric.crt" }), { ...HELD, state: "due", reason, isPending: false });
});

test("broken: a certificate before its time is shown all the same", async () => {
  const { look } = await make();
  const reason = `it is not valid before ${pair.certificate.notBefore.toISOString()}`;
  equals(await look(later(-DAY)), { ...HELD, state: "broken", reason, isPending: false });
});

test("pending until hook and check have run, and for plain files never", async () => {
  const { files, pairFiles, look } = await make({ isPromoted: false });
  equals(await look(), { ...HELD, state: "fresh", reason: "", isPending: true });
  // what somebody moved over the links is no version whose hook has still to run
  const [key, certificate] = [files.tree.get("d/n.key"), files.tree.get("d/n.crt")];
  assert.ok(key && certificate);
  files.put("d/n.key", pair.keyPem, 0o600);
  files.put("d/n.crt", pair.certificatePem);
  equals(await look(), { ...HELD, state: "fresh", reason: "", isPending: false });
  files.tree.set("d/n.key", key).set("d/n.crt", certificate);
  await pairFiles.promote();
  equals(await look(), { ...HELD, state: "fresh", reason: "", isPending: false });
  const plainFiles = await make({ isEmpty: true });
  plainFiles.files.put("d/n.key", pair.keyPem, 0o600);
  plainFiles.files.put("d/n.crt", pair.certificatePem);
  equals(await plainFiles.look(), { ...HELD, state: "fresh", reason: "", isPending: false });
});

test("the last failure is there beside each state", async () => {
  const failure: Failure = { code: "unavailable", message: "no", at: later(0), count: 3, retryAt: later(60) };
  for (const isEmpty of [true, false]) {
    const { files, staging, look } = await make({ isEmpty });
    await staging.putFailure(failure);
    const status = await look();
    assert.equal(status.failure, failure);
    assert.is(status.state, isEmpty ? "missing" : "fresh");
    files.put("d/n.key", "garbage", 0o600);
    files.put("d/n.crt", "garbage");
    const reason = 'Cannot read certificate: no PEM block, not "CERTIFICATE"';
    equals(await look(), { ...ABOUT, state: "broken", reason, isPending: false, failure });
    await staging.clearFailure();
    assert.not.ok("failure" in await look());
  }
});

test("what cannot be read is broken, with the reason", async () => {
  const cases: [spoil: (files: MemoryFiles) => void, reason: RegExp][] = [
    [(files) => files.put("d/n.crt", "garbage"), /^Cannot read certificate: no /],
    [(files) => files.put("d/n.key", "garbage", 0o600), /^Cannot read private key: /],
    [(files) => files.put("d/ca.crt", "garbage"), /^Cannot use the CA's file "d\/ca\.crt": .*; repair it, or/],
    [(files) => files.putLink("d/n.crt", "/etc/passwd"), /^Cannot use "d\/n\.crt": it is a symbolic link to "\/etc/],
    [(files) => files.putLink("d/.n/current", "/etc"), /^Cannot use "d\/\.n\/current": it is no link to a version/],
    [(files) => files.putLink("d/.n/good", "/etc"), /^Cannot use "d\/\.n\/good": it is no link to a version/],
    [(files) => files.put("d/n.crt", "x".repeat((1 << 20) + 1)), /larger than/],
  ];
  for (const [spoil, reason] of cases) {
    const { files, look } = await make();
    assert.is((await look()).state, "fresh");
    spoil(files);
    const status = await look();
    assert.match(status.reason, reason);
    equals(status, { ...ABOUT, state: "broken", reason: status.reason, isPending: false });
  }
});

test("a key that is another's is broken", async () => {
  const { files, look } = await make();
  await files.remove("d/n.key");
  files.put("d/n.key", (await issued(ca)).keyPem, 0o600);
  const reason = "key and certificate do not belong together";
  equals(await look(), { ...ABOUT, state: "broken", reason, isPending: false });
});

test("a disk that fails at any step is broken, with the system's word; a failure that cannot be read is none", async () => {
  const { files, look } = await make();
  const well = await look();
  const calls = [...files.calls];
  const total = calls.length;
  assert.ok(total > 8);
  for (let at = 1; at <= total; at++) {
    files.failWith({ at, kind: "error" });
    const status = await look();
    if (calls[at - 1] === "read d/.n/failure.json") {
      equals(status, well);
      continue;
    }
    assert.match(status.reason, /^Cannot .*\(ENOSPC\)$/, `call ${at} of ${total}`);
    equals(status, { ...ABOUT, state: "broken", reason: status.reason, isPending: false });
  }
});

test("R2 a name that leaves the directory is refused before anything is read; a fault of certgen's is none of the disk", async () => {
  const { files, look } = await make();
  for (const commonName of ["../x", "a/b", ".n", ""]) await rejection("unsafe-path", look(later(1), { commonName }));
  assert.equal(files.calls, []);
  const fault = new TypeError("a fault of certgen's");
  files.read = () => Promise.reject(fault);
  assert.is(await look().catch((error) => error), fault);
});

test.run();
