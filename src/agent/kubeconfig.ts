/**
 * A kubeconfig: where the signer is, whom to trust and who we are.
 * @module
 */
import { parse } from "yaml";
import { fromBase64, fromUtf8 } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import { isObject, type JsonObject, member, objectMember, stringMember } from "../k8s/json.ts";
import type { Files, TlsPair } from "../ports.ts";

/** What a kubeconfig's current context says. */
export interface KubeconfigTarget {
  /** `https://host:port`, and a path where there is one; no slash at its end. */
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  /** Bearer token. */
  readonly token: string | undefined;
  /** Client certificate and key. */
  readonly client: TlsPair | undefined;
}

/** What certgen does not do, each with what to do about it. */
const REFUSED: Readonly<Record<"cluster" | "user", Readonly<Record<string, string>>>> = {
  cluster: {
    "insecure-skip-tls-verify": "a certificate must come from a signer that is known: give certificate-authority-data",
    "proxy-url": "connections are direct",
    "tls-server-name": "the server's certificate must hold the name in its URL",
  },
  user: {
    "exec": "credential plugins are not run: give a token, tokenFile or client certificate",
    "auth-provider": "credential plugins are not run: give a token, tokenFile or client certificate",
    "username": "passwords are not sent: give a token, tokenFile or client certificate",
    "as": "impersonation is not used",
  },
};

/**
 * Reads the current context of a kubeconfig. Files it names are taken from its own directory, as kubectl does.
 *
 * @throws CertgenError `malformed-object` naming what is missing or not taken; what reading its files throws
 */
export async function readKubeconfig(files: Files, path: string): Promise<KubeconfigTarget> {
  const config = parseYaml(fromUtf8(await files.read(path)), path);
  const fail = (fault: string): CertgenError =>
    new CertgenError("malformed-object", `Cannot use kubeconfig ${JSON.stringify(path)}: ${fault}`);
  const named = (list: string, name: string | undefined, key: string): JsonObject => {
    const items = member(config, list);
    const found = Array.isArray(items) ? items.filter(isObject).find((item) => item["name"] === name) : undefined;
    if (name === undefined || found === undefined) {
      throw fail(`it has no ${key} ${JSON.stringify(name ?? "")} in ${list}`);
    }
    return objectMember(found, key, `${list}.${key}`);
  };
  const context = named("contexts", stringMember(config, "current-context", "current-context"), "context");
  const cluster = named("clusters", stringMember(context, "cluster", "context.cluster"), "cluster");
  const user = named("users", stringMember(context, "user", "context.user"), "user");
  for (const [object, kind] of [[cluster, "cluster"], [user, "user"]] as const) {
    for (const [key, instead] of Object.entries(REFUSED[kind])) {
      const value = member(object, key);
      if (value !== undefined && value !== false && value !== "") throw fail(`${key} is not accepted: ${instead}`);
    }
  }
  const server = stringMember(cluster, "server", "cluster.server") ?? "";
  if (!isServerUrl(server)) {
    throw fail(`server ${JSON.stringify(server)} is no https:// address`);
  }
  const directory = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
  const content = async (object: JsonObject, inline: string, file: string): Promise<string | undefined> => {
    const data = stringMember(object, inline, inline);
    if (data !== undefined) return inline.endsWith("-data") ? fromUtf8(fromBase64(data.replace(/\s/g, ""))) : data;
    const name = stringMember(object, file, file);
    return name === undefined ? undefined : fromUtf8(await files.read(name.startsWith("/") ? name : directory + name));
  };
  const ca = await content(cluster, "certificate-authority-data", "certificate-authority");
  if (ca === undefined) throw fail("it has no certificate-authority-data: system roots are not trusted");
  const token = await content(user, "token", "tokenFile");
  const certificate = await content(user, "client-certificate-data", "client-certificate");
  const privateKey = await content(user, "client-key-data", "client-key");
  if ((certificate === undefined) !== (privateKey === undefined)) {
    throw fail("it has only one of client certificate and client key");
  }
  const client = certificate === undefined || privateKey === undefined ? undefined : { certificate, privateKey };
  return { url: server.replace(/\/+$/, ""), ca, token: token?.trim(), client };
}

/** Whether a text is a server's address as a kubeconfig of ours has it: https, without a user, a query or a fragment. */
export function isServerUrl(text: string): boolean {
  return /^https:\/\/[^/?#@]+(?:\/[^?#]*)?$/.test(text) && URL.canParse(text);
}

function parseYaml(text: string, path: string): JsonObject {
  try {
    const config: unknown = parse(text, { maxAliasCount: 100 });
    if (isObject(config)) return config;
  } catch (cause) {
    throw new CertgenError(
      "malformed-object",
      `Cannot read kubeconfig ${JSON.stringify(path)}: ${messageOf(cause).split("\n")[0]}`,
      { cause },
    );
  }
  throw new CertgenError("malformed-object", `Cannot read kubeconfig ${JSON.stringify(path)}: it is no YAML map`);
}
