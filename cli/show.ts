import type { JsonObject } from "../src/k8s/json.ts";
import { viewOf } from "../src/k8s/request_view.ts";
import { asAdmin, NAME, TARGET_FLAGS } from "./admin.ts";
import { EXIT } from "./exit.ts";
import { type CommandDefinition, OUTPUT_FLAG } from "./flag.ts";
import type { Options } from "./options.ts";
import { printable } from "../src/text.ts";
import type { Context } from "./program.ts";
import { describeRequest } from "./request_description.ts";
import { toYaml } from "./yaml.ts";

/** `certgen-signer show`. */
export const definition: CommandDefinition = {
  program: "certgen-signer",
  name: "show",
  description: "show everything about one request: who asks, for what, what was decided, what was issued",
  example: "certgen-signer show system:etcd-peer:etcd1",
  operand: NAME,
  flags: [
    { ...OUTPUT_FLAG, choices: ["text", "json", "yaml"], description: "text, json or yaml: how the answer looks" },
    ...TARGET_FLAGS,
  ],
};

/** Shows it. */
export async function run(options: Options, context: Context): Promise<number> {
  return await asAdmin(options, async ({ client }) => {
    const object = await client.get(options.operands[0] ?? "");
    context.stdout(textOf(object, options.required("output")));
    return EXIT.done;
  });
}

function textOf(object: JsonObject, output: string): string {
  if (output === "json") return `${printable(JSON.stringify(object))}\n`;
  return output === "yaml" ? toYaml(object) : describeRequest(viewOf(object), new Date());
}
