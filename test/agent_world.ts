/** An agent in this process: files in memory, a signer without a socket between, waits that pass at once. */
import { type IssuedPair, requestCertificate, type RequestOptions } from "../src/agent/agent.ts";
import { tokenAuthenticator } from "../src/auth/token.ts";
import type { Handler } from "../src/ports.ts";
import type { SignerOptions } from "../src/signer/create_signer.ts";
import { fakeClock, fakeFetch, fakeLog, fakeSleep, type LogLine, type SentRequest } from "./fakes.ts";
import { MemoryFiles } from "./memory_files.ts";
import { type TestSigner, testSigner } from "./signing.ts";

/** What stands around an agent, and what it did. */
export interface AgentWorld {
  readonly files: MemoryFiles;
  readonly sent: SentRequest[];
  readonly pauses: number[];
  readonly lines: LogLine[];
  /** Runs it once. */
  readonly run: (options?: Partial<RequestOptions>) => Promise<IssuedPair>;
}

/** The common name of the agent, and base name of its files. */
export const NODE = "system:etcd-peer:etcd1";
/** Its token. */
export const TOKEN = "0a1b2c.s3cr3t-of-the-agent";

/** A signer that knows the agent's token and no other. */
export function agentSigner(options: Partial<SignerOptions> = {}): Promise<TestSigner> {
  const identity = { username: "node1", groups: [], proof: "bootstrap-token" } as const;
  return testSigner({ authenticators: [tokenAuthenticator([{ token: TOKEN, identity }])], ...options });
}

/** An agent that wants a peer's certificate of whatever answers. */
export function agentWorld(handler: Handler, files: MemoryFiles = new MemoryFiles()): AgentWorld {
  const { fetch, sent } = fakeFetch(handler);
  const { log, lines } = fakeLog();
  const { sleep, pauses } = fakeSleep();
  const { now } = fakeClock();
  const run = (options: Partial<RequestOptions> = {}): Promise<IssuedPair> =>
    requestCertificate({
      profile: "etcd-peer",
      commonName: NODE,
      organization: "system:etcd-peers",
      dnsNames: ["etcd1", "localhost"],
      ipAddresses: ["10.8.89.9", "::1"],
      directory: "certs",
      fetch,
      url: "https://signer:6443",
      token: TOKEN,
      files,
      now,
      sleep,
      log,
      ...options,
    });
  return { files, sent, pauses, lines, run };
}

/** An answer in JSON. */
export function jsonAnswer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return new Response(text, { status, headers: { "content-type": "application/json", ...headers } });
}

/** A Status of failure. */
export function failure(code: number, reason: string, headers: Readonly<Record<string, string>> = {}): Response {
  return jsonAnswer(code, {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    message: `no: ${reason}`,
    reason,
    code,
  }, headers);
}
