import { resolve } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { definition } from "../../../cli/request.ts";
import { type Target, targetOf } from "../../../cli/target.ts";
import type { FileStat } from "../../../src/ports.ts";
import { fakeRuntime, optionsOf } from "../../command.ts";
import { rejection } from "../../fakes.ts";

const FILES: Readonly<Record<string, string>> = { "ca.crt": "CA", "token": " tok \n", "issuer.crt": "ISSUER" };
const EMBEDDED = { ".certgen/serving-ca.crt": "SERVING", ".certgen/token": "embedded\n" };

async function target(argv: string[], files: Readonly<Record<string, string>> = FILES): Promise<Target> {
  const fake = fakeRuntime();
  for (const [path, text] of Object.entries(files)) fake.files.put(path, text, 0o600);
  return await targetOf(optionsOf(definition, argv), fake.runtime, {});
}

const usage = async (argv: string[], files?: Readonly<Record<string, string>>): Promise<string> => {
  const error: unknown = await target(argv, files).then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof Error && error.name === "UsageError", String(error));
  return error instanceof Error ? error.message : "";
};

test("by address and CA; the CA is the issuer's for want of another, and no token is sent", async () => {
  assert.equal(await target(["--cacrt=ca.crt", "--address=signer:7443"], { ...FILES, ...EMBEDDED }), {
    url: "https://signer:7443",
    ca: "CA",
    token: undefined,
    client: undefined,
    issuerCa: undefined,
    fallbackIssuerCa: "CA",
  });
  const all = await target(["--cacrt=ca.crt", "--token-file=token", "--issuer-cacrt=issuer.crt"]);
  assert.equal(all, {
    url: "https://localhost:6443",
    ca: "CA",
    token: "tok",
    client: undefined,
    issuerCa: "ISSUER",
    fallbackIssuerCa: "CA",
  });
});

test("every form of address", async () => {
  const cases: [string, string][] = [
    ["signer", "https://signer:6443"],
    ["signer:1", "https://signer:1"],
    ["https://signer", "https://signer:443"],
    ["https://signer/", "https://signer:443"],
    ["https://signer:8443", "https://signer:8443"],
    ["[::1]:6443", "https://[::1]:6443"],
    ["[::1]", "https://[::1]:6443"],
    ["0.0.0.0:6443", "https://127.0.0.1:6443"],
  ];
  for (const [address, url] of cases) assert.is((await target(["--cacrt=ca.crt", "--address", address])).url, url);
  for (const address of ["u:p@signer", "u@signer", "signer?x", "signer#x", "http://signer", ":1", "signer:0", "::1"]) {
    assert.match(await usage(["--cacrt=ca.crt", "--address", address]), /^Cannot use --address /);
  }
});

test("the embedded default: CA and token where they are, the token only with nothing else given", async () => {
  const { ca, token, fallbackIssuerCa } = await target([], EMBEDDED);
  assert.equal([ca, token, fallbackIssuerCa], ["SERVING", "embedded", "SERVING"]);
  for (const argv of [["--address=other:1"], ["--cacrt=ca.crt"]]) {
    assert.is((await target(argv, { ...FILES, ...EMBEDDED })).token, undefined);
  }
  assert.is((await target(["--address=other:1"], EMBEDDED)).ca, "SERVING");
  assert.is((await target(["--token-file=token"], { ...FILES, ...EMBEDDED })).token, "tok");
  assert.is((await target([], { ".certgen/serving-ca.crt": "SERVING" })).token, undefined);
});

test("an embedded default that somebody could have planted is refused", async () => {
  const fake = fakeRuntime({ userId: () => 1000 });
  const path = ".certgen/serving-ca.crt";
  fake.files.put(path, "PLANTED", 0o600);
  const stat = fake.files.stat.bind(fake.files);
  const parents = resolve(path).split("/").map((_, depth, parts) => `/${parts.slice(1, depth + 1).join("/")}`);
  fake.files.stat = async (asked) => {
    const found: FileStat = { kind: "directory", mode: 0o755, uid: 1000, gid: 1000, size: 0, version: "1" };
    if (asked.endsWith("/.certgen")) return { ...found, uid: 666 };
    return parents.includes(asked) ? found : await stat(asked);
  };
  const error = await rejection("unsafe-path", targetOf(optionsOf(definition, []), fake.runtime, {}));
  assert.match(error.message, /\.certgen" belongs to another user \(uid 666\)$/);
});

test("by kubeconfig, whose token another file replaces", async () => {
  const config = JSON.stringify({
    "current-context": "a",
    contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
    clusters: [{ name: "a", cluster: { server: "https://kube/", "certificate-authority": "ca.crt" } }],
    users: [{ name: "a", user: { token: "theirs" } }],
  });
  const files = { ...FILES, ...EMBEDDED, config };
  const plain = { url: "https://kube", ca: "CA", client: undefined, fallbackIssuerCa: undefined };
  assert.equal(await target(["--kubeconfig=config"], files), { ...plain, token: "theirs", issuerCa: undefined });
  assert.equal(await target(["--kubeconfig=config", "--token-file=token", "--issuer-cacrt=issuer.crt"], files), {
    ...plain,
    token: "tok",
    issuerCa: "ISSUER",
  });
  for (const flag of ["--address=a:1", "--cacrt=ca.crt"]) {
    assert.match(await usage(["--kubeconfig=config", flag], files), /^Cannot use --kubeconfig together with/);
  }
});

test("what is missing is named", async () => {
  assert.match(await usage([]), /^Missing --cacrt: /);
  await rejection("not-found", target(["--cacrt=gone"]));
  await rejection("not-found", target(["--cacrt=ca.crt", "--token-file=gone"]));
  await rejection("not-found", target(["--cacrt=ca.crt", "--issuer-cacrt=gone"]));
  await rejection("not-found", target(["--kubeconfig=gone"]));
});

test("a token that no header can carry is refused by its file, and not repeated", async () => {
  for (const text of ["", "\n", "a b", "s3cr3t\nx", "s3cr3t\u00e9"]) {
    const error: unknown = await target(["--cacrt=ca.crt", "--token-file=token"], { ...FILES, token: text }).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(error instanceof Error, `nothing was refused for ${JSON.stringify(text)}`);
    assert.match(error.message, '"token"');
    assert.not.match(error.message, "s3cr3t");
  }
});

test.run();
