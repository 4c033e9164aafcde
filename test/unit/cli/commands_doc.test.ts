import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { commandsDoc } from "../../commands_doc.ts";
import { ROOT } from "../../runtimes.ts";

test("docs/commands.md says what the commands take: npm run docs writes it", () => {
  assert.is(readFileSync(`${ROOT}docs/commands.md`, "utf8"), commandsDoc());
});

test.run();
