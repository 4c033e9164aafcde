// timeout: 180
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Handler } from "../../../src/ports.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import type { Change, Entry } from "../../../src/store/store.ts";
import { parseCertificate } from "../../../src/x509/certificate.ts";
import { importPrivateKey } from "../../../src/x509/key.ts";
import { agentSigner, agentWorld, NODE } from "../../agent_world.ts";
import { type Fault, MemoryFiles } from "../../memory_files.ts";

const KEY = `certs/${NODE}.key`;
const CERTIFICATE = `certs/${NODE}.crt`;
const STAGED = `certs/.${NODE}/staged`;

/** A store that counts its objects. */
class CountingStore extends MemoryStore {
  readonly names: string[] = [];
  override async commit(changes: readonly Change[]): Promise<Entry[]> {
    const entries = await super.commit(changes);
    for (const { type, name } of changes) if (type === "create" && !name.includes("/")) this.names.push(name);
    return entries;
  }
}

const killed: Handler = () => {
  throw new Error("killed");
};

/** Whether key and certificate on disk belong together; `undefined` where one of them is missing. */
async function isPair(files: MemoryFiles): Promise<boolean | undefined> {
  const [key, certificate] = [files.text(KEY), files.text(CERTIFICATE)];
  if (key === undefined || certificate === undefined) return undefined;
  const { publicKey } = await importPrivateKey(key);
  return parseCertificate(certificate).publicKey.spki.every((octet, i) => octet === publicKey.spki[i]);
}

/** Files as an earlier run left them, or none. */
async function filesBefore(handler: Handler, hasPair: boolean): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  if (hasPair) await agentWorld(handler, files).run();
  return files;
}

const KINDS: readonly Fault["kind"][] = ["crash-before", "crash-after", "error"];

for (const hasPair of [false, true]) {
  for (const kind of KINDS) {
    test(`R57 a ${kind} at every file operation, ${hasPair ? "over a pair" : "on an empty disk"}: the pair always matches, and the next run ends well`, async () => {
      const { signer: any } = await agentSigner();
      const clean = await filesBefore(any.fetch, hasPair);
      const callsBefore = clean.calls.length;
      await agentWorld(any.fetch, clean).run();
      const total = clean.calls.length - callsBefore;
      assert.ok(total > 10);
      for (let at = 1; at <= total; at++) {
        const where = `${kind} at call ${at} of ${total}`;
        const store = new CountingStore();
        const { signer } = await agentSigner({ store });
        const files = await filesBefore(signer.fetch, hasPair);
        const old = [files.text(KEY), files.text(CERTIFICATE)];
        const created = store.names.length;
        files.calls.length = 0;
        files.failWith({ at, kind });
        await agentWorld(signer.fetch, files).run().catch((error: Error) =>
          assert.match(error.message, "ENOSPC", where)
        );
        files.failWith();
        const isAnswered = store.names.length > created;
        const isSwapped = files.calls.some((call) => /^replaceLink .*current/.test(call));
        if (!isSwapped) assert.equal([files.text(KEY), files.text(CERTIFICATE)], old, where);
        assert.is(await isPair(files), hasPair || files.text(KEY) !== undefined ? true : undefined, where);
        for (const [path, { kind, mode }] of files.tree) {
          if (kind === "file" && path.endsWith(".key")) assert.is(mode, 0o600, `${where}: ${path}`);
        }

        await agentWorld(signer.fetch, files).run();
        assert.ok(await isPair(files), where);
        assert.equal([...files.tree.keys()].filter((path) => path.includes("/staged.")), [], where);
        // the request that was answered is sent again, until nothing of it is left
        const isForgotten = files.calls.filter((call) => call.endsWith("/staged.key") && call.startsWith("remove"))
          .length > 1;
        if (isAnswered && !isForgotten) assert.is(store.names.length, created + 1, where);
      }
    });
  }
}

test("a run that was killed after its POST was answered posts the same object again, byte for byte", async () => {
  const store = new CountingStore();
  const { signer } = await agentSigner({ store });
  const files = new MemoryFiles();
  let answered = 0;
  const dying = agentWorld(async (request) => {
    const response = await signer.fetch(request);
    if (request.method === "POST" && ++answered === 1) files.failWith({ at: 1, kind: "crash-before" });
    return response;
  }, files);
  await dying.run().then(() => assert.unreachable(), () => {});
  files.failWith();
  const key = files.text(`${STAGED}.key`);
  assert.ok(key);
  const again = agentWorld(signer.fetch, files);
  await again.run();
  assert.is(again.sent[0]?.body, dying.sent[0]?.body);
  assert.is(files.text(KEY), key);
  assert.is(store.names.length, 1);
  // 409, then GET
  assert.equal(again.sent.map(({ method }) => method), ["POST", "GET", "GET"]);
});

test("a staged request is thrown away where something else is wanted now", async () => {
  const staging = async (): Promise<MemoryFiles> => {
    const files = new MemoryFiles();
    const stuck = agentWorld(killed, files);
    await stuck.run().then(() => assert.unreachable(), () => {});
    assert.ok(files.text(`${STAGED}.key`) && files.text(`${STAGED}.json`));
    return files;
  };
  const first = await staging();
  const request = first.text(`${STAGED}.json`);
  const changes = [
    { dnsNames: ["etcd1"] },
    { ipAddresses: [] },
    { signerName: "other.internal/etcd-peer" },
    { keyType: "ec-p384" },
  ] as const;
  for (const change of changes) {
    const files = await staging();
    await agentWorld(killed, files).run(change).then(() => assert.unreachable(), () => {});
    const staged = files.text(`${STAGED}.json`);
    assert.ok(staged !== undefined && staged !== request);
  }
});

test("a staged request that is broken is made anew", async () => {
  const { signer } = await agentSigner();
  for (
    const [suffix, texts] of [["request", ["", "{", "null", "[]", "{}", '{"spec":{"request":"!"}}']], ["key", [
      "",
      "x",
    ]]] as const
  ) {
    for (const text of texts) {
      const files = new MemoryFiles();
      files.put(`${STAGED}.${suffix === "key" ? "key" : "json"}`, text, 0o600);
      await agentWorld(signer.fetch, files).run();
      assert.ok(await isPair(files));
    }
  }
});

test.run();
