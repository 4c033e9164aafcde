import { chmodSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { embeddedParts, embeddedPaths, hostNames, prepareEmbedded } from "../../../cli/embedded.ts";
import type { Runtime } from "../../../src/ports.ts";
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { parseCertificate, verifyCertificate } from "../../../src/x509/certificate.ts";
import { type FakeRuntime, fakeRuntime } from "../../command.ts";
import { fakeLog, rejection } from "../../fakes.ts";

const { log, lines } = fakeLog();
const prepare = (runtime: Runtime): ReturnType<typeof prepareEmbedded> => prepareEmbedded(runtime, "state", log);

/** A state directory in memory that was made before. */
async function prepared(): Promise<FakeRuntime> {
  const fake = fakeRuntime();
  await prepare(fake.runtime);
  return fake;
}

test("the first start makes three CAs, a serving certificate and two tokens; only certificates can be read by others", async () => {
  const root = realpathSync(mkdtempSync(`${tmpdir()}/certgen-embedded-`));
  try {
    const directory = `${root}/.certgen`;
    await prepareEmbedded(await detectRuntime(), directory, log);
    const modes = readdirSync(directory).sort().map((name) =>
      `${name} ${(statSync(`${directory}/${name}`).mode & 0o7777).toString(8)}`
    );
    assert.equal(modes, [
      "admin-token 600",
      "audit 700",
      "ca.crt 644",
      "ca.key 600",
      "csrs 700",
      "metric-ca.crt 644",
      "metric-ca.key 600",
      "server.crt 644",
      "server.key 600",
      "serving-ca.crt 644",
      "serving-ca.key 600",
      "token 600",
      "tokens 700",
    ]);
    assert.is(statSync(directory).mode & 0o7777, 0o700);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test("the serving certificate is of the third CA, for localhost, this host and its addresses, and no node's CA vouches for it", async () => {
  const { files } = await prepared();
  const [server, serving, etcd, metric] = ["server", "serving-ca", "ca", "metric-ca"].map((name) =>
    parseCertificate(files.text(`state/${name}.crt`) ?? "")
  );
  if (!server || !serving || !etcd || !metric) throw new Error("missing");
  const at = { at: new Date() };
  await verifyCertificate(server, [serving], at);
  for (const ca of [etcd, metric]) await rejection("invalid-certificate", verifyCertificate(server, [ca], at));
  assert.equal(server.extensions.subjectAltName?.map(({ value }) => value), [
    "localhost",
    "host1",
    "127.0.0.1",
    "::1",
    "10.8.89.9",
  ]);
  assert.equal(server.extensions.extKeyUsage, ["serverAuth"]);
  const keys = [server, serving, etcd, metric].map(({ publicKey }) => publicKey.spki.join());
  assert.is(new Set(keys).size, 4);
});

test("a second start changes nothing", async () => {
  const { runtime, files } = await prepared();
  const before = files.snapshot();
  files.calls.length = 0;
  await prepare(runtime);
  assert.equal(files.snapshot(), before);
  assert.equal(files.calls.filter((call) => /^(?:replace|create|remove|rename)/.test(call)), []);
});

test("two state directories have CAs of different names and different tokens", async () => {
  const [a, b] = [await prepared(), await prepared()];
  const name = ({ files }: FakeRuntime): string | undefined =>
    parseCertificate(files.text("state/ca.crt") ?? "").subject.attributes[0]?.value;
  assert.match(name(a) ?? "", /^certgen etcd CA [0-9a-f]{8}$/);
  assert.is.not(name(a), name(b));
  assert.is.not(a.files.text("state/token"), b.files.text("state/token"));
  const tokens = [a, b].flatMap(({ files }) => [files.text("state/token"), files.text("state/admin-token")]);
  assert.is(new Set(tokens).size, 4);
  for (const token of tokens) assert.match(token ?? "", /^[0-9a-f]{6}\.[0-9a-f]{40}\n$/);
});

/** What a start rewrites of a state directory after something was done to it. */
async function rewritten(change: (fake: FakeRuntime) => void, host?: Runtime["host"]): Promise<string[]> {
  const fake = await prepared();
  const before = fake.files.snapshot();
  change(fake);
  await prepare(host === undefined ? fake.runtime : { ...fake.runtime, host });
  const after = fake.files.snapshot();
  return Object.keys(after).filter((path) => after[path] !== before[path]).sort();
}

const SERVING = ["state/server.crt", "state/server.key"];

test("a lost or broken serving certificate is made anew, and nothing else", async () => {
  assert.equal(await rewritten(({ files }) => files.tree.delete("state/server.crt")), SERVING);
  assert.equal(await rewritten(({ files }) => files.tree.delete("state/server.key")), SERVING);
  assert.equal(await rewritten(({ files }) => files.put("state/server.crt", "garbage")), SERVING);
  assert.equal(await rewritten(({ files }) => files.put("state/server.crt", "")), SERVING);
  assert.equal(
    await rewritten(({ files }) => files.put("state/server.crt", files.text("state/ca.crt") ?? "")),
    SERVING,
  );
});

test("a host that got a name or an address gets another serving certificate; one that lost one does not", async () => {
  const nothing = (): void => {};
  assert.equal(await rewritten(nothing, () => ({ name: "host2", addresses: ["10.8.89.9"] })), SERVING);
  assert.equal(await rewritten(nothing, () => ({ name: "host1", addresses: ["10.8.89.9", "fd00::1"] })), SERVING);
  assert.equal(await rewritten(nothing, () => ({ name: "host1", addresses: [] })), []);
});

test("a serving key that is another's is noticed", async () => {
  const other = await prepared();
  const key = other.files.text("state/server.key") ?? "";
  assert.equal(await rewritten(({ files }) => files.put("state/server.key", key, 0o600)), SERVING);
});

test("a serving CA that was made anew brings a serving certificate of its own", async () => {
  const paths = ["state/server.crt", "state/server.key", "state/serving-ca.crt", "state/serving-ca.key"];
  const lost = ({ files }: FakeRuntime): void => {
    files.tree.delete("state/serving-ca.crt");
    files.tree.delete("state/serving-ca.key");
  };
  assert.equal(await rewritten(lost), paths);
});

test("a lost token is made anew; one that is there is kept", async () => {
  assert.equal(await rewritten(({ files }) => files.tree.delete("state/token")), ["state/token"]);
  assert.equal(await rewritten(({ files }) => files.tree.delete("state/admin-token")), ["state/admin-token"]);
  const kept = await rewritten(({ files }) => files.put("state/token", "mine.token\n", 0o600));
  assert.equal(kept, ["state/token"]); // changed by the test, and not again
});

test("a CA key alone is put aside, not lost; a certificate alone is refused", async () => {
  lines.length = 0;
  const alone = await rewritten(({ files }) => files.tree.delete("state/ca.crt"));
  assert.equal(alone.map((path) => path.replace(/\.[0-9a-f]{8}$/, ".ASIDE")), [
    "state/ca.crt",
    "state/ca.key",
    "state/ca.key.ASIDE",
  ]);
  assert.ok(lines.some(({ level, message }) => level === "warn" && message.startsWith("a CA key without")));
  const { runtime, files } = await prepared();
  files.tree.delete("state/metric-ca.key");
  const before = files.snapshot();
  await rejection("not-found", prepare(runtime));
  assert.equal(files.snapshot(), before);
});

test("a CA that is broken is refused, and not replaced", async () => {
  const { runtime, files } = await prepared();
  files.put("state/ca.crt", "garbage");
  const before = files.snapshot();
  const error = await rejection("invalid-certificate", prepare(runtime));
  assert.match(error.message, 'Cannot use CA "state/ca.crt" with key "state/ca.key"');
  assert.equal(files.snapshot(), before);
});

test("a crash at every file operation of the first start: the next start ends well", async () => {
  const whole = await prepared();
  const total = whole.files.calls.length;
  const names = Object.keys(whole.files.snapshot());
  for (const kind of ["crash-before", "crash-after"] as const) {
    for (let at = 1; at <= total; at++) {
      const { runtime, files } = fakeRuntime();
      files.failWith({ at, kind });
      await rejection("io", prepare(runtime));
      files.failWith();
      await prepare(runtime);
      // a key that a crash left without its certificate is put aside
      const present = Object.keys(files.snapshot()).filter((path) => !/\.key\.[0-9a-f]{8}$/.test(path));
      assert.equal(present, names, `${kind} at ${at}`);
      await prepare(runtime);
    }
  }
});

test("somebody else's file, link or directory is refused by name", async () => {
  const runtime = await detectRuntime();
  const root = realpathSync(mkdtempSync(`${tmpdir()}/certgen-embedded-`));
  try {
    symlinkSync(`${root}/elsewhere`, `${root}/link`);
    await rejection("unsafe-path", prepareEmbedded(runtime, `${root}/link`, log));
    const directory = `${root}/state`;
    await prepareEmbedded(runtime, directory, log);
    chmodSync(`${directory}/token`, 0o666);
    assert.match((await rejection("unsafe-path", prepareEmbedded(runtime, directory, log))).message, "state/token");
    chmodSync(`${directory}/token`, 0o600);
    for (const name of ["admin-token", "admin.kubeconfig"]) {
      rmSync(`${directory}/${name}`, { force: true });
      symlinkSync(`${root}/elsewhere`, `${directory}/${name}`);
      const error = await rejection("unsafe-path", prepareEmbedded(runtime, directory, log));
      assert.match(error.message, `state/${name}`);
      rmSync(`${directory}/${name}`);
    }
    rmSync(`${directory}/csrs`, { recursive: true });
    symlinkSync(root, `${directory}/csrs`);
    assert.match((await rejection("unsafe-path", prepareEmbedded(runtime, directory, log))).message, "state/csrs");
    rmSync(`${directory}/csrs`);
    chmodSync(directory, 0o777);
    await rejection("unsafe-path", prepareEmbedded(runtime, directory, log));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test("embeddedParts asks for a node's token, whose public half is the name, or the administrator's", async () => {
  const { runtime, files } = await prepared();
  const { paths, parts } = await embeddedParts(runtime, "state", log);
  assert.equal(paths, embeddedPaths("state"));
  const token = files.text("state/token")?.trim() ?? "";
  assert.equal(parts.tokens, [{
    token,
    identity: {
      username: `system:bootstrap:${token.split(".")[0]}`,
      groups: ["system:bootstrappers", "system:authenticated"],
      proof: "bootstrap-token",
      extra: { "certgen.internal/token-id": [token.split(".")[0] ?? ""] },
    },
  }, {
    token: files.text("state/admin-token")?.trim() ?? "",
    identity: { username: "certgen:admin", groups: ["certgen:admins", "system:authenticated"], proof: "token" },
  }]);
  assert.equal(parts.cas, {
    etcd: { certificate: "state/ca.crt", key: "state/ca.key" },
    metric: { certificate: "state/metric-ca.crt", key: "state/metric-ca.key" },
  });
  assert.equal([parts.serving, parts.requests], [
    [{ certificate: "state/server.crt", key: "state/server.key" }],
    "state/csrs",
  ]);
});

test("an empty token file opens nothing", async () => {
  for (const path of ["state/token", "state/admin-token"]) {
    for (const text of ["", "\n", "  ", "a b\n"]) {
      const { runtime, files } = await prepared();
      files.put(path, text, 0o600);
      const error = await rejection("malformed-object", embeddedParts(runtime, "state", log));
      assert.match(error.message, `"${path}"`);
    }
  }
});

test("one token for both is refused: every node would be an administrator", async () => {
  const { runtime, files } = await prepared();
  files.put("state/admin-token", `  ${files.text("state/token")}`, 0o600);
  const { message } = await rejection("malformed-object", embeddedParts(runtime, "state", log));
  assert.match(message, '"state/admin-token": it holds the token of "state/token"');
});

test("hostNames leaves out a host name that can be none", () => {
  const of = (name: string): string[] => hostNames({ host: () => ({ name, addresses: ["10.0.0.1", "127.0.0.1"] }) });
  assert.equal(of("etcd1"), ["localhost", "etcd1", "127.0.0.1", "::1", "10.0.0.1"]);
  for (const name of ["", "my_host", "a b", "*", "10.0.0.1"]) {
    assert.equal(of(name), ["localhost", "127.0.0.1", "::1", "10.0.0.1"]);
  }
  assert.equal(of("localhost"), ["localhost", "127.0.0.1", "::1", "10.0.0.1"]);
});

test.run();
