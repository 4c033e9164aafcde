import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  COLUMNS,
  conditionText,
  parseIncludeObject,
  partialMetadata,
  partialMetadataList,
  type Shown,
  tableOfList,
  tableOfObject,
  type TableOptions,
} from "../../../src/k8s/table.ts";
import { faultOf } from "../support.ts";

const OBJECT: Shown = {
  metadata: { name: "csr1", resourceVersion: "7", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { signerName: "kubecsr.example.com/etcd-peer", username: "admin" },
  status: {},
};
const OPTIONS: TableOptions = {
  now: new Date("2026-01-01T00:00:02.900Z"),
  includeObject: "Metadata",
  apiVersion: "certificates.k8s.io/v1",
};
const CELLS = ["csr1", "2s", "kubecsr.example.com/etcd-peer", "admin", "<none>", "Pending"];

test("tableOfList has the columns and cells of kube-apiserver", () => {
  const table = tableOfList([OBJECT], { resourceVersion: "9", continue: "x", remainingItemCount: 3 }, OPTIONS);
  assert.equal(
    COLUMNS.map(({ name, type, format, priority }) => [name, type, format, priority]),
    [
      ["Name", "string", "name", 0],
      ["Age", "string", "", 0],
      ["SignerName", "string", "", 0],
      ["Requestor", "string", "", 0],
      ["RequestedDuration", "string", "", 0],
      ["Condition", "string", "", 0],
    ],
  );
  assert.equal(table, {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: { resourceVersion: "9", continue: "x", remainingItemCount: 3 },
    columnDefinitions: COLUMNS,
    rows: [{
      cells: CELLS,
      object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: OBJECT.metadata },
    }],
  });
  assert.equal(tableOfList([], { resourceVersion: "9" }, OPTIONS).rows, []);
});

test("tableOfObject has the object's resourceVersion, and leaves columns null when told", () => {
  assert.equal(tableOfObject(OBJECT, OPTIONS).metadata, { resourceVersion: "7" });
  assert.is(tableOfObject(OBJECT, OPTIONS).columnDefinitions, COLUMNS);
  assert.is(tableOfObject(OBJECT, OPTIONS, false).columnDefinitions, null);
  assert.equal(tableOfObject(OBJECT, OPTIONS, false).rows[0]?.cells, CELLS);
});

test("tableOfObject puts as much of the object into its row as is asked for", () => {
  const row = (includeObject: TableOptions["includeObject"]) =>
    tableOfObject(OBJECT, { ...OPTIONS, includeObject, apiVersion: "certificates.k8s.io/v1beta1" }).rows[0]?.object;
  assert.is(row("None"), null);
  assert.equal(row("Object"), {
    ...OBJECT,
    kind: "CertificateSigningRequest",
    apiVersion: "certificates.k8s.io/v1beta1",
  });
});

test("cells tell the duration that was asked for, and what is not known", () => {
  const cells = ["csr1", "<unknown>", "<none>", "", "24h", "Pending"];
  for (const creationTimestamp of [null, ""]) {
    const object = {
      ...OBJECT,
      metadata: { ...OBJECT.metadata, creationTimestamp },
      spec: { signerName: "", username: "", expirationSeconds: 86_400 },
    };
    assert.equal(tableOfObject(object, OPTIONS).rows[0]?.cells, cells);
  }
});

test("conditionText puts a denial over an approval, and adds failure and certificate", () => {
  const text = (types: string[], certificate?: string) =>
    conditionText({
      conditions: types.map((type) => ({ type })),
      ...(certificate === undefined ? {} : { certificate }),
    });
  assert.is(text([]), "Pending");
  assert.is(text(["Approved"]), "Approved");
  assert.is(text(["Approved"], "eA=="), "Approved,Issued");
  assert.is(text(["Approved", "Denied"]), "Denied");
  assert.is(text(["Failed", "Approved"]), "Approved,Failed");
  assert.is(text(["Denied", "Failed"], "eA=="), "Denied,Failed,Issued");
  assert.is(text(["Other"], ""), "Pending");
});

test("parseIncludeObject refuses other words", () => {
  assert.is(parseIncludeObject(null), "Metadata");
  assert.is(parseIncludeObject(""), "Metadata");
  for (const word of ["Metadata", "Object", "None"] as const) assert.is(parseIncludeObject(word), word);
  assert.match(faultOf("malformed-object", () => parseIncludeObject("object")).message, "must be 'Metadata', 'Object'");
});

test("partialMetadata leaves spec and status out", () => {
  assert.equal(Object.keys(partialMetadata(OBJECT)), ["kind", "apiVersion", "metadata"]);
  assert.equal(partialMetadataList([OBJECT], { resourceVersion: "9" }), {
    kind: "PartialObjectMetadataList",
    apiVersion: "meta.k8s.io/v1",
    metadata: { resourceVersion: "9" },
    items: [{ metadata: OBJECT.metadata }],
  });
});

test.run();
