import { test } from "uvu";
import * as assert from "uvu/assert";
import { type PlaceFault, placeFault } from "../../../src/agent/places.ts";

interface Place {
  readonly commonName?: string;
  readonly directory?: string;
  readonly caFile?: string;
  readonly profile?: string;
  readonly signerName?: string;
}

const fault = (...places: Place[]): PlaceFault | undefined =>
  placeFault(places.map((place) => ({ profile: "etcd-peer", commonName: "a", directory: "/d", ...place })));

test("files of their own, and one file for one CA", () => {
  assert.is(fault(), undefined);
  assert.is(fault({ commonName: "a" }, { commonName: "b", profile: "etcd-server" }), undefined);
  assert.is(fault({}, { directory: "/e" }), undefined);
  assert.is(fault({}, { directory: "d" }), undefined);
  assert.is(fault({}, { directory: "../d" }, { directory: "../../d" }), undefined);
  assert.is(fault({}, { commonName: "b", profile: "etcd-metric", caFile: "metric-ca.crt" }), undefined);
});

test("two certificates with the same files are refused, however the directory is written and in whatever case", () => {
  const same: [Place, Place][] = [
    [{}, {}],
    [{ commonName: "a" }, { commonName: "A" }],
    [{ commonName: "\u00e9" }, { commonName: "E\u0301" }],
    [{ directory: "/d" }, { directory: "/d/" }],
    [{ directory: "/d" }, { directory: "/x/.././d" }],
    [{ directory: "/d" }, { directory: "/../D" }],
    [{ directory: "d" }, { directory: "./d" }],
    [{ directory: "" }, { directory: "." }],
  ];
  for (const [a, b] of same) {
    const found = fault({ commonName: "other" }, a, b);
    assert.equal([found?.index, found?.of], [2, "commonName"], JSON.stringify([a, b]));
    assert.match(found?.why ?? "", /is a file of certificates\[1\]: give another directory$/);
  }
});

test("one file is not for two CAs", () => {
  const found = fault({}, { commonName: "b", profile: "serving", signerName: "example.com/serving" });
  assert.equal(found, {
    index: 1,
    of: "caFile",
    why: '"ca.crt" in "/d" is the file of the CA of certificates[0]: give another name or directory',
  });
  assert.is(fault({}, { commonName: "b", profile: "etcd-metric" })?.of, "caFile");
});

test("a CA's file is no certificate's file", () => {
  assert.equal(fault({ commonName: "ca" })?.why.includes("is a file of this very certificate"), true);
  assert.is(fault({ commonName: "a" }, { commonName: "ca" })?.why.includes("the CA of certificates[0]"), true);
  assert.is(fault({ commonName: "a" }, { commonName: "b", caFile: "A.key" })?.of, "caFile");
});

test.run();
