import { test } from "uvu";
import * as assert from "uvu/assert";
import { toUtf8 } from "../../../src/bytes.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import type { Change, Entry } from "../../../src/store/store.ts";
import { objectIn, objectJson, peerRequest, post, statusIn, type TestSigner, testSigner } from "../../signing.ts";

/** A store that says what it was asked to keep. */
class WatchedStore extends MemoryStore {
  readonly created: string[] = [];
  override commit(changes: readonly Change[]): Promise<Entry[]> {
    for (const { type, name } of changes) if (type === "create") this.created.push(name);
    return super.commit(changes);
  }
}

async function watched(options: Parameters<typeof testSigner>[0] = {}): Promise<TestSigner & { created: string[] }> {
  const store = new WatchedStore();
  return { ...await testSigner({ ...options, store }), created: store.created };
}

/** A body that never ends, and how many bytes of it were read. */
function endless(
  chunk: Uint8Array,
): { stream: ReadableStream<Uint8Array>; read: () => number; cancelled: () => boolean } {
  let [bytes, cancelled] = [0, false];
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      bytes += chunk.length;
      controller.enqueue(chunk);
    },
    cancel: () => void (cancelled = true),
  }, { highWaterMark: 0 });
  return { stream, read: () => bytes, cancelled: () => cancelled };
}

test("R12 a body that says it is too long is 413, and not read", async () => {
  const { signer, created } = await watched();
  const body = endless(new Uint8Array(1024));
  const response = await post(signer, body.stream, { headers: { "content-length": String((256 << 10) + 1) } });
  const status = await statusIn(response, 413);
  assert.is(status.reason, "RequestEntityTooLarge");
  assert.is(status.message, "Request entity too large: limit is 262144");
  // some runtimes read one chunk ahead
  assert.ok(body.read() <= 2048, `${body.read()} bytes were read`);
  assert.equal(created, []);
});

test("R12 a body without a length is read up to the limit and no further", async () => {
  const { signer, created } = await watched();
  const body = endless(new Uint8Array(64 << 10).fill(0x20));
  await statusIn(await post(signer, body.stream), 413);
  assert.ok(body.read() <= 6 * (64 << 10), `${body.read()} bytes were read`);
  assert.ok(body.cancelled());
  assert.equal(created, []);
});

test("R12 a length that lies does not lift the limit", async () => {
  const { signer } = await watched();
  const body = endless(new Uint8Array(64 << 10).fill(0x20));
  await statusIn(await post(signer, body.stream, { headers: { "content-length": "10" } }), 413);
  assert.ok(body.read() <= 6 * (64 << 10), `${body.read()} bytes were read`);
});

test("R12 the limit is a setting, and a body of exactly the limit is taken", async () => {
  const json = objectJson(await peerRequest());
  const { length } = toUtf8(json);
  const exact = await watched({ maxBodyBytes: length });
  await objectIn(await post(exact.signer, json));
  const less = await watched({ maxBodyBytes: length - 1 });
  await statusIn(await post(less.signer, json), 413);
});

test("R12 10 MB are refused, and the next request is served", async () => {
  const { signer, created } = await watched();
  await statusIn(await post(signer, new Uint8Array(10 << 20)), 413);
  await objectIn(await post(signer, objectJson(await peerRequest())));
  assert.is(created.length, 1);
});

test("a body that breaks off is no 2xx and no fault that tells", async () => {
  const { signer, created } = await watched();
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("secret of the socket")),
  });
  const response = await post(signer, stream);
  assert.ok(response.status >= 400);
  assert.not.match(await response.text(), "secret");
  assert.equal(created, []);
});

test("R12 bad JSON, depth bombs and other shapes are 400", async () => {
  const { signer, created } = await watched();
  const request = await peerRequest();
  const bodies: [string, string | Uint8Array<ArrayBuffer>][] = [
    ["empty", ""],
    ["no JSON", "{"],
    ["trailing text", `${objectJson(request)}x`],
    ["YAML", "kind: CertificateSigningRequest"],
    ["array", "[]"],
    ["null", "null"],
    ["string", '"x"'],
    ["depth bomb of arrays", "[".repeat(100_000)],
    ["deep member that nobody reads", objectJson(request, { other: JSON.parse("[".repeat(32) + "]".repeat(32)) })],
    ["not UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d)],
    ["byte order mark", `\ufeff${objectJson(request)}`],
    ["UTF-16", new Uint8Array([...objectJson(request)].flatMap((c) => [c.charCodeAt(0), 0]))],
    ["protobuf", Uint8Array.of(0x6b, 0x38, 0x73, 0x00, 0x0a, 0x00)],
  ];
  for (const [what, body] of bodies) {
    const status = await statusIn(await post(signer, body), 400);
    assert.is(status.reason, "BadRequest", what);
  }
  const bomb = '{"a":'.repeat(40_000) + "1" + "}".repeat(40_000);
  const started = performance.now();
  await statusIn(await post(signer, bomb), 400);
  assert.ok(performance.now() - started < 1000);
  assert.equal(created, []);
});

test("R12 32 levels are read, 33 are not", async () => {
  const { signer } = await watched();
  const nested = (depth: number): unknown => JSON.parse("[".repeat(depth) + "]".repeat(depth));
  await objectIn(await post(signer, objectJson(await peerRequest(), { other: nested(31), name: "a" })));
  const status = await statusIn(
    await post(signer, objectJson(await peerRequest(), { other: nested(32), name: "b" })),
    400,
  );
  assert.is(status.message, "Cannot read JSON: nesting deeper than 32");
});

test("brackets in strings are no depth", async () => {
  const { signer } = await watched();
  const body = objectJson(await peerRequest(), { other: `\\"${"[{".repeat(1000)}` });
  await objectIn(await post(signer, body));
});

test("R13 another kind or version is 400", async () => {
  const { signer, created } = await watched();
  const request = await peerRequest();
  for (
    const parts of [
      { kind: "Pod" },
      { kind: "certificatesigningrequest" },
      { kind: 7 },
      { kind: {} },
      { apiVersion: "certificates.k8s.io/v1beta1" },
      { apiVersion: "certificates.k8s.io/v1 " },
      { apiVersion: "v1" },
      { apiVersion: ["certificates.k8s.io/v1"] },
      { metadata: { name: 7 } },
      { metadata: { name: ["a"] } },
      { metadata: { labels: { a: 1 } } },
      { metadata: { labels: ["a"] } },
      { metadata: { annotations: "a" } },
      { spec: { request: 7 } },
      { spec: { request: [request] } },
      { spec: { usages: "client auth" } },
      { spec: { usages: [1] } },
      { spec: { signerName: {} } },
      { spec: { expirationSeconds: "600" } },
      { spec: { expirationSeconds: 600.5 } },
      { spec: { expirationSeconds: 2 ** 31 } },
      { spec: { expirationSeconds: 1e300 } },
    ]
  ) {
    const status = await statusIn(await post(signer, objectJson(request, parts)), 400);
    assert.is(status.reason, "BadRequest", JSON.stringify(parts));
  }
  for (const member of ["metadata", "spec"]) await statusIn(await post(signer, `{"${member}":"x"}`), 400);
  await statusIn(await post(signer, objectJson(request, { version: "v1" }), { version: "v1beta1" }), 400);
  await statusIn(await post(signer, '{"metadata":[]}'), 400);
  assert.equal(created, []);
});

test("R18 base64 that is none is 400; PEM that is none is 422", async () => {
  const { signer, created } = await watched();
  const good = await peerRequest();
  for (const request of ["!", "AAA", `${good}=`, good.slice(1), `${good} `, "LS0tLR=="]) {
    const status = await statusIn(await post(signer, objectJson(request)), 400);
    assert.is(status.reason, "BadRequest", request.slice(0, 20));
  }
  const pem = atob(good);
  const label = (text: string): string => pem.replaceAll("CERTIFICATE REQUEST", text);
  const texts = [
    "x",
    "\xff",
    label("CERTIFICATE"),
    label("PRIVATE KEY"),
    pem + pem,
    pem + "x",
    pem.replace("\n", "\nProc-Type: 4,ENCRYPTED\n"),
    pem.slice(0, 200),
    pem.replace(/\n.{10}/, "\n"),
    "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n",
    "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
  ];
  for (const text of texts) {
    const status = await statusIn(await post(signer, objectJson(btoa(text))), 422);
    assert.is(status.reason, "Invalid");
    assert.is(status.details?.causes?.[0]?.field, "spec.request", text.slice(0, 60));
  }
  assert.equal(created, []);
  await objectIn(await post(signer, objectJson(btoa(label("NEW CERTIFICATE REQUEST")))));
  await objectIn(await post(signer, objectJson(btoa(`text before\n${pem}`), { name: "system:etcd-peer:etcd1-2" })));
});

test("a flipped bit anywhere in a CSR is a 4xx or a denial, and the signer lives", async () => {
  const { signer } = await watched();
  const pem = atob(await peerRequest());
  const lines = pem.split("\n");
  const der = Uint8Array.from(atob(lines.slice(1, -2).join("")), (c) => c.charCodeAt(0));
  for (let at = 0; at < der.length; at += 3) {
    const bad = new Uint8Array(der);
    bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
    const text = `${lines[0]}\n${btoa(String.fromCharCode(...bad))}\n${lines.at(-2)}\n`;
    const response = await post(signer, objectJson(btoa(text), { name: `bad-${at}` }));
    const body = JSON.parse(await response.text());
    if (response.status === 201) assert.is(body.status.conditions[0].type, "Denied", `offset ${at}`);
    else assert.ok(response.status === 422 || response.status === 403, `offset ${at}: ${response.status}`);
  }
  await objectIn(await post(signer, objectJson(await peerRequest())));
});

test.run();
