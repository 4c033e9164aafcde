import { test } from "uvu";
import * as assert from "uvu/assert";
import { modeFault, modeOf } from "../../../src/agent/file_mode.ts";

test("modes of a key: owner and group read and write, nobody else anything", () => {
  for (const text of ["600", "0600", "640", "0640", "0660", "0400", "0440"]) {
    assert.is(modeFault("key", text), undefined, text);
    assert.is(modeOf(text), Number(`0o${text}`));
  }
  const cases: [string, RegExp][] = [
    ["0644", /others than owner and group/],
    ["0604", /others than owner and group/],
    ["0602", /others than owner and group/],
    ["0700", /execute/],
    ["0601", /execute/],
    ["4600", /setuid/],
    ["2640", /setuid/],
    ["1600", /setuid/],
    ["0000", /owner read/],
    ["0240", /owner read/],
    ["0o640", /octal digits/],
    ["640 ", /octal digits/],
    ["64", /octal digits/],
    ["00640", /octal digits/],
    ["0680", /octal digits/],
    ["-600", /octal digits/],
    ["", /octal digits/],
    ["u=rw", /octal digits/],
  ];
  for (const [text, why] of cases) assert.match(modeFault("key", text) ?? "", why, text);
});

test("modes of a certificate: everybody may read, its owner alone writes", () => {
  for (const text of ["644", "0644", "0444", "0600", "0640"]) {
    assert.is(modeFault("certificate", text), undefined, text);
  }
  const cases: [string, RegExp][] = [
    ["0664", /others than its owner write/],
    ["0646", /others than its owner write/],
    ["0755", /execute/],
    ["1644", /setuid/],
    ["0044", /owner read/],
    ["9644", /octal digits/],
  ];
  for (const [text, why] of cases) assert.match(modeFault("certificate", text) ?? "", why, text);
});

test.run();
