import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as init from "../../../cli/init.ts";
import { loadIssuer } from "../../../src/ca/issuer.ts";
import { parseCertificate, verifyCertificate } from "../../../src/x509/certificate.ts";
import { importPrivateKey } from "../../../src/x509/key.ts";
import { runCommand } from "../../command.ts";

const root = mkdtempSync(`${tmpdir()}/certgen-init-`);
let count = 0;
const fresh = (): string => `${root}/${++count}`;
const read = (directory: string, name: string): string => readFileSync(`${directory}/${name}`, "utf8");
const NAMES = [
  "ca.crt",
  "ca.key",
  "client.crt",
  "client.key",
  "metric-ca.crt",
  "metric-ca.key",
  "server.crt",
  "server.key",
];

test("init makes CAs, server and client credentials, keys for their owner alone", async () => {
  const directory = fresh();
  const { code, stdout, stderr } = await runCommand(init, ["--dir", directory, "--san", "localhost,127.0.0.1,[::1]"]);
  assert.equal([code, stderr], [0, ""]);
  assert.equal(readdirSync(directory).sort(), [...NAMES.slice(0, 2), "certgen-init.json", ...NAMES.slice(2)]);
  for (const name of NAMES) {
    assert.is(statSync(`${directory}/${name}`).mode & 0o7777, name.endsWith(".key") ? 0o600 : 0o644, name);
    assert.match(stdout, `made ${directory}/${name}\n`);
  }
  assert.match(stdout, `remove them with: certgen-signer destroy --dir ${directory}\n`);
  const now = new Date();
  const ca = await loadIssuer(read(directory, "ca.crt"), read(directory, "ca.key"), now);
  await loadIssuer(read(directory, "metric-ca.crt"), read(directory, "metric-ca.key"), now);
  for (const [base, usage] of [["server", "serverAuth"], ["client", "clientAuth"]] as const) {
    const certificate = parseCertificate(read(directory, `${base}.crt`));
    await verifyCertificate(certificate, [ca.certificate], { at: now });
    assert.equal(certificate.extensions.extKeyUsage, [usage]);
    const { publicKey } = await importPrivateKey(read(directory, `${base}.key`));
    assert.equal(publicKey.spki, certificate.publicKey.spki);
  }
  const server = parseCertificate(read(directory, "server.crt"));
  assert.equal(server.extensions.subjectAltName?.map(({ value }) => value), ["localhost", "127.0.0.1", "::1"]);
});

test("init without --san names this host", async () => {
  const directory = fresh();
  assert.is((await runCommand(init, ["--dir", directory])).code, 0);
  const names = parseCertificate(read(directory, "server.crt")).extensions.subjectAltName?.map(({ value }) => value);
  for (const name of ["localhost", "127.0.0.1", "::1"]) assert.ok(names?.includes(name));
});

test("init makes keys of the type that is asked for, and prints JSON for scripts", async () => {
  const directory = fresh();
  const { code, stdout } = await runCommand(init, [
    "--dir",
    directory,
    "--key-type",
    "ec-p384",
    "-o",
    "json",
    "--san",
    "a",
  ]);
  assert.is(code, 0);
  assert.equal(JSON.parse(stdout).directory, directory);
  assert.equal(JSON.parse(stdout).files.sort(), NAMES.map((name) => `${directory}/${name}`).sort());
  for (const name of ["ca.key", "server.key"]) {
    assert.is((await importPrivateKey(read(directory, name))).publicKey.algorithm, "ec-p384");
  }
});

test("init replaces nothing, and makes nothing where one file is there", async () => {
  for (const name of [...NAMES, "certgen-init.json"]) {
    const directory = fresh();
    await runCommand(init, ["--dir", directory, "--san", "a"]);
    const content = read(directory, name);
    for (const other of readdirSync(directory)) if (other !== name) rmSync(`${directory}/${other}`);
    const { code, stdout, stderr } = await runCommand(init, ["--dir", directory, "--san", "a"]);
    assert.equal([code, stdout], [1, ""]);
    assert.is(stderr, `error: Cannot make "${directory}/${name}": it is there already, and init replaces nothing\n`);
    assert.equal(readdirSync(directory), [name]);
    assert.is(read(directory, name), content);
  }
});

test("init writes through no link", async () => {
  const directory = fresh();
  await runCommand(init, ["--dir", directory, "--san", "a"]);
  const linked = fresh();
  const target = `${root}/target-${count}`;
  writeFileSync(target, "theirs");
  mkdirSync(linked);
  symlinkSync(target, `${linked}/ca.key`);
  assert.is((await runCommand(init, ["--dir", linked, "--san", "a"])).code, 1);
  rmSync(`${linked}/ca.key`);
  symlinkSync(`${root}/nowhere`, `${linked}/ca.key`);
  assert.is((await runCommand(init, ["--dir", linked, "--san", "a"])).code, 1);
  assert.equal([readFileSync(target, "utf8"), existsSync(`${root}/nowhere`)], ["theirs", false]);
  assert.equal(readdirSync(linked), ["ca.key"]);
});

test("init refuses wrong names and types before it makes anything", async () => {
  for (
    const argv of [["--san", "*.x"], ["--san", "a b"], ["--san", "1.2.3.256"], ["--key-type", "rsa-1024"], [
      "--sam",
      "a",
    ]]
  ) {
    const directory = fresh();
    const { code, stdout, stderr } = await runCommand(init, ["--dir", directory, ...argv]);
    assert.ok(code !== 0 && stdout === "" && /^error: .*\n$/.test(stderr), stderr);
    assert.not.ok(existsSync(directory));
  }
});

test.after(() => rmSync(root, { recursive: true, force: true }));
test.run();
