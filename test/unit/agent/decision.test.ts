import { test } from "uvu";
import * as assert from "uvu/assert";
import { certificateIn, isApproved, isDecided } from "../../../src/agent/decision.ts";
import type { ErrorCode } from "../../../src/errors.ts";
import type { JsonObject } from "../../../src/k8s/json.ts";
import { thrown } from "../../fakes.ts";

const certificate = btoa("PEM");
const condition = (type: string, more: JsonObject = {}): JsonObject => ({ type, status: "True", ...more });
const object = (conditions: unknown, more: JsonObject = {}): JsonObject => ({ status: { conditions, ...more } });

test("a request is decided with its certificate, and not by an approval alone", () => {
  for (
    const open of [{}, object([]), object([condition("Approved")]), object([condition("Other")], { certificate: "" })]
  ) {
    assert.is(certificateIn(open), undefined);
    assert.is(isDecided(open), false);
  }
  const issued = object([condition("Approved")], { certificate });
  assert.is(certificateIn(issued), "PEM");
  assert.is(isDecided(issued), true);
  assert.is(isApproved(issued), true);
  assert.is(isApproved(object([condition("approved"), { type: ["Approved"] }, "Approved", null])), false);
});

test("Denied and Failed decide it, whatever else is there", () => {
  const because = { reason: "NotYou", message: "no rule allows it" };
  for (const type of ["Denied", "Failed"]) {
    const refused = object([condition("Approved"), condition(type, because)], { certificate });
    assert.is(isDecided(refused), true);
    const error = thrown("denied", () => certificateIn(refused));
    assert.is(error.message, `${type} by the signer: NotYou: no rule allows it`);
    assert.is(error.reason, "NotYou");
  }
  const { message } = thrown(
    "denied",
    () => certificateIn(object([condition("Denied", { message: "x".repeat(9999) })])),
  );
  assert.ok(message.length < 2100);
});

test("Forked is an alarm that says what to do, until an administrator has approved the request", () => {
  const fork = condition("Forked", { reason: "SecondSuccessor", message: "another key was first" });
  assert.is(isDecided(object([fork])), true);
  const error = thrown("forked", () => certificateIn(object([fork])));
  assert.match(
    error.message,
    /^Forked: another key has renewed this certificate; somebody else may have this node's key: /,
  );
  assert.match(error.message, /revoke .* new key and a token .*another key was first/);
  assert.is(error.reason, "SecondSuccessor");
  assert.is(thrown("forked", () => certificateIn(object([{ type: "Forked" }]))).reason, undefined);

  const approved = object([fork, condition("Approved")]);
  assert.is(isDecided(approved), false, "the certificate is on its way");
  assert.is(certificateIn(object([fork, condition("Approved")], { certificate })), "PEM");
  assert.is(certificateIn(object([fork], { certificate })), "PEM");
  thrown("denied", () => certificateIn(object([fork, condition("Denied")])));
});

test("what cannot be read is decided, as what it is", () => {
  const cases: [ErrorCode, JsonObject][] = [
    ["malformed-object", { status: 7 }],
    ["malformed-object", object([], { certificate: 7 })],
    ["malformed-object", object([], { certificate: "no base64!" })],
    ["malformed-object", object([condition("Denied", { reason: 7 })])],
  ];
  for (const [code, odd] of cases) {
    thrown(code, () => certificateIn(odd));
    assert.is(isDecided(odd), true);
  }
});

test.run();
