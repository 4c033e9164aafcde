/**
 * Whether those who read a pair can work with the new one.
 * @module
 */
import { type Bytes, equal, fromUtf8 } from "../bytes.ts";
import { systemNow } from "../clock.ts";
import { CertgenError, messageOf } from "../errors.ts";
import type { Execute, Files, Log, Now, PeerCertificate, Sleep, TlsPair } from "../ports.ts";
import { type Certificate, parseCertificate } from "../x509/certificate.ts";
import { type ChangeFacts, hookEnvironment, runProgram } from "./hook.ts";
import type { ManagedCertificate } from "./managed.ts";

/** What a check needs of the outside. */
export interface CheckPorts {
  readonly execute: Execute;
  readonly peerCertificate: PeerCertificate;
  readonly sleep: Sleep;
  readonly log: Log;
  /** This process's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads the new key, for a server that asks for a client certificate. */
  readonly files: Pick<Files, "read">;
  /** The machine's clock unless said. */
  readonly now?: Now;
}

/** A TLS server. */
type Server = NonNullable<ManagedCertificate["checkTls"]>;

const PROGRAM_SECONDS = 120;
/** How long a server may take to show the new certificate: all attempts and the pauses between them. */
const SERVER_SECONDS = 30;
const ATTEMPT_SECONDS = 5;
const FIRST_PAUSE_SECONDS = 0.25;
const LONGEST_PAUSE_SECONDS = 4;

/**
 * Runs the check program, then looks at the server, as far as the certificate has them.
 *
 * @throws CertgenError `hook-failed` where the program fails, or where the server does not show exactly this certificate within
 * 30 seconds; what reading the key throws; the signal's reason
 */
export async function checkChange(
  managed: ManagedCertificate,
  facts: ChangeFacts,
  ports: CheckPorts,
  signal?: AbortSignal,
): Promise<void> {
  const { check, checkTls, commonName } = managed;
  if (check !== undefined) {
    const env = await hookEnvironment(ports.env, facts, commonName);
    const options = { timeoutSeconds: PROGRAM_SECONDS, signal, log: ports.log };
    await runProgram(ports.execute, "check", check, env, options);
  }
  if (checkTls !== undefined) await checkServer(checkTls, facts, ports, signal);
}

async function checkServer(
  server: Server,
  facts: ChangeFacts,
  ports: CheckPorts,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { sleep, log, now = systemNow } = ports;
  const client = await clientPair(facts, ports.files);
  const address = `${server.host.includes(":") ? `[${server.host}]` : server.host}:${server.port}`;
  let spent = 0;
  let pause = FIRST_PAUSE_SECONDS;
  for (let attempt = 1;; attempt++) {
    const begun = now().getTime();
    const fault = await serverFault(server, facts.certificate, client, ports.peerCertificate, signal);
    const serial = facts.certificate.serialNumber;
    if (fault === undefined) return log("debug", "the server shows the new certificate", { address, serial, attempt });
    log("debug", "the server does not show the new certificate yet", { address, serial, attempt, because: fault });
    // a clock that jumps makes an attempt neither longer than it can be nor shorter than nothing
    spent += Math.min(Math.max((now().getTime() - begun) / 1000, 0), ATTEMPT_SECONDS);
    if (spent >= SERVER_SECONDS) throw new CertgenError("hook-failed", `The server at ${address} ${fault}`);
    const wait = Math.min(pause, SERVER_SECONDS - spent);
    await sleep(wait, signal);
    spent += wait;
    pause = Math.min(pause * 2, LONGEST_PAUSE_SECONDS);
  }
}

/** The new pair, where it is a client's as well. */
async function clientPair(
  { certificate, keyFile }: ChangeFacts,
  files: CheckPorts["files"],
): Promise<TlsPair | undefined> {
  if (!certificate.extensions.extKeyUsage?.includes("clientAuth")) return undefined;
  return { certificate: certificate.pem, privateKey: fromUtf8(await files.read(keyFile)) };
}

/** What is wrong with the server, to be put behind its name. */
async function serverFault(
  { host, port }: Server,
  wanted: Certificate,
  client: TlsPair | undefined,
  peerCertificate: PeerCertificate,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    const options = { host, port, timeoutSeconds: ATTEMPT_SECONDS, ...client && { client }, ...signal && { signal } };
    const shown = await peerCertificate(options);
    return equal(shown, wanted.der) ? undefined : `still shows ${nameOf(shown, wanted)}`;
  } catch (error) {
    if (!(error instanceof CertgenError) || error.code !== "unavailable") throw error;
    return `does not show serial ${wanted.serialNumber}: ${messageOf(error)}`;
  }
}

function nameOf(shown: Bytes, { serialNumber }: Certificate): string {
  const other = serialOf(shown);
  if (other === undefined) return `a certificate that cannot be read, and not serial ${serialNumber}`;
  if (other === serialNumber) return `another certificate with serial ${other}`;
  return `serial ${other} and not ${serialNumber}`;
}

function serialOf(der: Bytes): string | undefined {
  try {
    return parseCertificate(der).serialNumber;
  } catch (error) {
    if (error instanceof CertgenError) return undefined;
    throw error;
  }
}
