/** A folder with the README's policy and the CSR of a node, for the commands that judge. */
import { mkdtempSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { createCsr } from "../src/x509/csr.ts";
import type { Subject } from "../src/x509/name.ts";
import { sharedKey } from "./signing.ts";

/** `signer.yaml`. */
export const CONFIG = `profiles:
  - { name: web, issuer: metric, usages: [digital signature, server auth], lifetime: 1h, wildcards: true }
rules:
  - name: nodes
    who: { user: "etcd:{node}" }
    mayHave:
      profiles: [etcd-peer, etcd-server, etcd-metric]
      commonNames: ["system:{profile}:{node}"]
      dnsNames: ["{node}", "{node}.etcd.example", localhost]
      ipAddresses: [10.8.89.0/24, 127.0.0.1, "::1"]
  - name: web
    who: { group: web }
    mayHave: { profiles: [web], commonNames: [], dnsNames: [.example.org], wildcards: ["*.example.org"], maxLifetime: 30m }
`;

/** Makes the folder and goes there. */
export async function enterPolicyWorld(name: string): Promise<string> {
  const folder = realpathSync(mkdtempSync(`${tmpdir()}/certgen-${name}-`));
  process.chdir(folder);
  writeFileSync("signer.yaml", CONFIG);
  await writeCsr("etcd1.csr", { organization: "system:etcd-peers", commonName: "system:etcd-peer:etcd1" });
  return folder;
}

/** Writes a CSR for `etcd1`, as PEM. */
export async function writeCsr(path: string, subject: Subject, dnsNames: readonly string[] = ["etcd1"]): Promise<void> {
  const { pem } = await createCsr({ key: await sharedKey(), subject, dnsNames });
  writeFileSync(path, pem);
}
