import { test } from "uvu";
import * as assert from "uvu/assert";
import { BoundedLog } from "../../../src/signer/bounded_log.ts";
import { fakeClock, fakeLog } from "../../fakes.ts";

test("ten lines a minute are said, with how many were not, and the rest when it is asked for", () => {
  const { now, set } = fakeClock();
  const { log, lines } = fakeLog();
  const bounded = new BoundedLog({ log, level: "info", message: "request refused", now });
  const said = Array.from({ length: 25 }, (_, i) => bounded.say({ path: `/${i}` }));
  assert.equal(said, [...Array<boolean>(10).fill(true), ...Array<boolean>(15).fill(false)]);
  assert.equal(lines[0], { level: "info", message: "request refused", facts: { path: "/0", unsaid: 0 } });
  assert.is(lines.length, 10);
  set("2026-03-01T12:01:00Z");
  assert.is(bounded.say({ path: "/x" }), true);
  assert.equal(lines.at(-1)?.facts, { path: "/x", unsaid: 15 });
  bounded.rest();
  assert.is(lines.length, 11, "there is nothing to be said");
  for (let i = 0; i < 12; i++) bounded.say({});
  bounded.rest();
  bounded.rest();
  assert.equal(lines.slice(20), [{ level: "info", message: "request refused", facts: { unsaid: 3 } }]);
});

test.run();
