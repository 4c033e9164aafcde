import { toUtf8 } from "../src/bytes.ts";
import { CertgenError } from "../src/errors.ts";
import type { Files } from "../src/ports.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
import { generalNames } from "../src/x509/general_name.ts";
import { parseIp } from "../src/x509/ip.ts";
import { KEY_TYPES, type KeyType } from "../src/x509/key.ts";
import { type Credentials, newCa, newLeaf } from "./credentials.ts";
import { sha256Hex } from "../src/digest.ts";
import { hostNames } from "./embedded.ts";
import { EXIT } from "./exit.ts";
import { type CommandDefinition, OUTPUT_FLAG } from "./flag.ts";
import type { Options } from "./options.ts";
import type { Context } from "./program.ts";

/** `certgen-signer init`. */
export const definition: CommandDefinition = {
  program: "certgen-signer",
  name: "init",
  description: "make a CA, a metrics CA, server and client credentials for trying things out",
  example: "certgen-signer init --dir pki --san localhost,127.0.0.1",
  flags: [
    {
      name: "dir",
      value: "path",
      default: ".",
      placeholder: "DIR",
      description: "directory to write to; made where it is missing",
    },
    {
      name: "san",
      value: "list",
      repeatable: true,
      defaultWords: "localhost, this host's name and addresses",
      placeholder: "NAMES",
      description: "comma separated DNS names and IP addresses of the server's certificate",
    },
    {
      name: "key-type",
      value: "choice",
      choices: KEY_TYPES,
      default: "ec-p256",
      placeholder: "TYPE",
      description: "kind of all keys",
    },
    OUTPUT_FLAG,
  ],
};

/** Says what `init` made, so that `destroy` removes that and nothing else. */
export const MANIFEST = "certgen-init.json";

const YEAR_SECONDS = 365 * 86_400;

/** Makes everything, unless something of it is there already. */
export async function run(options: Options, context: Context): Promise<number> {
  const runtime = await detectRuntime();
  const { files } = runtime;
  const directory = options.required("dir");
  const keyType = options.required("key-type") as KeyType;
  const names = options.given("san") ? checkedNames(options.list("san")) : hostNames(runtime);
  await files.makeDirectory(directory, 0o755);
  const ca = await newCa("certgen test CA", keyType);
  const metricCa = await newCa("certgen test metrics CA", keyType);
  const leaf = { lifetimeSeconds: YEAR_SECONDS, keyType };
  const made: Readonly<Record<string, Credentials>> = {
    "ca": ca.pem,
    "metric-ca": metricCa.pem,
    "server": await newLeaf(ca.issuer, { ...leaf, commonName: "certgen test server", usages: ["serverAuth"], names }),
    "client": await newLeaf(ca.issuer, {
      ...leaf,
      commonName: "certgen test client",
      usages: ["clientAuth"],
      names: [],
    }),
  };
  const contents = Object.entries(made).flatMap(([base, { certificate, privateKey }]): [string, string, number][] => [
    [`${base}.key`, privateKey, 0o600],
    [`${base}.crt`, certificate, 0o644],
  ]);
  await refuseIfThere(files, directory, [MANIFEST, ...contents.map(([name]) => name)]);
  const digests: Record<string, string> = {};
  for (const [name, text] of contents) digests[name] = await sha256Hex(toUtf8(text));
  // first, so that what a crash leaves can be removed as well
  await files.create(`${directory}/${MANIFEST}`, toUtf8(JSON.stringify({ files: digests }, null, 2) + "\n"), 0o644);
  for (const [name, text, mode] of contents) await files.create(`${directory}/${name}`, toUtf8(text), mode);
  const written = contents.map(([name]) => `${directory}/${name}`);
  if (options.text("output") === "json") context.stdout(JSON.stringify({ directory, files: written }) + "\n");
  else {context.stdout(
      written.map((path) => `made ${path}\n`).join("") +
        `remove them with: certgen-signer destroy --dir ${directory}\n`,
    );}
  return EXIT.done;
}

/** Refuses what is no name before anything is made. */
function checkedNames(names: readonly string[]): string[] {
  const plain = names.map((name) => name.replace(/^\[(.*)\]$/, "$1"));
  const isAddress = (name: string): boolean => parseIp(name) !== undefined;
  return generalNames(plain.filter((name) => !isAddress(name)), plain.filter(isAddress)).map(({ value }) => value);
}

async function refuseIfThere(files: Files, directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (await files.stat(`${directory}/${name}`) === undefined) continue;
    throw new CertgenError(
      "already-exists",
      `Cannot make ${JSON.stringify(`${directory}/${name}`)}: it is there already, and init replaces nothing`,
    );
  }
}
