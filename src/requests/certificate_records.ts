/**
 * The certificates that were issued to somebody known: what a proof of possession of one is judged by, and who came after it.
 * @module
 */
import { fromBase64, toBase64 } from "../bytes.ts";
import { type Extra, type Identity, type Proof, PROOFS } from "../identity.ts";
import { parseTimestamp, timestamp } from "../k8s/certificate_signing_request.ts";
import {
  isObject,
  type JsonObject,
  listsMember,
  member,
  objectMember,
  stringMember,
  stringsMember,
} from "../k8s/json.ts";
import type { Change, Entry, Store } from "../store/store.ts";
import { type Certificate, parseCertificate } from "../x509/certificate.ts";
import { readState, stateName, stateText, unreadable } from "./state.ts";

/** The object that a certificate was issued for. */
export interface ObjectReference {
  readonly name: string;
  readonly uid: string;
}

/** The one that came after a certificate. */
export interface Successor extends ObjectReference {
  /** SHA-256 of its SubjectPublicKeyInfo, in hexadecimal. */
  readonly key: string;
}

/** What is recorded of a certificate. */
export interface CertificateRecord {
  readonly certificate: Certificate;
  readonly profile: string;
  readonly signerName: string;
  /** SHA-256 of the issuing CA's SubjectPublicKeyInfo, in hexadecimal. */
  readonly issuerKey: string;
  readonly object: ObjectReference;
  /** Whom the first certificate of its lineage was issued to. */
  readonly origin: Identity;
  /** SHA-256 of the first certificate of its lineage, in hexadecimal; of itself where it is that. */
  readonly lineage: string;
  /** The end of its lineage, if it has one. */
  readonly renewUntil?: Date;
  /** SHA-256 of the certificate that it renews, in hexadecimal. */
  readonly predecessor?: string;
  readonly successor?: Successor;
  /** Others that would have been: one of them and the successor were asked for by a thief. */
  readonly forks?: readonly Successor[];
  readonly revoked?: Date;
}

/** A record as it stands in the store. */
export interface StoredRecord {
  /** SHA-256 of the certificate, in hexadecimal. */
  readonly fingerprint: string;
  readonly record: CertificateRecord;
  readonly revision: number;
}

/** All records of a signer. */
export class CertificateRecords {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * The record of a certificate, or `undefined` where it was not issued here to somebody known.
   * @throws CertgenError `io` where it cannot be read
   */
  async get(fingerprint: string): Promise<StoredRecord | undefined> {
    const entry = await this.#store.get(stateName("certificate", fingerprint));
    if (entry === undefined) return undefined;
    return { fingerprint, record: recordIn(entry), revision: entry.revision };
  }
}

/**
 * What an entry records.
 * @throws CertgenError `io` where it cannot be read
 */
export function recordIn(entry: Entry): CertificateRecord {
  const spec = readState(entry, "certificate");
  try {
    return decode(spec);
  } catch (cause) {
    throw unreadable(entry.name, cause);
  }
}

/** The change that adds a record. */
export function addRecord(fingerprint: string, record: CertificateRecord): Change {
  const name = stateName("certificate", fingerprint);
  return { type: "create", name, text: stateText("certificate", fingerprint, encode(record)) };
}

/** The change that puts another record in the place of one that was read before. */
export function changeRecord({ fingerprint, revision }: StoredRecord, record: CertificateRecord): Change {
  const name = stateName("certificate", fingerprint);
  return { type: "update", name, revision, text: stateText("certificate", fingerprint, encode(record)) };
}

function encode(record: CertificateRecord): JsonObject {
  const { certificate, origin, renewUntil, revoked, ...rest } = record;
  return {
    ...rest,
    certificate: toBase64(certificate.der),
    origin: { ...origin },
    ...renewUntil === undefined ? {} : { renewUntil: timestamp(renewUntil) },
    ...revoked === undefined ? {} : { revoked: timestamp(revoked) },
  };
}

function decode(spec: JsonObject): CertificateRecord {
  const text = (object: JsonObject, key: string): string => {
    const value = stringMember(object, key, key);
    if (value === undefined) throw new Error(`${key} is missing`);
    return value;
  };
  const reference = (object: JsonObject): ObjectReference => ({ name: text(object, "name"), uid: text(object, "uid") });
  const moment = (key: string): Date | undefined => {
    if (member(spec, key) === undefined) return undefined;
    const written = parseTimestamp(text(spec, key));
    if (written === undefined) throw new Error(`${key} is no time`);
    return new Date(written);
  };
  const successorOf = (value: unknown): Successor => {
    if (!isObject(value)) throw new Error("a successor is no object");
    return { ...reference(value), key: text(value, "key") };
  };
  const successor = member(spec, "successor");
  const forks = member(spec, "forks");
  if (forks !== undefined && !Array.isArray(forks)) throw new Error("forks is no list");
  const renewUntil = moment("renewUntil");
  const revoked = moment("revoked");
  const predecessor = stringMember(spec, "predecessor", "predecessor");
  return {
    certificate: parseCertificate(fromBase64(text(spec, "certificate"))),
    profile: text(spec, "profile"),
    signerName: text(spec, "signerName"),
    issuerKey: text(spec, "issuerKey"),
    object: reference(objectMember(spec, "object", "object")),
    origin: identity(objectMember(spec, "origin", "origin")),
    lineage: text(spec, "lineage"),
    ...renewUntil === undefined ? {} : { renewUntil },
    ...predecessor === undefined ? {} : { predecessor },
    ...successor === undefined ? {} : { successor: successorOf(successor) },
    ...forks === undefined ? {} : { forks: forks.map(successorOf) },
    ...revoked === undefined ? {} : { revoked },
  };
}

function identity(object: JsonObject): Identity {
  const proof: Proof | undefined = PROOFS.find((known) => known === member(object, "proof"));
  const username = stringMember(object, "username", "username");
  if (proof === undefined || username === undefined) throw new Error("origin is incomplete");
  const extra: Extra | undefined = listsMember(object, "extra", "extra");
  const groups = stringsMember(object, "groups", "groups") ?? [];
  return { username, groups, proof, ...extra === undefined ? {} : { extra } };
}
