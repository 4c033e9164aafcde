import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError } from "../../../src/errors.ts";
import { errnoOf, fileError } from "../../../src/runtime/file_error.ts";

const system = (code: string): Error => Object.assign(new Error("the system's own words"), { code });

test("fileError says what could not be done, where, and the system's word", () => {
  const cause = system("EACCES");
  const error = fileError("read", "/x/y", cause);
  assert.is(error.message, 'Cannot read "/x/y": permission denied (EACCES)');
  assert.is(error.code, "io");
  assert.is(error.cause, cause);
  assert.is(
    fileError("write", 'a"\n', system("ENOSPC")).message,
    'Cannot write "a\\"\\n": no space left on the device (ENOSPC)',
  );
  assert.is(fileError("write", "a", system("EWEIRD")).message, 'Cannot write "a": the system\'s own words');
  assert.is(fileError("write", "a", "text").message, 'Cannot write "a": text');
});

test("fileError gives not-found, already-exists from create alone, io for the rest", () => {
  assert.is(fileError("read", "a", system("ENOENT")).code, "not-found");
  assert.is(fileError("create", "a", system("EEXIST")).code, "already-exists");
  assert.is(fileError("rename", "a", system("EEXIST")).code, "io");
  assert.is(fileError("read", "a", new TypeError("no code")).code, "io");
});

test("fileError leaves a CertgenError as it is", () => {
  const error = new CertgenError("too-large", "Cannot");
  assert.is(fileError("read", "a", error), error);
});

test("errnoOf takes codes that are texts", () => {
  assert.is(errnoOf(system("ENOENT")), "ENOENT");
  assert.is(errnoOf(Object.assign(new Error(), { code: 2 })), undefined);
  assert.is(errnoOf({ code: "ENOENT" }), undefined);
});

test.run();
