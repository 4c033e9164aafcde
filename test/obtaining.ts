/** One who asks a signer for a certificate, in this process. */
import type { WantedCertificate } from "../src/agent/managed.ts";
import { obtain, type Obtained, type Reach } from "../src/agent/obtain.ts";
import type { Pair } from "../src/agent/pair.ts";
import type { Order, Prover } from "../src/agent/stage.ts";
import { Staging } from "../src/agent/staging.ts";
import type { Handler } from "../src/ports.ts";
import { parseCertificate } from "../src/x509/certificate.ts";
import { createCsr, parseCsr } from "../src/x509/csr.ts";
import { exportPrivateKey, generateKey, type KeyPair } from "../src/x509/key.ts";
import { failure } from "./agent_world.ts";
import { answering, ca, issue } from "./bad_answers.ts";
import { countingRandom, fakeClock, fakeFetch, fakeLog, fakeSleep, type LogLine, type SentRequest } from "./fakes.ts";
import { MemoryFiles } from "./memory_files.ts";

/** The common name. */
export const NODE: string = "system:etcd-peer:etcd1";
/** What is asked for. */
export const WANTED: WantedCertificate = {
  profile: "etcd-peer",
  commonName: NODE,
  organization: "system:etcd-peers",
  dnsNames: ["etcd1"],
  ipAddresses: ["10.8.89.9"],
};

/** One who asks, and what is staged and sent; `obtain` is a new try each time. */
export interface ObtainWorld {
  handler: Handler;
  readonly staging: Staging;
  readonly staged: () => string[];
  readonly sent: SentRequest[];
  readonly posts: () => string[];
  readonly lines: LogLine[];
  readonly setTime: (text: string) => void;
  readonly obtain: (order?: Partial<Order>, reach?: Partial<Reach>, signal?: AbortSignal) => Promise<Obtained>;
}

/** Makes one. */
export function obtainWorld(first: Handler): ObtainWorld {
  const files = new MemoryFiles();
  const { now, set } = fakeClock();
  const { fetch, sent } = fakeFetch((request) => world.handler(request));
  const { log, lines } = fakeLog();
  const staging = new Staging(files, "d");
  const random = countingRandom();
  const world: ObtainWorld = {
    handler: first,
    staging,
    staged: () => [...files.tree.keys()].sort(),
    sent,
    posts: () => sent.filter(({ method }) => method === "POST").map(({ body }) => body),
    lines,
    setTime: set,
    obtain: (order = {}, reach = {}, signal) =>
      obtain(
        { wanted: WANTED, staging, ...order },
        { fetch, url: "https://signer:6443", token: "a-token", patienceSeconds: 0, ...reach },
        { now, sleep: fakeSleep().sleep, random, log, ...signal && { signal } },
      ),
  };
  return world;
}

/** A signer that is overloaded. */
export const down: Handler = () => failure(503, "ServiceUnavailable");
/** An approved answer with a certificate for the body's CSR. */
export const goodAnswer: Handler = answering(issue);
/** The name of the object in a body. */
export const nameOf = (body: string | undefined): string => JSON.parse(body ?? "{}").metadata?.name;

/** A pair that may speak for itself. */
export async function pairOf(key: KeyPair): Promise<Pair> {
  const { organization, commonName, dnsNames, ipAddresses } = WANTED;
  const csr = await createCsr({ key, subject: { organization, commonName }, dnsNames, ipAddresses });
  const certificatePem = await issue(parseCsr(csr.pem));
  return {
    version: "20260301T120000Z-00000000",
    certificate: parseCertificate(certificatePem),
    key,
    certificatePem,
    keyPem: await exportPrivateKey(key),
    caPem: ca.certificate.pem,
  };
}

/** One. */
export const pair: Pair = await pairOf(await generateKey("ec-p256", { extractable: true }));
/** What it proves itself with. */
export const prover: Prover = { pair, issuer: ca.certificate };
/** The scheme of a request's credential. */
export const credential = ({ headers }: SentRequest): string | undefined => headers.get("authorization")?.split(" ")[0];
