import { inClusterTarget } from "../src/agent/in_cluster.ts";
import { type KubeconfigTarget, readKubeconfig } from "../src/agent/kubeconfig.ts";
import type { Runtime } from "../src/ports.ts";
import { signerUrl } from "../src/address.ts";
import { readText, readToken } from "./credentials.ts";
import { embeddedPaths } from "./embedded.ts";
import { UsageError } from "./exit.ts";
import type { Options } from "./options.ts";
import { checkSafePath } from "./safe_path.ts";

/** A server, whom to trust there, and who asks. */
export type Endpoint = Pick<KubeconfigTarget, "url" | "ca" | "token" | "client">;

/** Where the embedded default is looked for. */
export const EMBEDDED = ".certgen";

/** A signer and how an agent reaches it. */
export interface Target extends Endpoint {
  /** PEM of the CA that must have issued the answer, where the user says so. */
  readonly issuerCa: string | undefined;
  /** PEM of the CA that must have issued it, where neither the user nor the signer says so. */
  readonly fallbackIssuerCa: string | undefined;
}

/**
 * The signer that an agent's flags name: by kubeconfig, by address and CA, by the pod's service account, or the one of the
 * embedded default beside it.
 *
 * @param env of this process, where the system tells a pod of its API server
 * @throws UsageError where they contradict each other or name none
 */
export async function targetOf(
  options: Options,
  runtime: Runtime,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Target> {
  checkTarget(options);
  const issuerPath = options.text("issuer-cacrt");
  const issuerCa = issuerPath === undefined ? undefined : await readText(runtime.files, issuerPath);
  const named = options.isOn("in-cluster")
    ? await inClusterTarget(runtime.files, env)
    : await byKubeconfig(options, runtime);
  if (named !== undefined) return { ...named, issuerCa, fallbackIssuerCa: undefined };
  const ca = await caOf(options, runtime);
  const { token: path } = embeddedPaths(EMBEDDED);
  const alone = !options.given("address") && !options.given("cacrt");
  const own = alone && await isThere(runtime, path) ? await readToken(runtime.files, path) : undefined;
  const token = await tokenOf(options, runtime) ?? own;
  return { url: urlOf(options), ca, token, client: undefined, issuerCa, fallbackIssuerCa: ca };
}

/**
 * Looks at an agent's flags for a signer, and at no file.
 * @throws UsageError where they contradict each other
 */
export function checkTarget(options: Options): void {
  checkKubeconfig(options);
  if (options.isOn("in-cluster")) {
    const other = ["kubeconfig", "address", "cacrt", "token-file"].find((flag) => options.given(flag));
    if (other === undefined) return;
    throw new UsageError(
      `Cannot use ${options.origin("in-cluster")} together with ${options.origin(other)}: it takes its place`,
    );
  }
  if (options.text("kubeconfig") === undefined) urlOf(options);
}

/**
 * The signer that an administrator's flags name, and the administrator: by kubeconfig, by address, CA and token, or those of
 * the embedded default here.
 * @throws UsageError where they contradict each other or name none
 */
export async function adminTargetOf(options: Options, runtime: Runtime): Promise<Endpoint> {
  const named = await byKubeconfig(options, runtime);
  if (named !== undefined) return named;
  const { adminKubeconfig } = embeddedPaths(EMBEDDED);
  if (!["address", "cacrt", "token-file"].some((flag) => options.given(flag))) {
    if (await isThere(runtime, adminKubeconfig)) return await readKubeconfig(runtime.files, adminKubeconfig);
    throw new UsageError(
      `Missing --kubeconfig: it takes FILE, or give --address, --cacrt and --token-file (there is no ${adminKubeconfig})`,
    );
  }
  const ca = await caOf(options, runtime);
  const token = await tokenOf(options, runtime);
  if (token === undefined) throw new UsageError("Missing --token-file: it takes FILE, an administrator's bearer token");
  return { url: urlOf(options), ca, token, client: undefined };
}

/** What `--kubeconfig` names, where it is given; the token is another where `--token-file` says so. */
async function byKubeconfig(options: Options, runtime: Runtime): Promise<Endpoint | undefined> {
  const path = options.text("kubeconfig");
  if (path === undefined) return undefined;
  checkKubeconfig(options);
  const endpoint = await readKubeconfig(runtime.files, path);
  return { ...endpoint, token: await tokenOf(options, runtime) ?? endpoint.token };
}

function checkKubeconfig(options: Options): void {
  if (!options.given("kubeconfig") || !(options.given("address") || options.given("cacrt"))) return;
  throw new UsageError("Cannot use --kubeconfig together with --address or --cacrt: it takes their place");
}

async function tokenOf(options: Options, { files }: Runtime): Promise<string | undefined> {
  const path = options.text("token-file");
  return path === undefined ? undefined : await readToken(files, path);
}

/**
 * PEM of the CA that the signer's own certificate must chain to: what `--cacrt` says, or the embedded default's here.
 * @throws UsageError where there is neither
 */
export async function caOf(options: Options, runtime: Runtime): Promise<string> {
  const path = options.text("cacrt");
  if (path !== undefined) return await readText(runtime.files, path);
  const { servingCa } = embeddedPaths(EMBEDDED);
  if (await isThere(runtime, servingCa)) return await readText(runtime.files, servingCa);
  throw new UsageError(
    `Missing --cacrt: it takes FILE, the CA of the signer's own certificate (and there is no ${servingCa})`,
  );
}

/**
 * Whether a file of the embedded default is there.
 * @throws CertgenError `unsafe-path` where somebody else could have planted it
 */
export async function isThere(runtime: Runtime, path: string): Promise<boolean> {
  if (await runtime.files.stat(path) === undefined) return false;
  await checkSafePath(runtime, path, { mustExist: true });
  return true;
}

function urlOf(options: Options): string {
  const text = options.required("address");
  const url = signerUrl(text);
  if (url !== undefined) return url;
  throw new UsageError(
    `Cannot use ${options.origin("address")} ${JSON.stringify(text)}: it takes HOST:PORT or https://HOST:PORT`,
  );
}
