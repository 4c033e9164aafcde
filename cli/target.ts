import { type KubeconfigTarget, readKubeconfig } from "../src/agent/kubeconfig.ts";
import { isBearerToken } from "../src/auth/authenticator.ts";
import type { Runtime } from "../src/ports.ts";
import { formatAddress, parseAddress } from "./address.ts";
import { noToken, readText } from "./credentials.ts";
import { embeddedPaths } from "./embedded.ts";
import { UsageError } from "./exit.ts";
import type { Options } from "./options.ts";
import { checkSafePath } from "./safe_path.ts";

/** A signer and how to reach it. */
export interface Target extends Pick<KubeconfigTarget, "url" | "ca" | "token" | "client"> {
  /** PEM of the CA that must have issued the answer, where the user says so. */
  readonly issuerCa: string | undefined;
  /** PEM of the CA that must have issued it, where neither the user nor the signer says so. */
  readonly fallbackIssuerCa: string | undefined;
}

/**
 * The signer that the flags name: by kubeconfig, by address and CA, or the one of the embedded default beside this agent.
 * @throws UsageError where they contradict each other or name none
 */
export async function targetOf(options: Options, runtime: Runtime): Promise<Target> {
  const { files } = runtime;
  const text = async (flag: string): Promise<string | undefined> => {
    const path = options.text(flag);
    return path === undefined ? undefined : await readText(files, path);
  };
  const token = async (): Promise<string | undefined> => {
    const path = options.text("token-file");
    return path === undefined ? undefined : tokenIn(await readText(files, path), path);
  };
  const kubeconfig = options.text("kubeconfig");
  const issuer = await text("issuer-cacrt");
  if (kubeconfig !== undefined) {
    if (options.given("address") || options.given("cacrt")) {
      throw new UsageError("Cannot use --kubeconfig together with --address or --cacrt: it takes their place");
    }
    const target = await readKubeconfig(files, kubeconfig);
    return { ...target, token: await token() ?? target.token, issuerCa: issuer, fallbackIssuerCa: undefined };
  }
  const embedded = embeddedPaths(".certgen");
  const ca = await text("cacrt") ?? await readIfThere(runtime, embedded.servingCa);
  if (ca === undefined) {
    throw new UsageError(
      `Missing --cacrt: it takes FILE, the CA of the signer's own certificate (and there is no ${embedded.servingCa})`,
    );
  }
  const alone = !options.given("address") && !options.given("cacrt");
  const known = alone ? await readIfThere(runtime, embedded.token) : undefined;
  const own = known === undefined ? undefined : tokenIn(known, embedded.token);
  return {
    url: urlOf(options),
    ca,
    token: await token() ?? own,
    client: undefined,
    issuerCa: issuer,
    fallbackIssuerCa: ca,
  };
}

function tokenIn(text: string, path: string): string {
  const token = text.trim();
  if (!isBearerToken(token)) throw noToken(path);
  return token;
}

async function readIfThere(runtime: Runtime, path: string): Promise<string | undefined> {
  if (await runtime.files.stat(path) === undefined) return undefined;
  await checkSafePath(runtime, path, { mustExist: true });
  return await readText(runtime.files, path);
}

function urlOf(options: Options): string {
  const text = options.required("address");
  const bare = text.replace(/^https:\/\//, "").replace(/\/$/, "");
  const address = parseAddress(bare) ?? parseAddress(`${bare}:${text.startsWith("https://") ? 443 : 6443}`);
  if (address === undefined || address.host === "" || address.port === 0) {
    throw new UsageError(
      `Cannot use ${options.origin("address")} ${JSON.stringify(text)}: it takes HOST:PORT or https://HOST:PORT`,
    );
  }
  // the older agent's default was its server's listening address, which is no address to connect to
  return `https://${formatAddress(address.host === "0.0.0.0" ? { ...address, host: "127.0.0.1" } : address)}`;
}
