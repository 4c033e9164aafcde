import { test } from "uvu";
import * as assert from "uvu/assert";
import { type ApiWorld, apiWorld } from "../../api.ts";
import { objectIn, objectJson, pathOf, peerRequest, sharedKey, statusIn } from "../../signing.ts";

const OTHER = { spec: { signerName: "example.com/other" } };

interface List {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly {
    readonly kind?: string;
    readonly apiVersion?: string;
    readonly metadata: { readonly name: string };
  }[];
}

async function listIn(answer: Response): Promise<List> {
  const text = await answer.text();
  assert.is(answer.status, 200, text);
  return JSON.parse(text) as List;
}

const namesIn = ({ items }: List): string => items.map(({ metadata }) => metadata.name).join(" ");

async function five(): Promise<ApiWorld> {
  const world = await apiWorld();
  for (const [i, name] of ["d", "a", "C", "e", "b"].entries()) {
    const labels = { index: `${i}`, ...i > 2 ? { high: "yes" } : {} };
    await world.admin.create({ name, metadata: { labels }, ...i === 0 ? {} : OTHER });
  }
  return world;
}

test("a list is sorted by name; its items say neither kind nor version", async () => {
  const { admin } = await apiWorld();
  const empty = { kind: "CertificateSigningRequestList", metadata: { resourceVersion: "0" }, items: [] };
  assert.equal(await listIn(await admin.send("GET", pathOf("v1"))), { ...empty, apiVersion: "certificates.k8s.io/v1" });
  const world = await five();
  const revision = String(world.store.revision);
  for (const version of ["v1", "v1beta1"] as const) {
    for (const slash of ["", "/"]) {
      const list = await listIn(await world.admin.send("GET", `${pathOf(version)}${slash}`));
      assert.is(list.apiVersion, `certificates.k8s.io/${version}`);
      assert.is(list.metadata.resourceVersion, revision);
      assert.is(namesIn(list), "C a b d e");
      assert.ok(
        list.items.every((item) => !("kind" in item) && !("apiVersion" in item) && "spec" in item && "status" in item),
      );
    }
  }
});

test("pages follow each other, and say how many remain", async () => {
  const { admin, store } = await five();
  const revision = String(store.revision);
  const first = await listIn(await admin.send("GET", `${pathOf("v1")}?limit=2`));
  assert.is(namesIn(first), "C a");
  assert.is(first.metadata.resourceVersion, revision);
  assert.is(first.metadata.remainingItemCount, 3);
  // what comes between is on a later page; whoever watches from the first revision sees it again
  await admin.create({ name: "bb", ...OTHER });
  await admin.create({ name: "B", ...OTHER });
  const token = encodeURIComponent(first.metadata.continue ?? "");
  const second = await listIn(await admin.send("GET", `${pathOf("v1")}?limit=3&continue=${token}`));
  assert.is(namesIn(second), "b bb d");
  assert.equal([second.metadata.resourceVersion, second.metadata.remainingItemCount], [revision, 1]);
  const rest = await listIn(
    await admin.send("GET", `${pathOf("v1")}?continue=${encodeURIComponent(second.metadata.continue ?? "")}`),
  );
  assert.is(namesIn(rest), "e");
  assert.equal(rest.metadata, { resourceVersion: revision });
  const exact = await listIn(await admin.send("GET", `${pathOf("v1")}?limit=7`));
  assert.is(exact.metadata.continue, undefined);
  assert.is((await listIn(await admin.send("GET", `${pathOf("v1")}?limit=-1`))).items.length, 7);
});

test("pages of a selection are full, and do not say how many remain", async () => {
  const { admin } = await five();
  const query = "?limit=1&labelSelector=high";
  const first = await listIn(await admin.send("GET", `${pathOf("v1")}${query}`));
  assert.is(namesIn(first), "b");
  assert.is(first.metadata.remainingItemCount, undefined);
  const token = encodeURIComponent(first.metadata.continue ?? "");
  const second = await listIn(await admin.send("GET", `${pathOf("v1")}${query}&continue=${token}`));
  assert.is(namesIn(second), "e");
});

test("labels and fields select", async () => {
  const { admin } = await five();
  const select = async (query: string) => namesIn(await listIn(await admin.send("GET", `${pathOf("v1")}?${query}`)));
  const by = async (key: string, value: string) => await select(`${key}=${encodeURIComponent(value)}`);
  assert.is(await by("labelSelector", "index=1"), "a");
  assert.is(await by("labelSelector", "index==1"), "a");
  assert.is(await by("labelSelector", "index!=1,high"), "b e");
  assert.is(await by("labelSelector", "index in (0, 1)"), "a d");
  assert.is(await by("labelSelector", "index notin (0,1),!high"), "C");
  assert.is(await by("labelSelector", ""), "C a b d e");
  assert.is(await by("fieldSelector", "metadata.name=a"), "a");
  assert.is(await by("fieldSelector", "metadata.name!=a,spec.signerName=example.com/other"), "C b e");
  assert.is(await by("fieldSelector", "spec.signerName=certgen.internal/etcd-peer"), "d");
  assert.is(await by("fieldSelector", "metadata.namespace="), "C a b d e");
  assert.is(await by("fieldSelector", "metadata.namespace=x"), "");
  assert.is(await select("fieldSelector=metadata.name%3Da&labelSelector=high"), "");
  assert.is(await select("timeout=32s&unknown=1"), "C a b d e");
});

test("a resourceVersion is met by what is there, or refused", async () => {
  const { admin, store: { revision } } = await five();
  const send = async (query: string) => await admin.send("GET", `${pathOf("v1")}?${query}`);
  const good = [
    "",
    "0",
    "3",
    `${revision}`,
    `${revision}&resourceVersionMatch=Exact`,
    "3&resourceVersionMatch=NotOlderThan",
    "0&resourceVersionMatch=NotOlderThan",
  ];
  for (const query of good) {
    assert.is((await listIn(await send(`resourceVersion=${query}`))).metadata.resourceVersion, String(revision));
  }
  const past = await statusIn(await send(`resourceVersion=${revision - 1}&resourceVersionMatch=Exact`), 410);
  const tooOld = `too old resource version: ${revision - 1} (${revision})`;
  assert.equal([past.reason, past.message, past.details], ["Expired", tooOld, undefined]);
  for (const match of ["", "&resourceVersionMatch=Exact", "&resourceVersionMatch=NotOlderThan"]) {
    const future = await statusIn(await send(`resourceVersion=${revision + 1}${match}`), 410);
    assert.is(future.message, `Too large resource version: ${revision + 1}, current: ${revision}`);
    assert.equal(future.details, {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    });
  }
  await statusIn(await send("resourceVersion=99999999999999999999"), 410);
  for (const text of ["abc", "-1", "1.5", "0x1", "1e3"]) {
    const status = await statusIn(await send(`resourceVersion=${text}`), 400);
    assert.is(status.details, undefined);
  }
  for (
    const query of [
      "resourceVersionMatch=Exact",
      "resourceVersionMatch=NotOlderThan",
      "resourceVersion=1&resourceVersionMatch=other",
      "resourceVersion=0&resourceVersionMatch=Exact",
      "continue=x&resourceVersion=1&resourceVersionMatch=Exact",
      "sendInitialEvents=true",
    ]
  ) {
    const status = await statusIn(await send(query), 422);
    assert.equal([status.details?.group, status.details?.kind], ["meta.k8s.io", "ListOptions"]);
  }
});

test("what cannot be read of a query is 400", async () => {
  const { admin } = await five();
  const { metadata } = await listIn(await admin.send("GET", `${pathOf("v1")}?limit=2`));
  const token = encodeURIComponent(metadata.continue ?? "");
  for (
    const query of [
      "limit=abc",
      "limit=1.5",
      "timeoutSeconds=x",
      "limit=99999999999999999999",
      "continue=x",
      "continue=e30",
      `continue=${token}&resourceVersion=6`,
    ]
  ) {
    const status = await statusIn(await admin.send("GET", `${pathOf("v1")}?${query}`), 400);
    assert.is(status.reason, "BadRequest");
  }
  assert.is((await admin.send("GET", `${pathOf("v1")}?continue=${token}&resourceVersion=0`)).status, 200);
});

test("a collection is deleted as far as it is selected, and its objects are the answer", async () => {
  const { admin, store } = await five();
  const before = store.revision;
  const dry = await listIn(await admin.send("DELETE", `${pathOf("v1")}?dryRun=All&labelSelector=high`));
  assert.is(namesIn(dry), "b e");
  assert.is(store.revision, before);
  assert.is(namesIn(await listIn(await admin.send("DELETE", `${pathOf("v1")}?labelSelector=high`))), "b e");
  assert.is(store.revision, before + 2);
  assert.is(namesIn(await listIn(await admin.send("DELETE", `${pathOf("v1")}?limit=1`))), "C");
  assert.is(namesIn(await listIn(await admin.send("DELETE", pathOf("v1"), { preconditions: { uid: "other" } }))), "");
  assert.is(namesIn(await listIn(await admin.send("DELETE", pathOf("v1")))), "a d");
  assert.is(namesIn(await listIn(await admin.send("GET", pathOf("v1")))), "");
});

test("options of a deletion of a collection are checked before anything is deleted", async () => {
  const { admin, store } = await five();
  const before = store.revision;
  await statusIn(await admin.send("DELETE", `${pathOf("v1")}?dryRun=some`), 422);
  await statusIn(await admin.send("DELETE", `${pathOf("v1")}?limit=x`), 400);
  await statusIn(await admin.send("DELETE", `${pathOf("v1")}?resourceVersion=1&resourceVersionMatch=Exact`), 410);
  await statusIn(await admin.send("DELETE", pathOf("v1"), { propagationPolicy: "x" }), 422);
  await statusIn(await admin.send("DELETE", pathOf("v1"), undefined, { accept: "text/html" }), 406);
  assert.is(store.revision, before);
});

test("a store that cannot delete is no success of deleting a collection", async () => {
  const { admin, store } = await five();
  const { MemoryStore } = await import("../../../src/store/memory.ts");
  assert.instance(store, MemoryStore);
  store.commit = () => Promise.reject(new Error("disk full"));
  const status = await statusIn(await admin.send("DELETE", pathOf("v1")), 500);
  assert.is(status.reason, "InternalError");
});

test("R3 of a hundred requests for one name one is created, and 99 are 409", async () => {
  const { node, store } = await apiWorld();
  const body = objectJson(await peerRequest("etcd1", await sharedKey()));
  const answers = await Promise.all(Array.from({ length: 100 }, () => node.send("POST", pathOf("v1"), body)));
  const codes = answers.map(({ status }) => status).sort();
  assert.equal(codes, [201, ...Array.from({ length: 99 }, () => 409)]);
  assert.is(store.revision, 3); // the decision, and the certificate with its record
  const refused = answers.find(({ status }) => status === 409);
  assert.ok(refused);
  const status = await statusIn(refused, 409);
  const name = "system:etcd-peer:etcd1";
  assert.is(status.reason, "AlreadyExists");
  assert.is(status.message, `certificatesigningrequests.certificates.k8s.io "${name}" already exists`);
  assert.equal(status.details, { name, group: "certificates.k8s.io", kind: "certificatesigningrequests" });
});

test("a dry run of a creation says what would be, without a resourceVersion, and nothing is kept", async () => {
  const { admin, store } = await apiWorld();
  const body = (name: string) => async () => objectJson(await peerRequest("etcd1", await sharedKey()), { name });
  const made = await objectIn(await admin.send("POST", `${pathOf("v1")}?dryRun=All`, await body("a")()));
  assert.not.ok("resourceVersion" in made.metadata);
  assert.is(made.metadata.name, "a");
  assert.ok(made.metadata.uid);
  assert.is(store.revision, 0);
  await admin.create({ name: "a" });
  const taken = await statusIn(await admin.send("POST", `${pathOf("v1")}?dryRun=All`, await body("a")()), 409);
  assert.is(taken.reason, "AlreadyExists");
  const status = await statusIn(await admin.send("POST", `${pathOf("v1")}?dryRun=none`, await body("b")()), 422);
  assert.equal([status.details?.kind, status.details?.causes?.[0]?.field], ["CreateOptions", "dryRun"]);
});

test("every fault of a new object is a cause, in the order in which they are checked", async () => {
  const { admin } = await apiWorld();
  const body = {
    metadata: { name: "a/b", labels: { "-": "x" } },
    spec: { usages: ["foo", "any", "any"], signerName: "x", expirationSeconds: 1 },
  };
  const status = await statusIn(await admin.send("POST", pathOf("v1"), body), 422);
  assert.equal(status.details?.causes?.map(({ field, reason }) => `${field} ${reason}`), [
    "metadata.name FieldValueInvalid",
    "metadata.labels FieldValueInvalid",
    "spec.request FieldValueRequired",
    "spec.usages[0] FieldValueNotSupported",
    "spec.usages[2] FieldValueDuplicate",
    "spec.signerName FieldValueInvalid",
    "spec.expirationSeconds FieldValueInvalid",
  ]);
  assert.equal([status.details?.name, status.details?.kind], ["a/b", "CertificateSigningRequest"]);
  const causes = status.details?.causes ?? [];
  const faults = causes.map(({ field, message }) => `${field}: ${message}`).join(", ");
  assert.is(status.message, `CertificateSigningRequest.certificates.k8s.io "a/b" is invalid: [${faults}]`);
});

test.run();
