import { resolve } from "node:path";
import process from "node:process";
import { type ManagedCertificateConfig, parseAgentConfig, type SignerSource } from "../src/agent/config.ts";
import { inClusterTarget } from "../src/agent/in_cluster.ts";
import { readKubeconfig } from "../src/agent/kubeconfig.ts";
import type { ManagedCertificate } from "../src/agent/managed.ts";
import { placeFault } from "../src/agent/places.ts";
import { CertgenError } from "../src/errors.ts";
import type { Files, Log, Runtime } from "../src/ports.ts";
import { quoted } from "../src/text.ts";
import { CERTIFICATE_FLAGS, CHANGE_FLAGS, PLACE_FLAGS, SIGNER_FLAGS } from "./agent_flags.ts";
import { changesOf, placeOf, wantedOf } from "./agent_wanted.ts";
import { readText, readToken } from "./credentials.ts";
import { UsageError } from "./exit.ts";
import type { Options } from "./options.ts";
import { ownerOf } from "./owner.ts";
import { checkTarget, type Target, targetOf } from "./target.ts";

/** What an agent works with. */
export interface AgentSetup {
  /** One by flags, one or more by a file. */
  readonly certificates: readonly ManagedCertificate[];
  /** How to reach the signer; reads CA, token and kubeconfig anew each time, since tokens change on disk. */
  readonly target: () => Promise<Target>;
}

/** What a setup needs of the process. */
export interface SetupContext {
  /** For the service account of a pod; this process's own unless said. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Dropped unless said. */
  readonly log?: Log;
}

/**
 * The certificates and the signer that flags or `--config` name. Nothing of the signer is read yet, and no directory looked at.
 *
 * @throws UsageError naming a flag; CertgenError naming the file, the line and the fault
 */
export async function agentSetupOf(
  options: Options,
  runtime: Runtime,
  { env = process.env, log = () => {} }: SetupContext = {},
): Promise<AgentSetup> {
  const path = has(options, "config") ? options.text("config") : undefined;
  if (path !== undefined) return await setupOfFile(options, runtime, path, env);
  const hasSigner = SIGNER_FLAGS.every(({ name }) => has(options, name));
  if (hasSigner) checkTarget(options);
  const certificate: ManagedCertificate = {
    ...wantedOf(options, runtime, log),
    ...await placeOf(options, runtime.files),
    ...CHANGE_FLAGS.every(({ name }) => has(options, name)) ? changesOf(options) : {},
  };
  const fault = placeFault([certificate]);
  if (fault !== undefined) {
    const name = `${options.origin("commonname")} ${quoted(certificate.commonName)}`;
    throw new UsageError(
      `Cannot use ${name}: its files and its CA's, ${quoted(certificate.caFile ?? "ca.crt")}, are the same`,
    );
  }
  return { certificates: [certificate], target: () => targetOf(options, runtime, env) };
}

function has({ definition }: Options, flag: string): boolean {
  return definition.flags.some(({ name }) => name === flag);
}

async function setupOfFile(
  options: Options,
  { files }: Runtime,
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<AgentSetup> {
  const said = [...CERTIFICATE_FLAGS, ...PLACE_FLAGS, ...SIGNER_FLAGS, ...CHANGE_FLAGS].find(({ name }) =>
    has(options, name) && options.given(name)
  );
  if (said !== undefined) {
    throw new UsageError(
      `Cannot use ${options.origin(said.name)} together with ${options.origin("config")}: the file says it`,
    );
  }
  const { signer, certificates } = parseAgentConfig(await readText(files, path), path);
  const fail = (why: string): CertgenError =>
    new CertgenError("malformed-object", `Cannot use configuration ${quoted(path)}: ${why}`);
  // the file was looked through for this as it is written: now with what is relative beside what is absolute
  const fault = placeFault(certificates.map((one) => ({ ...one, directory: resolve(one.directory) })));
  if (fault !== undefined) throw fail(`certificates[${fault.index}].${fault.of}: ${fault.why}`);
  const managed: ManagedCertificate[] = [];
  for (const [i, certificate] of certificates.entries()) {
    managed.push(await withOwner(certificate, files, (why) => fail(`certificates[${i}].owner: ${why}`)));
  }
  return { certificates: managed, target: () => targetOfFile(signer, files, env) };
}

async function withOwner(
  { owner, ...certificate }: ManagedCertificateConfig,
  files: Files,
  fail: (why: string) => CertgenError,
): Promise<ManagedCertificate> {
  if (owner === undefined) return certificate;
  try {
    return { ...certificate, owner: await ownerOf(owner, files) };
  } catch (error) {
    if (error instanceof CertgenError) throw fail(error.message);
    throw error;
  }
}

async function targetOfFile(
  signer: SignerSource,
  files: Files,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Target> {
  const issuerCa = signer.issuerCacrt === undefined ? undefined : await readText(files, signer.issuerCacrt);
  if (signer.kind === "in-cluster") {
    return { ...await inClusterTarget(files, env), issuerCa, fallbackIssuerCa: undefined };
  }
  const token = signer.tokenFile === undefined ? undefined : await readToken(files, signer.tokenFile);
  if (signer.kind === "kubeconfig") {
    const named = await readKubeconfig(files, signer.path);
    return { ...named, token: token ?? named.token, issuerCa, fallbackIssuerCa: undefined };
  }
  const ca = await readText(files, signer.cacrt);
  return { url: signer.url, ca, token, client: undefined, issuerCa, fallbackIssuerCa: ca };
}
