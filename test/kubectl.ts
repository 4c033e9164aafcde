/** The real kubectl against a real signer: which one there is, what it can, and how a test runs it. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeKubeconfig } from "../src/agent/kubeconfig_writer.ts";
import {
  type Finished,
  folder,
  run,
  type RunningSigner,
  start,
  type Started,
  startSigner,
  temporary,
} from "./programs.ts";
import type { RuntimeName } from "./runtimes.ts";
import { objectJson, type ObjectParts, peerRequest, sharedKey } from "./signing.ts";

/** The minor version in which kubectl learned something that the tests use. Debian's is 1.20. */
const SINCE = {
  /** `describe` of the lifetime that is asked for. */
  describesDuration: 22,
  waitsForJsonPath: 23,
  patchesSubresources: 24,
  /** Labels that are there already are no error. */
  labelsAgain: 25,
  /** The server is told to refuse unknown fields, where before it warned of them. */
  validatesStrictly: 25,
  /** `--dry-run=server`, `diff` and `explain` know OpenAPI version 3; before, they need version 2 whole. */
  readsOpenApi3: 27,
  asksWhoIAm: 28,
  saysAnnotated: 28,
  /** `version` on three lines. */
  saysVersionShort: 28,
  waitsForTheDeleted: 27,
} as const;

/** What a kubectl can. */
export type Feature = keyof typeof SINCE;

/** `KUBECTL_BIN`, else the one on the PATH. */
const COMMAND = process.env["KUBECTL_BIN"] ?? "kubectl";

/** The client's minor version; `undefined` where there is no kubectl. */
const MINOR = minorOf();

function minorOf(): number | undefined {
  const { status, stdout } = spawnSync(COMMAND, ["version", "--client", "-o", "json"], { encoding: "utf8" });
  if (status !== 0) return undefined;
  const { clientVersion } = JSON.parse(stdout) as { clientVersion: { minor: string } };
  // a distributor's has a "+" behind it
  return Number.parseInt(clientVersion.minor, 10);
}

/** Whether the kubectl that runs here can something. */
export function can(feature: Feature): boolean {
  return (MINOR ?? 0) >= SINCE[feature];
}

/** What a test has: an empty signer, and a kubectl that has never been run. */
export interface World {
  readonly signer: RunningSigner;
  /** Where the signer was started. */
  readonly cwd: string;
  /** Where kubectl runs. */
  readonly home: string;
  /** kubectl as the administrator. */
  readonly admin: Kubectl;
  /** kubectl with the bootstrap token. */
  readonly node: Kubectl;
  /** Writes a good peer's request where kubectl runs; gives the object's name, and the file's. */
  readonly manifest: (node: string, parts?: ObjectParts) => Promise<{ readonly name: string; readonly file: string }>;
  /** Creates good peers' objects; gives their names. */
  readonly create: (...nodes: readonly string[]) => Promise<string[]>;
}

/** kubectl as somebody. */
export interface Kubectl {
  readonly run: (...args: readonly string[]) => Promise<Finished>;
  /** What it prints to stdout; fails unless it succeeds. */
  readonly ok: (...args: readonly string[]) => Promise<string>;
  /** What it prints to stderr; fails unless it exits with 1. */
  readonly fails: (...args: readonly string[]) => Promise<string>;
  /** Starts what goes on until it is stopped. */
  readonly start: (...args: readonly string[]) => Started;
}

/** Registers a test. */
export type KubectlTest = (name: string, body: (world: World) => Promise<void>) => void;

/**
 * The tests of a file, all with one signer of a state directory of its own. They are skipped where there is no kubectl.
 * @param args more of `certgen-signer serve`
 */
export function kubectlTests(runtime: RuntimeName, args: readonly string[]): KubectlTest {
  if (MINOR === undefined) {
    console.log("skipped: needs kubectl");
    return (name, body) => test.skip(name, body as () => Promise<void>);
  }
  const { path: cwd, remove } = temporary();
  let signer: RunningSigner | undefined;
  let count = 0;
  test.after(async () => {
    await signer?.stop();
    remove();
  });
  return (name, body) =>
    test(name, async () => {
      signer ??= await startSigner(runtime, args, cwd);
      const world = worldOf(signer, cwd, folder(cwd, `home${++count}`));
      await world.admin.ok("delete", "--raw", "/apis/certificates.k8s.io/v1/certificatesigningrequests");
      await body(world);
    });
}

function worldOf(signer: RunningSigner, cwd: string, home: string): World {
  const state = `${cwd}/.certgen`;
  const text = (file: string): string => readFileSync(`${state}/${file}`, "utf8");
  const kubeconfig = encodeKubeconfig({
    server: `https://localhost:${signer.port}`,
    ca: text("serving-ca.crt"),
    user: "node",
    token: text("token").trim(),
  });
  writeFileSync(`${home}/node.kubeconfig`, kubeconfig, { mode: 0o600 });
  const admin = kubectl(home, `${state}/admin.kubeconfig`);
  const manifest: World["manifest"] = async (node, parts = {}) => {
    const name = `system:etcd-peer:${node}`;
    const file = `${node}.json`;
    writeFileSync(`${home}/${file}`, objectJson(await peerRequest(node, await sharedKey()), { name, ...parts }));
    return { name, file };
  };
  const create: World["create"] = async (...nodes) => {
    const manifests = await Promise.all(nodes.map((node) => manifest(node)));
    await admin.ok("create", ...manifests.flatMap(({ file }) => ["-f", file]));
    return manifests.map(({ name }) => name);
  };
  return { signer, cwd, home, admin, node: kubectl(home, `${home}/node.kubeconfig`), manifest, create };
}

function kubectl(home: string, kubeconfig: string): Kubectl {
  const env = { HOME: home, KUBECACHEDIR: `${home}/cache`, TMPDIR: home, KUBECONFIG: kubeconfig, TZ: "UTC" };
  const options = { cwd: home, env: { ...env, KUBECTL_EXTERNAL_DIFF: "", LC_ALL: "C" } };
  const runIt = async (...args: readonly string[]): Promise<Finished> => await run(COMMAND, args, options);
  const ends = async (code: number, args: readonly string[]): Promise<Finished> => {
    const end = await runIt(...args);
    assert.is(end.code, code, `kubectl ${args.join(" ")}\n${end.stdout}${end.stderr}`);
    return end;
  };
  return {
    run: runIt,
    ok: async (...args) => (await ends(0, args)).stdout,
    fails: async (...args) => (await ends(1, args)).stderr,
    start: (...args) => start(COMMAND, args, options),
  };
}

/** Lines as one text, each with its end. */
export function lines(...all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}

/** A table of requests as it was printed, but for the ages of less than 100 seconds, which leave the columns where they are. */
export function ageless(table: string): string {
  return table.replace(/ (?:\ds {4}|\d\ds {3})(?=\S+\/\S+ )/g, " 0s    ");
}

/** The cells of each line of a table, of which a watch sets every row by itself. */
export function cells(table: string): string[][] {
  return table.trimEnd().split("\n").map((line) => line.trimEnd().split(/ {2,}/));
}

/** What kubectl calls an object. */
export function called(name: string): string {
  return `certificatesigningrequest.certificates.k8s.io/${name}`;
}
