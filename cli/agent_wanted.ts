import { type CertificateKind, kindOf, type SaidOfCertificate } from "../src/agent/certificate_kind.ts";
import { modeFault, modeOf } from "../src/agent/file_mode.ts";
import type { CertificatePlace, ManagedCertificate, WantedCertificate } from "../src/agent/managed.ts";
import { peerAddress } from "../src/address.ts";
import { CertgenError, messageOf } from "../src/errors.ts";
import type { Files, Log, Runtime } from "../src/ports.ts";
import { quoted } from "../src/text.ts";
import { generalNames } from "../src/x509/general_name.ts";
import { parseIp } from "../src/x509/ip.ts";
import type { KeyType } from "../src/x509/key.ts";
import { hostNames } from "./embedded.ts";
import { UsageError } from "./exit.ts";
import type { Options } from "./options.ts";
import { ownerOf } from "./owner.ts";

const FLAG_OF: Readonly<Record<keyof SaidOfCertificate, string>> = {
  commonName: "commonname",
  organization: "orgname",
  signerName: "signer-name",
};

/**
 * What the certificate flags ask for, and the name of its CA's file.
 * @throws UsageError naming the flag
 */
export function wantedOf(
  options: Options,
  runtime: Pick<Runtime, "host">,
  log: Log,
): WantedCertificate & Pick<CertificatePlace, "caFile"> {
  const kind = kindOfFlags(options, runtime);
  const named = options.given("dnsnames") || options.given("ipaddrs");
  const defaults = hostNames(runtime);
  const isAddress = (name: string): boolean => parseIp(name) !== undefined;
  const dnsNames = named ? options.list("dnsnames") : defaults.filter((name) => !isAddress(name));
  const ipAddresses = named ? options.list("ipaddrs") : defaults.filter(isAddress);
  if (dnsNames.length + ipAddresses.length === 0) {
    throw new UsageError(
      "Missing names: --dnsnames, --ipaddrs or both must have at least one, since nobody checks a common name",
    );
  }
  checkNames(options, "dnsnames", dnsNames, []);
  checkNames(options, "ipaddrs", [], ipAddresses);
  if (!named) log("debug", "names of this host", { dnsNames, ipAddresses });
  const lifetimeSeconds = options.seconds("lifetime");
  if (lifetimeSeconds !== undefined && !Number.isInteger(lifetimeSeconds)) {
    throw new UsageError(`${whatOf(options, "lifetime")}: it takes whole seconds`);
  }
  return {
    ...kind,
    dnsNames,
    ipAddresses,
    keyType: options.required("key-type") as KeyType,
    ...lifetimeSeconds === undefined ? {} : { lifetimeSeconds },
  };
}

function kindOfFlags(options: Options, runtime: Pick<Runtime, "host">): CertificateKind {
  const organization = options.text("orgname");
  const commonName = options.text("commonname") ?? `system:etcd-peer:${runtime.host().name}`;
  const kind = kindOf({ commonName, organization, signerName: options.text("signer-name") });
  if (!("why" in kind)) return kind;
  if (kind.of === "organization" && organization === undefined) {
    throw new UsageError("Missing --orgname: it takes NAME, since the common name is of none of etcd's kinds");
  }
  const value = kind.of === "commonName" ? commonName : options.text(FLAG_OF[kind.of]) ?? "";
  const why = kind.why.replace("a signer name", "--signer-name");
  throw new UsageError(`Cannot use ${options.origin(FLAG_OF[kind.of])} ${quoted(value)}: it ${why}`);
}

function checkNames(options: Options, flag: string, dnsNames: readonly string[], ipAddresses: readonly string[]): void {
  try {
    generalNames(dnsNames, ipAddresses);
  } catch (error) {
    if (error instanceof CertgenError) throw new UsageError(`${options.origin(flag)}: ${error.message}`);
    throw error;
  }
}

/**
 * What the place flags say.
 * @throws UsageError naming the flag; what reading `/etc/passwd` and `/etc/group` throws
 */
export async function placeOf(options: Options, files: Pick<Files, "read">): Promise<CertificatePlace> {
  const mode = (flag: string, kind: "key" | "certificate"): number | undefined => {
    const text = options.text(flag);
    if (text === undefined) return undefined;
    const why = modeFault(kind, text);
    if (why !== undefined) throw new UsageError(`${whatOf(options, flag)}: it ${why}`);
    return modeOf(text);
  };
  const [keyMode, certificateMode] = [mode("key-mode", "key"), mode("cert-mode", "certificate")];
  const place = {
    directory: options.required("assetsdir"),
    ...keyMode !== undefined && { keyMode },
    ...certificateMode !== undefined && { certificateMode },
  };
  const owner = options.text("owner");
  if (owner === undefined) return place;
  try {
    return { ...place, owner: await ownerOf(owner, files) };
  } catch (error) {
    if (!(error instanceof CertgenError) || error.code !== "invalid-object") throw error;
    throw new UsageError(messageOf(error).replace("owner", options.origin("owner")));
  }
}

/**
 * What the change flags say.
 * @throws UsageError naming the flag
 */
export function changesOf(
  options: Options,
): Pick<ManagedCertificate, "rotateKey" | "onChange" | "check" | "checkTls"> {
  const [onChange, check, tls] = [options.text("on-change"), options.text("check"), options.text("check-tls")];
  const checkTls = tls === undefined ? undefined : peerAddress(tls);
  if (tls !== undefined && checkTls === undefined) {
    throw new UsageError(`${whatOf(options, "check-tls")}: it takes HOST:PORT`);
  }
  return {
    rotateKey: options.text("rotate-key") === "always" ? "always" : "never",
    ...onChange === undefined ? {} : { onChange: { program: onChange, args: [] } },
    ...check === undefined ? {} : { check: { program: check, args: [] } },
    ...checkTls === undefined ? {} : { checkTls },
  };
}

function whatOf(options: Options, flag: string): string {
  return `Cannot use ${options.origin(flag)} ${quoted(options.text(flag) ?? "")}`;
}
