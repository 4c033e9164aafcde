import { test } from "uvu";
import * as assert from "uvu/assert";
import { stateText } from "../../../src/requests/state.ts";
import { addUse, type TokenUse, tokenUses } from "../../../src/requests/token_uses.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { rejection } from "../../fakes.ts";

const use = (name: string): TokenUse => ({ request: `of ${name}`, name, uid: `uid of ${name}` });

test("tokenUses gives back the uses that were added, in order", async () => {
  const store = new MemoryStore();
  const none = await tokenUses(store, "abc");
  assert.equal(none, { id: "abc", uses: [], revision: undefined });
  await store.commit([addUse(none, use("a"))]);
  const one = await tokenUses(store, "abc");
  assert.equal(one, { id: "abc", uses: [use("a")], revision: 1 });
  await store.commit([addUse(one, use("b"))]);
  assert.equal((await tokenUses(store, "abc")).uses, [use("a"), use("b")]);
  assert.equal((await tokenUses(store, "abd")).uses, []);
});

test("addUse: of two who have read the same, one comes too late", async () => {
  const store = new MemoryStore();
  const none = await tokenUses(store, "abc");
  await store.commit([addUse(none, use("a"))]);
  await rejection("already-exists", store.commit([addUse(none, use("b"))]));
  const one = await tokenUses(store, "abc");
  await store.commit([addUse(one, use("b"))]);
  await rejection("conflict", store.commit([addUse(one, use("c"))]));
});

test("tokenUses: what was not written so is no unused token", async () => {
  const specs = [
    {},
    { uses: {} },
    { uses: [7] },
    { uses: [{ ...use("a"), uid: undefined }] },
    { uses: [{ ...use("a"), name: 7 }] },
    { uses: [use("a"), {}] },
  ];
  for (const spec of specs) {
    const store = new MemoryStore();
    await store.create("token/abc", stateText("token", "abc", spec));
    await rejection("io", tokenUses(store, "abc"));
  }
  const store = new MemoryStore();
  await store.create("token/abc", () => "{}");
  await rejection("io", tokenUses(store, "abc"));
});

test.run();
