// timeout: 120
// What the programs print and leave where others can read it, on the runtime that runs this file.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fromBase64, fromBase64Url, fromHex, toBase64, toHex } from "../../src/bytes.ts";
import { importPrivateKey } from "../../src/x509/key.ts";
import { certgen, folder, start, startSigner, temporary, waitFor } from "../programs.ts";
import { currentRuntime, ROOT, runtimeCommand } from "../runtimes.ts";

const runtime = currentRuntime();
const PRIVATE_KEY = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/g;
/** A token in good form that no signer has, and a part of a file that holds none. */
const [UNKNOWN] = ["abcdef.0123456789abcdef", "c0nf1dential-0123456789"];
/** Characters of base64: whoever sees these knows 30 octets of a key. */
const PIECE = 40;
/** A piece tells something from so many characters of the secret on: what is before and after it is in every key, or public. */
const TELLING = 20;

/** Every form in which a private key could be seen: pieces of its base64 from whatever character on, its number as such. */
async function keyPieces(block: string): Promise<string[]> {
  const { privateKey } = await importPrivateKey(block, { extractable: true });
  const { d = "" } = await crypto.subtle.exportKey("jwk", privateKey);
  const base64 = block.replace(/-----[^-]+-----|\s/g, "");
  const [document, secret] = [toHex(fromBase64(base64)), toHex(fromBase64Url(d))];
  const offset = document.indexOf(secret) / 2;
  assert.ok(offset > 0 && secret.length === 64, "no number of 32 octets is in the key");
  const first = Math.ceil(offset * 4 / 3) + TELLING - PIECE;
  const last = Math.floor((offset + 32) * 4 / 3) - TELLING;
  const pieces = [secret, toBase64(fromHex(secret))];
  for (let at = Math.max(0, first); at <= last; at++) pieces.push(base64.slice(at, at + PIECE));
  return pieces;
}

/** Files in a directory and those under it. */
function filesIn(directory: string): string[] {
  const paths = readdirSync(directory, { recursive: true, encoding: "utf8" }).map((name) => `${directory}/${name}`);
  return paths.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
}

/** Pieces of all private keys in a directory, and how many keys there are. */
async function keysIn(directory: string): Promise<{ count: number; pieces: string[] }> {
  const texts = filesIn(directory).map((path) => readFileSync(path, "latin1"));
  const blocks = [...new Set(texts.flatMap((text) => text.match(PRIVATE_KEY) ?? []))];
  return { count: blocks.length, pieces: (await Promise.all(blocks.map(keyPieces))).flat() };
}

/** A text without the line feeds by which a secret could be torn apart, those in JSON strings included. */
const joined = (text: string): string => text.replace(/\\[rn]|\s/g, "");

/** The piece of a secret that is in a text, if one is. */
function leak(text: string, pieces: readonly string[]): string | undefined {
  const whole = joined(text);
  const base64 = whole.replaceAll("-", "+").replaceAll("_", "/");
  return pieces.find((piece) => whole.includes(piece) || base64.includes(piece));
}

/** The arguments of a process, as everybody on the machine sees them; nothing where the system does not show them. */
function argumentsOf(pid: number): string {
  const path = `/proc/${pid}/cmdline`;
  return existsSync(path) ? readFileSync(path, "latin1").replaceAll("\0", " ") : "";
}

test("R61 no key and no token is printed, given as an argument, or written where others can read it", async () => {
  const { path: cwd, remove } = temporary();
  const signer = await startSigner(runtime, ["--log-level=debug"], cwd);
  const seen: [what: string, text: string][] = [["the signer's arguments", argumentsOf(signer.pid)]];
  const reach = [`--address=localhost:${signer.port}`, "--cacrt=.certgen/serving-ca.crt"];
  const agent = async (what: string, name: string, ...args: readonly string[]): Promise<number | null> => {
    const common = ["request", `--commonname=system:etcd-peer:${name}`, "--dnsnames=x", "--log-level=debug"];
    const { code, stdout, stderr } = await certgen(runtime, "agent", [...common, ...args], cwd);
    seen.push([what, stdout + stderr]);
    return code;
  };
  try {
    writeFileSync(`${cwd}/unknown-token`, `${UNKNOWN}\n`, { mode: 0o600 });
    const [token, timeout] = ["--token-file=.certgen/token", "--timeout=30s"];
    const codes = await Promise.all([
      agent("a request", "a", ...reach, token, timeout, "-o", "json", "--log-format=text"),
      agent("a request that is denied", "b", ...reach, token, timeout, "--orgname=system:masters"),
      agent("a request with a token that nobody knows", "c", ...reach, "--token-file=unknown-token", timeout),
    ]);
    assert.equal(codes, [0, 3, 1], seen.map(([, text]) => text).join("\n"));

    // one that goes on trying, with its key staged
    const { command, args } = runtimeCommand(runtime);
    const waiting = start(command, [
      ...[...args, `${ROOT}cli/agent.ts`, "request", "--commonname=system:etcd-peer:e", "--dnsnames=x"],
      ...["--address=127.0.0.1:1", "--cacrt=.certgen/serving-ca.crt", token, "--log-level=debug"],
    ], { cwd });
    await waitFor(waiting, /connection refused/, 30);
    seen.push(["an agent's arguments", argumentsOf(waiting.pid)]);
    await waiting.stop();
    seen.push(["an agent that does not reach its signer", waiting.output()]);

    const half = readFileSync(`${cwd}/.certgen/ca.key`, "utf8").replace(/.{8}\n-----END/, "\n-----END");
    writeFileSync(`${cwd}/half.key`, half, { mode: 0o600 });
    const own = ["--cacrt=.certgen/ca.crt", "--servcrt=.certgen/server.crt", "--servkey=.certgen/server.key"];
    const refused = await certgen(runtime, "signer", [
      ...["serve", ...own, "--cakey=half.key", `--csrdir=${folder(cwd, "csrs")}`, "--log-level=debug"],
    ], cwd);
    assert.is(refused.code, 1, refused.stderr);
    seen.push(["a signer with half of a key", refused.stdout + refused.stderr]);
    rmSync(`${cwd}/half.key`);
  } finally {
    await signer.stop();
    seen.push(["the signer", signer.output()]);
  }
  try {
    const tokens = ["token", "admin-token"].map((name) => readFileSync(`${cwd}/.certgen/${name}`, "utf8").trim());
    const keys = await keysIn(cwd);
    // three CAs, the signer's own, the agents' two: one in use, one staged
    assert.ok(keys.count >= 6, `${keys.count} keys`);
    // the part before the point is public
    const secrets = [...tokens, UNKNOWN].map((token) => token.replace(/^[^.]*\./, ""));
    for (const secret of secrets) assert.ok(secret.length >= 16);
    const pieces = [...keys.pieces, ...secrets];

    const open = filesIn(cwd).filter((path) => (statSync(path).mode & 0o077) !== 0);
    assert.ok(open.length >= 5, "no file is there for others");
    for (const path of open) seen.push([path, readFileSync(path, "latin1")]);
    for (const [what, text] of seen) {
      assert.is(leak(text, pieces), undefined, `a secret is in what others see of ${what}`);
    }
    // what is looked for would be found
    const key = readFileSync(`${cwd}/.certgen/ca.key`, "utf8");
    assert.ok(leak(JSON.stringify({ message: `Cannot read ${key.slice(60, 160)}` }), pieces));
    assert.ok(leak(`Authorization: Bearer ${tokens[0]}`, pieces));
    for (const [what, text] of seen) {
      assert.ok(what.includes("arguments") || text !== "", `${what} has printed nothing`);
    }
  } finally {
    remove();
  }
});

test.run();
