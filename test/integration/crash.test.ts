// timeout: 240
// kill -9 in the middle of a burst: what was answered is there, whole, after every restart.
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { toBase64Pem } from "../../src/k8s/certificate_signing_request.ts";
import { node } from "../../src/runtime/node.ts";
import { createCsr } from "../../src/x509/csr.ts";
import { generateKey } from "../../src/x509/key.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import { openDirectory } from "../../src/requests/directory.ts";
import { fileName } from "../../src/store/file_name.ts";
import { rejection } from "../fakes.ts";
import { requestsIn, startSigner, temporary } from "../programs.ts";
import { currentRuntime } from "../runtimes.ts";

/** Twenty in a soak; a few among the tests, since every one of them starts a program. */
const ROUNDS = Number(process.env["CRASH_ROUNDS"] ?? 3);
const PARALLEL = 8;
const PATH = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

test(`a signer that is killed ${ROUNDS} times loses nothing that it answered`, async () => {
  const { path: cwd, remove } = temporary();
  const answered = new Map<string, { certificate: string; uid: string }>();
  const key = await generateKey();
  let count = 0;
  // the highest revision that anybody has seen before the signer was started
  let seen = 0;
  try {
    // one node asks for everything here, more often than one may
    writeFileSync(`${cwd}/signer.yaml`, "limits: { requestsPerSecond: 100000, burst: 100000 }\n");
    for (let round = 0; round <= ROUNDS; round++) {
      if (round > 0) seen = await checkStore(`${cwd}/.certgen/csrs`, seen);
      const before = seen;
      const see = (resourceVersion: string): void => void (seen = Math.max(seen, Number(resourceVersion)));
      const signer = await startSigner(currentRuntime(), ["--config=signer.yaml"], cwd);
      const ca = readFileSync(`${cwd}/.certgen/serving-ca.crt`, "utf8");
      const token = readFileSync(`${cwd}/.certgen/token`, "utf8").trim();
      const connection = node.connect({ ca });
      const send = async (method: string, name: string, body?: string): Promise<Response> =>
        await connection.fetch(
          new Request(`https://127.0.0.1:${signer.port}${PATH}${method === "GET" ? `/${name}` : ""}`, {
            method,
            headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
            ...body === undefined ? {} : { body },
          }),
        );
      try {
        for (const [name, { certificate, uid }] of answered) {
          const object = JSON.parse(await (await send("GET", name)).text());
          assert.is(object.metadata.uid, uid, `${name} is the same object`);
          assert.is(object.status.certificate, certificate, `${name} has the certificate that was answered`);
        }
        for (const file of requestsIn(`${cwd}/.certgen/csrs`)) {
          const object = JSON.parse(readFileSync(`${cwd}/.certgen/csrs/${file}`, "utf8"));
          assert.is(file, await fileName(object.metadata.name), "no file is half-written");
          assert.is(object.status.conditions[0].type, "Approved");
          // what was recorded and not issued when the signer was killed is issued now
          const answer = await send("GET", object.metadata.name);
          assert.is(answer.status, 200, object.metadata.name);
          const got = JSON.parse(await answer.text());
          see(got.metadata.resourceVersion);
          assert.ok(parseCertificate(atob(got.status.certificate)).serialNumber);
          assert.is(
            got.metadata.annotations["certgen.internal/serial-number"],
            parseCertificate(atob(got.status.certificate)).serialNumber.padStart(32, "0"),
          );
        }
        if (round === ROUNDS) break;
        const worker = async (): Promise<void> => {
          for (;;) {
            const name = `system:etcd-peer:node${count++}`;
            const csr = await createCsr({
              key,
              subject: { organization: "system:etcd-peers", commonName: name },
              dnsNames: ["node"],
            });
            const spec = {
              request: toBase64Pem(csr.pem),
              signerName: "certgen.internal/etcd-peer",
              usages: ["client auth"],
            };
            const response = await send("POST", name, JSON.stringify({ metadata: { name }, spec }));
            assert.is(response.status, 201, await response.clone().text());
            const { status, metadata } = JSON.parse(await response.text());
            assert.ok(Number(metadata.resourceVersion) > before, `${metadata.resourceVersion} after ${before}`);
            see(metadata.resourceVersion);
            answered.set(name, { certificate: status.certificate, uid: metadata.uid });
          }
        };
        const size = answered.size;
        const workers = Array.from({ length: PARALLEL }, () => worker().catch((error) => error));
        while (answered.size < size + 10 + round) await new Promise((resolve) => setTimeout(resolve, 5));
        await signer.stop("SIGKILL");
        for (const error of await Promise.all(workers)) assert.match(String(error.code), "unavailable", String(error));
      } finally {
        connection.close();
        await signer.stop("SIGKILL");
      }
    }
    assert.ok(answered.size >= ROUNDS * 10);
  } finally {
    remove();
  }
});

/** Opens what a killed signer left: its revisions go on, who watched it is told to list again, and no file is broken. */
async function checkStore(directory: string, seen: number): Promise<number> {
  const store = await openDirectory(node.files, directory);
  const { entries, revision } = await store.list();
  assert.is(entries.length, requestsIn(directory).length, "every file can be read");
  const highest = Math.max(seen, ...entries.map((entry) => entry.revision));
  assert.ok(revision > highest, `${revision} after ${highest}`);
  const { signal } = new AbortController();
  for (const after of [0, seen, highest]) {
    await rejection("expired", store.watch(after, signal)[Symbol.asyncIterator]().next());
  }
  const created = await store.create("probe", (next) => JSON.stringify(probe(next)));
  assert.ok(created.revision > highest);
  return (await store.delete("probe", created.revision)).revision;
}

const probe = (revision: number): unknown => ({
  apiVersion: "certificates.k8s.io/v1",
  metadata: { name: "probe", resourceVersion: String(revision) },
});

test.run();
