/**
 * schema/signer.schema.json from the signer's own schema: `tsx test/config_schema.ts` writes it, and a test compares it.
 */
import { toJsonSchema } from "@valibot/to-json-schema";
import { mkdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { CONFIG_SCHEMA } from "../src/policy/config_schema.ts";
import { ROOT } from "./runtimes.ts";

/** Where it is. */
export const SCHEMA_FILE: string = `${ROOT}schema/signer.schema.json`;

/** The whole document. */
export function configJsonSchema(): string {
  const { $schema, ...rest } = toJsonSchema(CONFIG_SCHEMA, { typeMode: "output", ignoreActions: ["check"] });
  const title = "certgen-signer's configuration";
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  mkdirSync(`${ROOT}schema`, { recursive: true });
  writeFileSync(SCHEMA_FILE, configJsonSchema());
}
