/**
 * The shape of an agent's configuration. What depends on more than one place of it is checked in `config.ts`.
 * @module
 */
import * as v from "valibot";
import { choice, duration, flag, list, may, members, type Shape, text } from "../config_shape.ts";
import { kubernetesUsages } from "../k8s/usages.ts";
import { EXT_KEY_USAGES } from "../x509/extension.ts";
import { KEY_TYPES, type KeyType } from "../x509/key.ts";

/** The file as it is written. */
export interface AgentConfigFile extends PlaceFile {
  readonly $schema?: string;
  readonly signer: SignerFile;
  readonly certificates: readonly CertificateFile[];
}

/** How to reach the signer, as it is written. */
export interface SignerFile {
  readonly address?: string;
  readonly cacrt?: string;
  readonly issuerCacrt?: string;
  readonly tokenFile?: string;
  readonly kubeconfig?: string;
  readonly inCluster?: boolean;
}

/** Where files go, as it is written: for all certificates, and for one. */
export interface PlaceFile {
  readonly directory?: string;
  readonly owner?: string;
  readonly keyMode?: string;
  readonly certMode?: string;
}

/** A certificate as it is written. */
export interface CertificateFile extends PlaceFile {
  readonly commonName: string;
  readonly signerName?: string;
  readonly organization?: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly usages?: readonly string[];
  readonly keyType?: KeyType;
  readonly lifetime?: string;
  readonly caFile?: string;
  readonly rotateKey?: "never" | "always";
  readonly onChange?: readonly string[];
  readonly check?: readonly string[];
  readonly checkTls?: string;
}

/** Kubernetes' words of the extended usages that certgen issues. */
const USAGES: readonly string[] = EXT_KEY_USAGES.flatMap((usage) => kubernetesUsages([], [usage]));

/** What the system's calls take: they end at a NUL. */
const CONTROLS = /\p{Cc}/u;
const path: Shape<string> = v.pipe(
  v.string("is not a text"),
  v.minLength(1, "is empty"),
  v.maxLength(1024, "has more than 1024 characters"),
  v.check((value) => !CONTROLS.test(value), "has a control character"),
);
const fileName: Shape<string> = v.pipe(
  v.string("is not a text"),
  v.regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/, "is no file name of ASCII letters, digits and ._-"),
);
const owner: Shape<string> = v.pipe(
  v.string('is not a text: put it in quotes, as "1000:1000"'),
  v.minLength(1, "is empty"),
  v.maxLength(100, "has more than 100 characters"),
);
// without quotes YAML's 0640 is six hundred and forty
const mode = (example: string): Shape<string> => {
  const words = `is not 3 or 4 octal digits in quotes, as "${example}"`;
  return v.pipe(v.string(words), v.regex(/^[0-7]{3,4}$/, words));
};
const argument: Shape<string> = v.pipe(
  v.string("is not a text"),
  v.maxLength(4096, "has more than 4096 characters"),
  v.check((value) => !value.includes("\0"), "has a NUL"),
);
/** A program and its arguments. */
const program: Shape<string[]> = v.pipe(
  v.array(argument, "is not a list of a program and its arguments"),
  v.minLength(1, "is empty"),
  v.maxLength(100, "has more than 100 entries"),
  v.check(([first = ""]) => first !== "" && !CONTROLS.test(first), "begins with no program"),
);

const place = {
  directory: may(path),
  owner: may(owner),
  keyMode: may(mode("0640")),
  certMode: may(mode("0644")),
};
const certificate = members({
  commonName: text,
  signerName: may(text),
  organization: may(text),
  dnsNames: may(list(text)),
  ipAddresses: may(list(text)),
  usages: may(list(choice(USAGES), 1)),
  keyType: may(choice(KEY_TYPES)),
  lifetime: may(duration),
  ...place,
  caFile: may(fileName),
  rotateKey: may(choice(["never", "always"])),
  onChange: may(program),
  check: may(program),
  checkTls: may(text),
});
const signer = members({
  address: may(text),
  cacrt: may(path),
  issuerCacrt: may(path),
  tokenFile: may(path),
  kubeconfig: may(path),
  inCluster: may(flag),
});

/** The schema of the whole file; `schema/agent.schema.json` is made from it. */
export const AGENT_CONFIG_SCHEMA: Shape<AgentConfigFile> = members({
  $schema: may(text),
  signer,
  ...place,
  certificates: list(certificate, 1),
});
