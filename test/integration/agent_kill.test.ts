// timeout: 3600
// kill -9 in the middle of renewals: whoever opens the two files finds a pair, at every moment and after every kill.
import { lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { equal } from "../../src/bytes.ts";
import { type Certificate, parseCertificate } from "../../src/x509/certificate.ts";
import { importPrivateKey } from "../../src/x509/key.ts";
import { certgen, pause, type RunningSigner, start, type Started, startSigner, temporary } from "../programs.ts";
import { currentRuntime, ROOT, runtimeCommand } from "../runtimes.ts";

/** 500 in a soak; a few among the tests, since every one of them starts a program. */
const KILLS = Number(process.env["AGENT_KILLS"] ?? 12);
/** Agents at the same time, each with a directory of its own, and what they do with their keys; `mixed` changes its mind. */
const AGENTS = (["never", "always", "mixed", "never"] as const).slice(0, KILLS < 100 ? 2 : 4);
/** What an agent waits for before it is killed, as a file in the pair's own directory. */
const MOMENTS = ["any", "staged.json", "version", "tls.crt", "current", "good"] as const;
const TRUE = "/bin/true";
const FALSE = "/bin/false";

/** A node whose agent is killed again and again. */
class Node {
  readonly name: string;
  /** The plain names. */
  readonly paths: { readonly key: string; readonly certificate: string };
  readonly #cwd: string;
  readonly #rotates: typeof AGENTS[number];
  readonly #reach: readonly string[];
  /** What was found to belong together, by its texts. */
  readonly #matching = new Set<string>();

  constructor(index: number, rotates: typeof AGENTS[number], cwd: string, signer: RunningSigner) {
    this.name = `system:etcd-peer:node${index}`;
    this.#cwd = cwd;
    this.#rotates = rotates;
    this.#reach = [
      `--address=127.0.0.1:${signer.port}`,
      "--cacrt=.certgen/serving-ca.crt",
      "--token-file=.certgen/token",
    ];
    this.paths = { key: `${this.directory}/${this.name}.key`, certificate: `${this.directory}/${this.name}.crt` };
  }

  get directory(): string {
    return `${this.#cwd}/${this.name.replaceAll(":", "-")}`;
  }

  get home(): string {
    return `${this.directory}/.${this.name}`;
  }

  /** Arguments of a command. */
  args(command: "renew" | "status", ...more: readonly string[]): string[] {
    const wanted = [`--commonname=${this.name}`, `--assetsdir=${this.directory}`, "--dnsnames=node"];
    return [command, ...wanted, ...command === "renew" ? ["--timeout=60s", ...this.#reach] : [], ...more];
  }

  /** Starts a renewal; now and then its check fails, so that it goes back. */
  renew(round: number): Started {
    const { command, args } = runtimeCommand(currentRuntime());
    const rotates = this.#rotates === "mixed" ? ["never", "always"][round % 2] : this.#rotates;
    const check = round % 5 === 4 ? FALSE : TRUE;
    const flags = this.args("renew", "--force", `--rotate-key=${rotates}`, `--on-change=${TRUE}`, `--check=${check}`);
    return start(command, [...args, `${ROOT}cli/agent.ts`, ...flags], { cwd: this.#cwd });
  }

  /** Opens certificate and key one after the other, as etcd does, until it is told to stop. */
  async readOn(isOver: () => boolean): Promise<number> {
    for (let reads = 0;; reads++) {
      if (isOver()) return reads;
      await this.#readOnce();
      await pause(0.002);
    }
  }

  async #readOnce(tries = 2): Promise<void> {
    const certificate = await readFile(this.paths.certificate, "utf8");
    const key = await readFile(this.paths.key, "utf8");
    if (await this.#match(key, certificate)) return;
    assert.is.not(this.#rotates, "never", `${this.name}: a key that is kept matches every certificate`);
    // a reader of two files may have read across the rename, and one that goes back, too; but not twice
    if (await readFile(this.paths.certificate, "utf8") !== certificate) return;
    assert.ok(tries > 0, `${this.name}: key and certificate do not belong together`);
    await this.#readOnce(tries - 1);
  }

  async #match(keyPem: string, certificatePem: string): Promise<boolean> {
    const texts = keyPem + certificatePem;
    if (this.#matching.has(texts)) return true;
    const certificate = parseCertificate(certificatePem);
    const now = Date.now();
    assert.ok(certificate.notBefore.getTime() <= now && now < certificate.notAfter.getTime(), "valid now");
    const isMatch = equal((await importPrivateKey(keyPem)).publicKey.spki, certificate.publicKey.spki);
    if (isMatch) this.#matching.add(texts);
    return isMatch;
  }

  /** Looks at what a killed agent left: a pair through the plain names, and no key that others can read, under any name. */
  async check(where: string): Promise<Certificate> {
    const [key, certificate] = [this.paths.key, this.paths.certificate].map((path) => readFileSync(path, "utf8"));
    assert.ok(await this.#match(key ?? "", certificate ?? ""), where);
    for (const entry of readdirSync(this.directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = `${entry.parentPath}/${entry.name}`;
      const isSecret = readFileSync(path, "latin1").includes("PRIVATE KEY") || /\.(?:key|json)$/.test(entry.name);
      // killed between opening a key's temporary file and writing to it
      const isUnfinished = entry.name.endsWith(".tmp") && !isSecret;
      const mode = lstatSync(path).mode & 0o7777;
      assert.ok(mode === (isSecret ? 0o600 : 0o644) || (isUnfinished && mode === 0o600), `${where}: ${path} ${mode}`);
    }
    return parseCertificate(certificate ?? "");
  }

  /** What stands in the pair's own directory, with what the marks are on and what the newest version holds. */
  state(): Record<typeof MOMENTS[number], string> {
    const names = readdirSync(this.home).sort();
    const version = names.filter((name) => name.startsWith("2")).at(-1) ?? "";
    const inside = readdirSync(`${this.home}/${version}`).sort();
    const target = (mark: string): string => String(lstatSync(`${this.home}/${mark}`).ino);
    return {
      "any": "",
      "staged.json": String(names.includes("staged.json")),
      "version": version,
      "tls.crt": version + inside.includes("tls.crt"),
      "current": target("current"),
      "good": target("good"),
    };
  }
}

/** Kills an agent at a moment; whether it had not ended by itself. */
async function killAt(node: Node, child: Started, moment: typeof MOMENTS[number], seconds: number): Promise<boolean> {
  let isOver = false;
  const over = child.finished.then(() => isOver = true);
  if (moment !== "any") {
    for (const before = node.state()[moment]; !isOver && node.state()[moment] === before;) await pause(0.001);
  }
  await Promise.race([over, pause(Math.random() * (moment === "any" ? seconds : seconds / 50))]);
  const { code } = await child.stop("SIGKILL");
  assert.ok(code === null || code === 0 || code === 1, `${code}: ${child.output()}`);
  return code === null;
}

test(`R57 an agent that is killed ${KILLS} times leaves a pair that matches and is valid, each time`, async () => {
  const { path: cwd, remove } = temporary();
  writeFileSync(`${cwd}/signer.yaml`, "limits: { requestsPerSecond: 100000, burst: 100000 }\n");
  const signer = await startSigner(currentRuntime(), ["--config=signer.yaml"], cwd);
  const counts: Record<string, number> = {};
  const count = (what: string, by = 1): void => void (counts[what] = (counts[what] ?? 0) + by);
  let left = KILLS;
  const keep = async (node: Node): Promise<void> => {
    const started = performance.now();
    const first = await node.renew(0).finished;
    assert.is(first.code, 0, first.stderr);
    const seconds = (performance.now() - started) / 1000;
    let isOver = false;
    const reading = node.readOn(() => isOver);
    reading.catch(() => {}); // it is looked at after each kill
    try {
      for (let round = 0; left > 0; round++) {
        left--;
        const moment = MOMENTS[Math.floor(Math.random() * MOMENTS.length)] ?? "any";
        const serial = (await node.check("before")).serialNumber;
        const child = node.renew(round);
        const wasKilled = await killAt(node, child, moment, seconds);
        const after = await Promise.race([
          node.check(`${node.name}, round ${round}, ${moment}`),
          reading.then(() => undefined),
        ]);
        count(wasKilled ? `killed: ${moment}` : "came to its end");
        if (after?.serialNumber !== serial) count("changed");
        if (!wasKilled) left++;
      }
    } finally {
      isOver = true;
      count("reads", await reading);
    }
    const last = await certgen(currentRuntime(), "agent", node.args("renew", "--force"), cwd);
    assert.is(last.code, 0, last.stderr + last.stdout);
    await node.check("at the end");
    const status = await certgen(currentRuntime(), "agent", node.args("status"), cwd);
    assert.is(status.code, 0, status.stdout);
    const remains = readdirSync(node.home).filter((name) =>
      !/^(current|good|previous|2\d{7}T\d{6}Z-[0-9a-f]{8})$/.test(name)
    );
    assert.equal(remains, [], "neither a temporary file nor a staged one is left");
  };
  try {
    // all come to their end before the directory is removed; where one fails, the others stop
    const kept = AGENTS.map((rotates, index) =>
      keep(new Node(index, rotates, cwd, signer)).catch((error) => {
        left = 0;
        throw error;
      })
    );
    const failed = (await Promise.allSettled(kept)).find((result) => result.status === "rejected");
    console.log(JSON.stringify(counts));
    if (failed !== undefined) throw failed.reason;
  } finally {
    await signer.stop("SIGKILL");
    remove();
  }
});

test.run();
