import { Keeper } from "../src/agent/keeper.ts";
import type { AgentEvents } from "../src/agent/events.ts";
import type { Reach } from "../src/agent/obtain.ts";
import { systemNow } from "../src/clock.ts";
import { CertgenError } from "../src/errors.ts";
import type { Connection, Log, Runtime } from "../src/ports.ts";
import { secureRandom } from "../src/random.ts";
import type { AgentSetup } from "./agent_config.ts";
import { UsageError } from "./exit.ts";
import type { Target } from "./target.ts";

/** A signer over a connection to it. */
export function reachBy(
  { url, token, issuerCa, fallbackIssuerCa }: Target,
  { fetch, stream }: Connection,
): Pick<Reach, "url" | "token" | "issuerCa" | "fallbackIssuerCa" | "fetch" | "stream"> {
  return {
    url,
    ...token === undefined ? {} : { token },
    ...issuerCa === undefined ? {} : { issuerCa },
    ...fallbackIssuerCa === undefined ? {} : { fallbackIssuerCa },
    fetch,
    stream,
  };
}

/** What keepers need besides the certificates. */
export interface KeeperSetup extends AgentSetup {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly events: AgentEvents;
  readonly log: Log;
  /** Seconds of one try; without end unless said. */
  readonly patienceSeconds?: number;
}

/** A keeper for each certificate. Each renewal reads address, CA and token anew and has a connection of its own. */
export function keepersOf(runtime: Runtime, setup: KeeperSetup): Keeper[] {
  const { certificates, target: readTarget, env, events, log, patienceSeconds } = setup;
  const { files, sleep, execute, peerCertificate, connect } = runtime;
  const ports = { files, sleep, execute, peerCertificate, env, events, log, now: systemNow, random: secureRandom };
  const reach = async () => {
    const target = await readTarget().catch((error: unknown) => {
      // what was right when the agent started may be gone for a moment, and is looked for again
      if (error instanceof UsageError) throw new CertgenError("not-found", error.message, { cause: error });
      throw error;
    });
    const connection = connect({ ca: target.ca, ...target.client && { client: target.client } });
    return {
      ...reachBy(target, connection),
      ...patienceSeconds === undefined ? {} : { patienceSeconds },
      close: connection.close,
    };
  };
  return certificates.map((certificate) => new Keeper(certificate, { ...ports, user: runtime.userId(), reach }));
}

/**
 * Says at once what cannot become right by waiting, as a flag that is missing; what a file lacks may come.
 * @throws UsageError
 */
export async function checkSetup({ target }: AgentSetup): Promise<void> {
  try {
    await target();
  } catch (error) {
    if (error instanceof UsageError) throw error;
  }
}
