import { test } from "uvu";
import * as assert from "uvu/assert";
import { type ApiWorld, apiWorld } from "../../api.ts";
import { pathOf } from "../../signing.ts";

const NAMES = Array.from({ length: 230 }, (_, i) => `n${100 + i}`);
const TABLE = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
const PARTIAL = { accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" };

/** As many objects as are read in three parts. */
async function many(names: readonly string[] = NAMES): Promise<ApiWorld> {
  const world = await apiWorld({ rate: { requestsPerSecond: 0 } });
  for (const name of names) {
    const labels = { even: String(Number(name.slice(1)) % 2 === 0) };
    await world.node.create({ name, metadata: { name, labels }, spec: { signerName: "example.com/x" } });
  }
  return world;
}

interface Shown {
  readonly metadata: unknown;
  readonly items?: readonly { readonly metadata: { readonly name: string } }[];
  readonly rows?: readonly { readonly cells: readonly string[] }[];
}

const world = await many();
const list = async (query: string, headers = {}): Promise<{ text: string; shown: Shown }> => {
  const text = await (await world.admin.send("GET", pathOf("v1") + query, undefined, headers)).text();
  return { text, shown: JSON.parse(text) as Shown };
};

test("a list without a limit is whole, in every form, on one line or on several", async () => {
  for (const pretty of ["", "?pretty=true"]) {
    const objects = (await list(pretty)).shown;
    assert.equal(objects.items?.map(({ metadata }) => metadata.name), NAMES);
    assert.equal(objects.metadata, { resourceVersion: "230" });
    assert.equal((await list(pretty, PARTIAL)).shown.items?.map(({ metadata }) => metadata.name), NAMES);
    assert.equal((await list(pretty, TABLE)).shown.rows?.map(({ cells }) => cells[0]), NAMES);
  }
});

test("it is written as a list with a limit is", async () => {
  for (const headers of [{}, TABLE, PARTIAL]) {
    for (const pretty of ["", "&pretty=1"]) {
      const whole = await list(`?fieldSelector=metadata.name%3Dn117${pretty}`, headers);
      assert.is(whole.text, (await list(`?fieldSelector=metadata.name%3Dn117&limit=500${pretty}`, headers)).text);
      const none = await list(`?labelSelector=no${pretty}`, headers);
      assert.is(none.text, (await list(`?labelSelector=no&limit=500${pretty}`, headers)).text);
    }
  }
});

test("it shows what selectors match, and goes on from a page", async () => {
  const even = await list("?labelSelector=even%3Dtrue");
  assert.is(even.shown.items?.length, 115);
  const { metadata } = (await list("?limit=200")).shown as { metadata: { continue: string } };
  const rest = (await list(`?continue=${metadata.continue}`)).shown;
  assert.equal(rest.items?.map((one) => one.metadata.name), NAMES.slice(200));
  assert.is((await world.admin.send("GET", `${pathOf("v1")}?continue=!`)).status, 400);
});

test("deletecollection with a continue token leaves what comes before", async () => {
  const own = await many(NAMES.slice(0, 4));
  const { metadata } = await (await own.admin.send("GET", `${pathOf("v1")}?limit=2`)).json() as {
    metadata: { continue: string };
  };
  assert.is((await own.admin.send("DELETE", `${pathOf("v1")}?continue=${metadata.continue}`)).status, 200);
  const { items } = await (await own.admin.send("GET", pathOf("v1"))).json() as Required<Shown>;
  assert.equal(items.map((one) => one.metadata.name), NAMES.slice(0, 2));
});

test.run();
