/**
 * How something is to be deleted: meta/v1 DeleteOptions, from the body or the query.
 * @module
 */
import { CertgenError, type FieldCause } from "../errors.ts";
import { invalid, notSupported, refuse } from "./field.ts";
import { integerMember, type JsonObject, member, objectMember, stringMember, stringsMember } from "./json.ts";
import type { Preconditions } from "./validation.ts";

/** What of the options means anything here: nothing depends on these objects, and nothing waits for them. */
export interface DeleteOptions {
  readonly preconditions: Preconditions;
  readonly dryRun: boolean;
}

const INVALID = { group: "meta.k8s.io", kind: "DeleteOptions" };
const POLICIES: readonly string[] = ["Background", "Foreground", "Orphan"];

/**
 * Reads the options of a DELETE; the query holds where the body is empty.
 * @throws CertgenError `malformed-object`, `invalid-object` of `DeleteOptions`
 */
export function parseDeleteOptions(query: URLSearchParams, body: JsonObject): DeleteOptions {
  const kind = stringMember(body, "kind", "kind") ?? "DeleteOptions";
  if (kind !== "DeleteOptions") {
    throw new CertgenError("malformed-object", `${kind.slice(0, 100)} cannot be handled as a DeleteOptions`);
  }
  integerMember(body, "gracePeriodSeconds", "gracePeriodSeconds");
  const dryRun = stringsMember(body, "dryRun", "dryRun") ?? query.getAll("dryRun");
  const policy = stringMember(body, "propagationPolicy", "propagationPolicy") ?? query.get("propagationPolicy") ?? "";
  const preconditions = objectMember(body, "preconditions", "preconditions");
  refuse([...dryRunFaults(dryRun), ...policyFaults(policy, member(body, "orphanDependents"))], INVALID);
  return {
    dryRun: dryRun.length > 0,
    preconditions: {
      uid: stringMember(preconditions, "uid", "preconditions.uid"),
      resourceVersion: stringMember(preconditions, "resourceVersion", "preconditions.resourceVersion"),
    },
  };
}

function dryRunFaults(values: readonly string[]): FieldCause[] {
  return values.filter((value) => value !== "All").map((value) => notSupported("dryRun", value, ["All"]));
}

function policyFaults(policy: string, orphanDependents: unknown): FieldCause[] {
  if (policy === "") return [];
  if (orphanDependents !== undefined) {
    return [invalid("propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set")];
  }
  return POLICIES.includes(policy) ? [] : [notSupported("propagationPolicy", policy, POLICIES)];
}
