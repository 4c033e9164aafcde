import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseDeleteOptions } from "../../../src/k8s/delete_options.ts";
import { thrown } from "../../fakes.ts";

const parse = (body: Record<string, unknown>, query = "") => parseDeleteOptions(new URLSearchParams(query), body);
const NONE = { dryRun: false, preconditions: { uid: undefined, resourceVersion: undefined } };

test("no options, null ones and those that mean nothing here are none", () => {
  for (const body of [{}, { kind: "DeleteOptions", gracePeriodSeconds: 0 }, { preconditions: null, dryRun: [] }]) {
    assert.equal(parse(body), NONE);
  }
  for (const propagationPolicy of ["Background", "Foreground", "Orphan", ""]) {
    assert.equal(parse({ propagationPolicy }), NONE);
    assert.equal(parse({}, `propagationPolicy=${propagationPolicy}`), NONE);
  }
});

test("preconditions and a dry run are read from the body, a dry run from the query too", () => {
  const preconditions = { uid: "u", resourceVersion: "7" };
  assert.equal(parse({ preconditions, dryRun: ["All"] }), { preconditions, dryRun: true });
  assert.is(parse({}, "dryRun=All").dryRun, true);
  assert.is(parse({ dryRun: [] }, "dryRun=All").dryRun, false);
});

test("options that are none are refused, all faults together", () => {
  const { causes, invalidKind } = thrown("invalid-object", () => parse({ dryRun: ["x"], propagationPolicy: "y" }));
  assert.equal(causes?.map(({ field }) => field), ["dryRun", "propagationPolicy"]);
  assert.equal(invalidKind, { group: "meta.k8s.io", kind: "DeleteOptions" });
  thrown("invalid-object", () => parse({ propagationPolicy: "Orphan", orphanDependents: false }));
  for (const body of [{ kind: "Pod" }, { dryRun: "All" }, { gracePeriodSeconds: 1.5 }, { preconditions: { uid: 1 } }]) {
    thrown("malformed-object", () => parse(body));
  }
});

test.run();
