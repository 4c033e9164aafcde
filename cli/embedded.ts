import { equal, toHex, toUtf8 } from "../src/bytes.ts";
import { CertgenError } from "../src/errors.ts";
import { EXTRA } from "../src/identity.ts";
import type { Files, Log, Runtime } from "../src/ports.ts";
import { secureRandom } from "../src/random.ts";
import type { Issuer } from "../src/ca/issuer.ts";
import { dnsNameFault } from "../src/x509/general_name.ts";
import { parseCertificate } from "../src/x509/certificate.ts";
import { importPrivateKey } from "../src/x509/key.ts";
import { newCa, newLeaf, readIssuer, readText, readToken, writePair } from "./credentials.ts";
import { sha256Hex } from "../src/digest.ts";
import { checkSafePath } from "./safe_path.ts";
import type { SignerParts } from "./signer_process.ts";

/** Where the parts of the embedded default are. */
export interface EmbeddedPaths {
  readonly directory: string;
  readonly caCertificate: string;
  readonly caKey: string;
  readonly metricCertificate: string;
  readonly metricKey: string;
  readonly servingCa: string;
  readonly servingCertificate: string;
  readonly servingKey: string;
  /** What nodes ask with. */
  readonly token: string;
  /** What an administrator asks with. */
  readonly adminToken: string;
  /** The same for kubectl, with address and CA. */
  readonly adminKubeconfig: string;
  readonly requests: string;
  /** Directory of the bootstrap tokens that an administrator makes. */
  readonly tokens: string;
  /** Directory of the audit log. */
  readonly audit: string;
}

/** The files of a state directory. */
export function embeddedPaths(directory: string): EmbeddedPaths {
  const file = (name: string): string => `${directory}/${name}`;
  return {
    directory,
    caCertificate: file("ca.crt"),
    caKey: file("ca.key"),
    metricCertificate: file("metric-ca.crt"),
    metricKey: file("metric-ca.key"),
    servingCa: file("serving-ca.crt"),
    servingCertificate: file("server.crt"),
    servingKey: file("server.key"),
    token: file("token"),
    adminToken: file("admin-token"),
    adminKubeconfig: file("admin.kubeconfig"),
    requests: file("csrs"),
    tokens: file("tokens"),
    audit: file("audit"),
  };
}

const YEAR_SECONDS = 365 * 86_400;
const MONTH_MS = 30 * 86_400_000;
/** Every file that is trusted or secret: none of them may be somebody else's. */
const FILES = [
  "ca.crt",
  "ca.key",
  "metric-ca.crt",
  "metric-ca.key",
  "serving-ca.crt",
  "serving-ca.key",
  "server.crt",
  "server.key",
  "token",
  "admin-token",
  "admin.kubeconfig",
  "csrs",
  "tokens",
  "audit",
];

/**
 * Makes what is missing of the embedded default: an issuing CA, a metrics CA, a CA that signs nothing but the serving
 * certificate, that certificate, tokens for nodes and for an administrator, and a directory for requests. What is there stays as it is.
 *
 * @throws CertgenError `unsafe-path` where somebody else could have planted something
 */
export async function prepareEmbedded(runtime: Runtime, directory: string, log: Log): Promise<EmbeddedPaths> {
  const { files } = runtime;
  const paths = embeddedPaths(directory);
  await checkSafePath(runtime, directory);
  await files.makeDirectory(directory, 0o700);
  // again, now that it is there: from here on nobody else can put another in its place
  await checkSafePath(runtime, directory, { mustExist: true });
  for (const name of FILES) await checkSafePath(runtime, `${directory}/${name}`);
  for (const path of [paths.requests, paths.tokens, paths.audit]) await files.makeDirectory(path, 0o700);
  await ensureCa(files, `${directory}/ca`, "certgen etcd CA", log);
  await ensureCa(files, `${directory}/metric-ca`, "certgen etcd metrics CA", log);
  const servingCa = await ensureCa(files, `${directory}/serving-ca`, "certgen serving CA", log);
  await ensureServing(runtime, paths, servingCa, log);
  for (const path of [paths.token, paths.adminToken]) {
    if (await files.stat(path) === undefined) await files.replace(path, toUtf8(newToken() + "\n"), 0o600);
  }
  return paths;
}

/**
 * The embedded default, made where it is missing, as the parts of a signer that asks for its tokens.
 *
 * @throws CertgenError as {@link prepareEmbedded}, or `malformed-object` where a token's file holds none, or both the same
 */
export async function embeddedParts(
  runtime: Runtime,
  directory: string,
  log: Log,
): Promise<{ paths: EmbeddedPaths; parts: SignerParts }> {
  const paths = await prepareEmbedded(runtime, directory, log);
  const token = await readToken(runtime.files, paths.token);
  const adminToken = await readToken(runtime.files, paths.adminToken);
  if (token === adminToken) {
    const both = `${JSON.stringify(paths.adminToken)}: it holds the token of ${JSON.stringify(paths.token)}`;
    throw new CertgenError("malformed-object", `Cannot use ${both}, and every node would be an administrator`);
  }
  const id = await tokenId(token);
  const parts: SignerParts = {
    cas: {
      etcd: { certificate: paths.caCertificate, key: paths.caKey },
      metric: { certificate: paths.metricCertificate, key: paths.metricKey },
    },
    serving: [{ certificate: paths.servingCertificate, key: paths.servingKey }],
    requests: paths.requests,
    tokenDirectory: paths.tokens,
    auditDirectory: paths.audit,
    tokens: [{
      token,
      identity: {
        username: `system:bootstrap:${id}`,
        groups: ["system:bootstrappers", "system:authenticated"],
        // it names nothing, and is good for any number of requests
        proof: "bootstrap-token",
        extra: { [EXTRA.tokenId]: [id] },
      },
    }, {
      token: adminToken,
      identity: { username: "certgen:admin", groups: ["certgen:admins", "system:authenticated"], proof: "token" },
    }],
  };
  return { paths, parts };
}

/** The public half of `id.secret`; of a token in another form the beginning of its digest, since all of it is secret. */
async function tokenId(token: string): Promise<string> {
  return /^([0-9a-z]{1,16})\.\S{16,}$/.exec(token)?.[1] ?? (await sha256Hex(toUtf8(token))).slice(0, 12);
}

/** A CA of two files; one of them alone is somebody's mistake, and no reason to make another CA. */
async function ensureCa(files: Files, base: string, commonName: string, log: Log): Promise<Issuer> {
  const [certificate, key] = [await files.stat(`${base}.crt`), await files.stat(`${base}.key`)];
  if (certificate !== undefined) return await readIssuer(files, `${base}.crt`, `${base}.key`);
  if (key !== undefined) {
    // the key is written first: a key alone may be what a crash left of a CA that nobody has seen, or all that is left of one
    const aside = `${base}.key.${toHex(secureRandom(4))}`;
    await files.rename(`${base}.key`, aside);
    log("warn", "a CA key without its certificate is put aside, and a new CA is made", { file: aside });
  }
  // two signers' CAs, or an old and a new one, can stand in one bundle: their names tell them apart
  const name = `${commonName} ${toHex(secureRandom(4))}`;
  const { issuer, pem } = await newCa(name);
  await writePair(files, base, pem);
  log("info", "made a CA", { file: `${base}.crt`, name });
  return issuer;
}

/** A serving certificate for this host: made anew when it is missing, ends within a month, or lacks a name. */
async function ensureServing(runtime: Runtime, paths: EmbeddedPaths, ca: Issuer, log: Log): Promise<void> {
  const names = hostNames(runtime);
  if (await isServing(runtime.files, paths, ca, names)) return;
  const pem = await newLeaf(ca, {
    commonName: "certgen signer",
    usages: ["serverAuth"],
    names,
    lifetimeSeconds: YEAR_SECONDS,
  });
  await writePair(runtime.files, paths.servingCertificate.replace(/\.crt$/, ""), pem);
  log("info", "made a serving certificate", { file: paths.servingCertificate, names });
}

async function isServing(files: Files, paths: EmbeddedPaths, ca: Issuer, names: readonly string[]): Promise<boolean> {
  if (await files.stat(paths.servingKey) === undefined) return false;
  try {
    const certificate = parseCertificate(await readText(files, paths.servingCertificate));
    const { publicKey } = await importPrivateKey(await readText(files, paths.servingKey));
    if (!equal(publicKey.spki, certificate.publicKey.spki)) return false;
    const has = certificate.extensions.subjectAltName?.map(({ value }) => value) ?? [];
    const fresh = certificate.notAfter.getTime() > Date.now() + MONTH_MS;
    const sameCa = toHex(certificate.issuer.der) === toHex(ca.certificate.subject.der) &&
      toHex(certificate.extensions.authorityKeyIdentifier ?? new Uint8Array()) ===
        toHex(ca.certificate.extensions.subjectKeyIdentifier ?? new Uint8Array());
    return fresh && sameCa && names.every((name) => has.includes(name));
  } catch (error) {
    if (error instanceof CertgenError) return false;
    throw error;
  }
}

/** localhost, this host's name where it can be one, and its addresses. */
export function hostNames(runtime: Pick<Runtime, "host">): string[] {
  const { name, addresses } = runtime.host();
  const dnsNames = dnsNameFault(name) === undefined ? ["localhost", name] : ["localhost"];
  return [...new Set([...dnsNames, "127.0.0.1", "::1", ...addresses])];
}

/** A bootstrap token in Kubernetes' form: a public name and a secret, `id.secret`. */
function newToken(): string {
  return `${toHex(secureRandom(3))}.${toHex(secureRandom(20))}`;
}
