import { test } from "uvu";
import * as assert from "uvu/assert";
import { tokenAuthenticator } from "../../../src/auth/token.ts";
import type { Handler } from "../../../src/ports.ts";
import { get, objectIn, objectJson, pathOf, peerRequest, post, testSigner } from "../../signing.ts";
import { AGENT, wait } from "../../waiting.ts";

test("certgen's own signer tells an administrator by watch, and refuses it to a node, who looks", async () => {
  const admin = { username: "alice", groups: ["certgen:admins", "system:authenticated"], proof: "token" } as const;
  const node = { username: "node", groups: ["system:authenticated"], proof: "bootstrap-token" } as const;
  const { signer } = await testSigner({
    approval: "manual",
    authenticators: [tokenAuthenticator([
      { token: "admin", identity: admin },
      { token: AGENT.token, identity: node },
    ])],
    sleep: (_seconds, signal) =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
  });
  for (const token of ["admin", AGENT.token]) {
    const name = `system:etcd-peer:etcd1-${token === "admin" ? "a" : "b"}`;
    const headers = { authorization: `Bearer ${token}` };
    const created = await objectIn(await post(signer, objectJson(await peerRequest(), { name }), { headers }));
    let asked = 0;
    const handler: Handler = async (request) => {
      const answer = await signer.fetch(request);
      if (++asked === (token === "admin" ? 1 : 2)) await approve(name);
      return answer;
    };
    const { decided, asked: paths } = wait(handler, { ...created }, { token, name });
    assert.ok(Object(await decided)["status"].certificate);
    const isLook = (path: string): boolean => !path.includes("watch=");
    assert.equal(paths().map(isLook), token === "admin" ? [false] : [false, true, true]);
  }

  async function approve(name: string): Promise<void> {
    const headers = { authorization: "Bearer admin", "content-type": "application/json" };
    const object = await objectIn(await get(signer, pathOf("v1", name), headers), 200);
    const conditions = [{ type: "Approved", status: "True", reason: "Test", message: "" }];
    const body = JSON.stringify({ ...object, status: { conditions } });
    const path = `https://signer${pathOf("v1", name)}/approval`;
    await objectIn(await signer.fetch(new Request(path, { method: "PUT", headers, body })), 200);
  }
});

test.run();
