/**
 * Names of objects that look like a node's belong to that node: nobody occupies another's.
 * @module
 */
import { CertgenError } from "../errors.ts";
import type { Csr } from "../x509/csr.ts";
import { attributeValues } from "../x509/name.ts";
import type { Judge, Verdict } from "./judge.ts";

/**
 * A name that begins like a node's must be the common name that the request asks for, or that and a suffix.
 * @throws CertgenError `forbidden`
 */
export function checkNodeName(judge: Judge, name: string, csr: Csr): void {
  if (!judge.isNodeName(name)) return;
  const [commonName = ""] = attributeValues(csr.subject, "commonName");
  if (name === commonName || (commonName !== "" && name.startsWith(`${commonName}-`))) return;
  throw new CertgenError(
    "forbidden",
    `the name must be the common name ${JSON.stringify(commonName)}, or that and a suffix after "-"`,
  );
}

/** What a client appends so that names do not meet: our agent, and Kubernetes' `generateName`. No node is called so. */
const GENERATED = /^-(?:[0-9a-f]{8}|[bcdfghjklmnpqrstvwxz2456789]{5})$/;

/**
 * And who asks for it must be somebody who may have that common name at all. Where the name itself could be another node's
 * common name, as `etcd-1` is to `etcd`, that too.
 *
 * @throws CertgenError `forbidden`
 */
export function checkMayHaveName(judge: Judge, name: string, csr: Csr, { mayHaveName, decision }: Verdict): void {
  if (!judge.isNodeName(name)) return;
  const [commonName = ""] = attributeValues(csr.subject, "commonName");
  const isOurs = name === commonName || GENERATED.test(name.slice(commonName.length));
  if (mayHaveName(commonName) && (isOurs || mayHaveName(name))) return;
  const because = decision?.approved === false ? `: ${decision.message}` : "";
  throw new CertgenError("forbidden", `the name is another's${because}`);
}
