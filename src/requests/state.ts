/**
 * What the signer keeps in its store besides the objects: entries of kinds, one small JSON object each.
 * @module
 */
import { toUtf8 } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import { type JsonObject, member, objectMember, parseJsonObject } from "../k8s/json.ts";
import type { Entry, TextAt } from "../store/store.ts";

/** The version of everything that is kept this way. */
export const STATE_VERSION = "certgen.internal/v1";

/** The kinds, by what begins their entries' names. */
const KINDS = { certificate: "CertificateRecord", nonce: "Nonce", token: "TokenUses" } as const;

/** What begins an entry's name. */
export type StateKind = keyof typeof KINDS;

/** The name of an entry. */
export function stateName(kind: StateKind, name: string): string {
  return `${kind}/${name}`;
}

/** The text of an entry. */
export function stateText(kind: StateKind, name: string, spec: unknown): TextAt {
  return (revision) =>
    JSON.stringify({
      apiVersion: STATE_VERSION,
      kind: KINDS[kind],
      metadata: { name: stateName(kind, name), resourceVersion: String(revision) },
      spec,
    }) + "\n";
}

/**
 * What an entry says.
 * @throws CertgenError `io` where it is not one that the signer wrote
 */
export function readState(entry: Entry, kind: StateKind): JsonObject {
  try {
    const object = parseJsonObject(toUtf8(entry.text));
    if (member(object, "apiVersion") === STATE_VERSION && member(object, "kind") === KINDS[kind]) {
      return objectMember(object, "spec", "spec");
    }
  } catch (cause) {
    throw unreadable(entry.name, cause);
  }
  throw unreadable(entry.name);
}

/** The error for an entry that the signer cannot have written. */
export function unreadable(name: string, cause?: unknown): CertgenError {
  return new CertgenError("io", `Cannot use the stored ${JSON.stringify(name)}: it is not as the signer writes it`, {
    cause,
  });
}
