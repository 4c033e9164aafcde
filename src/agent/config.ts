/**
 * The configuration file of an agent: how it reaches the signer, and the certificates that it keeps fresh.
 * @module
 */
import { peerAddress, signerUrl } from "../address.ts";
import { shapeFault } from "../config_shape.ts";
import { CertgenError } from "../errors.ts";
import { x509Usages } from "../k8s/usages.ts";
import type { Program } from "../ports.ts";
import { quoted } from "../text.ts";
import { EXT_KEY_USAGES, type ExtKeyUsage } from "../x509/extension.ts";
import { generalNames } from "../x509/general_name.ts";
import { durationAt, type Path, readSource, type Source } from "../yaml_source.ts";
import { kindOf } from "./certificate_kind.ts";
import { AGENT_CONFIG_SCHEMA, type AgentConfigFile, type CertificateFile, type SignerFile } from "./config_schema.ts";
import { modeFault, modeOf } from "./file_mode.ts";
import type { ManagedCertificate } from "./managed.ts";
import { placeFault } from "./places.ts";

/** What a configuration says. Paths in it begin in the file's directory, as far as they are not absolute. */
export interface AgentConfig {
  /** How to reach the signer. */
  readonly signer: SignerSource;
  /** One or more. */
  readonly certificates: readonly ManagedCertificateConfig[];
}

/** How a file says that the signer is reached. */
export type SignerSource =
  | {
    readonly kind: "address";
    /** `https://host:port`. */
    readonly url: string;
    /** Path of the CA of the signer's own certificate. */
    readonly cacrt: string;
    /** Path of a bearer token. */
    readonly tokenFile?: string;
    /** Path of the CA that must have issued the answers. */
    readonly issuerCacrt?: string;
  }
  | {
    readonly kind: "kubeconfig";
    /** Path of the kubeconfig. */
    readonly path: string;
    /** Takes the place of the kubeconfig's own. */
    readonly tokenFile?: string;
    /** As above. */
    readonly issuerCacrt?: string;
  }
  | {
    readonly kind: "in-cluster";
    /** As above. */
    readonly issuerCacrt?: string;
  };

/** A certificate that is kept fresh, with its owner as it was written. */
export interface ManagedCertificateConfig extends Omit<ManagedCertificate, "owner"> {
  /** `USER`, `UID` or either with `:GROUP` or `:GID`. */
  readonly owner?: string;
}

/** The shortest lifetime that an API server takes, and the longest that fits `spec.expirationSeconds`, in seconds. */
export const LIFETIME_SECONDS: Readonly<{ least: number; most: number }> = Object.freeze({
  least: 600,
  most: 2 ** 31 - 1,
});

/**
 * Reads a configuration, YAML or JSON, strictly.
 *
 * @param path for messages, which name file, line and member; and where relative paths begin
 * @throws CertgenError `malformed-object`
 */
export function parseAgentConfig(text: string, path: string): AgentConfig {
  const source = readSource(text, `Cannot use configuration ${quoted(path)}`);
  const shape = shapeFault(source.value, AGENT_CONFIG_SCHEMA);
  if (shape !== undefined) throw source.fault(shape.path, shape.why);
  const file = source.value as AgentConfigFile;
  const beside = besideOf(path);
  const signer = signerOf(file.signer, source, beside);
  const certificates = file.certificates.map((_, i) => certificateOf(file, i, source, beside));
  const place = placeFault(certificates);
  if (place !== undefined) throw source.fault(["certificates", place.index, place.of], place.why);
  return { signer, certificates };
}

type Beside = (name: string) => string;

function besideOf(path: string): Beside {
  const directory = /^.*[/\\]/s.exec(path)?.[0] ?? "";
  return (name) => /^(?:[/\\]|[A-Za-z]:[/\\])/.test(name) ? name : directory + name;
}

/** What goes with each way to the signer. */
const GOES_WITH: Readonly<Record<"address" | "kubeconfig" | "inCluster", readonly (keyof SignerFile)[]>> = {
  address: ["cacrt", "issuerCacrt", "tokenFile"],
  kubeconfig: ["issuerCacrt", "tokenFile"],
  inCluster: ["issuerCacrt"],
};

function signerOf(file: SignerFile, { fault }: Source, beside: Beside): SignerSource {
  const ways = (["address", "kubeconfig", "inCluster"] as const).filter((way) =>
    file[way] !== undefined && file[way] !== false
  );
  const [way, other] = ways;
  if (way === undefined) throw fault(["signer"], "lacks address, kubeconfig or inCluster");
  if (other !== undefined) throw fault(["signer", other], `does not go together with ${way}: give one of them`);
  const extra = (["cacrt", "issuerCacrt", "tokenFile"] as const).find((one) =>
    file[one] !== undefined && !GOES_WITH[way].includes(one)
  );
  if (extra !== undefined) throw fault(["signer", extra], `does not go together with ${way}, which says it`);
  const { address = "", cacrt, issuerCacrt, kubeconfig = "", tokenFile } = file;
  const pin = issuerCacrt === undefined ? {} : { issuerCacrt: beside(issuerCacrt) };
  const token = tokenFile === undefined ? {} : { tokenFile: beside(tokenFile) };
  if (way === "inCluster") return { kind: "in-cluster", ...pin };
  if (way === "kubeconfig") return { kind: "kubeconfig", path: beside(kubeconfig), ...token, ...pin };
  const url = signerUrl(address);
  if (url === undefined) throw fault(["signer", "address"], "is neither HOST:PORT nor https://HOST:PORT");
  if (cacrt === undefined) throw fault(["signer"], "lacks cacrt, the CA of the signer's own certificate");
  return { kind: "address", url, cacrt: beside(cacrt), ...token, ...pin };
}

function certificateOf(file: AgentConfigFile, i: number, source: Source, beside: Beside): ManagedCertificateConfig {
  const at: Path = ["certificates", i];
  const { certificates: _, signer: _signer, $schema: _schema, ...defaults } = file;
  const own = file.certificates[i];
  if (own === undefined) throw new TypeError(`no certificate ${i}`);
  const kind = kindOf(own);
  if ("why" in kind) throw source.fault([...at, kind.of], kind.why);
  const directory = own.directory ?? defaults.directory;
  if (directory === undefined) throw source.fault(at, "lacks directory, and the file has none for all");
  const mode = (which: "keyMode" | "certMode"): number | undefined => {
    const text = own[which] ?? defaults[which];
    if (text === undefined) return undefined;
    const why = modeFault(which === "keyMode" ? "key" : "certificate", text);
    if (why !== undefined) throw source.fault(own[which] === undefined ? [which] : [...at, which], why);
    return modeOf(text);
  };
  return defined<ManagedCertificateConfig>({
    ...kind,
    ...namesOf(own, at, source),
    keyType: own.keyType,
    lifetimeSeconds: lifetimeOf(own, at, source),
    directory: beside(directory),
    caFile: own.caFile ?? kind.caFile,
    keyMode: mode("keyMode"),
    certificateMode: mode("certMode"),
    owner: own.owner ?? defaults.owner,
    rotateKey: own.rotateKey,
    onChange: programOf(own.onChange, beside),
    check: programOf(own.check, beside),
    checkTls: tlsOf(own, at, source),
  });
}

/** An object without the members that are `undefined`. */
function defined<T extends object>(object: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

function namesOf(
  own: CertificateFile,
  at: Path,
  { fault }: Source,
): Pick<ManagedCertificate, "dnsNames" | "ipAddresses" | "extKeyUsage"> {
  const { dnsNames = [], ipAddresses = [], usages } = own;
  const check = (of: string, names: readonly string[], judge: (name: string) => unknown): void => {
    for (const [j, name] of names.entries()) {
      try {
        judge(name);
      } catch (error) {
        if (!(error instanceof CertgenError)) throw error;
        throw fault([...at, of, j], error.message);
      }
    }
  };
  check("dnsNames", dnsNames, (name) => generalNames([name], []));
  check("ipAddresses", ipAddresses, (name) => generalNames([], [name]));
  const extKeyUsage = usages && usagesOf(usages);
  const isServer = extKeyUsage?.includes("serverAuth") ?? true;
  if (isServer && dnsNames.length + ipAddresses.length === 0) {
    throw fault(at, "lacks dnsNames, ipAddresses or both, since nobody checks a server's common name");
  }
  return { dnsNames, ipAddresses, ...extKeyUsage && { extKeyUsage } };
}

function usagesOf(words: readonly string[]): ExtKeyUsage[] {
  const { extKeyUsage } = x509Usages(words);
  return EXT_KEY_USAGES.filter((usage) => extKeyUsage.includes(usage));
}

function lifetimeOf({ lifetime }: CertificateFile, at: Path, source: Source): number | undefined {
  const seconds = durationAt(source, [...at, "lifetime"], lifetime, LIFETIME_SECONDS.least);
  if (seconds === undefined || seconds <= LIFETIME_SECONDS.most) return seconds;
  throw source.fault([...at, "lifetime"], `is more than ${LIFETIME_SECONDS.most} seconds`);
}

/** A name without a slash is looked for on the PATH. */
function programOf(words: readonly string[] | undefined, beside: Beside): Program | undefined {
  if (words === undefined) return undefined;
  const [program = "", ...args] = words;
  return { program: /[/\\]/.test(program) ? beside(program) : program, args };
}

function tlsOf({ checkTls }: CertificateFile, at: Path, { fault }: Source): ManagedCertificate["checkTls"] {
  if (checkTls === undefined) return undefined;
  const address = peerAddress(checkTls);
  if (address === undefined) throw fault([...at, "checkTls"], `${quoted(checkTls)} is not HOST:PORT`);
  return address;
}
