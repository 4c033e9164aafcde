import { test } from "uvu";
import * as assert from "uvu/assert";
import { ageOf, certificateOf, csrOf, distanceOf, profileOf, timeOf } from "../../../cli/request_text.ts";
import { viewOf } from "../../../src/k8s/request_view.ts";
import { issuedObject } from "../../fake_api.ts";
import { MOMENT } from "../../fakes.ts";

const now = new Date(MOMENT);
const issued = viewOf(await issuedObject());

test("csrOf and certificateOf read what is there, and nothing else is an error", () => {
  assert.equal(csrOf(issued)?.extensions.subjectAltName?.map(({ value }) => value), ["etcd1", "10.8.89.9"]);
  assert.is(certificateOf(issued)?.notAfter.getUTCFullYear(), 2027);
  for (const text of ["", "?", "eA==", "LS0t"]) {
    assert.is(csrOf({ ...issued, spec: { ...issued.spec, request: text } }), undefined);
    assert.is(certificateOf({ ...issued, status: { certificate: text } }), undefined);
  }
  assert.is(certificateOf({ ...issued, status: {} }), undefined);
});

test("profileOf shortens what is certgen's own", () => {
  assert.is(profileOf("certgen.internal/etcd-peer"), "etcd-peer");
  for (const name of ["example.com/etcd-peer", "xcertgen.internal/etcd-peer"]) assert.is(profileOf(name), name);
  assert.is(profileOf(""), "<none>");
});

test("ageOf and distanceOf tell how far a moment is", () => {
  assert.is(ageOf("2026-03-01T11:59:00Z", now), "60s");
  assert.equal([ageOf("", now), ageOf(undefined, now), ageOf("soon", now)], Array(3).fill("<unknown>"));
  assert.is(distanceOf(new Date("2026-03-11T12:00:00Z"), now), "10d");
  assert.is(distanceOf(new Date("2026-02-19T12:00:00Z"), now), "10d ago");
  assert.is(distanceOf(now, now), "0s");
  assert.is(timeOf(new Date("2026-03-11T12:00:00.123Z")), "2026-03-11T12:00:00Z");
});

test.run();
