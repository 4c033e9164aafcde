import { test } from "uvu";
import * as assert from "uvu/assert";
import { readKubeconfig } from "../../../src/agent/kubeconfig.ts";
import { rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

type Parts = {
  readonly cluster?: string;
  readonly user?: string;
  readonly context?: string;
  readonly current?: string;
};

/** A kubeconfig in YAML, with some of it changed. */
function config(parts: Parts = {}): string {
  const {
    cluster = `{ server: "https://signer:6443", certificate-authority-data: ${btoa(PEM)} }`,
    user = "{ token: abc }",
    context = "{ cluster: c, user: u }",
    current = "ctx",
  } = parts;
  return [
    "apiVersion: v1",
    "kind: Config",
    `current-context: ${current}`,
    `contexts: [{ name: other, context: { cluster: x, user: y } }, { name: ctx, context: ${context} }]`,
    `clusters: [{ name: x, cluster: { server: "https://x" } }, { name: c, cluster: ${cluster} }]`,
    `users: [{ name: y, user: {} }, { name: u, user: ${user} }]`,
  ].join("\n");
}

const read = (text: string, path: string = "/etc/kube/config", others: Record<string, string> = {}) => {
  const files = new MemoryFiles();
  files.put(path, text);
  for (const [name, content] of Object.entries(others)) files.put(name, content);
  return readKubeconfig(files, path);
};

const fault = async (text: string): Promise<string> => (await rejection("malformed-object", read(text))).message;

test("readKubeconfig reads data, token and URL of the current context", async () => {
  assert.equal(await read(config()), { url: "https://signer:6443", ca: PEM, token: "abc", client: undefined });
});

test("readKubeconfig reads JSON, and base64 that is folded", async () => {
  const folded = btoa(PEM).replace(/.{20}/g, "$& ");
  const { ca } = await read(config({ cluster: `{ server: "https://a", certificate-authority-data: "${folded}" }` }));
  assert.is(ca, PEM);
  const json = JSON.stringify({
    "current-context": "a",
    contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
    clusters: [{ name: "a", cluster: { server: "https://a/", "certificate-authority-data": btoa(PEM) } }],
    users: [{ name: "a", user: {} }],
  });
  assert.equal(await read(json), { url: "https://a", ca: PEM, token: undefined, client: undefined });
});

test("files are taken from the kubeconfig's own directory, absolute ones as they are", async () => {
  const cluster = "{ server: https://signer, certificate-authority: pki/ca.crt }";
  const user = "{ tokenFile: ../token, client-certificate: me.crt, client-key: /abs/me.key }";
  const others = {
    "/etc/kube/pki/ca.crt": PEM,
    "/etc/kube/../token": " tok \n",
    "/etc/kube/me.crt": "certificate",
    "/abs/me.key": "key",
  };
  assert.equal(await read(config({ cluster, user }), "/etc/kube/config", others), {
    url: "https://signer",
    ca: PEM,
    token: "tok",
    client: { certificate: "certificate", privateKey: "key" },
  });
  const here = config({ cluster: "{ server: https://signer, certificate-authority: ca.crt }" });
  assert.is((await read(here, "config", { "ca.crt": PEM })).ca, PEM);
});

test("data holds over files, token over tokenFile", async () => {
  const cluster = `{ server: https://a, certificate-authority-data: ${btoa(PEM)}, certificate-authority: gone }`;
  const user = `{ token: a, tokenFile: gone, client-certificate-data: ${btoa("c")}, client-key-data: ${btoa("k")} }`;
  assert.equal(await read(config({ cluster, user })), {
    url: "https://a",
    ca: PEM,
    token: "a",
    client: { certificate: "c", privateKey: "k" },
  });
});

test("a file that is not there is said by its path", async () => {
  const error = await rejection("not-found", read(config({ user: "{ tokenFile: gone }" })));
  assert.match(error.message, "/etc/kube/gone");
  await rejection("not-found", readKubeconfig(new MemoryFiles(), "/gone"));
});

test("what is not accepted is refused by name, with a word on what to do", async () => {
  const url = `server: https://a, certificate-authority-data: ${btoa(PEM)}`;
  const cases: [Parts, string, RegExp][] = [
    [
      { cluster: `{ ${url}, insecure-skip-tls-verify: true }` },
      "insecure-skip-tls-verify",
      /give certificate-authority-data/,
    ],
    [{ cluster: `{ ${url}, insecure-skip-tls-verify: "no" }` }, "insecure-skip-tls-verify", /give/],
    [{ cluster: `{ ${url}, proxy-url: http://p }` }, "proxy-url", /connections are direct/],
    [{ cluster: `{ ${url}, tls-server-name: x }` }, "tls-server-name", /must hold the name in its URL/],
    [{ user: "{ exec: { command: reboot } }" }, "exec", /credential plugins are not run/],
    [{ user: "{ token: a, exec: {} }" }, "exec", /credential plugins are not run/],
    [{ user: "{ auth-provider: { name: gcp } }" }, "auth-provider", /credential plugins are not run/],
    [{ user: "{ username: a, password: b }" }, "username", /passwords are not sent/],
    [{ user: "{ token: a, as: root }" }, "as", /impersonation is not used/],
  ];
  for (const [parts, key, words] of cases) {
    const message = await fault(config(parts));
    assert.ok(message.startsWith(`Cannot use kubeconfig "/etc/kube/config": ${key} is not accepted: `), message);
    assert.match(message, words);
  }
});

test("a refused field that says nothing is none", async () => {
  const cluster = `{ server: https://a, certificate-authority-data: ${
    btoa(PEM)
  }, insecure-skip-tls-verify: false, proxy-url: "" }`;
  assert.is((await read(config({ cluster, user: '{ exec: null, username: "" }' }))).url, "https://a");
});

test("what is missing is named", async () => {
  const ca = `certificate-authority-data: ${btoa(PEM)}`;
  const cases: [Parts, RegExp][] = [
    [{ current: '""' }, /it has no context "" in contexts/],
    [{ current: "gone" }, /it has no context "gone" in contexts/],
    [{ current: "null" }, /it has no context "" in contexts/],
    [{ context: "{ user: u }" }, /it has no cluster "" in clusters/],
    [{ context: "{ cluster: gone, user: u }" }, /it has no cluster "gone" in clusters/],
    [{ context: "{ cluster: c, user: gone }" }, /it has no user "gone" in users/],
    [{ context: "{ cluster: c }" }, /it has no user "" in users/],
    [{ cluster: "{ server: https://a }" }, /no certificate-authority-data: system roots are not trusted/],
    [{ cluster: `{ ${ca} }` }, /server "" is no https:\/\/ address/],
    [{ user: `{ client-certificate-data: ${btoa("c")} }` }, /only one of client certificate and client key/],
    [{ user: `{ client-key-data: ${btoa("k")} }` }, /only one of client certificate and client key/],
  ];
  for (const [parts, message] of cases) assert.match(await fault(config(parts)), message);
});

test("only https:// addresses are taken, without credentials, query or fragment", async () => {
  const servers = [
    "http://signer",
    "HTTPS:signer",
    "signer:6443",
    "ftp://signer",
    "https://",
    "https://user:pw@signer",
    "https://signer?x=y",
    "https://signer#x",
    "https://signer/a?b",
    "file:///etc/passwd",
    " https://signer",
  ];
  const ca = `certificate-authority-data: ${btoa(PEM)}`;
  for (const server of servers) {
    assert.match(await fault(config({ cluster: `{ server: "${server}", ${ca} }` })), /is no https:\/\/ address$/);
  }
  for (
    const [server, url] of [["https://signer/base/", "https://signer/base"], [
      "https://[::1]:6443",
      "https://[::1]:6443",
    ]]
  ) {
    assert.is((await read(config({ cluster: `{ server: "${server}", ${ca} }` }))).url, url);
  }
});

test("wrong types and other YAML are malformed, never a crash", async () => {
  const texts = [
    "",
    "x",
    "[]",
    "- a",
    "7",
    "null",
    "a: [",
    "a: b: c",
    "\t",
    "contexts: 7\ncurrent-context: a",
    "contexts: [7, null, x]\ncurrent-context: a",
    config({ current: "[a]" }),
    config({ context: "7" }),
    config({ context: "[]" }),
    config({ cluster: "[]" }),
    config({ user: "x" }),
    config({ cluster: "{ server: 7 }" }),
    config({ user: "{ token: [] }" }),
    config({ user: "{ token: 7 }" }),
    config({ cluster: '{ server: https://a, certificate-authority-data: "!" }' }),
    config({ cluster: '{ server: https://a, certificate-authority-data: "/w==" }' }),
  ];
  for (const text of texts) {
    const message = await fault(text);
    assert.ok(message.length < 400 && !message.includes("\n"), message);
  }
});

test("__proto__ names nothing", async () => {
  await fault(config({ current: "__proto__" }));
  await fault("__proto__: { current-context: ctx }");
});

test("an alias is followed; a bomb of aliases is refused in no time", async () => {
  const url = `server: https://a, certificate-authority-data: ${btoa(PEM)}`;
  const aliased = config().replace(/cluster: \{ server: "https:\/\/signer.*?\} \}\]/, `cluster: *c }]`);
  assert.is((await read(`x: &c { ${url} }\n${aliased}`)).url, "https://a");
  const levels = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(", ")}]`);
  const started = performance.now();
  const message = await fault(`a0: &a0 lol\n${levels.join("\n")}\n${config()}`);
  assert.match(message, /^Cannot read kubeconfig "\/etc\/kube\/config": /);
  assert.ok(performance.now() - started < 1000);
});

test("a file that is too large or no text is refused", async () => {
  const files = new MemoryFiles();
  files.put("/big", "x".repeat((1 << 20) + 1));
  files.put("/binary", Uint8Array.of(0xff));
  await rejection("too-large", readKubeconfig(files, "/big"));
  await rejection("malformed-object", readKubeconfig(files, "/binary"));
});

test("no token stands in an error", async () => {
  const message = await fault(config({ user: "{ token: s3cr3t, exec: {} }" }));
  assert.not.match(message, "s3cr3t");
  const broken = await fault(`${config({ user: "{ token: s3cr3t }" })}\n  bad: [`);
  assert.not.match(broken, "s3cr3t");
});

test.run();
