import { tokenIdOf } from "../src/auth/bootstrap_token.ts";
import { isTokenId } from "../src/auth/token_definition.ts";
import { CertgenError } from "../src/errors.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
import { EXIT, UsageError } from "./exit.ts";
import type { CommandDefinition } from "./flag.ts";
import type { Options } from "./options.ts";
import { quoted } from "../src/text.ts";
import { type Context, report } from "./program.ts";
import { TOKEN_FLAGS, tokenDirectory, tokenDirOf } from "./token_directory.ts";

/** `certgen-signer token revoke`. */
export const definition: CommandDefinition = {
  program: "certgen-signer",
  name: "token revoke",
  description: "make bootstrap tokens good for nothing more; certificates that were issued for them stay valid",
  example: "certgen-signer token revoke 0a1b2c",
  operand: { placeholder: "ID", repeatable: true },
  flags: TOKEN_FLAGS,
};

/** Removes every definition that is named; one that is not there keeps no other from being removed. */
export async function run(options: Options, context: Context): Promise<number> {
  for (const id of options.operands) checkId(id);
  const directory = tokenDirOf(options);
  const tokens = tokenDirectory(await detectRuntime(), directory);
  let code: number = EXIT.done;
  for (const id of options.operands) {
    if (await tokens.remove(id)) context.stdout(`token ${id} revoked\n`);
    else {
      report(
        new CertgenError("not-found", `Cannot revoke token ${quoted(id)}: there is none in ${quoted(directory)}`),
        context,
      );
      code = EXIT.failed;
    }
  }
  return code;
}

function checkId(text: string): void {
  if (isTokenId(text)) return;
  // who gives the whole token has it in the shell's history already; it need not be in a log, too
  const what = tokenIdOf(text) === undefined ? ` ${quoted(text)}` : "";
  throw new UsageError(
    `Cannot use ID${what}: it takes the six lower-case letters and digits before the dot of a token`,
  );
}
