import { NAMES, toEach } from "./admin.ts";
import { decisionFlags } from "./approve.ts";
import type { CommandDefinition } from "./flag.ts";
import type { Options } from "./options.ts";
import type { Context } from "./program.ts";

/** `certgen-signer revoke`. */
export const definition: CommandDefinition = {
  program: "certgen-signer",
  name: "revoke",
  description:
    "revoke certificates by their requests: their keys prove nothing to the signer any more, and they cannot be renewed",
  example: "certgen-signer revoke system:etcd-peer:etcd1 --reason KeyCompromise",
  operand: NAMES,
  flags: decisionFlags("CertgenRevoke", "Revoked by certgen-signer revoke"),
};

/** Revokes the certificate of every request that is named. */
export async function run(options: Options, context: Context): Promise<number> {
  const [reason, message] = [options.required("reason"), options.required("message")];
  return await toEach(options, context, async (client, name) => {
    const isNew = await client.decide(name, { type: "Revoked", reason, message });
    return isNew ? "revoked" : "revoked already";
  });
}
