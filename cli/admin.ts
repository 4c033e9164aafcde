import { AdminClient } from "../src/agent/admin_client.ts";
import { CertgenError } from "../src/errors.ts";
import { RESOURCE } from "../src/k8s/status.ts";
import { nameFault } from "../src/object_name.ts";
import type { Connection, Runtime } from "../src/ports.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
import { EXIT, UsageError } from "./exit.ts";
import type { FlagDefinition, OperandDefinition } from "./flag.ts";
import type { Options } from "./options.ts";
import { printable, quoted } from "../src/text.ts";
import { type Context, report } from "./program.ts";
import { adminTargetOf, type Endpoint } from "./target.ts";

/** Flags of every command of an administrator's: which signer, and who asks. */
export const TARGET_FLAGS: readonly FlagDefinition[] = [
  {
    name: "kubeconfig",
    value: "path",
    defaultWords: ".certgen/admin.kubeconfig where it exists and none of --address --cacrt --token-file is given",
    placeholder: "FILE",
    description: "kubeconfig to reach the signer with",
  },
  {
    name: "address",
    variable: "CERTGEN_SIGNER_TARGET_ADDRESS",
    value: "string",
    default: "localhost:6443",
    placeholder: "HOST:PORT",
    description: "the signer, or its https:// address, in place of --kubeconfig",
  },
  {
    name: "cacrt",
    variable: "CERTGEN_SIGNER_TARGET_CACRT",
    value: "path",
    defaultWords: ".certgen/serving-ca.crt where it exists",
    placeholder: "FILE",
    description: "CA that the signer's own certificate must chain to; no other is trusted",
  },
  {
    name: "token-file",
    value: "path",
    placeholder: "FILE",
    description: "file with an administrator's bearer token",
  },
];

/** The operand of commands that are about one request. */
export const NAME: OperandDefinition = { placeholder: "NAME" };
/** The operand of commands that are about several. */
export const NAMES: OperandDefinition = { placeholder: "NAME", repeatable: true };

/** A signer that an administrator talks to. */
export interface Admin {
  readonly client: AdminClient;
  readonly connection: Connection;
  readonly endpoint: Endpoint;
  readonly runtime: Runtime;
}

/**
 * Connects to the signer that the flags name, and closes the connection in the end.
 * @throws UsageError where a name cannot be one: before anything is done
 */
export async function asAdmin(options: Options, action: (admin: Admin) => Promise<number>): Promise<number> {
  for (const name of options.operands) {
    const fault = nameFault(name);
    if (fault !== undefined) throw new UsageError(`Cannot use NAME ${quoted(name)}: it ${fault}`);
  }
  const runtime = await detectRuntime();
  const endpoint = await adminTargetOf(options, runtime);
  const { url, ca, token, client } = endpoint;
  const connection = runtime.connect({ ca, ...client && { client } });
  try {
    const admin = new AdminClient({
      fetch: connection.fetch,
      url,
      ...token === undefined ? {} : { token },
      now: () => new Date(),
    });
    return await action({ client: admin, connection, endpoint, runtime });
  } finally {
    connection.close();
  }
}

/**
 * Does something to every request that is named, and says what in one line each, as kubectl does. What goes wrong with one
 * is said and keeps nothing from being done to the others.
 *
 * @param action resolves to what was done, as `approved`
 */
export async function toEach(
  options: Options,
  context: Context,
  action: (client: AdminClient, name: string) => Promise<string>,
): Promise<number> {
  return await asAdmin(options, async ({ client }) => {
    let code: number = EXIT.done;
    for (const name of options.operands) {
      try {
        const done = await action(client, name);
        context.stdout(`${RESOURCE.slice(0, -1)}.certificates.k8s.io/${printable(name)} ${done}\n`);
      } catch (error) {
        // what is wrong with one alone; the others would fail, too, where the signer or the administrator is at fault
        const isItsOwn = error instanceof CertgenError && ITS_OWN.includes(error.code);
        if (!isItsOwn) throw error;
        report(error, context);
        code = EXIT.failed;
      }
    }
    return code;
  });
}

const ITS_OWN: readonly CertgenError["code"][] = ["not-found", "conflict", "forbidden", "rejected", "malformed-object"];
