/** A signer that knows bootstrap tokens, and what those and certificates prove to it, also after a restart. */
import { sha256Hex } from "../src/digest.ts";
import * as assert from "uvu/assert";
import type { AuditEvent } from "../src/audit/entry.ts";
import { createProof, type CreateProofOptions } from "../src/auth/proof.ts";
import { tokenAuthenticator, type TokenEntry } from "../src/auth/token.ts";
import { toBase64, toUtf8 } from "../src/bytes.ts";
import type { Issuer } from "../src/ca/issuer.ts";
import { EXTRA } from "../src/identity.ts";
import { type CertificateSigningRequest, fromBase64Pem } from "../src/k8s/certificate_signing_request.ts";
import type { Now } from "../src/ports.ts";
import { secureRandom } from "../src/random.ts";
import { type CertificateRecord, CertificateRecords } from "../src/requests/certificate_records.ts";
import { openDirectory } from "../src/requests/directory.ts";
import type { SignerOptions } from "../src/signer/create_signer.ts";
import { MemoryStore } from "../src/store/memory.ts";
import type { Entry, Store } from "../src/store/store.ts";
import { parseCertificate } from "../src/x509/certificate.ts";
import { createCsr } from "../src/x509/csr.ts";
import { generateKey, type KeyPair } from "../src/x509/key.ts";
import { type Client, clientOf } from "./api.ts";
import { fakeClock } from "./fakes.ts";
import { MemoryFiles } from "./memory_files.ts";
import { objectIn, objectJson, type ObjectParts, pathOf, type TestSigner, testSigner } from "./signing.ts";

/** Where a signer keeps its state: in memory, or in files that are opened again at a restart. */
export const STORES = ["memory", "directory"] as const;

/** A signer, and what stands around it. */
export interface CredentialWorld extends TestSigner {
  /** The clock. */
  readonly now: Now;
  /** What it told the audit log. */
  readonly events: AuditEvent[];
  /** The files under a store of the kind `directory`. */
  readonly files: MemoryFiles;
  /** Whoever has a bearer token. */
  readonly bearer: (token: string) => Client;
  /** An administrator. */
  readonly admin: Client;
  /** The same signer after a restart, over its store opened again; with other options if said. */
  readonly restart: (options?: Partial<SignerOptions>) => Promise<CredentialWorld>;
}

/** What a bootstrap token is good for; anything unless said. */
export interface TokenLimits {
  readonly uses?: number;
  readonly commonNames?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly profiles?: readonly string[];
}

/** A bootstrap token `<id>-token`. */
export function bootstrapToken(id: string, limits: TokenLimits = {}): TokenEntry {
  const { uses, commonNames, dnsNames, ipAddresses, profiles } = limits;
  const facts = {
    [EXTRA.tokenId]: [id],
    [EXTRA.tokenUses]: uses === undefined ? undefined : [String(uses)],
    [EXTRA.allowedCommonNames]: commonNames,
    [EXTRA.allowedDnsNames]: dnsNames,
    [EXTRA.allowedIpAddresses]: ipAddresses,
    [EXTRA.allowedProfiles]: profiles,
  };
  const extra = Object.fromEntries(
    Object.entries(facts).flatMap(([key, values]) => values === undefined ? [] : [[key, values] as const]),
  );
  const groups = ["system:bootstrappers", "system:authenticated"];
  return {
    token: `${id}-token`,
    identity: { username: `system:bootstrap:${id}`, groups, proof: "bootstrap-token", extra },
  };
}

/** A token of a node: good for its own names, any number of times. */
export function nodeToken(node: string, limits: TokenLimits = {}): TokenEntry {
  return bootstrapToken(node, {
    commonNames: ["peer", "server", "metric"].map((kind) => `system:etcd-${kind}:${node}`),
    dnsNames: [node],
    ipAddresses: ["10.8.89.9"],
    ...limits,
  });
}

const ADMINISTRATOR: TokenEntry = {
  token: "admin-token",
  identity: { username: "alice", groups: ["certgen:admins", "system:authenticated"], proof: "token" },
};
/** What the tests of a file do not say: a token for one use, one for any number, and those of two nodes. */
const TOKENS: readonly TokenEntry[] = [
  bootstrapToken("once", { uses: 1 }),
  bootstrapToken("any"),
  nodeToken("etcd1"),
  nodeToken("etcd2"),
];

/** Makes one. */
export async function credentialWorld(
  options: Partial<SignerOptions> & { readonly kind?: typeof STORES[number]; readonly tokens?: readonly TokenEntry[] } =
    {},
): Promise<CredentialWorld> {
  const { kind = "memory", tokens = TOKENS, ...rest } = options;
  const { now, set } = fakeClock();
  const files = new MemoryFiles();
  const memory = new MemoryStore();
  const open = async (): Promise<Store> => kind === "memory" ? memory : await openDirectory(files, "/csrs");
  let issuers: { etcd: Issuer; metric: Issuer } | undefined;
  const start = async (changed: Partial<SignerOptions>): Promise<CredentialWorld> => {
    const events: AuditEvent[] = [];
    const authenticators = [tokenAuthenticator([ADMINISTRATOR, ...tokens])];
    const all = {
      store: await open(),
      rate: { requestsPerSecond: 0 },
      authenticators,
      random: secureRandom,
      now,
      audit: { record: (event: AuditEvent) => Promise.resolve(void events.push(event)) },
      ...issuers === undefined ? {} : { issuers },
      ...rest,
      ...changed,
    };
    const world = await testSigner(all);
    issuers ??= { etcd: world.etcd, metric: world.metric };
    const bearer = (token: string): Client => clientOf(world.signer, token);
    return {
      ...world,
      ...issuers,
      now,
      setTime: set,
      events,
      files,
      bearer,
      admin: bearer(ADMINISTRATOR.token),
      restart: async (other = {}) => await start({ ...changed, ...other }),
    };
  };
  return await start({});
}

/** What is asked for: a peer certificate of `etcd1` with another key each time, unless said. */
export interface Wanted {
  readonly node?: string;
  readonly profile?: "etcd-peer" | "etcd-server" | "etcd-metric";
  readonly key?: KeyPair;
  readonly organization?: string | readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Of the object; the common name unless said. */
  readonly name?: string;
  /** What the object says differently. */
  readonly parts?: ObjectParts;
}

/** The JSON of a POST. */
export async function wantedJson(wanted: Wanted = {}): Promise<string> {
  const { node = "etcd1", profile = "etcd-peer", key = await generateKey(), parts = {} } = wanted;
  const { dnsNames = [node], ipAddresses = ["10.8.89.9"], organization = `system:${profile}s` } = wanted;
  const commonName = `system:${profile}:${node}`;
  const csr = await createCsr({ key, subject: { organization, commonName }, dnsNames, ipAddresses });
  const usages = profile === "etcd-server" ? ["server auth"] : ["server auth", "client auth"];
  return objectJson(toBase64(toUtf8(csr.pem)), {
    name: wanted.name ?? commonName,
    ...parts,
    spec: { signerName: `certgen.internal/${profile}`, usages, ...parts.spec },
  });
}

/** Whoever has a certificate and its key. */
export interface Holder {
  readonly certificate: string;
  readonly key: KeyPair;
  /** What it was issued for. */
  readonly object: CertificateSigningRequest;
}

/** Gets a certificate. */
export async function obtain(client: Pick<Client, "send">, wanted: Wanted = {}): Promise<Holder> {
  const key = wanted.key ?? await generateKey();
  const body = await wantedJson({ ...wanted, key });
  const object = await objectIn(await client.send("POST", pathOf("v1"), body));
  assert.ok(object.status.certificate, JSON.stringify(object.status).slice(0, 1000));
  return { certificate: fromBase64Pem(object.status.certificate ?? ""), key, object };
}

/** A request with a proof of possession, which can be sent as often as one wants. */
export interface ProvenRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What is asked, and what the proof says differently. */
export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly proof?: Partial<CreateProofOptions>;
}

/** Proves a request: a POST to the collection unless said. */
export async function prove(world: CredentialWorld, holder: Holder, asked: Asked = {}): Promise<ProvenRequest> {
  const { method = "POST", path = pathOf("v1"), body, proof } = asked;
  // whoever has another key would not ask whether it is the certificate's
  const { publicKey } = parseCertificate(proof?.certificate ?? holder.certificate);
  const key = { ...proof?.key ?? holder.key, publicKey };
  const authorization = await createProof({
    certificate: holder.certificate,
    issuerKey: world.etcd.publicKey.spki,
    signerName: holder.object.spec.signerName,
    method,
    url: `https://signer${path}`,
    ...body === undefined ? {} : { body: toUtf8(body) },
    now: world.now,
    ...proof,
    key,
  });
  return { method, path, ...body === undefined ? {} : { body }, headers: { authorization } };
}

/** Sends one. */
export async function present(world: CredentialWorld, request: ProvenRequest): Promise<Response> {
  const { method, path, body, headers } = request;
  return await clientOf(world.signer, undefined).send(method, path, body, headers);
}

/** Somebody who proves every request by the key of a certificate. */
export function proven(world: CredentialWorld, holder: Holder): Pick<Client, "send"> {
  return {
    send: async (method, path, body) => {
      const asked = { method, path, ...typeof body === "string" ? { body } : {} };
      return await present(world, await prove(world, holder, asked));
    },
  };
}

/** How many certificates were issued, as the log says. */
export function issuedBy({ lines }: Pick<TestSigner, "lines">): number {
  return lines.filter(({ message }) => message === "certificate issued").length;
}

/** What a store keeps of a kind; objects without one. */
export async function entriesOf(store: Store, kind?: "certificate" | "token" | "nonce"): Promise<readonly Entry[]> {
  return (await store.list(kind === undefined ? {} : { kind })).entries;
}

/** The names of all objects in a store. */
export async function namesIn(store: Store): Promise<string[]> {
  return (await entriesOf(store)).map(({ name }) => name);
}

/** What is recorded of a peer certificate of `etcd1` that somebody with a bootstrap token was issued. */
export async function recordOf(change: Partial<CertificateRecord> = {}): Promise<CertificateRecord> {
  const world = await credentialWorld();
  const { certificate } = await obtain(world.bearer("any-token"));
  const stored = await new CertificateRecords(world.store).get(await sha256Hex(parseCertificate(certificate).der));
  if (stored === undefined) throw new Error("nothing was recorded");
  return { ...stored.record, ...change };
}
