import { NAMES, TARGET_FLAGS, toEach } from "./admin.ts";
import type { CommandDefinition } from "./flag.ts";
import type { Options } from "./options.ts";
import type { Context } from "./program.ts";

/** `certgen-signer delete`. */
export const definition: CommandDefinition = {
  program: "certgen-signer",
  name: "delete",
  description: "delete requests; a certificate that was issued stays valid until it expires",
  example: "certgen-signer delete system:etcd-peer:etcd1",
  operand: NAMES,
  flags: TARGET_FLAGS,
};

/** Deletes every request that is named. */
export async function run(options: Options, context: Context): Promise<number> {
  return await toEach(options, context, async (client, name) => {
    await client.delete(name);
    return "deleted";
  });
}
