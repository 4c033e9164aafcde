/**
 * schema/*.schema.json from the programs' own schemas: `tsx test/config_schema.ts` writes them, and tests compare them.
 */
import { toJsonSchema } from "@valibot/to-json-schema";
import { mkdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { AGENT_CONFIG_SCHEMA } from "../src/agent/config_schema.ts";
import { CONFIG_SCHEMA } from "../src/policy/config_schema.ts";
import { ROOT } from "./runtimes.ts";

/** Where they are. */
export const SCHEMA_FILES: Readonly<Record<"signer" | "agent", string>> = {
  signer: `${ROOT}schema/signer.schema.json`,
  agent: `${ROOT}schema/agent.schema.json`,
};

/** A whole document. */
export function configJsonSchema(program: "signer" | "agent"): string {
  const schema = program === "signer" ? CONFIG_SCHEMA : AGENT_CONFIG_SCHEMA;
  const { $schema, ...rest } = toJsonSchema(schema, { typeMode: "output", ignoreActions: ["check"] });
  const title = `certgen-${program}'s configuration`;
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  mkdirSync(`${ROOT}schema`, { recursive: true });
  for (const program of ["signer", "agent"] as const) {
    writeFileSync(SCHEMA_FILES[program], configJsonSchema(program));
  }
}
