/**
 * The API server of the cluster that a pod runs in, as client-go's `InClusterConfig` finds it.
 * @module
 */
import { isBearerToken } from "../auth/authenticator.ts";
import { fromUtf8 } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import type { Files } from "../ports.ts";
import { quoted } from "../text.ts";
import { isServerUrl, type KubeconfigTarget } from "./kubeconfig.ts";

/** Where the kubelet puts a pod's service account. */
const DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";
const HOST = "KUBERNETES_SERVICE_HOST";
const PORT = "KUBERNETES_SERVICE_PORT";

/**
 * Where the cluster's API server is, its CA, and the pod's service account. The kubelet writes a new token long before the old
 * one ends: read it anew for each piece of work, never once for all.
 *
 * @param env of this process
 * @throws CertgenError `not-found` where this is no pod, or one without a service account; `malformed-object` where what it
 * was given cannot be used; never with the token in the message
 */
export async function inClusterTarget(
  files: Files,
  env: Readonly<Record<string, string | undefined>>,
): Promise<KubeconfigTarget> {
  const url = urlOf(env);
  const ca = await textOf(files, "ca.crt");
  const token = (await textOf(files, "token")).trim();
  if (!ca.includes("-----BEGIN CERTIFICATE-----")) throw malformed(`${DIRECTORY}/ca.crt holds no certificate`);
  if (!isBearerToken(token)) throw malformed(`${DIRECTORY}/token holds no bearer token`);
  return { url, ca, token, client: undefined };
}

function urlOf(env: Readonly<Record<string, string | undefined>>): string {
  const missing = [HOST, PORT].filter((name) => (env[name] ?? "") === "");
  if (missing.length > 0) {
    throw absent(`${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} not set, so this is no pod`);
  }
  const [host = "", port = ""] = [env[HOST], env[PORT]];
  const url = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (!/^[\w.:-]+$/.test(host) || !/^\d{1,5}$/.test(port) || Number(port) === 0 || !isServerUrl(url)) {
    throw malformed(`${HOST} ${quoted(host)} and ${PORT} ${quoted(port)} make no address`);
  }
  return url;
}

async function textOf(files: Files, name: string): Promise<string> {
  const path = `${DIRECTORY}/${name}`;
  try {
    return fromUtf8(await files.read(path));
  } catch (error) {
    if (!(error instanceof CertgenError)) throw error;
    if (error.code !== "not-found") throw malformed(messageOf(error), error);
    throw absent(`there is no ${path}: the pod has no service account (automountServiceAccountToken)`, error);
  }
}

function absent(why: string, cause?: CertgenError): CertgenError {
  return new CertgenError("not-found", `Cannot reach the cluster from within: ${why}`, { cause });
}

function malformed(why: string, cause?: CertgenError): CertgenError {
  return new CertgenError("malformed-object", `Cannot reach the cluster from within: ${why}`, { cause });
}
