/** A cluster of etcd whose certificates agents keep fresh, and the load on it: all of it real programs. */
import { readFileSync, writeFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { peerCertificate } from "../src/runtime/peer_certificate.ts";
import { parseCertificate } from "../src/x509/certificate.ts";
import type { Member } from "./etcd.ts";
import type { LoadPlan, LoadReport } from "./etcd_load.ts";
import { start, type Started } from "./programs.ts";
import { ROOT, runtimeCommand, type RuntimeName } from "./runtimes.ts";

/** A member, its agent and the files of both. */
export interface Node extends Member {
  /** What its agent runs on. */
  readonly runtime: RuntimeName;
  /** While this file is there, no new server certificate passes the agent's check. */
  readonly flag: string;
}

/** The pairs that a node has. */
export const KINDS = ["peer", "server", "client"] as const;

/** Base name of the pair of a node's kind: `client`'s is for its clients. */
export function pairOf({ certs, name }: Node, kind: typeof KINDS[number]): string {
  return `${certs}/${kind === "client" ? `client:${name}` : `system:etcd-${kind}:${name}`}`;
}

/** A policy for nodes and the clients beside them, of whom etcd knows by their certificates alone. */
export function signerConfig(lifetime: string): string {
  return JSON.stringify({
    profiles: [{
      name: "etcd-client",
      issuer: "etcd",
      subject: { organization: "etcd-clients", commonNamePrefix: "client:" },
      usages: ["digital signature", "client auth"],
      lifetime,
      peerEquivalent: true,
    }],
    rules: [{
      who: { user: "etcd:{node}" },
      mayHave: {
        profiles: ["etcd-peer", "etcd-server"],
        commonNames: ["system:{profile}:{node}"],
        dnsNames: ["localhost"],
        ipAddresses: ["127.0.0.1"],
      },
    }, {
      who: { user: "etcd:{node}" },
      mayHave: { profiles: ["etcd-client"], commonNames: ["client:{node}"] },
    }],
    limits: { requestsPerSecond: 1000, burst: 10_000 },
  });
}

/** Writes the configuration of a node's agent: peer's and server's certificates are looked for where etcd shows them. */
export function writeAgentConfig(node: Node, signer: { port: number; cacrt: string; tokenFile: string }): void {
  const { certs, name, peerPort, clientPort, flag } = node;
  const names = { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] };
  const { port, ...files } = signer;
  writeFileSync(
    `${certs}/agent.yaml`,
    JSON.stringify({
      signer: { address: `127.0.0.1:${port}`, ...files },
      directory: certs,
      certificates: [
        { commonName: `system:etcd-peer:${name}`, ...names, checkTls: `127.0.0.1:${peerPort}` },
        {
          commonName: `system:etcd-server:${name}`,
          ...names,
          check: ["test", "!", "-e", flag],
          checkTls: `127.0.0.1:${clientPort}`,
        },
        {
          commonName: `client:${name}`,
          signerName: "certgen.internal/etcd-client",
          organization: "etcd-clients",
          usages: ["client auth"],
          caFile: "client-ca.crt",
        },
      ],
    }),
  );
}

/** Starts a node's agent. */
export function startAgent({ runtime, certs }: Node): Started {
  const { command, args } = runtimeCommand(runtime);
  const run = ["run", `--config=${certs}/agent.yaml`, "--log-format=json", "--log-level=debug"];
  return start(command, [...args, `${ROOT}cli/agent.ts`, ...run], { cwd: certs });
}

/** A line of an agent's log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly certificate?: string;
  readonly because?: string;
  readonly serialNumber?: string;
}

/** What an agent has said so far of a certificate, or of whatever else, in whole lines. */
export function linesOf(agent: Started, base?: string): LogLine[] {
  const lines = agent.output().split("\n").slice(0, -1).map((line) => JSON.parse(line) as LogLine);
  return base === undefined ? lines : lines.filter(({ certificate }) => certificate === `${base}.crt`);
}

/** Serial numbers of the certificates that an agent has put in place and found to work. */
export function renewedOf(lines: readonly LogLine[]): string[] {
  return lines.flatMap(({ message, serialNumber = "" }) =>
    message === "the certificate is renewed" ? serialNumber : []
  );
}

/** The serial number of a certificate on disk. */
export function serialOnDisk(base: string): string {
  return parseCertificate(readFileSync(`${base}.crt`, "utf8")).serialNumber;
}

/** The serial number that a port shows to a client. */
export async function serialServed(port: number, base: string): Promise<string> {
  const client = { certificate: readFileSync(`${base}.crt`, "utf8"), privateKey: readFileSync(`${base}.key`, "utf8") };
  return parseCertificate(await peerCertificate({ host: "127.0.0.1", port, client, timeoutSeconds: 5 })).serialNumber;
}

/** Starts the load. */
export function startLoad(nodes: readonly Node[], periodSeconds: number): Started {
  const [first] = nodes;
  const { command, args } = runtimeCommand("node");
  const plan: LoadPlan = {
    members: nodes.map((node) => ({
      clientPort: node.clientPort,
      peerPort: node.peerPort,
      client: pairOf(node, "client"),
      peer: pairOf(node, "peer"),
    })),
    ca: `${first?.certs}/ca.crt`,
    periodSeconds,
  };
  return start(command, [...args, `${ROOT}test/etcd_load.ts`, JSON.stringify(plan)], { cwd: first?.certs ?? "." });
}

/** Ends the load, and says what became of it. */
export async function reportOf(load: Started): Promise<LoadReport> {
  const { stdout, stderr } = await load.stop();
  const [, report] = /^report: (.*)$/m.exec(stdout) ?? [];
  assert.ok(report, stdout + stderr);
  return JSON.parse(report ?? "") as LoadReport;
}
