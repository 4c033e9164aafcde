import { toUtf8 } from "../bytes.ts";
import { isObject, type JsonObject, member, parseJsonObject } from "../k8s/json.ts";
import { GROUP } from "../k8s/status.ts";
import type { Files } from "../ports.ts";
import { DirectoryStore } from "../store/directory.ts";
import type { Store } from "../store/store.ts";
import { STATE_VERSION } from "./state.ts";

/**
 * Opens the directory where a signer keeps its requests: one file of JSON for each. What the older system wrote there is read
 * as it is.
 *
 * @param files how to reach the disk
 * @param directory must be there
 * @throws CertgenError `io` where it cannot be read or written
 */
export async function openDirectory(files: Files, directory: string): Promise<Store> {
  return await DirectoryStore.open(files, directory, describe);
}

/**
 * The name and the revision of what the signer wrote itself: requests, and entries of a kind. Of everything else it knows
 * neither: what the older system wrote (v1beta1) says of itself what its requester said.
 */
function describe(text: string): { readonly name: string | undefined; readonly revision: number | undefined } {
  const nothing = { name: undefined, revision: undefined };
  let object: JsonObject;
  try {
    object = parseJsonObject(toUtf8(text));
  } catch {
    return nothing;
  }
  const metadata = member(object, "metadata");
  const apiVersion = member(object, "apiVersion");
  if ((apiVersion !== `${GROUP}/v1` && apiVersion !== STATE_VERSION) || !isObject(metadata)) return nothing;
  const name = member(metadata, "name");
  const version = member(metadata, "resourceVersion");
  const revision = typeof version === "string" && /^[1-9]\d{0,15}$/.test(version) ? Number(version) : NaN;
  return {
    name: typeof name === "string" ? name : undefined,
    revision: Number.isSafeInteger(revision) ? revision : undefined,
  };
}
