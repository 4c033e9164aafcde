/**
 * The main job on a fresh machine: a signer on the embedded default, and an agent that gets the certificates of an etcd
 * member from it, all in a temporary directory on a free port.
 * @module
 */
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { detectRuntime } from "../src/runtime/detect.ts";
import { formatGeneralName } from "../src/x509/general_name.ts";
import { parseCertificate, parseCertificates, verifyCertificate } from "../src/x509/certificate.ts";
import { readText } from "./credentials.ts";
import { embeddedParts } from "./embedded.ts";
import { EXIT } from "./exit.ts";
import { createLog } from "./log.ts";
import { type Context, processContext, runProgram, VERSION } from "./program.ts";
import { startSigner } from "./signer_process.ts";

const PROFILES = ["peer", "server", "metric"];

/** Runs the demonstration; resolves to the exit code. */
export async function demo(context: Context): Promise<number> {
  const started = performance.now();
  const runtime = await detectRuntime();
  const directory = await realpath(await mkdtemp(join(tmpdir(), "certgen-demo-")));
  try {
    const log = createLog({
      format: "auto",
      level: "warn",
      isTerminal: context.isTerminal,
      noColor: context.noColor,
      write: context.stderr,
    });
    const { paths, parts } = await embeddedParts(runtime, `${directory}/.certgen`, log);
    const signer = await startSigner(runtime, {
      ...parts,
      address: { host: "127.0.0.1", port: 0 },
      health: undefined,
      lifetimeSeconds: {},
    }, log);
    context.stdout(`signer   https://127.0.0.1:${signer.port} on ${runtime.name}, with a new CA\n`);
    try {
      for (const kind of PROFILES) {
        const code = await request(context, [
          `--commonname=system:etcd-${kind}:demo`,
          "--dnsnames=localhost",
          "--ipaddrs=127.0.0.1",
          `--address=127.0.0.1:${signer.port}`,
          `--cacrt=${paths.servingCa}`,
          `--token-file=${paths.token}`,
          `--assetsdir=${directory}/certs`,
          "--timeout=30s",
        ]);
        if (code !== EXIT.done) return code;
        const file = `${directory}/certs/system:etcd-${kind}:demo.crt`;
        const certificate = parseCertificate(await readText(runtime.files, file));
        const ca = kind === "metric" ? "metric-ca.crt" : "ca.crt";
        await verifyCertificate(
          certificate,
          parseCertificates(await readText(runtime.files, `${directory}/certs/${ca}`)),
        );
        const names = certificate.extensions.subjectAltName?.map(formatGeneralName).join(", ");
        const [day] = certificate.notAfter.toISOString().split("T");
        context.stdout(
          `${kind.padEnd(8)} system:etcd-${kind}:demo for ${names}, until ${day}, verified against ${ca}\n`,
        );
      }
    } finally {
      await signer.stop();
    }
    context.stdout(`\nAn etcd member is started with these:\n${ETCD_FLAGS.map((flag) => `  ${flag}\n`).join("")}`);
    context.stdout(
      `\nDone in ${
        ((performance.now() - started) / 1000).toFixed(1)
      } s; everything was in ${directory}, which is removed.\n`,
    );
    return EXIT.done;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The agent, as it is called from a shell. */
async function request(context: Context, flags: readonly string[]): Promise<number> {
  const commands = [{ name: "request", description: "get a certificate", load: () => import("./request.ts") }];
  const quiet = { ...context, argv: ["request", "--log-level=warn", ...flags], env: {}, stdout: () => {} };
  return await runProgram("certgen-agent", VERSION, commands, quiet);
}

const ETCD_FLAGS = [
  "--peer-cert-file=certs/system:etcd-peer:demo.crt --peer-key-file=certs/system:etcd-peer:demo.key",
  "--peer-trusted-ca-file=certs/ca.crt --peer-client-cert-auth",
  "--cert-file=certs/system:etcd-server:demo.crt --key-file=certs/system:etcd-server:demo.key",
  "--trusted-ca-file=certs/ca.crt --client-cert-auth",
];

process.exitCode = await demo(processContext());
