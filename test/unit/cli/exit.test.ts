import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXIT, exitCodeOf, UsageError } from "../../../cli/exit.ts";
import { CertgenError, type ErrorCode } from "../../../src/errors.ts";

test("exit codes are those of the documentation, and cannot be changed", () => {
  assert.equal(EXIT, { done: 0, failed: 1, usage: 2, denied: 3, timedOut: 4 });
  assert.ok(Object.isFrozen(EXIT));
});

test("R6 exitCodeOf: wrong usage 2, denied 3, timed out 4, everything else 1", () => {
  assert.is(exitCodeOf(new UsageError("x")), 2);
  assert.is(exitCodeOf(new CertgenError("denied", "x")), 3);
  assert.is(exitCodeOf(new CertgenError("timed-out", "x")), 4);
  for (
    const code of ["rejected", "unauthorized", "forbidden", "invalid-certificate", "io", "unsafe-path"] as ErrorCode[]
  ) {
    assert.is(exitCodeOf(new CertgenError(code, "x")), 1);
  }
  for (const error of [new Error("x"), "x", null, undefined, { code: "denied" }]) assert.is(exitCodeOf(error), 1);
});

test.run();
