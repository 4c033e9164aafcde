// timeout: 240
// kill -9 in the middle of a burst: what was answered is there, whole, after every restart.
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { toBase64Pem } from "../../src/k8s/certificate_signing_request.ts";
import { node } from "../../src/runtime/node.ts";
import { createCsr } from "../../src/x509/csr.ts";
import { generateKey } from "../../src/x509/key.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import { fileName } from "../../src/store/directory.ts";
import { startSigner, temporary } from "../programs.ts";
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
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      const signer = await startSigner(currentRuntime(), [], cwd);
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
        const files = readdirSync(`${cwd}/.certgen/csrs`).filter((file) => !file.startsWith("."));
        for (const file of files) {
          const object = JSON.parse(readFileSync(`${cwd}/.certgen/csrs/${file}`, "utf8"));
          assert.is(file, await fileName(object.metadata.name), "no file is half-written");
          assert.is(object.status.conditions[0].type, "Approved");
          // what was recorded and not issued when the signer was killed is issued now
          const got = JSON.parse(await (await send("GET", object.metadata.name)).text());
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
            answered.set(name, { certificate: status.certificate, uid: metadata.uid });
          }
        };
        const before = answered.size;
        const workers = Array.from({ length: PARALLEL }, () => worker().catch((error) => error));
        while (answered.size < before + 10 + round) await new Promise((resolve) => setTimeout(resolve, 5));
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

test.run();
