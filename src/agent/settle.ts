/**
 * A pair that was put in place, until it has proven good or the one before is back.
 * @module
 */
import { CertgenError } from "../errors.ts";
import type { Execute, Files, Log, Now, PeerCertificate, Sleep } from "../ports.ts";
import { checkChange } from "./check_change.ts";
import type { AgentEvents } from "./events.ts";
import { type ChangeFacts, hookEnvironment, runProgram } from "./hook.ts";
import { type ChangedPart, changedParts } from "./install.ts";
import type { ManagedCertificate } from "./managed.ts";
import type { Pair, PairFiles } from "./pair.ts";

/** What it takes to tell the readers of a pair, and to look whether they took it. */
export interface SettlePorts {
  readonly files: Pick<Files, "read">;
  readonly now: Now;
  readonly sleep: Sleep;
  readonly log: Log;
  readonly execute: Execute;
  readonly peerCertificate: PeerCertificate;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly events: AgentEvents;
  readonly signal?: AbortSignal;
}

/** A pair that has proven good, and what its readers had to hear of. */
export interface Settled {
  readonly pair: Pair;
  readonly changed: readonly ChangedPart[];
}

const HOOK_SECONDS = 120;

/**
 * Runs hook and check for the pair in use where it is pending. Where one fails, the last good pair is put back and the hook
 * runs again.
 *
 * @returns `undefined` where nothing is pending, or where another pair is in use by now
 * @throws CertgenError `hook-failed`; the signal's reason, and then the pair stays pending
 */
export async function settle(
  files: PairFiles,
  managed: ManagedCertificate,
  ports: SettlePorts,
): Promise<Settled | undefined> {
  if (!await files.isPending()) return undefined;
  const found = await files.read();
  if (found.state !== "whole" || found.pair.version === undefined) return undefined;
  const { pair } = found;
  const good = await files.good();
  const changed = changedParts(pair, good);
  try {
    const facts = factsOf(files, pair, "changed", changed);
    await runHook(managed, facts, ports);
    await checkChange(managed, facts, ports, ports.signal);
  } catch (error) {
    ports.signal?.throwIfAborted();
    if (!(error instanceof CertgenError)) throw error;
    await goBack(files, managed, { pair, good, changed }, error, ports);
    throw error;
  }
  // another agent may have put another in its place since, and looks after that
  return await files.promote(pair.version) ? { pair, changed } : undefined;
}

async function goBack(
  files: PairFiles,
  managed: ManagedCertificate,
  { pair, good, changed }: Settled & { readonly good: Pair | undefined },
  error: CertgenError,
  ports: SettlePorts,
): Promise<void> {
  const { log, events, now } = ports;
  const facts = { certificate: files.layout.paths.certificate, because: error.message };
  if (good === undefined || pair.version === undefined || !await files.rollBack(pair.version)) {
    return log("error", "the new pair does not work, and there is none to go back to", facts);
  }
  log("error", "the new pair does not work: the last good one is back", facts);
  events.onRolledBack(files.layout.paths.certificate, now());
  try {
    await runHook(managed, factsOf(files, good, "rolled-back", changed), ports);
  } catch (again) {
    ports.signal?.throwIfAborted();
    if (!(again instanceof CertgenError)) throw again;
    log("error", "the hook failed for the good pair as well", { ...facts, because: again.message });
  }
}

async function runHook(managed: ManagedCertificate, facts: ChangeFacts, ports: SettlePorts): Promise<void> {
  const { onChange, commonName } = managed;
  if (onChange === undefined) return;
  const env = await hookEnvironment(ports.env, facts, commonName);
  const { log, signal } = ports;
  await runProgram(ports.execute, "hook", onChange, env, {
    timeoutSeconds: HOOK_SECONDS,
    log,
    ...signal && { signal },
  });
}

function factsOf(
  { layout }: PairFiles,
  { certificate }: Pair,
  event: ChangeFacts["event"],
  changed: readonly ChangedPart[],
): ChangeFacts {
  const { paths, ca } = layout;
  return { event, certificate, keyFile: paths.key, certificateFile: paths.certificate, caFile: ca, changed };
}
