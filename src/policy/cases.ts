/**
 * Cases that a policy is tested with: who asks, for what, and what is to come of it.
 * @module
 */
import { type CaseFile, CASES_SCHEMA, type CasesFile } from "./config_schema.ts";
import { shapeFault } from "../config_shape.ts";
import { canonicalIp } from "./names.ts";
import { durationAt, readSource } from "../yaml_source.ts";
import { quoted } from "../text.ts";

/** One case. */
export interface PolicyCase extends CaseFile {
  /** Lifetime that is asked for, in seconds. */
  readonly lifetimeSeconds?: number;
}

/**
 * Reads a file of cases, YAML or JSON, strictly.
 *
 * @param path for messages
 * @throws CertgenError `malformed-object`
 */
export function parsePolicyCases(text: string, path: string): readonly PolicyCase[] {
  const source = readSource(text, `Cannot use cases ${quoted(path)}`);
  const shape = shapeFault(source.value, CASES_SCHEMA);
  if (shape !== undefined) throw source.fault(shape.path, shape.why);
  const { cases } = source.value as CasesFile;
  return cases.map((one, i): PolicyCase => {
    const { csr, request } = one;
    if ((csr === undefined) === (request === undefined)) {
      throw source.fault(["cases", i], "needs one of csr and request");
    }
    const bad = request?.ipAddresses?.find((text) => canonicalIp(text) === undefined);
    if (bad !== undefined) {
      throw source.fault(["cases", i, "request", "ipAddresses"], `${quoted(bad)} is no IP address`);
    }
    const lifetimeSeconds = durationAt(source, ["cases", i, "request", "lifetime"], request?.lifetime);
    return lifetimeSeconds === undefined ? one : { ...one, lifetimeSeconds };
  });
}
