import { test } from "uvu";
import * as assert from "uvu/assert";
import { viewOf } from "../../../src/k8s/request_view.ts";
import { thrown } from "../../fakes.ts";

const WHOLE = {
  metadata: {
    name: "a",
    uid: "u",
    resourceVersion: "3",
    creationTimestamp: "2026-03-01T12:00:00Z",
    labels: { a: "b" },
    annotations: { c: "d" },
  },
  spec: {
    request: "eA==",
    signerName: "a.b/c",
    expirationSeconds: 600,
    usages: ["any"],
    username: "u",
    groups: ["g"],
  },
  status: { conditions: [{ type: "Approved", status: "True", reason: "R" }], certificate: "eA==" },
};

test("viewOf reads what is shown, and leaves out the rest", () => {
  assert.equal(viewOf({ kind: "x", ...WHOLE, spec: { ...WHOLE.spec, extra: {} } }), WHOLE);
});

test("what an object does not say is empty", () => {
  const empty = {
    metadata: { name: "", uid: "", resourceVersion: "", creationTimestamp: "", labels: {}, annotations: {} },
    spec: { request: "", signerName: "", usages: [], username: "", groups: [] },
    status: {},
  };
  assert.equal(viewOf({}), empty);
  assert.equal(viewOf({ metadata: null, spec: { groups: null }, status: { conditions: null } }), empty);
  // an old condition without a status is a true one
  assert.is(viewOf({ status: { conditions: [{ type: "Denied" }] } }).status.conditions?.[0]?.status, "True");
});

test("a member of a wrong type is refused by its path", () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ metadata: 1 }, "metadata"],
    [{ metadata: { name: 1 } }, "metadata.name"],
    [{ metadata: { labels: { a: 1 } } }, "metadata.labels"],
    [{ spec: { request: {} } }, "spec.request"],
    [{ spec: { groups: "g" } }, "spec.groups"],
    [{ spec: { usages: [1] } }, "spec.usages"],
    [{ spec: { expirationSeconds: "600" } }, "spec.expirationSeconds"],
    [{ status: { conditions: {} } }, "status.conditions"],
  ];
  for (const [object, path] of cases) {
    const { message } = thrown("malformed-object", () => viewOf(object));
    assert.ok(message.startsWith(`Cannot read ${path}: `), message);
  }
});

test.run();
