import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXIT, exitCodeFor, exitCodeOf, UsageError } from "../../../cli/exit.ts";
import { CertgenError, type ErrorCode } from "../../../src/errors.ts";

test("exit codes are those of the documentation, and cannot be changed", () => {
  assert.equal(EXIT, { done: 0, failed: 1, usage: 2, denied: 3, timedOut: 4, forked: 5, due: 10, missing: 11 });
  assert.ok(Object.isFrozen(EXIT));
});

test("R6 exitCodeOf: wrong usage 2, denied 3, timed out 4, forked 5, everything else 1", () => {
  assert.is(exitCodeOf(new UsageError("x")), 2);
  assert.is(exitCodeOf(new CertgenError("denied", "x")), 3);
  assert.is(exitCodeOf(new CertgenError("timed-out", "x")), 4);
  assert.is(exitCodeOf(new CertgenError("forked", "x")), 5);
  for (
    const code of ["rejected", "unauthorized", "forbidden", "invalid-certificate", "io", "unsafe-path"] as ErrorCode[]
  ) {
    assert.is(exitCodeOf(new CertgenError(code, "x")), 1);
  }
  for (const error of [new Error("x"), "x", null, undefined, { code: "denied" }]) assert.is(exitCodeOf(error), 1);
});

test("exitCodeFor: the same by the code alone, and 1 for one that is none", () => {
  assert.equal(["denied", "timed-out", "forked", "io", "", "constructor"].map(exitCodeFor), [3, 4, 5, 1, 1, 1]);
});

test.run();
