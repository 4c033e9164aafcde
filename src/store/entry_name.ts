import { CertgenError } from "../errors.ts";
import { nameFault } from "../object_name.ts";

const KIND = /^[a-z]{1,20}$/;
/** What a store keeps for itself where a kind of this name would be. */
const RESERVED = "revision";

/** Whether a text is a kind: 1 to 20 letters `a` to `z`, and not `revision`. */
export function isKind(text: string): boolean {
  return KIND.test(text) && text !== RESERVED;
}

/** Refuses what is no kind: kinds are written in programs, not sent by anybody. */
export function checkKind(kind: string): void {
  if (!isKind(kind)) throw new TypeError(`${JSON.stringify(kind.slice(0, 300))} is no kind of entries`);
}

/** The kind in the name of an entry; `undefined` where it is plain. */
export function kindOf(name: string): string | undefined {
  const end = name.indexOf("/");
  return end === -1 ? undefined : name.slice(0, end);
}

/** The name of an entry without its kind. */
export function withoutKind(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}

/**
 * Refuses what is neither a plain name nor `kind/name`. The signer checks names before; this is the store's own last line.
 * @throws CertgenError `unsafe-path`
 */
export function checkName(name: string): void {
  const kind = kindOf(name);
  const fault = kind !== undefined && isKind(kind) ? nameFault(withoutKind(name)) : nameFault(name);
  if (fault !== undefined) {
    throw new CertgenError("unsafe-path", `Cannot store under ${JSON.stringify(name.slice(0, 300))}: name ${fault}`);
  }
}
