import { test } from "uvu";
import * as assert from "uvu/assert";
import { readState, stateName, stateText, unreadable } from "../../../src/requests/state.ts";
import { thrown } from "../../fakes.ts";

const text = (spec: unknown): string => stateText("token", "abc", spec)(7);
const entry = (text: string) => ({ name: "token/abc", text, revision: 7 });

test("stateText says what it is, its name, and the revision of its change", () => {
  assert.is(stateName("token", "abc"), "token/abc");
  assert.equal(JSON.parse(text({ a: 1 })), {
    apiVersion: "certgen.internal/v1",
    kind: "TokenUses",
    metadata: { name: "token/abc", resourceVersion: "7" },
    spec: { a: 1 },
  });
  assert.ok(text({}).endsWith("}\n"));
});

test("readState gives back what stateText was given", () => {
  assert.equal(readState(entry(text({ a: [1] })), "token"), { a: [1] });
});

test("readState refuses what is of another kind or version, or no such thing at all", () => {
  thrown("io", () => readState(entry(text({})), "nonce"));
  const others = [
    "",
    "{",
    "null",
    "[]",
    text([]),
    text("x"),
    text({}).replace("certgen.internal/v1", "certgen.internal/v2"),
    text({}).replace("TokenUses", "Nonce"),
  ];
  for (const other of others) thrown("io", () => readState(entry(other), "token"));
});

test("unreadable names the entry, escaped", () => {
  assert.match(unreadable("token/\u001b[2J").message, /^Cannot use the stored "token\/\\u001b\[2J": /);
});

test.run();
