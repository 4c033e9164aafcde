import type { EtcdProfileName } from "../src/ca/etcd.ts";
import { messageOf } from "../src/errors.ts";
import type { Log, Runtime } from "../src/ports.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
import { writeAdminKubeconfig } from "./admin_kubeconfig.ts";
import { type Address, formatAddress, parseAddress } from "../src/address.ts";
import { embeddedParts, type EmbeddedPaths } from "./embedded.ts";
import { EXIT, UsageError } from "./exit.ts";
import { type CommandDefinition, COMMON_FLAGS, type FlagDefinition } from "./flag.ts";
import { invitation } from "./invitation.ts";
import { commandLog } from "./log.ts";
import type { Options } from "./options.ts";
import type { Context } from "./program.ts";
import { type PairPaths, type SignerConfig, type SignerParts, startSigner } from "./signer_process.ts";

function path(name: string, description: string): FlagDefinition {
  return { name, value: "path", placeholder: "FILE", description };
}

function duration(name: string, kind: string): FlagDefinition {
  return {
    name,
    value: "duration",
    default: "8760h",
    min: "1s",
    max: "3650d",
    placeholder: "DURATION",
    description: `lifetime of etcd ${kind} certificates`,
  };
}

/** `certgen-signer serve`. */
export const definition: CommandDefinition = {
  program: "certgen-signer",
  name: "serve",
  description: "serve the signer: approve requests that fit a profile and answer them with a certificate",
  example: "certgen-signer serve --cacrt=ca.crt --cakey=ca.key --csrdir=csrs --servcrt=server.crt --servkey=server.key",
  flags: [
    path(
      "cacrt",
      "CA certificate for etcd peer and server certificates; other CAs that nodes are to trust besides may follow it",
    ),
    path("cakey", "its private key: PKCS #8, PKCS #1 or SEC 1, not encrypted"),
    path("metric-cacrt", "CA certificate for etcd metrics certificates; others may follow it"),
    path("metric-cakey", "its private key"),
    {
      ...path(
        "servcrt",
        "certificate the signer serves with; several pairs are chosen by SNI, the first is the default",
      ),
      repeatable: true,
    },
    { ...path("servkey", "its private key"), repeatable: true },
    { name: "csrdir", value: "path", placeholder: "DIR", description: "directory where the signer keeps the requests" },
    {
      ...path("token-auth-file", 'tokens of those who may ask, as CSV: token,user,uid,"group1,group2"'),
      defaultWords: "none: whoever can reach the signer may ask, unless it uses --state-dir",
    },
    {
      name: "token-dir",
      value: "path",
      placeholder: "DIR",
      defaultWords: "<state-dir>/tokens with the embedded default, else none",
      description: "directory of bootstrap tokens that certgen-signer token makes",
    },
    {
      ...path(
        "config",
        "policy and further profiles, issuers of JWTs, limits, as YAML or JSON; followed while the signer runs",
      ),
      defaultWords:
        "none: tokens get what they name, certificates are renewed as they are, administrators get anything",
    },
    {
      name: "audit-dir",
      value: "path",
      placeholder: "DIR",
      defaultWords: "<state-dir>/audit with the embedded default, else <csrdir>/.audit-log",
      description: "directory of the audit log: every decision, before anything of it is stored or shown",
    },
    {
      name: "approval",
      value: "choice",
      choices: ["auto", "manual"],
      default: "auto",
      placeholder: "MODE",
      description: "who decides requests that fit a profile: auto, the signer at once; manual, an administrator",
    },
    {
      name: "address",
      value: "string",
      default: "0.0.0.0:6443",
      placeholder: "HOST:PORT",
      description: "where to listen (HTTPS); port 0 picks a free one",
    },
    {
      name: "insecure-health-check-address",
      value: "string",
      default: "0.0.0.0:6440",
      placeholder: "HOST:PORT",
      description: "where to answer /readyz over plain HTTP; empty or off: nowhere",
    },
    duration("peercertdur", "peer"),
    duration("servercertdur", "server"),
    duration("metriccertdur", "metrics"),
    {
      name: "state-dir",
      value: "path",
      default: ".certgen",
      placeholder: "DIR",
      description: "where CAs, serving certificate and tokens are kept when none are given",
    },
    ...COMMON_FLAGS,
  ],
};

/** The flags whose absence, all together, means the embedded default. */
const OWN = ["cacrt", "cakey", "metric-cacrt", "metric-cakey", "servcrt", "servkey", "csrdir"];

/** Serves until it is told to stop. */
export async function run(options: Options, context: Context): Promise<number> {
  const log = commandLog(options, context);
  const addresses = addressesOf(options);
  const own = OWN.some((flag) => options.given(flag)) ? ownConfig(options) : undefined;
  const approval = options.text("approval") === "manual" ? "manual" : "auto";
  const runtime = await detectRuntime();
  const { paths, parts } = own === undefined
    ? await embeddedParts(runtime, options.required("state-dir"), log)
    : { paths: undefined, parts: own };
  const config: SignerConfig = {
    ...addresses,
    ...lifetimesOf(options),
    ...parts,
    tokenAuthFile: options.text("token-auth-file"),
    tokenDirectory: options.text("token-dir") ?? parts.tokenDirectory,
    auditDirectory: options.text("audit-dir") ?? parts.auditDirectory,
    configuration: options.text("config"),
    approval,
    approvalOrigin: options.origin("approval"),
  };
  let stop = (_signal: string): void => {};
  const stopped = new Promise<string>((resolve) => stop = resolve);
  runtime.onStopSignal(stop);
  const signer = await startSigner(runtime, config, log);
  const address = { ...config.address, port: signer.port };
  // who waits for the next line finds what it takes to ask there
  if (paths !== undefined) await keepAdminKubeconfig(runtime, paths, address, log);
  log("info", "listening", { address: formatAddress(address), runtime: runtime.name });
  if (signer.healthPort !== undefined && config.health !== undefined) {
    log("info", "answering health checks", { address: formatAddress({ ...config.health, port: signer.healthPort }) });
  }
  if (paths !== undefined) context.stdout(invitation(runtime, paths, signer.port, options.given("state-dir")));
  if (signer.isOpen) log("warn", "no credentials are asked for: whoever can reach this address gets a certificate", {});
  log("info", "stopping", { signal: await stopped });
  await signer.stop();
  return EXIT.done;
}

function addressesOf(options: Options): Pick<SignerConfig, "address" | "health"> {
  const health = options.required("insecure-health-check-address");
  return {
    address: address(options, "address"),
    health: health === "" || health === "off" ? undefined : address(options, "insecure-health-check-address"),
  };
}

function address(options: Options, flag: string): Address {
  const text = options.required(flag);
  const parsed = parseAddress(text);
  if (parsed === undefined) {
    throw new UsageError(
      `Cannot use ${options.origin(flag)} ${JSON.stringify(text)}: it takes HOST:PORT, as 0.0.0.0:6443`,
    );
  }
  return { ...parsed, host: parsed.host === "" ? "0.0.0.0" : parsed.host };
}

function lifetimesOf(options: Options): Pick<SignerConfig, "lifetimeSeconds"> {
  const lifetimes: [EtcdProfileName, string][] = [["etcd-peer", "peercertdur"], ["etcd-server", "servercertdur"], [
    "etcd-metric",
    "metriccertdur",
  ]];
  return {
    lifetimeSeconds: Object.fromEntries(
      lifetimes.map(([profile, flag]) => [profile, Math.floor(options.seconds(flag) ?? 0)]),
    ),
  };
}

/** What the older system's flags say, refused in its order. */
function ownConfig(options: Options): SignerParts {
  const etcd = caPair(options, "cacrt", "cakey");
  const metric = caPair(options, "metric-cacrt", "metric-cakey");
  if (etcd === undefined && metric === undefined) {
    throw new UsageError(
      "Missing CA: at least one pair of --cacrt and --cakey, or --metric-cacrt and --metric-cakey, is needed",
    );
  }
  const [certificates, keys] = [options.list("servcrt"), options.list("servkey")];
  if (certificates.length === 0 || keys.length === 0) {
    throw new UsageError("Missing --servcrt and --servkey: at least one pair is needed");
  }
  if (certificates.length !== keys.length) {
    throw new UsageError(
      `Cannot pair ${certificates.length} --servcrt with ${keys.length} --servkey: as many of both are needed`,
    );
  }
  return {
    cas: { ...etcd && { etcd }, ...metric && { metric } },
    serving: certificates.map((certificate, index) => ({ certificate, key: keys[index] ?? "" })),
    requests: options.required("csrdir"),
    tokens: [],
  };
}

function caPair(options: Options, certificateFlag: string, keyFlag: string): PairPaths | undefined {
  const [certificate, key] = [options.text(certificateFlag), options.text(keyFlag)];
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined || key === undefined) {
    const [given, missing] = certificate === undefined ? [keyFlag, certificateFlag] : [certificateFlag, keyFlag];
    throw new UsageError(`Missing --${missing}: it takes FILE, and goes with --${given}`);
  }
  return { certificate, key };
}

/** Without it the signer signs, all the same. */
async function keepAdminKubeconfig(runtime: Runtime, paths: EmbeddedPaths, address: Address, log: Log): Promise<void> {
  try {
    await writeAdminKubeconfig(runtime.files, paths, address);
  } catch (error) {
    log("error", "the administrator's kubeconfig cannot be written", { because: messageOf(error) });
  }
}
