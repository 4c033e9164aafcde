import { test } from "uvu";
import * as assert from "uvu/assert";
import { newCa, newLeaf } from "../../../cli/credentials.ts";
import { type SignerConfig, startSigner } from "../../../cli/signer_process.ts";
import { CertgenError } from "../../../src/errors.ts";
import type { Runtime, ServeOptions } from "../../../src/ports.ts";
import { type FakeRuntime, fakeRuntime } from "../../command.ts";
import { fakeLog, rejection } from "../../fakes.ts";
import { objectIn, objectJson, pathOf, peerRequest } from "../../signing.ts";

const ca = await newCa("CA");
const otherCa = await newCa("other CA");
const serving = await newLeaf(ca.issuer, {
  commonName: "s",
  usages: ["serverAuth"],
  names: ["s"],
  lifetimeSeconds: 3600,
});

/** Waits of the watch end when the test says so. */
function steppedSleep(): { sleep: Runtime["sleep"]; tick: () => Promise<void> } {
  let [wake, waits] = [[] as (() => void)[], 0];
  return {
    sleep: (seconds, signal) =>
      new Promise((resolve, reject) => {
        // the hour between two sweeps never ends
        if (seconds < 3600) {
          waits++;
          wake.push(resolve);
        }
        signal?.addEventListener("abort", () => reject(signal.reason));
      }),
    tick: async () => {
      const enough = waits + 2; // both watches
      while (waits < enough) {
        for (const one of wake.splice(0)) one();
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    },
  };
}

function world(change: Partial<Runtime> = {}): FakeRuntime {
  const fake = fakeRuntime({ sleep: steppedSleep().sleep, ...change });
  fake.files.put("ca.crt", ca.pem.certificate);
  fake.files.put("ca.key", ca.pem.privateKey, 0o600);
  fake.files.put("s.crt", serving.certificate);
  fake.files.put("s.key", serving.privateKey, 0o600);
  void fake.files.makeDirectory("csrs", 0o700);
  return fake;
}

const config: SignerConfig = {
  cas: { etcd: { certificate: "ca.crt", key: "ca.key" } },
  serving: [{ certificate: "s.crt", key: "s.key" }],
  requests: "csrs",
  auditDirectory: "audit",
  tokens: [],
  address: { host: "127.0.0.1", port: 0 },
  health: { host: "127.0.0.1", port: 6440 },
  lifetimeSeconds: { "etcd-peer": 3600 },
};

const ask = async (options: ServeOptions | undefined, path: string, init: RequestInit = {}): Promise<Response> =>
  await options?.handler(new Request(`https://s${path}`, init)) ?? Response.error();

test("startSigner serves the signer over TLS and health over plain HTTP, and keeps requests as files", async () => {
  const { runtime, files, served, events } = world();
  const { log } = fakeLog();
  const signer = await startSigner(runtime, config, log);
  assert.equal([signer.port, signer.healthPort], [40_001, 6440]);
  const [main, health] = served;
  assert.equal(main?.tls, [{ certificate: serving.certificate, privateKey: serving.privateKey }]);
  assert.is(health?.tls, undefined);
  const headers = { "content-type": "application/json" };
  const body = objectJson(await peerRequest());
  const object = await objectIn(await ask(main, pathOf("v1"), { method: "POST", body, headers }));
  assert.ok(object.status.certificate);
  assert.equal(Object.keys(files.snapshot()).filter((path) => path.startsWith("csrs/")), [
    "csrs/.revision",
    "csrs/system:etcd-peer:etcd1",
  ]);
  assert.is(files.tree.get("csrs/system:etcd-peer:etcd1")?.mode, 0o600);
  await signer.stop();
  assert.equal(events, ["stop", "stop"]);
});

test("the plain listener answers /readyz and nothing else", async () => {
  const { runtime, served } = world();
  await startSigner(runtime, config, fakeLog().log).then((signer) => signer.stop());
  const health = served[1];
  assert.is(await (await ask(health, "/readyz")).text(), "ok");
  const body = objectJson(await peerRequest());
  for (const path of [pathOf("v1"), pathOf("v1", "a"), "/ca/etcd-peer", "/", "/readyz/", "/readyz/x"]) {
    assert.is((await ask(health, path)).status, 404, path);
    assert.is((await ask(health, path, { method: "POST", body })).status, 404, path);
  }
});

test("health can be off, and a port that is taken is no reason not to sign", async () => {
  const off = world();
  const signer = await startSigner(off.runtime, { ...config, health: undefined }, fakeLog().log);
  assert.equal([signer.healthPort, off.served.length], [undefined, 1]);
  await signer.stop();
  const taken = world();
  const { serve } = taken.runtime;
  const { log, lines } = fakeLog();
  const runtime: Runtime = {
    ...taken.runtime,
    serve: (options) => options.tls ? serve(options) : Promise.reject(new CertgenError("io", "address in use")),
  };
  const other = await startSigner(runtime, config, log);
  assert.is(other.healthPort, undefined);
  await other.stop();
  const why = lines.filter(({ facts }) => "because" in facts);
  assert.equal(why.map(({ level, facts }) => [level, facts["because"]]), [["warn", "address in use"]]);
});

test("tokens close it", async () => {
  const { runtime, served } = world();
  const tokens = [{ token: "t", identity: { username: "u", groups: [], proof: "bootstrap-token" as const } }];
  const signer = await startSigner(runtime, { ...config, tokens }, fakeLog().log);
  assert.is((await ask(served[0], pathOf("v1"), { method: "POST" })).status, 403);
  const headers = { authorization: "Bearer t" };
  assert.is((await ask(served[0], pathOf("v1", "a"), { headers })).status, 404);
  await signer.stop();
});

test("a token file closes it too, also one without tokens, and is refused where it is broken", async () => {
  const { runtime, files, served } = world();
  const asked = { ...config, tokenAuthFile: "tokens" };
  for (const [text, status] of [["t,u,1\n", 404], ["", 401]] as const) {
    files.put("tokens", text, 0o600);
    const signer = await startSigner(runtime, asked, fakeLog().log);
    const main = served.at(-2);
    assert.is((await ask(main, pathOf("v1"), { method: "POST" })).status, 403);
    const headers = { authorization: "Bearer t" };
    assert.is((await ask(main, pathOf("v1", "a"), { headers })).status, status);
    await signer.stop();
  }
  files.put("tokens", "t,u\n", 0o600);
  const { length } = served;
  const { message } = await rejection("malformed-object", startSigner(runtime, asked, fakeLog().log));
  assert.match(message, '"tokens": line 1');
  assert.is(served.length, length);
});

const full = (path: string): Promise<never> =>
  Promise.reject(new CertgenError("io", `Cannot write ${path}: no space left`));

test("R55 what cannot be used is refused by name before anything listens", async () => {
  const cases: [(fake: FakeRuntime) => void, RegExp][] = [
    [({ files }) => files.tree.delete("csrs"), /^Cannot keep requests in "csrs": there is no such directory$/],
    [({ files }) => files.tree.delete("ca.key"), /ca\.key/],
    [({ files }) => files.put("ca.key", otherCa.pem.privateKey), /"ca\.crt" with key "ca\.key": .*not the CA/],
    [({ files }) => files.put("ca.crt", serving.certificate), /"ca\.crt"/],
    [({ files }) => files.tree.delete("s.crt"), /s\.crt/],
    [({ files }) => void (files.replace = full), /^Cannot write csrs\/\.revision: no space left$/],
    [
      ({ files }) => files.put("csrs/.revision", "?"),
      /^Cannot count changes with "csrs\/\.revision": it holds no number/,
    ],
  ];
  for (const [change, message] of cases) {
    const fake = world();
    await Promise.resolve();
    change(fake);
    const error: unknown = await startSigner(fake.runtime, config, fakeLog().log).then(
      () => "started",
      (e: unknown) => e,
    );
    assert.ok(error instanceof CertgenError, String(error));
    assert.match(error.message, message);
    assert.equal(fake.served, []);
  }
});

test("opening the directory leaves nothing there but the counter", async () => {
  const { runtime, files } = world();
  await (await startSigner(runtime, config, fakeLog().log)).stop();
  assert.equal(Object.keys(files.snapshot()).filter((path) => path.startsWith("csrs/")), ["csrs/.revision"]);
});

test("a CA and a serving certificate that are replaced are taken; a broken CA is logged and the old one stays", async () => {
  const { sleep, tick } = steppedSleep();
  const { runtime, files, served, events } = world({ sleep });
  const { log, lines } = fakeLog();
  const signer = await startSigner(runtime, config, log);
  const caOf = async (): Promise<string> => await (await ask(served[0], "/ca/etcd-peer")).text();
  await tick();
  files.put("ca.crt", otherCa.pem.certificate); // its key is still to come
  await tick();
  await tick();
  assert.is(await caOf(), ca.pem.certificate);
  assert.match(lines.at(-1)?.message ?? "", /^CA has changed and cannot be used; the old one stays$/);
  files.put("ca.key", otherCa.pem.privateKey);
  await tick();
  await tick();
  assert.is(await caOf(), otherCa.pem.certificate);
  files.put("s.crt", `${serving.certificate}\n`);
  await tick();
  await tick();
  assert.equal(events, ["reload 1"]);
  await signer.stop();
});

test("a server that cannot listen is an error", async () => {
  const { runtime } = world({ serve: () => Promise.reject(new CertgenError("io", "address in use")) });
  await rejection("io", startSigner(runtime, config, fakeLog().log));
});

test("the audit log is beside the requests unless it is given a directory", async () => {
  const { runtime, files } = world();
  const { auditDirectory: _, ...given } = config;
  await (await startSigner(runtime, given, fakeLog().log)).stop();
  assert.ok(files.text("csrs/.audit-log/audit.key"));
});

test.run();
