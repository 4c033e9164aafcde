import { NAMES, TARGET_FLAGS, toEach } from "./admin.ts";
import type { CommandDefinition, FlagDefinition } from "./flag.ts";
import type { Options } from "./options.ts";
import type { Context } from "./program.ts";

/** Flags of a decision: what is written down of it. */
export function decisionFlags(reason: string, message: string): readonly FlagDefinition[] {
  return [
    {
      name: "reason",
      value: "string",
      default: reason,
      placeholder: "WORD",
      description: "why, for programs: one word in CamelCase",
    },
    { name: "message", value: "string", default: message, placeholder: "TEXT", description: "why, for people" },
    ...TARGET_FLAGS,
  ];
}

/** `certgen-signer approve`. */
export const definition: CommandDefinition = {
  program: "certgen-signer",
  name: "approve",
  description: "approve requests, so that the signer answers them with certificates",
  example: "certgen-signer approve system:etcd-peer:etcd1",
  operand: NAMES,
  flags: decisionFlags("CertgenApprove", "Approved by certgen-signer approve"),
};

/** Approves every request that is named. */
export async function run(options: Options, context: Context): Promise<number> {
  const [reason, message] = [options.required("reason"), options.required("message")];
  return await toEach(options, context, async (client, name) => {
    const isNew = await client.decide(name, { type: "Approved", reason, message });
    return isNew ? "approved" : "approved already";
  });
}
