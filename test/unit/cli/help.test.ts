import { test } from "uvu";
import * as assert from "uvu/assert";
import { helpText } from "../../../cli/help.ts";
import { definition } from "../../../cli/request.ts";

const COMMANDS = [{ name: "request", description: "get a certificate" }, { name: "other", description: "does more" }];

test("helpText of a program lists its commands and --version", () => {
  const text = helpText("certgen-agent", "1.2.3", COMMANDS);
  assert.match(text, /^certgen-agent 1\.2\.3\n/);
  for (const { name, description } of COMMANDS) assert.match(text, new RegExp(`^ {2}${name} +${description}$`, "m"));
  assert.match(text, "--version");
});

test("helpText of a command has each flag with its default and variable, and the example", () => {
  const text = helpText("certgen-agent", "1.2.3", COMMANDS, definition);
  assert.match(text, /^certgen-agent request: make a key/);
  for (const { name, value } of definition.flags) {
    const takes = value === "boolean" ? "" : "<[A-Z:/|[\\]]+> ";
    assert.match(
      text,
      new RegExp(`--${name} ${takes}.*\\[CERTGEN_AGENT_${name.toUpperCase().replaceAll("-", "_")}\\]$`, "m"),
    );
  }
  assert.match(text, "(default: localhost:6443)");
  assert.match(text, "-o, --output <FORMAT>");
  assert.match(text, `  $ ${definition.example}\n`);
});

test("helpText has no trailing white space, ends with a line feed and prints nothing", () => {
  const { info } = console;
  let printed = 0;
  console.info = () => void printed++;
  try {
    for (const text of [helpText("a", "1", COMMANDS), helpText("a", "1", COMMANDS, definition)]) {
      assert.not.match(text, /[ \t]$/m);
      assert.ok(text.endsWith("\n"));
    }
    assert.is(printed, 0);
  } finally {
    console.info = info;
  }
});

test.run();
