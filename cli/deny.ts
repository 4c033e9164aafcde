import { NAMES, toEach } from "./admin.ts";
import { decisionFlags } from "./approve.ts";
import type { CommandDefinition } from "./flag.ts";
import type { Options } from "./options.ts";
import type { Context } from "./program.ts";

/** `certgen-signer deny`. */
export const definition: CommandDefinition = {
  program: "certgen-signer",
  name: "deny",
  description: "deny requests, for good",
  example: "certgen-signer deny system:etcd-peer:etcd1 --reason UnknownNode",
  operand: NAMES,
  flags: decisionFlags("CertgenDeny", "Denied by certgen-signer deny"),
};

/** Denies every request that is named. */
export async function run(options: Options, context: Context): Promise<number> {
  const [reason, message] = [options.required("reason"), options.required("message")];
  return await toEach(options, context, async (client, name) => {
    const isNew = await client.decide(name, { type: "Denied", reason, message });
    return isNew ? "denied" : "denied already";
  });
}
