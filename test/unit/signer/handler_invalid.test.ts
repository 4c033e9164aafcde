import { test } from "uvu";
import * as assert from "uvu/assert";
import { causeIn, objectIn, objectJson, pathOf, peerRequest, post, statusIn, withDirectory } from "../../signing.ts";

test("v1 wants request, signerName and usages; v1beta1 the request", async () => {
  const { signer, files } = await withDirectory();
  for (const absent of [undefined, null]) {
    for (const field of ["request", "signerName", "usages"]) {
      const cause = await causeIn(signer, { spec: { [field]: absent } });
      assert.is(cause.field, `spec.${field}`);
      assert.is(cause.reason, "FieldValueRequired");
    }
    const cause = await causeIn(signer, { version: "v1beta1", spec: { request: absent } });
    assert.is(cause.field, "spec.request");
  }
  assert.is((await causeIn(signer, { spec: { usages: [] } })).reason, "FieldValueRequired");
  assert.is((await causeIn(signer, { version: "v1beta1", spec: { usages: [] } })).reason, "FieldValueRequired");
  assert.is((await causeIn(signer, { spec: { signerName: "" } })).reason, "FieldValueRequired");
  assert.is((await causeIn(signer, { spec: { request: "" } })).reason, "FieldValueRequired");
  assert.equal(files.calls, []);
});

test("v1 refuses an unknown and a doubled usage, with its place", async () => {
  const { signer } = await withDirectory();
  const unknown = await causeIn(signer, { spec: { usages: ["client auth", "foo"] } });
  assert.is(unknown.field, "spec.usages[1]");
  assert.is(unknown.reason, "FieldValueNotSupported");
  assert.match(unknown.message, /^Unsupported value: "foo": supported values: "any", "cert sign", "client auth", /);
  const doubled = await causeIn(signer, { spec: { usages: ["client auth", "server auth", "client auth"] } });
  assert.equal(doubled, {
    reason: "FieldValueDuplicate",
    message: 'Duplicate value: "client auth"',
    field: "spec.usages[2]",
  });
  assert.is((await causeIn(signer, { spec: { usages: ["Client Auth"] } })).reason, "FieldValueNotSupported");
});

test("v1beta1 takes a doubled usage, and denies an unknown one", async () => {
  const { signer } = await withDirectory();
  const send = async (name: string, usages: string[]): ReturnType<typeof objectIn> =>
    await objectIn(
      await post(signer, objectJson(await peerRequest(), { version: "v1beta1", name, spec: { usages } }), {
        version: "v1beta1",
      }),
    );
  assert.is((await send("a", ["client auth", "client auth"])).status.conditions?.[0]?.type, "Approved");
  assert.is((await send("b", ["foo"])).status.conditions?.[0]?.reason, "UsageNotAllowed");
});

test("R10 a signerName that is none is 422", async () => {
  const { signer, files } = await withDirectory();
  const bad = [
    "etcd-peer",
    "certgen.internal",
    "certgen.internal/",
    "internal/etcd-peer",
    "certgen.internal/etcd-peer/x",
    "certgen..internal/etcd-peer",
    "-certgen.internal/etcd-peer",
    "certgen.internal/Etcd-Peer",
    "certgen.internal/etcd_peer",
    "certgen.internal/etcd-peer.",
    "Certgen.internal/etcd-peer",
    " certgen.internal/etcd-peer",
    "certgen.internal/etcd-peer\n",
    `certgen.internal/${"x".repeat(254)}`,
    "kubernetes.io/legacy-unknown",
  ];
  for (const signerName of bad) {
    const cause = await causeIn(signer, { spec: { signerName } });
    assert.is(cause.field, "spec.signerName", signerName);
    assert.is(cause.reason, "FieldValueInvalid");
  }
  assert.equal(files.calls, []);
});

test("a long signerName of hyphens takes no time", async () => {
  const { signer } = await withDirectory();
  const request = await peerRequest();
  const started = performance.now();
  for (const signerName of [`${"a-".repeat(50_000)}/`, `a.${"a-".repeat(280)}/a`]) {
    await statusIn(await post(signer, objectJson(request, { spec: { signerName } })), 422);
  }
  assert.ok(performance.now() - started < 500);
});

test("R48 expirationSeconds under ten minutes is 422", async () => {
  const { signer } = await withDirectory();
  for (const expirationSeconds of [599, 0, -1, -(2 ** 31)]) {
    for (const version of ["v1", "v1beta1"] as const) {
      const cause = await causeIn(signer, { version, spec: { expirationSeconds } });
      assert.is(cause.field, "spec.expirationSeconds");
      assert.match(cause.message, /: may not specify a duration less than 600 seconds \(10 minutes\)$/);
    }
  }
});

test("labels and annotations are kept, as large as a body can be", async () => {
  const { signer } = await withDirectory();
  const labels = { team: "storage" };
  const annotations = { note: "x".repeat(200_000) };
  const body = objectJson(await peerRequest(), { metadata: { labels, annotations } });
  const { metadata } = await objectIn(await post(signer, body));
  assert.equal(metadata.labels, labels);
  assert.is(metadata.annotations?.["note"], annotations.note);
});

test("R4 what a client says of status, identity and certgen's own annotations does not survive", async () => {
  const { signer } = await withDirectory();
  const annotations = {
    "certgen.internal/serial-number": "01",
    "certgen.internal/created-through": "v1beta1",
    "certgen.internal/x": "y",
    "mine": "kept",
  };
  const body = objectJson(await peerRequest(), {
    metadata: {
      annotations,
      uid: "mine",
      creationTimestamp: "1999-01-01T00:00:00Z",
      namespace: "kube-system",
      selfLink: "/x",
      generation: 9,
      managedFields: [{}],
    },
    spec: { username: "system:admin", uid: "0", groups: ["system:masters", "certgen:admins"], extra: { a: ["b"] } },
    status: { conditions: [{ type: "Denied", status: "True" }], certificate: "bWluZQ==" },
  });
  const posted = await objectIn(await post(signer, body));
  const got = await objectIn(
    await signer.fetch(new Request(`https://signer${pathOf("v1", "system:etcd-peer:etcd1")}`)),
    200,
  );
  assert.equal(got, posted);
  const { metadata, spec, status } = got;
  assert.equal(Object.keys(metadata), ["name", "uid", "resourceVersion", "creationTimestamp", "annotations"]);
  assert.is.not(metadata.uid, "mine");
  assert.equal(Object.keys(metadata.annotations ?? {}).sort(), ["certgen.internal/serial-number", "mine"]);
  assert.match(metadata.annotations?.["certgen.internal/serial-number"] ?? "", /^[0-9a-f]{32}$/);
  assert.equal(Object.keys(spec), ["request", "signerName", "usages", "username", "groups"]);
  assert.equal([spec.username, spec.groups], ["system:anonymous", ["system:unauthenticated"]]);
  assert.equal(status.conditions?.map(({ type }) => type), ["Approved"]);
  assert.is.not(status.certificate, "bWluZQ==");
});

test("__proto__ members are members, and nobody's prototype", async () => {
  const { signer } = await withDirectory();
  const body = objectJson(await peerRequest()).replace(
    '"metadata":{',
    '"__proto__":{"kind":"Pod"},"metadata":{"__proto__":{"labels":{"a":"b"}},"annotations":{"constructor":"x"},',
  );
  const { metadata } = await objectIn(await post(signer, body));
  assert.is(metadata.labels, undefined);
  assert.is(({} as Record<string, unknown>)["kind"], undefined);
});

test("dryRun decides and keeps nothing; another value is 422", async () => {
  const { signer, files } = await withDirectory();
  const body = objectJson(await peerRequest());
  const object = await objectIn(await post(signer, body, { query: "?dryRun=All&fieldManager=x" }));
  assert.is(object.status.conditions?.[0]?.type, "Approved");
  assert.is(object.status.certificate, undefined);
  const written = (): string[] => files.calls.filter((call) => !call.startsWith("read "));
  assert.equal(written(), []);
  for (const query of ["?dryRun=all", "?dryRun=", "?dryRun=All&dryRun=x"]) {
    const status = await statusIn(await post(signer, body, { query }), 422);
    assert.is(status.details?.causes?.[0]?.field, "dryRun", query);
  }
  assert.equal(written(), []);
  await objectIn(await post(signer, body));
});

test.run();
