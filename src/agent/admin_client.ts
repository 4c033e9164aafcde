/**
 * The signer's API as an administrator needs it: list, get, decide, delete. What fails is not tried again, since somebody is
 * waiting for the answer.
 * @module
 */
import { CertgenError } from "../errors.ts";
import { timestamp } from "../k8s/certificate_signing_request.ts";
import { isObject, type JsonObject, member, objectMember, stringMember } from "../k8s/json.ts";
import { GROUP } from "../k8s/status.ts";
import { nameFault } from "../object_name.ts";
import type { Fetch, Now } from "../ports.ts";
import { checkToken, failureOf, objectOf, pathOf, type Peer, requestTo, send } from "./transport.ts";

/** How an administrator reaches a signer. */
export interface AdminOptions extends Peer {
  /** Trusts the signer's CA and no other. */
  readonly fetch: Fetch;
  readonly now: Now;
}

/** Objects as they were at a revision. */
export interface RequestList {
  /** Each with its kind and version. */
  readonly items: readonly JsonObject[];
  /** Whoever watches from here misses no change. */
  readonly resourceVersion: string;
}

/** What an administrator decides. */
export interface Decision {
  readonly type: "Approved" | "Denied" | "Revoked";
  /** Machine-readable, in CamelCase. */
  readonly reason: string;
  readonly message: string;
}

const PAGE_SIZE = 500;
/** A list whose next page is no longer known begins anew so often. */
const LIST_ATTEMPTS = 3;
/** Somebody else's write in between is read and written over so often. */
const DECIDE_ATTEMPTS = 5;

/** What each decision is called when it is made, and what rules it out. */
const OPPOSITES = {
  Approved: ["approve", "Denied"],
  Denied: ["deny", "Approved"],
  Revoked: ["revoke", undefined],
} as const;

/** Talks to one signer as an administrator. */
export class AdminClient {
  readonly #options: AdminOptions;

  /** @throws CertgenError `malformed-object` where the token is none, and does not repeat it */
  constructor(options: AdminOptions) {
    checkToken(options);
    this.#options = options;
  }

  /**
   * All objects, or those that a label selector matches.
   * @throws CertgenError by the answer
   */
  async list(selector?: string): Promise<RequestList> {
    for (let attempt = 1;; attempt++) {
      try {
        return await this.#pages(selector);
      } catch (error) {
        const isExpired = error instanceof CertgenError && error.code === "expired";
        if (!isExpired || attempt === LIST_ATTEMPTS) throw error;
      }
    }
  }

  async #pages(selector: string | undefined): Promise<RequestList> {
    const items: JsonObject[] = [];
    const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...selector && { labelSelector: selector } });
    let revision: string | undefined;
    while (true) {
      const page = await this.#ask("GET", `${pathOf("v1")}?${query}`);
      const { found, resourceVersion, next } = readPage(page);
      items.push(...found);
      revision ??= resourceVersion;
      if (next === undefined) return { items, resourceVersion: revision };
      if (next === query.get("continue")) throw notUnderstood("a page of the list names itself as the next one");
      query.set("continue", next);
    }
  }

  /**
   * The object of a name.
   * @throws CertgenError `not-found`, or another by the answer
   */
  async get(name: string): Promise<JsonObject> {
    return await this.#ask("GET", objectPath(name));
  }

  /**
   * Approves or denies a request.
   *
   * @returns whether it was done now; false where it was done before
   * @throws CertgenError `conflict` where the opposite was decided, `not-found`, or another by the answer
   */
  async decide(name: string, { type, reason, message }: Decision): Promise<boolean> {
    for (let attempt = 1;; attempt++) {
      const object = await this.get(name);
      const status = objectMember(object, "status", "status");
      const conditions = member(status, "conditions") ?? [];
      if (!Array.isArray(conditions)) throw notUnderstood("status.conditions is no list");
      const has = (one: string): boolean =>
        conditions.some((condition) => isObject(condition) && condition["type"] === one);
      if (has(type)) return false;
      const [verb, opposite] = OPPOSITES[type];
      if (opposite !== undefined && has(opposite)) {
        const why = `it is ${opposite.toLowerCase()} already, and no decision is taken back`;
        throw new CertgenError("conflict", `Cannot ${verb} ${JSON.stringify(name)}: ${why}`);
      }
      const condition = { type, status: "True", reason, message, lastUpdateTime: timestamp(this.#options.now()) };
      const decided = { ...object, status: { ...status, conditions: [...conditions, condition] } };
      try {
        await this.#ask("PUT", `${objectPath(name)}/approval`, JSON.stringify(decided));
        return true;
      } catch (error) {
        const isConflict = error instanceof CertgenError && error.code === "conflict";
        if (!isConflict || attempt === DECIDE_ATTEMPTS) throw error;
      }
    }
  }

  /**
   * Removes an object.
   * @throws CertgenError `not-found`, or another by the answer
   */
  async delete(name: string): Promise<void> {
    await this.#ask("DELETE", objectPath(name));
  }

  async #ask(method: string, path: string, body?: string): Promise<JsonObject> {
    const answer = await send(this.#options.fetch, await requestTo(this.#options, method, path, body));
    if (answer.status >= 300) throw failureOf(answer);
    return objectOf(answer.body);
  }
}

/** A name that is none would be another path: "." is the whole collection. */
function objectPath(name: string): string {
  const fault = nameFault(name);
  if (fault === undefined) return pathOf("v1", name);
  throw new CertgenError("invalid-object", `Cannot use name ${JSON.stringify(name.slice(0, 100))}: it ${fault}`);
}

function readPage(page: JsonObject): { found: JsonObject[]; resourceVersion: string; next: string | undefined } {
  const items = member(page, "items") ?? [];
  if (!Array.isArray(items) || !items.every(isObject)) throw notUnderstood("items is no list of objects");
  const metadata = objectMember(page, "metadata", "metadata");
  const found = items.map((item) => ({ kind: "CertificateSigningRequest", apiVersion: `${GROUP}/v1`, ...item }));
  return {
    found,
    resourceVersion: stringMember(metadata, "resourceVersion", "metadata.resourceVersion") ?? "",
    next: stringMember(metadata, "continue", "metadata.continue"),
  };
}

function notUnderstood(why: string): CertgenError {
  return new CertgenError("rejected", `Cannot understand the signer: ${why}`);
}
