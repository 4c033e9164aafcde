/**
 * What a request takes of the credential that it came with: a use of a bootstrap token, or the succession to a certificate.
 * Both are committed together with the object, so that none is ever had without the other.
 * @module
 */
import { toHex, toUtf8 } from "../bytes.ts";
import { sha256Hex } from "../digest.ts";
import { CertgenError } from "../errors.ts";
import { EXTRA, factOf } from "../identity.ts";
import type { CertificateSigningRequest } from "../k8s/certificate_signing_request.ts";
import type { Change, Store } from "../store/store.ts";
import type { Csr } from "../x509/csr.ts";
import type { GeneralName } from "../x509/general_name.ts";
import {
  type CertificateRecords,
  changeRecord,
  type ObjectReference,
  type StoredRecord,
} from "./certificate_records.ts";
import { notGoodAnyMore, type Requester } from "./requester.ts";
import { addUse, tokenUses } from "./token_uses.ts";

/** What is asked for. */
export interface Wanted {
  readonly csr: Csr;
  readonly signerName: string;
  readonly names: readonly GeneralName[];
  /** The object that would be made. */
  readonly object: ObjectReference;
}

/** What a request takes. */
export interface Taking {
  /** The object that was made for the same thing before: it is the answer, and nothing is taken. */
  readonly present?: ObjectReference;
  /** Whether another key has succeeded the same certificate before: one of the two is a thief's. */
  readonly isForked: boolean;
  /** To be committed with the object. */
  readonly changes: readonly Change[];
}

/** What a request takes that needs nothing of its credential. */
export const NOTHING_TAKEN: Taking = { isForked: false, changes: [] };

/** What it takes to find out. */
export interface TakingOptions {
  readonly store: Store;
  readonly records: CertificateRecords;
  /** Whether an object was denied, or failed: it has no certificate and never will. */
  readonly isRefused: (object: ObjectReference) => Promise<boolean>;
}

/** What only one request at a time may take: the name of a lock; `undefined` where there is nothing to take. */
export function takenOf({ identity, predecessor }: Requester): string | undefined {
  if (predecessor !== undefined) return `certificate/${predecessor.fingerprint}`;
  const id = limitedToken(identity)?.id;
  return id === undefined ? undefined : `token/${id}`;
}

/**
 * What a request that the policy allows takes. To be asked under the lock of {@link takenOf}.
 *
 * @throws CertgenError `forbidden` where the token has been used up
 */
export async function take(requester: Requester, wanted: Wanted, options: TakingOptions): Promise<Taking> {
  const { identity } = requester;
  if (requester.predecessor !== undefined) return await succeed(requester.predecessor, wanted, options);
  const token = limitedToken(identity);
  if (token === undefined) return NOTHING_TAKEN;
  const before = await tokenUses(options.store, token.id);
  const request = await digestOf(wanted);
  const present = before.uses.find((use) => use.request === request);
  if (present !== undefined) return { ...NOTHING_TAKEN, present };
  if (!(before.uses.length < token.uses)) {
    const times = token.uses === 1 ? "once" : `${token.uses} times`;
    const message =
      `bootstrap token ${token.id} is good for use ${times} and has been used; an administrator can make another`;
    throw new CertgenError("forbidden", message);
  }
  return { isForked: false, changes: [addUse(before, { request, ...wanted.object })] };
}

async function succeed(predecessor: StoredRecord, { csr, object }: Wanted, options: TakingOptions): Promise<Taking> {
  // read again, under the lock: another may have come between, and a revocation too
  const present = await options.records.get(predecessor.fingerprint);
  if (present === undefined || present.record.revoked !== undefined) throw notGoodAnyMore();
  const { record } = present;
  const key = await sha256Hex(csr.publicKey.spki);
  const { successor } = record;
  if (successor === undefined || await options.isRefused(successor)) {
    return { isForked: false, changes: [changeRecord(present, { ...record, successor: { ...object, key } })] };
  }
  const { forks = [] } = record;
  const same = [successor, ...forks].find((one) => one.key === key);
  if (same !== undefined) return { ...NOTHING_TAKEN, present: same };
  if (forks.length >= MAX_FORKS) {
    throw new CertgenError(
      "forbidden",
      "the certificate was renewed with too many keys: an administrator has to decide",
    );
  }
  return { isForked: true, changes: [changeRecord(present, { ...record, forks: [...forks, { ...object, key }] })] };
}

/** So many other keys of one certificate are kept for an administrator to look at. */
const MAX_FORKS = 10;

/** What else changes where an object is removed: one without a certificate was no successor. A token's use stays used. */
export async function releaseOf(object: CertificateSigningRequest, records: CertificateRecords): Promise<Change[]> {
  const { spec, status, metadata: { uid } } = object;
  const fingerprint = status.certificate === undefined ? factOf(spec, EXTRA.certificate) : undefined;
  // what cannot be read must not keep an object from being removed
  const predecessor = fingerprint && await records.get(fingerprint).catch(() => undefined);
  if (!predecessor || predecessor.record.successor?.uid !== uid) return [];
  const { successor: _, ...record } = predecessor.record;
  return [changeRecord(predecessor, record)];
}

function limitedToken(identity: Requester["identity"]): { readonly id: string; readonly uses: number } | undefined {
  const id = factOf(identity, EXTRA.tokenId);
  const uses = factOf(identity, EXTRA.tokenUses);
  return id === undefined || uses === undefined ? undefined : { id, uses: Number(uses) };
}

/** What makes two requests the same, whatever their signatures: key, signer, subject and names. */
async function digestOf({ csr, signerName, names }: Wanted): Promise<string> {
  const sorted = names.map(({ type, value }) => `${type}:${value}`).sort();
  const parts = [toHex(csr.publicKey.spki), signerName, toHex(csr.subject.der), sorted];
  return await sha256Hex(toUtf8(JSON.stringify(parts)));
}
