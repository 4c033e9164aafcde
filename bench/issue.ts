/**
 * What issuing costs beside what WebCrypto itself costs: the same CSRs through `signCsr`, and through a bare loop of
 * import, verify and sign. Rounds are interleaved; only the ratios of one run mean anything.
 */
import process from "node:process";
import { createCa, createCsr, generateKey, type Issuer, type KeyType, parseCsr, signCsr } from "../mod.ts";
import { webCryptoParameters } from "../src/x509/algorithm.ts";
import { verifySignature } from "../src/x509/public_key.ts";

const COUNT = 320;
const PARALLEL = 16;
const ROUNDS = 7;

type Step = (csr: Uint8Array<ArrayBuffer>) => Promise<unknown>;

interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

async function cost(csrs: readonly Uint8Array<ArrayBuffer>[], step: Step): Promise<Cost> {
  const started = performance.now();
  const before = process.cpuUsage();
  const queue = csrs.values();
  await Promise.all(Array.from({ length: PARALLEL }, async () => {
    for (const csr of queue) await step(csr);
  }));
  const { user, system } = process.cpuUsage(before);
  return { wall: performance.now() - started, cpu: (user + system) / 1000 };
}

/** Import and verify the request's key, sign as many bytes as a certificate has: nothing else. */
function bare(ca: Issuer): Step {
  const parameters = webCryptoParameters(ca.signatureAlgorithm);
  const tbs = new Uint8Array(ca.certificate.tbsCertificate);
  const parsed = new Map<Uint8Array, ReturnType<typeof parseCsr>>();
  return async (der) => {
    const csr = parsed.get(der) ?? parseCsr(der);
    parsed.set(der, csr);
    await verifySignature(csr.publicKey, csr.signatureAlgorithm, csr.certificationRequestInfo, csr.signature, "CSR");
    await crypto.subtle.sign(parameters, ca.privateKey, tbs);
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

const ca = await createCa({ commonName: "bench" });
console.log(`| key | certificates/s | issue ÷ bare, CPU | wall |\n|---|---|---|---|`);
for (const type of ["ec-p256", "ec-p384", "ed25519", "rsa-2048"] satisfies KeyType[]) {
  const subject = { organization: "system:etcd-peers", commonName: "system:etcd-peer:bench" };
  const keys = await Promise.all(Array.from({ length: 16 }, () => generateKey(type)));
  const csrs = await Promise.all(
    Array.from(
      { length: COUNT },
      (_, i) => createCsr({ key: keys[i % 16] ?? ca, subject, dnsNames: [`node${i}`], ipAddresses: ["10.8.89.9"] }),
    ),
  );
  const ders = csrs.map(({ der }) => der);
  const issue: Step = async (csr) => await signCsr(csr, ca, { profile: "etcd-peer" });
  const loop = bare(ca);
  await cost(ders, issue);
  await cost(ders, loop);
  const ratios: Cost[] = [];
  let rate = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const [issued, looped] = [await cost(ders, issue), await cost(ders, loop)];
    ratios.push({ cpu: looped.cpu / issued.cpu, wall: looped.wall / issued.wall });
    rate = Math.max(rate, COUNT / issued.wall * 1000);
  }
  const of = (key: keyof Cost): string => median(ratios.map((ratio) => ratio[key])).toFixed(2);
  console.log(`| ${type} | ${rate.toFixed(0)} | ${of("cpu")} | ${of("wall")} |`);
}
