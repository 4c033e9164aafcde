import { test } from "uvu";
import * as assert from "uvu/assert";
import { firstOf } from "../../../src/auth/authenticator.ts";
import { createProof } from "../../../src/auth/proof.ts";
import { type Bytes, toUtf8 } from "../../../src/bytes.ts";
import { CertgenError } from "../../../src/errors.ts";
import type { Handler } from "../../../src/ports.ts";
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { head, rawClient } from "../../contract/raw_client.ts";
import { holder, proofOptions, proving, rawProof } from "../../proof.ts";

const peer = await holder();
const { random: _, ...OPTIONS } = proofOptions(peer);
const runtime = await detectRuntime();

/** A server that says who asks, and gives the body back. */
async function serving(action: (port: number, seen: string[]) => Promise<void>): Promise<void> {
  const authenticate = firstOf([proving([peer.record]).authenticate]);
  const seen: string[] = [];
  const handler: Handler = async (request) => {
    try {
      const { username } = await authenticate(request);
      seen.push(new URL(request.url).pathname);
      return new Response(`${username} ${await request.text()}`);
    } catch (error) {
      if (!(error instanceof CertgenError)) throw error;
      return new Response(error.code, { status: error.code === "too-large" ? 413 : 401 });
    }
  };
  const server = await runtime.serve({ hostname: "127.0.0.1", port: 0, handler });
  try {
    await action(server.port, seen);
  } finally {
    await server.stop(0);
  }
}

/** What comes of a proof for a URL as it is written, over this runtime's own `fetch`. */
async function asked(url: string, method = "GET", body?: Bytes): Promise<string> {
  const authorization = await createProof({ ...OPTIONS, method, url, ...body && { body } });
  const response = await fetch(url, { method, headers: { authorization }, ...body && { body } });
  return `${response.status} ${await response.text()}`;
}

const KNOWN = "200 certgen:cert:etcd-peer:system:etcd-peer:etcd1 ";

test("a proof holds over the network, with a body and without one", async () => {
  await serving(async (port) => {
    const url = `http://127.0.0.1:${port}/apis?a=b`;
    for (const method of ["GET", "DELETE", "OPTIONS"]) assert.is(await asked(url, method), KNOWN, method);
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      assert.is(await asked(url, method, toUtf8("body")), `${KNOWN}body`, method);
    }
    assert.is(await asked(url, "POST", new Uint8Array(1000)), KNOWN + "\0".repeat(1000));
    assert.is(await asked(url, "POST", new Uint8Array(1001)), "413 too-large");
  });
});

test("client and server have the same text for a URL, however it was written", async () => {
  await serving(async (port) => {
    const paths = [
      "",
      "/",
      "?",
      "/?",
      "/?#",
      "/?a=b#fragment",
      "/#a?b",
      "//",
      "//elsewhere/x",
      "///x//",
      "/a/./b/../c",
      "/a/%2e%2E/b",
      "/..",
      "/%7Ea~",
      "/%41%2F%2f%5c",
      "/a\\b",
      "/system:etcd-peer:etcd1",
      "/a b",
      "/a%20b+c",
      "/\u00e4/\u{1f511}",
      "/%C3%A4",
      "/%E4",
      "/%",
      "/%zz",
      "/a;b=c,d!$&'()*@",
      '/"<>`{}',
      "/?a=b&a=c&&=",
      "/?q='\"<> \u00e4",
      "/?%27%22?/\\",
      "/a?b?c#d?e",
    ];
    for (const path of paths) {
      const answer = await asked(`http://127.0.0.1:${port}${path}`);
      // Bun's fetch sends one slash where a path begins with several
      const isOther = "Bun" in globalThis && path.startsWith("//") && answer === "401 unauthorized";
      if (!isOther) assert.is(answer, KNOWN, path);
    }
    for (const base of [`HTTP://127.0.0.1:${port}`, `http://127.1:${port}`]) {
      assert.is(await asked(`${base}/x`), KNOWN, base);
    }
  });
});

test("scheme, host and port may change on the way", async () => {
  await serving(async (port) => {
    for (
      const url of ["https://signer.example/x?y", "HTTPS://SIGNER.example:443/x?y", "https://user:pass@[::1]:1/x?y"]
    ) {
      const authorization = await createProof({ ...OPTIONS, url });
      assert.is((await fetch(`http://127.0.0.1:${port}/x?y`, { headers: { authorization } })).status, 200, url);
    }
  });
});

/** The status that a request line gets with a proof for a path as it is given. */
async function status(port: number, target: string, path: string, ...headers: string[]): Promise<string> {
  const proof = await rawProof(peer, { path, nonce: `${String(++count).padStart(20, "0")}AA` });
  const client = await rawClient(port);
  client.send(head("GET", target, `Authorization: ${proof}`, "Connection: close", ...headers));
  return /^HTTP\/1\.1 (\d+)/.exec(await client.all())?.[1] ?? "";
}
let count = 0;

test("a target that no URL would have is what its URL is, or refused", async () => {
  await serving(async (port, seen) => {
    assert.is(await status(port, "/a?b", "/a?b"), "200");
    // what is signed is what the handler sees: never the one form for the proof and the other for the route
    const same = [
      ["/a/../b", "/b"],
      ["/%2e%2e/b", "/b"],
      ["/a#b", "/a"],
      ["/a?", "/a"],
      ["/a\\b", "/a/b"],
      ["//elsewhere/x", "//elsewhere/x"],
      ["/%7e", "/%7e"],
      ["/a'b\"", "/a'b%22"],
    ] as const;
    for (const [target, path] of same) {
      seen.length = 0;
      assert.match(await status(port, target, path), /^(?:200|400)$/, target);
      if (seen.length > 0) assert.equal(seen, [path]);
      if (target !== path) assert.match(await status(port, target, target), /^40[01]$/, `${target} as it is`);
    }
    for (
      const [target, path] of [["/%7E", "/~"], ["/%7E", "/%7e"], ["//x", "/x"], ["/A", "/a"], ["/a/", "/a"], [
        "/a",
        "/a?",
      ]]
    ) {
      assert.is(await status(port, target ?? "", path ?? ""), "401", `${target} for ${path}`);
    }
    for (const target of ["http://127.0.0.1/a", "https://signer/a", "*", "a"]) {
      assert.is(await status(port, target, "/a"), "400", target);
    }
    assert.match(await status(port, "/\xe4", "/%C3%A4"), /^(?:200|40[01])$/);
  });
});

test("a second credential over the network is refused, and so is a proof that is folded or too long", async () => {
  await serving(async (port) => {
    assert.is(await status(port, "/a", "/a", "Authorization: Bearer x"), "401");
    const again = await rawProof(peer, { path: "/a", nonce: "A".repeat(22) });
    assert.is(await status(port, "/a", "/a", `authorization: ${again}`), "401");
    assert.match(await status(port, "/a", "/a", `X: ${"a".repeat(17_000)}`), /^431$/);
    const [scheme, value = ""] = again.split(" ");
    const client = await rawClient(port);
    client.send(head("GET", "/a", `Authorization: ${scheme}\r\n ${value}`, "Connection: close"));
    assert.match(await client.all(), /^HTTP\/1\.1 (?:400|401|200) /);
  });
});

test.run();
