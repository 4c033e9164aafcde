import { encodeKubeconfig } from "../src/agent/kubeconfig_writer.ts";
import { toUtf8 } from "../src/bytes.ts";
import type { Files } from "../src/ports.ts";
import { type Address, formatAddress } from "../src/address.ts";
import { readText, readToken } from "./credentials.ts";
import type { EmbeddedPaths } from "./embedded.ts";

/** Name of the user in the kubeconfigs that certgen writes. */
export const ADMIN_USER = "certgen-admin";

/** Addresses that stand for every one, or that only this host has: localhost is in every serving certificate. */
const LOCAL: readonly string[] = ["", "0.0.0.0", "::", "127.0.0.1", "::1"];

/** The URL of a signer that listens here, as this host reaches it. */
export function localUrl({ host, port }: Address): string {
  return `https://${formatAddress({ host: LOCAL.includes(host) ? "localhost" : host, port })}`;
}

/** Writes the administrator's kubeconfig of the embedded default, unless it is what is there. */
export async function writeAdminKubeconfig(files: Files, paths: EmbeddedPaths, address: Address): Promise<void> {
  const text = encodeKubeconfig({
    server: localUrl(address),
    ca: await readText(files, paths.servingCa),
    user: ADMIN_USER,
    token: await readToken(files, paths.adminToken),
  });
  const isThere = await files.stat(paths.adminKubeconfig) !== undefined;
  if (isThere && await readText(files, paths.adminKubeconfig) === text) return;
  await files.replace(paths.adminKubeconfig, toUtf8(text), 0o600);
}
