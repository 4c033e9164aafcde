/** Bootstrap tokens at the whole signer: one use is one certificate, and a node's token gives that node's names alone. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError } from "../../../src/errors.ts";
import type { CertificateSigningRequest } from "../../../src/k8s/certificate_signing_request.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import type { Change, Entry } from "../../../src/store/store.ts";
import { generateKey } from "../../../src/x509/key.ts";
import type { Client } from "../../api.ts";
import {
  type CredentialWorld,
  credentialWorld,
  entriesOf,
  issuedBy,
  namesIn,
  nodeToken,
  STORES,
  wantedJson,
} from "../../credentials.ts";
import { objectIn, pathOf, statusIn } from "../../signing.ts";

const NAME = "system:etcd-peer:etcd1";
const ONCE = "once-token";

const post = async (client: Pick<Client, "send">, body: string, query = ""): Promise<Response> =>
  await client.send("POST", pathOf("v1") + query, body);

/** What there is in a store: objects, records of certificates, used tokens. */
async function kept({ store }: CredentialWorld): Promise<[objects: number, certificates: number, tokens: number]> {
  const count = async (kind?: "certificate" | "token"): Promise<number> => (await entriesOf(store, kind)).length;
  return [await count(), await count("certificate"), await count("token")];
}

for (const kind of STORES) {
  test(`100 POSTs at once with one use, other keys and other names issue one certificate (${kind})`, async () => {
    const world = await credentialWorld({ kind });
    const node = world.bearer(ONCE);
    const bodies = await Promise.all(
      Array.from({ length: 100 }, (_, i) => wantedJson({ name: `${NAME}-${(0x1a2b3c00 + i).toString(16)}` })),
    );
    const answers = await Promise.all(bodies.map((body) => post(node, body)));
    assert.equal(answers.map(({ status }) => status).sort(), [201, ...Array<number>(99).fill(403)]);
    const winner = answers.find(({ status }) => status === 201) ?? Response.error();
    const object = await objectIn(winner);
    assert.ok(object.status.certificate);
    assert.is(issuedBy(world), 1);
    assert.equal(await kept(world), [1, 1, 1]);
    assert.equal(await namesIn(world.store), [object.metadata.name]);
    for (const answer of answers.filter((one) => one !== winner)) {
      assert.match(
        (await statusIn(answer, 403)).message,
        "bootstrap token once is good for use once and has been used",
      );
    }
  });

  test(`a retry with the same key and names gets the stored object, also after a restart (${kind})`, async () => {
    const key = await generateKey();
    // where signatures are deterministic, the order of the names makes another of the same
    const [names, reversed] = [["etcd1", "b"], ["b", "etcd1"]];
    const first = await credentialWorld({ kind });
    const object = await objectIn(await post(first.bearer(ONCE), await wantedJson({ key, dnsNames: names })));
    const again = await objectIn(
      await post(first.bearer(ONCE), await wantedJson({ key, dnsNames: reversed, name: `${NAME}-0a1b2c3d` })),
    );
    assert.equal(again, object);
    const second = await first.restart();
    const node = second.bearer(ONCE);
    for (const name of [NAME, `${NAME}-ffffffff`, "mine"]) {
      const body = await wantedJson({ key, dnsNames: reversed, name });
      assert.not.ok(body.includes(object.spec.request), "the signature is another");
      assert.equal(await objectIn(await post(node, body)), object);
    }
    // what differs is another request, which the token is not good for any more
    for (
      const wanted of [{}, { key, dnsNames: ["etcd1"] }, { key, profile: "etcd-server" as const, dnsNames: names }]
    ) {
      await statusIn(await post(node, await wantedJson({ ...wanted, name: "other" })), 403);
    }
    assert.equal(await objectIn(await node.send("GET", pathOf("v1", NAME)), 200), object);
    assert.is(issuedBy(second), 0);
    assert.equal(await kept(second), [1, 1, 1]);
  });
}

test("a retry of what was deleted gets nothing, and nothing new", async () => {
  const key = await generateKey();
  const world = await credentialWorld();
  await objectIn(await post(world.bearer(ONCE), await wantedJson({ key })));
  assert.is((await world.admin.send("DELETE", pathOf("v1", NAME))).status, 200);
  const status = await statusIn(await post(world.bearer(ONCE), await wantedJson({ key })), 403);
  assert.match(status.message, "has been deleted");
  assert.equal(await kept(world), [0, 1, 1]);
});

test("a token for two uses is good for two requests; a retry is none", async () => {
  const world = await credentialWorld({ tokens: [nodeToken("etcd1", { uses: 2 })] });
  const node = world.bearer("etcd1-token");
  const bodies = await Promise.all([0, 1, 2].map((i) => wantedJson({ name: `n${i}` })));
  const codes: number[] = [];
  for (const body of [...bodies, ...bodies]) codes.push((await post(node, body)).status);
  assert.equal(codes, [201, 201, 403, 201, 201, 403]);
  assert.is(issuedBy(world), 2);
});

test("what is denied or tried with dryRun uses nothing up", async () => {
  const world = await credentialWorld();
  const node = world.bearer(ONCE);
  const denied = await objectIn(await post(node, await wantedJson({ name: "denied", organization: "system:masters" })));
  assert.is(denied.status.conditions?.[0]?.type, "Denied");
  for (let i = 0; i < 3; i++) {
    const tried = await objectIn(await post(node, await wantedJson(), "?dryRun=All"));
    assert.is(tried.status.conditions?.[0]?.type, "Approved");
    assert.is(tried.status.certificate, undefined);
  }
  await statusIn(await post(node, "{"), 400);
  assert.equal(await kept(world), [1, 0, 0]);
  const object = await objectIn(await post(node, await wantedJson()));
  assert.ok(object.status.certificate);
  // and what a dry run says of a token that is used up is what would be
  await statusIn(await post(node, await wantedJson({ name: "b" }), "?dryRun=All"), 403);
});

test("an approval by hand takes no use; what waits has taken one", async () => {
  const world = await credentialWorld({ approval: "manual" });
  const node = world.bearer(ONCE);
  const pending = await objectIn(await post(node, await wantedJson()));
  assert.equal(pending.status, {});
  await statusIn(await post(node, await wantedJson({ name: "second" })), 403);
  const condition = { type: "Approved", status: "True", reason: "Hand", message: "by hand" };
  const sent = { ...pending, status: { conditions: [condition] } };
  const issued = await objectIn(await world.admin.send("PUT", `${pathOf("v1", NAME)}/approval`, sent), 200);
  assert.ok(issued.status.certificate);
  assert.equal(await kept(world), [1, 1, 1]);
});

/** A store that takes no changes where it is told to. */
class FullStore extends MemoryStore {
  isFull = false;
  override async commit(changes: readonly Change[]): Promise<Entry[]> {
    if (this.isFull) throw new CertgenError("io", "Cannot store: no space left on the device");
    return await super.commit(changes);
  }
}

test("where the use cannot be kept the object is not either", async () => {
  const store = new FullStore();
  const world = await credentialWorld({ store });
  const node = world.bearer(ONCE);
  store.isFull = true;
  await statusIn(await post(node, await wantedJson()), 500);
  assert.equal(await kept(world), [0, 0, 0]);
  store.isFull = false;
  assert.ok((await objectIn(await post(node, await wantedJson()))).status.certificate);
});

test("wherever a process dies, use and object are there together or not at all", async () => {
  const key = await generateKey();
  const [body, retry, other] = [await wantedJson({ key }), await wantedJson({ key }), await wantedJson({ name: "x" })];
  const base = await credentialWorld({ kind: "directory" });
  const seen = new Set<string>();
  for (const fault of ["crash-before", "crash-after"] as const) {
    for (let at = 1;; at++) {
      base.files.tree.clear();
      const world = await base.restart();
      world.files.failWith({ at, kind: fault });
      const { status } = await post(world.bearer(ONCE), body);
      world.files.failWith();
      const after = await world.restart();
      const [objects, certificates, tokens] = await kept(after);
      const where = `${fault} of call ${at}: ${objects} objects, ${certificates} certificates, ${tokens} tokens`;
      assert.is(objects, tokens, where);
      assert.ok(certificates <= objects, where);
      if (status === 201) assert.equal([objects, certificates], [1, 1], where);
      seen.add(`${objects}${certificates}`);
      // the node asks again; another cannot have what it has used
      const object = await objectIn(await post(after.bearer(ONCE), retry));
      assert.ok(object.status.certificate, where);
      assert.equal(await kept(after), [1, 1, 1], where);
      await statusIn(await post(after.bearer(ONCE), other), 403);
      if (status === 201) break;
    }
  }
  assert.equal([...seen].sort(), ["00", "10", "11"]);
});

/** Every way in which a node could ask for something under a name. */
async function everyWay(
  node: Pick<Client, "send">,
  body: string,
  name: string,
): Promise<[where: string, answer: Response][]> {
  const json = JSON.parse(body) as { metadata: Record<string, unknown>; [other: string]: unknown };
  const ways: [where: string, answer: Response][] = [];
  for (const version of ["v1", "v1beta1"] as const) {
    const sent = { ...json, apiVersion: `certificates.k8s.io/${version}` };
    ways.push([`POST ${version}`, await node.send("POST", pathOf(version), sent)]);
    const generated = { ...sent, metadata: { generateName: name } };
    ways.push([`POST ${version} generateName`, await node.send("POST", pathOf(version), generated)]);
    const manager = "?fieldManager=x";
    const type = { "content-type": "application/apply-patch+yaml" };
    ways.push([
      `PATCH ${version}`,
      await node.send("PATCH", `${pathOf(version, name)}${manager}`, JSON.stringify(sent), type),
    ]);
    ways.push([`PUT ${version}`, await node.send("PUT", pathOf(version, name), sent)]);
    for (const subresource of ["approval", "status"]) {
      ways.push([`PUT ${subresource}`, await node.send("PUT", `${pathOf(version, name)}/${subresource}`, sent)]);
    }
  }
  return ways;
}

test("a node's token gets no certificate of another's names, nor its object's name, by any way", async () => {
  const world = await credentialWorld();
  const node = world.bearer("etcd1-token");
  const theirs = "system:etcd-peer:etcd2";
  const names = [
    theirs,
    `${theirs}-`,
    `${theirs}-0a1b2c3d`,
    `${theirs}-bcdfg`,
    "system:etcd-server:etcd2",
    "system:etcd-metric:etcd2-0a1b2c3d",
  ];
  for (const profile of ["etcd-peer", "etcd-server"] as const) {
    for (const name of names) {
      // its own CSR, the other's subject, and the other's names under its own subject
      for (const wanted of [{}, { node: "etcd2" }, { dnsNames: ["etcd2"] }]) {
        const body = await wantedJson({ ...wanted, profile, name });
        for (const [where, answer] of await everyWay(node, body, name)) {
          await statusIn(answer, 403);
          assert.equal(await kept(world), [0, 0, 0], `${where} ${name}`);
        }
      }
    }
  }
  assert.is(issuedBy(world), 0);
  // and the other can have what is its own
  await objectIn(await post(world.bearer("etcd2-token"), await wantedJson({ node: "etcd2" })));
});

test("another signer's name gives no way around it", async () => {
  const world = await credentialWorld();
  const node = world.bearer("etcd1-token");
  for (const signerName of ["example.com/x", "certgen.internal/etcd-metric", "certgen.internal/none"]) {
    const parts = { spec: { signerName } };
    for (const asked of [{ node: "etcd2" }, { name: "system:etcd-peer:etcd2" }]) {
      await statusIn(await post(node, await wantedJson({ ...asked, parts })), 403);
    }
  }
  assert.equal(await kept(world), [0, 0, 0]);
});

test("a node whose name is how another's begins does not get its object's name", async () => {
  const tokens = [nodeToken("etcd"), nodeToken("etcd-1")];
  const world = await credentialWorld({ tokens });
  const node = world.bearer("etcd-token");
  for (const name of ["system:etcd-peer:etcd-1", "system:etcd-peer:etcd-1-0a1b2c3d", "system:etcd-peer:etcd-x"]) {
    await statusIn(await post(node, await wantedJson({ node: "etcd", name })), 403);
  }
  assert.equal(await kept(world), [0, 0, 0]);
  for (const name of ["system:etcd-peer:etcd", "system:etcd-peer:etcd-0a1b2c3d"]) {
    await objectIn(await post(node, await wantedJson({ node: "etcd", name })));
  }
  const other = await wantedJson({ node: "etcd-1" });
  await objectIn(await post(world.bearer("etcd-1-token"), other));
});

test("under a name of its own it gets a denial that names the rule", async () => {
  const world = await credentialWorld();
  const node = world.bearer("etcd1-token");
  const asked: [wanted: Parameters<typeof wantedJson>[0], why: RegExp][] = [
    [{ dnsNames: ["etcd1", "etcd2"] }, /bootstrap token is not good for it: dnsNames: .*"etcd2"/],
    [{ ipAddresses: ["10.8.89.10"] }, /bootstrap token is not good for it: ipAddresses: .*"10\.8\.89\.10"/],
    [{ node: "etcd2", dnsNames: ["etcd1"] }, /bootstrap token is not good for it: commonName: .*etcd2/],
    [{ organization: ["system:etcd-peers", "system:masters"] }, /organization/],
  ];
  const objects: CertificateSigningRequest[] = [];
  for (const [i, [wanted, why]] of asked.entries()) {
    const object = await objectIn(await post(node, await wantedJson({ ...wanted, name: `mine-${i}` })));
    const [condition, ...more] = object.status.conditions ?? [];
    assert.is(condition?.type, "Denied");
    assert.match(condition?.message ?? "", why);
    assert.equal(more, []);
    objects.push(object);
  }
  assert.equal(await kept(world), [objects.length, 0, 0]);
  assert.is(issuedBy(world), 0);
});

test.run();
