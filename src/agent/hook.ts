/**
 * The programs that hear of a change: what they are told, and what becomes of them.
 * @module
 */
import { sha256Hex } from "../digest.ts";
import { CertgenError } from "../errors.ts";
import type { Execute, Executed, Log, Program } from "../ports.ts";
import { printable, quoted, shortened } from "../text.ts";
import type { Certificate } from "../x509/certificate.ts";

/** What has changed on disk. */
export interface ChangeFacts {
  /** `rolled-back` where the files are those from before again. */
  readonly event: "changed" | "rolled-back";
  /** The certificate that is in its place now. */
  readonly certificate: Certificate;
  /** Path of its private key. */
  readonly keyFile: string;
  /** Path of the certificate. */
  readonly certificateFile: string;
  /** Path of the CA bundle. */
  readonly caFile: string;
  /** Which of the three have another content now. */
  readonly changed: readonly ("certificate" | "key" | "ca")[];
}

/** How to run a hook or a check. */
export interface RunOptions {
  /** Seconds it may take. */
  readonly timeoutSeconds: number;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
  /** Takes what it wrote, line by line. */
  readonly log: Log;
}

/**
 * What is no business of a hook: certgen's own flags, tokens among them; what systemd gives to this process alone (a hook
 * that spoke for it could stop its watchdog); and facts that another certgen told, of which this one may be a hook.
 */
const PRIVATE = /^(?:CERTGEN_|HOOK_|LISTEN_|WATCHDOG_|NOTIFY_SOCKET$)/;

const MAX_LINES = 50;
const MAX_LINE_LENGTH = 500;
const MAX_REASON_LENGTH = 200;

/**
 * The environment of a hook: this process's, without what is {@link PRIVATE}, and the facts as `HOOK_…`.
 *
 * @param base this process's environment
 * @throws CertgenError `hook-failed` where a fact holds a NUL, which no environment can
 */
export async function hookEnvironment(
  base: Readonly<Record<string, string | undefined>>,
  facts: ChangeFacts,
  commonName: string,
): Promise<Record<string, string>> {
  const told = Object.entries(await hookFacts(facts, commonName));
  const unfit = told.find(([, value]) => value.includes("\0"));
  if (unfit !== undefined) {
    throw new CertgenError("hook-failed", `Cannot tell a hook ${unfit[0]}: ${quoted(unfit[1])} holds a NUL`);
  }
  const inherited = Object.entries(base).flatMap(([name, value]): [string, string][] => {
    return value === undefined || PRIVATE.test(name) ? [] : [[name, value]];
  });
  return Object.fromEntries([...inherited, ...told]);
}

async function hookFacts(facts: ChangeFacts, commonName: string): Promise<Record<string, string>> {
  const { event, certificate, keyFile, certificateFile, caFile, changed } = facts;
  return {
    HOOK_EVENT: event,
    HOOK_NAME: commonName,
    HOOK_CERTIFICATE_FILE: certificateFile,
    HOOK_KEY_FILE: keyFile,
    HOOK_CA_FILE: caFile,
    HOOK_SERIAL: certificate.serialNumber,
    HOOK_NOT_BEFORE: rfc3339(certificate.notBefore),
    HOOK_NOT_AFTER: rfc3339(certificate.notAfter),
    HOOK_FINGERPRINT: await sha256Hex(certificate.der),
    HOOK_CHANGED: changed.join(" "),
    // etcd reads certificate and key at each handshake, but its CA bundle when it starts
    HOOK_RESTART: changed.includes("ca") ? "yes" : "no",
  };
}

const rfc3339 = (moment: Date): string => moment.toISOString().replace(/\.\d+/, "");

/**
 * Runs a hook or a check to its end, and logs the end of what it wrote: at `debug`, or at `warn` where it failed.
 *
 * @param what `hook` or `check`, for messages
 * @param env its whole environment
 * @throws CertgenError `hook-failed` where it cannot be started, exits with another code than 0, is ended by a signal, or
 * takes too long; the signal's reason
 */
export async function runProgram(
  execute: Execute,
  what: string,
  program: Program,
  env: Readonly<Record<string, string>>,
  { timeoutSeconds, signal, log }: RunOptions,
): Promise<void> {
  const subject = `The ${what} ${quoted(program.program)} failed`;
  const ended = await started(subject, execute(program, { env, timeoutSeconds, ...signal && { signal } }));
  const lines = ended.output.split("\n").map((line) => line.trimEnd()).filter((line) => line !== "");
  const why = failureOf(ended, timeoutSeconds);
  for (const line of lines.slice(-MAX_LINES)) {
    const text = printable(shortened(line, MAX_LINE_LENGTH));
    log(why === undefined ? "debug" : "warn", `${what} wrote`, { program: program.program, line: text });
  }
  if (why === undefined) return log("debug", `${what} ran`, { program: program.program });
  const last = lines.at(-1);
  const said = last === undefined ? "" : `: ${printable(shortened(last, MAX_REASON_LENGTH))}`;
  throw new CertgenError("hook-failed", `${subject}: ${why}${said}`);
}

async function started(subject: string, running: Promise<Executed>): Promise<Executed> {
  try {
    return await running;
  } catch (cause) {
    if (!(cause instanceof CertgenError)) throw cause;
    throw new CertgenError("hook-failed", `${subject}: ${cause.message}`, { cause });
  }
}

/** A program that was told to end and then exits with 0 has taken too long all the same. */
function failureOf({ code, signal, timedOut }: Executed, timeoutSeconds: number): string | undefined {
  if (timedOut) return `it took longer than ${timeoutSeconds} s`;
  if (code === 0) return undefined;
  return code === undefined ? `ended by ${signal ?? "a signal"}` : `exit code ${code}`;
}
