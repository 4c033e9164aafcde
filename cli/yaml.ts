import { Document, visit } from "yaml";
import { printable } from "../src/text.ts";

/** A JSON value as YAML, with nothing in it that a terminal acts on and nothing that reads as another value. */
export function toYaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false, compat: "yaml-1.1" });
  visit(document, {
    // in double quotes an escape is one; lines of a block are printed as such
    Scalar: (_, node) => {
      if (typeof node.value !== "string") return;
      const isPlain = node.value.split("\n").every((line) => printable(line) === line);
      if (!isPlain) node.type = "QUOTE_DOUBLE";
    },
  });
  const text = document.toString({ lineWidth: 0 });
  return text.split("\n").map(printable).join("\n");
}
