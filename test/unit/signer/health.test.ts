import { test } from "uvu";
import * as assert from "uvu/assert";
import { healthAnswer } from "../../../src/signer/health.ts";
import { apiWorld } from "../../api.ts";

test("a check that fails is listed, and makes the answer a 503", async () => {
  const answer = healthAnswer("readyz", [{ name: "ping", fault: undefined }, { name: "ca", fault: "expired" }], false);
  assert.is(answer.status, 503);
  assert.is(await answer.text(), "[+]ping ok\n[-]ca failed: expired\nreadyz check failed\n");
});

test("the health endpoints answer everybody, with checks where they are asked for", async () => {
  const { nobody, admin } = await apiWorld();
  for (const path of ["/readyz", "/livez", "/healthz", "/healthz?timeout=1s", "/readyz/"]) {
    for (const client of [nobody, admin]) {
      const answer = await client.send("GET", path);
      assert.is(answer.status, 200);
      assert.is(answer.headers.get("content-type"), "text/plain; charset=utf-8");
      assert.is(answer.headers.get("x-content-type-options"), "nosniff");
      assert.is(await answer.text(), "ok");
      assert.is((await client.send("HEAD", path)).status, 200);
    }
  }
  for (const query of ["verbose", "verbose=", "verbose=false"]) {
    assert.is(await (await nobody.send("GET", `/livez?${query}`)).text(), "[+]ping ok\nlivez check passed\n");
    assert.is(
      await (await nobody.send("GET", `/readyz?${query}`)).text(),
      "[+]ping ok\n[+]ca ok\nreadyz check passed\n",
    );
  }
});

test("a bad credential does not keep a health check from its answer", async () => {
  const { nobody } = await apiWorld();
  assert.is((await nobody.send("GET", "/healthz", undefined, { authorization: "Bearer wrong" })).status, 200);
});

test.run();
