import { test } from "uvu";
import * as assert from "uvu/assert";
import * as approve from "../../../cli/approve.ts";
import * as remove from "../../../cli/delete.ts";
import * as deny from "../../../cli/deny.ts";
import * as destroy from "../../../cli/destroy.ts";
import {
  type CommandDefinition,
  COMMON_FLAGS,
  environmentName,
  type FlagDefinition,
  OUTPUT_FLAG,
  takes,
} from "../../../cli/flag.ts";
import * as init from "../../../cli/init.ts";
import * as kubeconfig from "../../../cli/kubeconfig.ts";
import * as list from "../../../cli/list.ts";
import { parseCommand } from "../../../cli/options.ts";
import * as request from "../../../cli/request.ts";
import * as serve from "../../../cli/serve.ts";
import * as show from "../../../cli/show.ts";

const COMMANDS: readonly CommandDefinition[] = [
  serve,
  list,
  show,
  approve,
  deny,
  remove,
  kubeconfig,
  init,
  destroy,
  request,
].map(({ definition }) => definition);

test("environmentName is program and flag in capitals", () => {
  assert.is(environmentName("certgen-signer", { name: "metric-cacrt" }), "CERTGEN_SIGNER_METRIC_CACRT");
  assert.is(environmentName("certgen-agent", { name: "insecure-x-y" }), "CERTGEN_AGENT_INSECURE_X_Y");
  assert.is(environmentName("certgen-agent", { name: "x", variable: "OTHER_X" }), "OTHER_X");
});

test("takes says what a flag takes", () => {
  const flag: FlagDefinition = { name: "x", value: "string", placeholder: "FILE", description: "" };
  const duration = "a duration such as 8760h, 1h30m, 90s or 365d";
  const cases: [Partial<FlagDefinition>, string][] = [
    [{}, "FILE"],
    [{ value: "choice", choices: ["a", "b"] }, "one of a, b"],
    [{ value: "boolean" }, "true, false, or no value"],
    [{ value: "duration" }, duration],
    [{ value: "duration", min: "1s" }, `${duration}, at least 1s`],
    [{ value: "duration", max: "1d" }, `${duration}, at most 1d`],
    [{ value: "duration", min: "1s", max: "1d" }, `${duration}, at least 1s, at most 1d`],
  ];
  for (const [change, words] of cases) assert.is(takes({ ...flag, ...change }), words);
});

test("every command's flags have one name each, and defaults that they take themselves", () => {
  for (const definition of COMMANDS) {
    const names = definition.flags.map(({ name }) => name);
    assert.is(new Set(names).size, names.length);
    for (const name of names) assert.match(name, /^[a-z]+(?:-[a-z]+)*$/);
    for (const { description, placeholder } of definition.flags) {
      assert.ok(description !== "" && placeholder !== "" && !description.includes("\n"));
    }
    parseCommand(definition, definition.operand === undefined ? [] : ["a"], {});
  }
});

test("every example is a command line that its own command takes", () => {
  for (const { example, program, name, ...definition } of COMMANDS) {
    const [first, second, ...argv] = example.split(" ");
    assert.equal([first, second], [program, name]);
    parseCommand({ example, program, name, ...definition }, argv, {});
  }
});

test("commands that log have the common flags, commands that print -o json", () => {
  for (const { flags } of [serve.definition, request.definition]) {
    for (const flag of COMMON_FLAGS) assert.ok(flags.includes(flag));
  }
  for (const { flags } of [init.definition, request.definition]) assert.ok(flags.includes(OUTPUT_FLAG));
});

test.run();
