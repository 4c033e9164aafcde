import { test } from "uvu";
import * as assert from "uvu/assert";
import { toBase64, toUtf8 } from "../../../src/bytes.ts";
import type { FieldCause } from "../../../src/errors.ts";
import {
  certificateFaults,
  conditionFaults,
  readStatus,
  type RequestCondition,
  transitionFaults,
  withDecisionsOf,
  withTimes,
} from "../../../src/k8s/request_status.ts";
import { toPem } from "../../../src/x509/pem.ts";
import { faultOf } from "../support.ts";

const OLD = "2026-01-01T00:00:00Z";
const NOW = "2026-02-02T00:00:00Z";
const condition = (type: string, status = "True", more: Partial<RequestCondition> = {}): RequestCondition => ({
  type,
  status,
  ...more,
});
const brief = (faults: readonly FieldCause[]) => faults.map(({ field, reason }) => [field, reason]);

test("readStatus reads conditions and certificate", () => {
  const sent = {
    type: "Approved",
    status: "True",
    reason: "R",
    message: "",
    lastUpdateTime: "2026-01-01T01:00:00.5+01:00",
    lastTransitionTime: null,
    other: 1,
  };
  assert.equal(readStatus({ status: { conditions: [sent], certificate: "eA==" } }, false), {
    conditions: [{ type: "Approved", status: "True", reason: "R", lastUpdateTime: OLD }],
    certificate: "eA==",
  });
  for (const object of [{}, { status: null }, { status: { conditions: null, certificate: "" } }]) {
    assert.equal(readStatus(object, false), {});
  }
});

test("readStatus takes a missing status for True in v1beta1 only", () => {
  const object = { status: { conditions: [{ type: "Approved" }] } };
  assert.is(readStatus(object, true).conditions?.[0]?.status, "True");
  assert.is(readStatus(object, false).conditions?.[0]?.status, "");
});

test("readStatus refuses other types", () => {
  const cases = [
    [],
    { conditions: {} },
    { conditions: ["x"] },
    { conditions: [{ type: 1 }] },
    { conditions: [{ lastUpdateTime: "yesterday" }] },
    { conditions: [{ lastUpdateTime: "2026-13-01T00:00:00Z" }] },
    { conditions: [{ lastUpdateTime: 5 }] },
    { certificate: "%" },
    { certificate: ["eA=="] },
  ];
  for (const status of cases) faultOf("malformed-object", () => readStatus({ status }, false));
});

test("withTimes fills in what the client left out", () => {
  const before = [condition("Approved", "True", { lastTransitionTime: OLD })];
  assert.equal(
    withTimes([condition("Approved"), condition("Failed", "True", { lastUpdateTime: OLD })], before, NOW),
    [
      condition("Approved", "True", { lastUpdateTime: NOW, lastTransitionTime: OLD }),
      condition("Failed", "True", { lastUpdateTime: OLD, lastTransitionTime: NOW }),
    ],
  );
  assert.is(withTimes([condition("Approved", "False")], before, NOW)[0]?.lastTransitionTime, NOW);
});

test("withDecisionsOf keeps decisions as they are, as long as there are as many", () => {
  const before = [condition("Approved", "True", { reason: "old" }), condition("Failed", "True", { reason: "old" })];
  const sent = [condition("Failed", "True", { reason: "new" }), condition("Approved", "True", { reason: "new" })];
  assert.equal(withDecisionsOf(sent, before), [sent[0], before[0]]);
  const denied = [condition("Denied", "True", { reason: "new" })];
  assert.equal(withDecisionsOf(denied, before), denied);
});

test("conditionFaults has Kubernetes' fields and reasons", () => {
  const cases: [RequestCondition[], [string, string][]][] = [
    [[condition("Approved"), condition("Failed"), condition("Other", "Unknown")], []],
    [[condition("")], [["status.conditions[0].type", "FieldValueRequired"]]],
    [[condition("Approved", "")], [["status.conditions[0].status", "FieldValueRequired"]]],
    [[condition("Denied", "False")], [["status.conditions[0].status", "FieldValueNotSupported"]]],
    [[condition("Other", "Maybe")], [["status.conditions[0].status", "FieldValueNotSupported"]]],
    [[condition("Denied"), condition("Approved")], [["status.conditions[1].type", "FieldValueInvalid"]]],
    [[condition("Failed"), condition("Failed")], [["status.conditions[1].type", "FieldValueDuplicate"]]],
    [Array.from({ length: 101 }, (_, i) => condition(`c${i}`)), [["status.conditions", "FieldValueInvalid"]]],
  ];
  for (const [conditions, expected] of cases) assert.equal(brief(conditionFaults(conditions, [], false)), expected);
});

test("conditionFaults tolerates what v1beta1 allows and what is stored already", () => {
  const twice = [condition("Failed"), condition("Failed")];
  assert.equal(conditionFaults([...twice, condition("")], [], true), []);
  assert.equal(conditionFaults(twice, twice, false), []);
  const both = [condition("Approved"), condition("Denied")];
  assert.equal(conditionFaults(both, both, false), []);
  assert.equal(brief(conditionFaults(both, [], true)), [["status.conditions[1].type", "FieldValueInvalid"]]);
  assert.equal(conditionFaults([condition("")], [condition("")], false), []);
  assert.equal(conditionFaults([condition("Denied", "False")], [condition("Denied", "False")], false), []);
});

test("transitionFaults takes no decision back, and lets only /approval make one", () => {
  const approved = [condition("Approved")];
  assert.equal(transitionFaults(approved, [], true), []);
  assert.is(
    transitionFaults(approved, [], false)[0]?.message,
    'Forbidden: updates may not add a condition of type "Approved"',
  );
  for (const isApproval of [true, false]) {
    for (const type of ["Approved", "Denied", "Failed"]) {
      const [fault] = transitionFaults([], [condition(type)], isApproval);
      assert.is(fault?.message, `Forbidden: updates may not remove a condition of type "${type}"`);
    }
    assert.equal(transitionFaults([condition("Failed")], [condition("Other")], isApproval), []);
  }
});

test("certificateFaults takes certificates once, and nothing else", () => {
  const pem = (text: string) => toBase64(toUtf8(text));
  assert.equal(certificateFaults(undefined, undefined), []);
  assert.equal(certificateFaults("x", "x"), []);
  for (const after of ["eA==", undefined]) {
    assert.match(certificateFaults(after, "eHg=")[0]?.message ?? "", "may not modify existing certificate content");
  }
  const cases: [string, RegExp][] = [
    [pem("no PEM"), /at least one CERTIFICATE PEM block$/],
    [pem(toPem("PRIVATE KEY", Uint8Array.of(0x30, 0))), /only CERTIFICATE PEM blocks are allowed$/],
    [pem(toPem("CERTIFICATE", Uint8Array.of(0x30, 0))), /./],
    [pem("-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n"), /./],
    ["/w==", /not UTF-8$/],
  ];
  for (const [certificate, detail] of cases) {
    const [fault] = certificateFaults(certificate, undefined);
    assert.match(fault?.message ?? "", /^Invalid value: "<certificate data>": /);
    assert.match(fault?.message ?? "", detail);
  }
});

test.run();
