import { isServerUrl } from "../src/agent/kubeconfig.ts";
import { encodeKubeconfig } from "../src/agent/kubeconfig_writer.ts";
import { CertgenError, messageOf } from "../src/errors.ts";
import type { Runtime } from "../src/ports.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
import { parseCertificates } from "../src/x509/certificate.ts";
import { ADMIN_USER } from "./admin_kubeconfig.ts";
import { readToken } from "./credentials.ts";
import { embeddedPaths } from "./embedded.ts";
import { EXIT, UsageError } from "./exit.ts";
import type { CommandDefinition } from "./flag.ts";
import type { Options } from "./options.ts";
import { quoted } from "../src/text.ts";
import type { Context } from "./program.ts";
import { caOf, EMBEDDED, isThere } from "./target.ts";

/** `certgen-signer kubeconfig`. */
export const definition: CommandDefinition = {
  program: "certgen-signer",
  name: "kubeconfig",
  description: "print a kubeconfig for kubectl, with CA and token in it: a secret",
  example: "certgen-signer kubeconfig --server https://signer.example:6443",
  flags: [
    {
      name: "server",
      value: "string",
      default: "https://localhost:6443",
      placeholder: "URL",
      description: "the signer's address, as the reader of the kubeconfig reaches it",
    },
    {
      name: "user",
      value: "string",
      default: ADMIN_USER,
      placeholder: "NAME",
      description: "name of the user in the kubeconfig; whom the signer sees, the token says",
    },
    {
      name: "cacrt",
      variable: "CERTGEN_SIGNER_TARGET_CACRT",
      value: "path",
      defaultWords: ".certgen/serving-ca.crt where it exists",
      placeholder: "FILE",
      description: "CA that the signer's own certificate must chain to",
    },
    {
      name: "token-file",
      value: "path",
      defaultWords: ".certgen/admin-token where it exists and --cacrt is not given",
      placeholder: "FILE",
      description: "file with a bearer token",
    },
  ],
};

/** Prints it. */
export async function run(options: Options, context: Context): Promise<number> {
  const server = options.required("server");
  const user = options.required("user");
  if (!isServerUrl(server)) {
    throw new UsageError(`Cannot use ${options.origin("server")} ${quoted(server)}: it takes https://HOST:PORT`);
  }
  if (user === "") throw new UsageError(`Cannot use ${options.origin("user")} "": it takes NAME`);
  const runtime = await detectRuntime();
  const ca = certificatesIn(await caOf(options, runtime), options.text("cacrt") ?? embeddedPaths(EMBEDDED).servingCa);
  context.stdout(encodeKubeconfig({ server, ca, user, token: await tokenOf(options, runtime) }));
  return EXIT.done;
}

/** The certificates alone: what stands between them has no business in another file. */
function certificatesIn(text: string, path: string): string {
  try {
    return parseCertificates(text).map(({ pem }) => pem).join("");
  } catch (cause) {
    const message = `Cannot use ${JSON.stringify(path)}: ${messageOf(cause)}`;
    throw new CertgenError("invalid-certificate", message, { cause });
  }
}

async function tokenOf(options: Options, runtime: Runtime): Promise<string> {
  const path = options.text("token-file");
  if (path !== undefined) return await readToken(runtime.files, path);
  const { adminToken } = embeddedPaths(EMBEDDED);
  // another CA is another signer's: the token is none of its business
  if (!options.given("cacrt") && await isThere(runtime, adminToken)) return await readToken(runtime.files, adminToken);
  const why = options.given("cacrt") ? "with --cacrt there is no default" : `there is no ${adminToken}`;
  throw new UsageError(`Missing --token-file: it takes FILE, a bearer token (${why})`);
}
