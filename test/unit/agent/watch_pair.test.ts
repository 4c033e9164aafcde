import { test } from "uvu";
import * as assert from "uvu/assert";
import { watchPair, type WatchPairOptions } from "../../../src/agent/watch_pair.ts";
import { createCa } from "../../../src/ca/create_ca.ts";
import { signCsr } from "../../../src/ca/sign_csr.ts";
import type { TlsPair } from "../../../src/ports.ts";
import { createCsr } from "../../../src/x509/csr.ts";
import { exportPrivateKey, generateKey, type KeyPair } from "../../../src/x509/key.ts";
import { fakeLog, fakeSleep, type LogLine } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const ca = await createCa({ commonName: "CA" });
const extractable = { extractable: true };

/** A pair of a new key, or of one that is there. */
async function pairOf(key?: KeyPair): Promise<TlsPair & { key: KeyPair }> {
  const its = key ?? await generateKey("ec-p256", extractable);
  const csr = await createCsr({ key: its, subject: { commonName: "x" }, dnsNames: ["x"] });
  const { pem } = await signCsr(csr.pem, ca, { usages: ["serverAuth"] });
  return { certificate: pem, privateKey: await exportPrivateKey(its), key: its };
}

const [one, two, three] = [await pairOf(), await pairOf(), await pairOf()];
const renewed = await pairOf(one.key);
const junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

/** What changes the files before a look; the first runs before the second look. */
type Step = (files: MemoryFiles) => void;

const write = (files: MemoryFiles, pair: TlsPair): void => {
  files.put("d/x.crt", pair.certificate);
  files.put("d/x.key", pair.privateKey, 0o600);
};
const nothing: Step = () => {};

/** Lets a watch look after each step, and gives what it yields until the steps are over. */
async function watched(
  steps: readonly Step[],
  start: Step = (files) => write(files, one),
  options: Partial<WatchPairOptions> = {},
): Promise<{ certificates: string[]; keys: string[]; lines: LogLine[]; pauses: number[]; files: MemoryFiles }> {
  const files = new MemoryFiles();
  start(files);
  const controller = new AbortController();
  const left = [...steps];
  const { sleep, pauses } = fakeSleep(() => {
    const step = left.shift();
    if (step === undefined) controller.abort();
    else step(files);
  });
  const { log, lines } = fakeLog();
  const paths = { certificateFile: "d/x.crt", keyFile: "d/x.key" };
  const pairs: TlsPair[] = [];
  for await (const pair of watchPair({ ...paths, files, sleep, log, signal: controller.signal, ...options })) {
    pairs.push(pair);
  }
  const certificates = pairs.map(({ certificate }) => certificate);
  return { certificates, keys: pairs.map(({ privateKey }) => privateKey), lines, pauses, files };
}

test("watchPair gives the pair that is there at once, and once", async () => {
  const { certificates, keys, pauses, lines } = await watched([nothing, (files) => write(files, one), nothing]);
  assert.equal([certificates, keys, lines], [[one.certificate], [one.privateKey], []]);
  assert.equal(pauses, [2, 2, 2, 2]);
  assert.equal((await watched([], undefined, { periodSeconds: 0.5 })).pauses, [0.5]);
});

test("watchPair waits for a pair that is not there yet", async () => {
  const key: Step = (files) => files.put("d/x.key", one.privateKey, 0o600);
  const { certificates } = await watched([nothing, key, (files) => write(files, one), nothing], nothing);
  assert.equal(certificates, [one.certificate]);
});

test("watchPair gives each new pair, one with the old key and the one from before included", async () => {
  const steps = [renewed, two, one].map((pair): Step => (files) => write(files, pair));
  const { certificates, keys } = await watched(steps);
  assert.equal(certificates, [one, renewed, two, one].map(({ certificate }) => certificate));
  assert.equal(keys, [one, renewed, two, one].map(({ privateKey }) => privateKey));
});

test("watchPair gives nothing of what stands between two pairs", async () => {
  const { certificate } = two;
  const between: Readonly<Record<string, Step>> = {
    "a certificate whose key is still to come": (files) => files.put("d/x.crt", certificate),
    "a key whose certificate is still to come": (files) => files.put("d/x.key", two.privateKey),
    "no certificate": (files) => files.tree.delete("d/x.crt"),
    "no key": (files) => files.tree.delete("d/x.key"),
    "an empty certificate": (files) => files.put("d/x.crt", ""),
    "an empty key": (files) => files.put("d/x.key", ""),
    "half of a certificate": (files) => files.put("d/x.crt", one.certificate.slice(0, 200)),
    "half of a chain": (files) => files.put("d/x.crt", one.certificate + ca.certificate.pem.slice(0, 200)),
    "half of a key": (files) => files.put("d/x.key", one.privateKey.slice(0, 60)),
    "a chain with what is none": (files) => files.put("d/x.crt", one.certificate + junk),
    "a chain in the wrong order": (files) => files.put("d/x.crt", ca.certificate.pem + one.certificate),
    "a key in the place of the certificate": (files) => files.put("d/x.crt", one.privateKey),
    "a certificate in the place of the key": (files) => files.put("d/x.key", one.certificate),
    "no text": (files) => files.put("d/x.crt", Uint8Array.of(0xff, 0xfe)),
    "too much": (files) => files.put("d/x.crt", one.certificate + "\n".repeat(1 << 20)),
    "a key that is encrypted": (files) =>
      files.put("d/x.key", one.privateKey.replaceAll("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")),
  };
  for (const [what, step] of Object.entries(between)) {
    const { certificates } = await watched([step, nothing, (files) => write(files, two)]);
    assert.equal(certificates, [one.certificate, certificate], what);
    const { certificates: back } = await watched([step, nothing, (files) => write(files, one)]);
    assert.equal(back, [one.certificate], `${what}, and back`);
    const { certificates: first } = await watched([nothing, (files) => write(files, two)], (files) => {
      write(files, one);
      step(files);
    });
    assert.equal(first, [certificate], `${what}, at first`);
  }
});

test("watchPair gives chains as they are, and a change in a chain", async () => {
  const chain = { ...one, certificate: `text\n${one.certificate}text\n${ca.certificate.pem}` };
  const { certificates } = await watched([(files) => write(files, chain), nothing]);
  assert.equal(certificates, [one.certificate, chain.certificate]);
});

test("watchPair follows one symbolic link that both files lead through", async () => {
  const swapTo = (version: string, pair: TlsPair): Step => (files) => {
    files.put(`d/${version}/tls.crt`, pair.certificate);
    files.put(`d/${version}/tls.key`, pair.privateKey, 0o600);
    files.putLink("d/current", version);
  };
  const start: Step = (files) => {
    files.putLink("d/x.crt", "current/tls.crt");
    files.putLink("d/x.key", "current/tls.key");
    swapTo("1", one)(files);
  };
  const { certificates, lines } = await watched([swapTo("2", two), swapTo("3", three), nothing], start);
  assert.equal(certificates, [one, two, three].map((pair) => pair.certificate));
  assert.equal(lines, []);
});

test("watchPair takes no pair that changes while it is read, even where it would match", async () => {
  const files = new MemoryFiles();
  write(files, one);
  let reads = 0;
  const read: MemoryFiles["read"] = async (path) => {
    const content = await files.read(path);
    // the same key: only the second look at the certificate tells
    if (++reads === 2) write(files, renewed);
    return content;
  };
  const { certificates, lines } = await watched([nothing], nothing, { files: { read } });
  assert.equal([certificates, lines], [[renewed.certificate], []]);
  assert.is(reads, 6);
});

test("watchPair logs what lasts longer than three looks, once, and again after it was well", async () => {
  const bad: Step = (files) => files.put("d/x.key", two.privateKey);
  const good: Step = (files) => write(files, one);
  const line: LogLine = {
    level: "warn",
    message: "certificate and key cannot be used; those before stay",
    facts: { files: ["d/x.crt", "d/x.key"], because: "Cannot use certificate: the key is another one's" },
  };
  assert.equal((await watched([bad, nothing, good, bad, nothing, good])).lines, []);
  assert.equal((await watched([bad, nothing, nothing, nothing, nothing])).lines, [line]);
  const again = [bad, nothing, nothing, good, bad, nothing, nothing, nothing];
  assert.equal((await watched(again)).lines, [line, line]);
  const { lines } = await watched([nothing, nothing, nothing], nothing);
  assert.is(lines.length, 1);
  assert.is(lines[0]?.message, "certificate and key cannot be used; waiting for others");
  assert.equal(lines[0]?.facts["because"], "Cannot read d/x.crt: no such file or directory");
  // without a log it is passed over as well
  const files = new MemoryFiles();
  const { sleep } = fakeSleep(() => files.calls.length > 12 && write(files, one));
  for await (const pair of watchPair({ certificateFile: "d/x.crt", keyFile: "d/x.key", files, sleep })) {
    assert.is(pair.certificate, one.certificate);
    break;
  }
});

test("watchPair tells no key", async () => {
  const { lines } = await watched([(files) => files.put("d/x.key", one.privateKey.slice(0, -40)), nothing, nothing]);
  assert.is(lines.length, 1);
  const body = one.privateKey.split("\n").slice(1, 3);
  for (const part of body) assert.not(JSON.stringify(lines).includes(part));
});

test("watchPair ends when its signal is aborted, without an error, and reads nothing after it", async () => {
  const files = new MemoryFiles();
  write(files, one);
  const { sleep } = fakeSleep();
  const options = { certificateFile: "d/x.crt", keyFile: "d/x.key", files, sleep };
  const aborted = watchPair({ ...options, signal: AbortSignal.abort(new Error("enough")) });
  assert.equal(await aborted.next(), { done: true, value: undefined });
  assert.equal(files.calls, []);

  // while it reads
  const controller = new AbortController();
  const read: MemoryFiles["read"] = (path) => {
    controller.abort();
    return files.read(path);
  };
  const pairs = watchPair({ ...options, files: { read }, signal: controller.signal });
  assert.equal(await pairs.next(), { done: true, value: undefined });

  // while its pair is in use
  const stop = new AbortController();
  let taken = 0;
  for await (const _ of watchPair({ ...options, signal: stop.signal })) {
    taken++;
    stop.abort();
  }
  assert.is(taken, 1);
});

test("watchPair refuses a period that is none, and hands on what a wait throws that was not aborted", async () => {
  const files = new MemoryFiles();
  write(files, one);
  const options = { certificateFile: "d/x.crt", keyFile: "d/x.key", files, sleep: fakeSleep().sleep };
  for (const periodSeconds of [0, -1, NaN]) {
    const first = watchPair({ ...options, periodSeconds }).next();
    assert.instance(await first.then(() => undefined, (error: unknown) => error), TypeError);
  }
  const broken = new Error("no timers");
  const pairs = watchPair({ ...options, sleep: () => Promise.reject(broken) });
  await pairs.next();
  assert.is(await pairs.next().then(() => undefined, (error: unknown) => error), broken);
});

test.run();
