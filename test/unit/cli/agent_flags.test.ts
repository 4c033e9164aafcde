import { test } from "uvu";
import * as assert from "uvu/assert";
import { CERTIFICATE_FLAGS, CHANGE_FLAGS, CONFIG_FLAG, PLACE_FLAGS, SIGNER_FLAGS } from "../../../cli/agent_flags.ts";
import { type CommandDefinition, environmentName } from "../../../cli/flag.ts";
import { definition } from "../../../cli/request.ts";
import { optionsOf } from "../../command.ts";

const ALL = [...CERTIFICATE_FLAGS, ...PLACE_FLAGS, ...SIGNER_FLAGS, ...CHANGE_FLAGS, CONFIG_FLAG];

test("no two flags have one name or one variable", () => {
  assert.is(new Set(ALL.map(({ name }) => name)).size, ALL.length);
  assert.is(new Set(ALL.map((flag) => environmentName("certgen-agent", flag))).size, ALL.length);
});

test("a command of all flags works with none of them given", () => {
  const command: CommandDefinition = { ...definition, flags: ALL };
  const options = optionsOf(command, []);
  for (const { name } of ALL) assert.is(options.given(name), false);
  assert.equal([options.text("key-mode"), options.text("cert-mode"), options.isOn("in-cluster")], [
    undefined,
    "0644",
    false,
  ]);
});

test("request has the flags for a certificate, its place and the signer, and none for what follows a change", () => {
  const names = definition.flags.map(({ name }) => name);
  for (const { name } of [...CERTIFICATE_FLAGS, ...PLACE_FLAGS, ...SIGNER_FLAGS]) assert.ok(names.includes(name), name);
  for (const { name } of [...CHANGE_FLAGS, CONFIG_FLAG]) assert.not.ok(names.includes(name), name);
});

test.run();
