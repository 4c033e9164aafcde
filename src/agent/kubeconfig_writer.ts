import { stringify } from "yaml";
import { toBase64, toUtf8 } from "../bytes.ts";
import { isServerUrl } from "./kubeconfig.ts";

/** What a kubeconfig of one context says. */
export interface KubeconfigContent {
  /** `https://host:port`, and a path where there is one. */
  readonly server: string;
  /** PEM of the CA that the server's certificate must chain to. */
  readonly ca: string;
  /** Name of the user in the file; the server does not see it. */
  readonly user: string;
  /** Bearer token. */
  readonly token: string;
}

const CLUSTER = "certgen";

/**
 * A kubeconfig that needs no other file, for kubectl and for `readKubeconfig`.
 * @throws TypeError where the server is no https:// address
 */
export function encodeKubeconfig({ server, ca, user, token }: KubeconfigContent): string {
  if (!isServerUrl(server)) throw new TypeError(`cannot write a kubeconfig for ${JSON.stringify(server)}`);
  const context = `${user}@${CLUSTER}`;
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: CLUSTER, cluster: { server, "certificate-authority-data": toBase64(toUtf8(ca)) } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: context, context: { cluster: CLUSTER, user } }],
    "current-context": context,
  };
  // kubectl reads YAML 1.1, to which more texts are no strings: 1_000, yes
  return stringify(config, { compat: "yaml-1.1" });
}
