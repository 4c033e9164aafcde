import { existsSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CommandDefinition } from "../cli/flag.ts";
import { parseCommand } from "../cli/options.ts";
import { agentConfigs, commandLinesOf, documentsOf, exampleFiles, textOf } from "./example_files.ts";
import { ROOT } from "./runtimes.ts";

const CONFIG = "../src/agent/config.ts";
const files = exampleFiles();
const lines = [...files, "docs/monitoring.md"].flatMap(commandLinesOf);

/** The definition of the command that the words begin with, and what follows it: `cli/token_create.ts` is `token create`. */
async function commandOf(
  words: readonly string[],
): Promise<{ definition: CommandDefinition; rest: readonly string[] }> {
  for (const count of [2, 1]) {
    const file = `cli/${words.slice(0, count).join("_")}.ts`;
    if (!/^[a-z_/]+\.ts$/.test(file) || !existsSync(ROOT + file)) continue;
    const { definition } = await import(`../${file}`) as { definition: CommandDefinition };
    return { definition, rest: words.slice(count) };
  }
  throw new Error(`no command ${words[0]}`);
}

test("there are examples of both kinds, with command lines", () => {
  for (const folder of ["systemd", "kubernetes"]) assert.ok(exampleFiles(folder).length >= 3, folder);
  assert.ok(lines.length >= 5, `${lines.length}`);
});

for (const file of files.filter((file) => /\.ya?ml$/.test(file))) {
  test(`${file} is strict YAML`, () => {
    assert.ok(documentsOf(textOf(file)).length > 0);
  });
}

for (const { place, words } of lines) {
  test(`the command line of ${place} is one: ${words.slice(0, 2).join(" ")}`, async () => {
    const [program = "", ...rest] = words;
    const command = await commandOf(rest);
    assert.is(command.definition.program, program.slice(program.lastIndexOf("/") + 1));
    parseCommand(command.definition, command.rest, {});
  });
}

for (const { place, text } of agentConfigs()) {
  test(`${place} is a configuration of an agent`, async () => {
    const { parseAgentConfig } = await import(CONFIG) as {
      parseAgentConfig: (text: string, path: string) => { readonly certificates: readonly unknown[] };
    };
    assert.ok(parseAgentConfig(text, "/etc/certgen/agent.yaml").certificates.length >= 2);
  });
}

test("nothing in an example is a credential or is left to be filled in unseen", () => {
  for (const file of files) {
    assert.not.match(textOf(file), /PRIVATE KEY|\b[a-z0-9]{6}\.[a-z0-9]{16}\b|TODO|FIXME|xxx/i, file);
  }
});

test.run();
