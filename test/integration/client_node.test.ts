// timeout: 120
// runtimes: node
// The JavaScript client of Kubernetes against the signer program, which runs on each runtime in turn.
import {
  ApiException,
  CertificatesV1Api,
  type Informer,
  KubeConfig,
  makeInformer,
  type ObjectCache,
  PatchStrategy,
  setHeaderOptions,
  type V1CertificateSigningRequest,
  Watch,
} from "@kubernetes/client-node";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { toBase64Pem } from "../../src/k8s/certificate_signing_request.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import { createCsr } from "../../src/x509/csr.ts";
import { pause, type RunningSigner, startSigner, temporary } from "../programs.ts";
import { RUNTIMES } from "../runtimes.ts";
import { sharedKey } from "../signing.ts";

const PATH = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
const ARGS = ["--approval=manual"];

/** What the client knows after it has read the administrator's kubeconfig. */
interface World {
  readonly cwd: string;
  readonly signer: RunningSigner;
  readonly config: KubeConfig;
  readonly api: CertificatesV1Api;
}

async function withSigner(runtime: typeof RUNTIMES[number], use: (world: World) => Promise<void>): Promise<void> {
  const { path: cwd, remove } = temporary();
  try {
    const signer = await startSigner(runtime, ARGS, cwd);
    try {
      const config = new KubeConfig();
      config.loadFromFile(`${cwd}/.certgen/admin.kubeconfig`);
      await use({ cwd, signer, config, api: config.makeApiClient(CertificatesV1Api) });
    } finally {
      await signer.stop();
    }
  } finally {
    remove();
  }
}

async function peer(name: string, labels: Record<string, string> = {}): Promise<V1CertificateSigningRequest> {
  const commonName = `system:etcd-peer:${name}`;
  const subject = { organization: "system:etcd-peers", commonName };
  const { pem } = await createCsr({ key: await sharedKey(), subject, dnsNames: [name] });
  return {
    metadata: { name: commonName, labels },
    spec: { request: toBase64Pem(pem), signerName: "certgen.internal/etcd-peer", usages: ["client auth"] },
  };
}

const nameOf = ({ metadata }: V1CertificateSigningRequest): string => metadata?.name ?? "";

/** Waits for what a test's own callbacks bring about. */
async function until(what: string, test: () => boolean): Promise<void> {
  for (const end = Date.now() + 15_000; !test(); await pause(0.02)) {
    if (Date.now() > end) throw new Error(`no ${what} within 15 s`);
  }
}

/** The error of an answer that is no success, with the Status in it. */
async function refusal(promise: Promise<unknown>): Promise<{ code: number; status: Record<string, unknown> }> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    return { code: error.code, status: JSON.parse(String(error.body)) as Record<string, unknown> };
  }
  throw new Error("was not refused");
}

for (const runtime of RUNTIMES) {
  test(`client-node creates, reads, labels, approves, watches and deletes at a signer on ${runtime}`, async () => {
    await withSigner(runtime, async ({ config, api }) => {
      const told: string[] = [];
      let ended: { because: unknown } | undefined;
      const watch = await new Watch(config).watch(
        PATH,
        { resourceVersion: (await api.listCertificateSigningRequest()).metadata?.resourceVersion },
        (type: string, object: V1CertificateSigningRequest) => told.push(`${type} ${nameOf(object)}`),
        (because: unknown) => ended = { because },
      );

      const body = await peer("one");
      const created = await api.createCertificateSigningRequest({ body });
      const name = "system:etcd-peer:one";
      assert.is(nameOf(created), name);
      assert.ok(created.metadata?.creationTimestamp instanceof Date);
      assert.is(created.spec.username, "certgen:admin");
      const again = await refusal(api.createCertificateSigningRequest({ body }));
      assert.is(again.code, 409);
      assert.is(again.status["reason"], "AlreadyExists");
      assert.is(again.status["message"], `certificatesigningrequests.certificates.k8s.io "${name}" already exists`);

      const read = await api.readCertificateSigningRequest({ name });
      assert.equal(read, created);
      const { items, kind } = await api.listCertificateSigningRequest({ limit: 10 });
      assert.equal([kind, items.map(nameOf)], ["CertificateSigningRequestList", [name]]);

      for (const [strategy, patch] of patches()) {
        const options = setHeaderOptions("Content-Type", strategy);
        await api.patchCertificateSigningRequest({ name, body: patch }, options);
      }
      const labelled = await api.readCertificateSigningRequest({ name });
      assert.equal(labelled.metadata?.labels, { json: "1", merge: "2", strategic: "3" });
      const selected = await api.listCertificateSigningRequest({ labelSelector: "json=1,merge!=3" });
      // as kube-apiserver's, the items of a list do not repeat its kind
      const { kind: _kind, apiVersion: _apiVersion, ...item } = labelled;
      assert.equal(selected.items.map((object) => ({ ...object })), [item]);
      assert.equal((await api.listCertificateSigningRequest({ labelSelector: "!json" })).items, []);

      const conditions = [{ type: "Approved", status: "True", reason: "ByTest", message: "seen and approved" }];
      const approval = { ...labelled, status: { conditions } };
      const stale = { ...approval, metadata: { ...read.metadata } };
      const late = await refusal(api.replaceCertificateSigningRequestApproval({ name, body: stale }));
      assert.equal([late.code, late.status["reason"]], [409, "Conflict"]);
      await api.replaceCertificateSigningRequestApproval({ name, body: approval });
      const issued = await api.readCertificateSigningRequestStatus({ name });
      assert.equal(issued.status?.conditions?.map(({ type, reason }) => `${type} ${reason}`), ["Approved ByTest"]);
      const { subject } = parseCertificate(atob(issued.status?.certificate ?? ""));
      assert.is(subject.attributes.at(-1)?.value, name);

      const status = await api.deleteCertificateSigningRequest({ name });
      assert.is(status.status, "Success");
      const gone = await refusal(api.readCertificateSigningRequest({ name }));
      assert.is(gone.code, 404);
      assert.is(gone.status["message"], `certificatesigningrequests.certificates.k8s.io "${name}" not found`);

      await until("DELETED", () => told.at(-1) === `DELETED ${name}`);
      const modified = told.length - 2;
      assert.ok(modified >= 4, `three patches and an approval in ${told}`);
      assert.equal(told, [`ADDED ${name}`, ...Array(modified).fill(`MODIFIED ${name}`), `DELETED ${name}`]);
      assert.is(ended, undefined, "the watch goes on");
      watch.abort();
      await until("end of the watch", () => ended !== undefined);
      await api.createCertificateSigningRequest({ body: await peer("two") });
      assert.is(told.length, modified + 2, "nothing is told after that");
    });
  });
}

test("a client-node informer lists again after a restart of the signer", async () => {
  await withSigner("node", async ({ cwd, config, api, signer }) => {
    await api.createCertificateSigningRequest({ body: await peer("before") });
    const informer = makeInformer(config, PATH, () => api.listCertificateSigningRequest());
    const seen = follow(informer);
    await informer.start();
    try {
      await until("the listed object", () => seen.told.includes("add before"));
      await api.createCertificateSigningRequest({ body: await peer("live") });
      await until("a new object", () => seen.told.includes("add live"));
      await label(api, "live");
      await until("a change", () => seen.told.includes("update live"));
      await api.deleteCertificateSigningRequest({ name: "system:etcd-peer:live" });
      await until("a deletion", () => seen.told.includes("delete live"));
      assert.equal(seen.told, ["add before", "add live", "update live", "delete live"]);
      assert.is(seen.restarts(), 0);

      const { code } = await signer.stop();
      assert.is(code, 0, "an open watch does not hold the signer");
      await until("an error of the informer", () => seen.restarts() > 0);
      const second = await startSigner("node", [...ARGS, `--address=127.0.0.1:${signer.port}`], cwd);
      try {
        await api.createCertificateSigningRequest({ body: await peer("after") });
        await label(api, "before");
        await until("what is new", () => seen.told.includes("add after") && seen.told.includes("update before"));
        const { items } = await api.listCertificateSigningRequest();
        const cached = ["before", "after"].map((name) => informer.get(`system:etcd-peer:${name}`));
        assert.equal(cached.map((object) => object?.metadata?.resourceVersion), [
          items.find((object) => nameOf(object).endsWith(":before"))?.metadata?.resourceVersion,
          items.find((object) => nameOf(object).endsWith(":after"))?.metadata?.resourceVersion,
        ]);
        assert.is(seen.told.filter((line) => line === "add after").length, 1);
      } finally {
        seen.end();
        await informer.stop();
        await second.stop();
      }
    } finally {
      seen.end();
      await informer.stop();
    }
  });
});

function patches(): [string, unknown][] {
  return [
    [PatchStrategy.JsonPatch, [{ op: "add", path: "/metadata/labels", value: { json: "1" } }]],
    [PatchStrategy.MergePatch, { metadata: { labels: { merge: "2" } } }],
    [PatchStrategy.StrategicMergePatch, { metadata: { labels: { strategic: "3" } } }],
  ];
}

async function label(api: CertificatesV1Api, name: string): Promise<void> {
  const body = { metadata: { labels: { changed: "yes" } } };
  const options = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  await api.patchCertificateSigningRequest({ name: `system:etcd-peer:${name}`, body }, options);
}

type OurInformer = Informer<V1CertificateSigningRequest> & ObjectCache<V1CertificateSigningRequest>;

/** Notes what an informer tells, and starts it again after an error, as its documentation says. */
function follow(informer: OurInformer): { told: string[]; restarts: () => number; end: () => void } {
  const told: string[] = [];
  let restarts = 0;
  let isEnded = false;
  for (const event of ["add", "update", "delete"] as const) {
    informer.on(event, (object) => void told.push(`${event} ${nameOf(object).split(":").at(-1)}`));
  }
  informer.on("error", () => {
    restarts++;
    setTimeout(() => {
      if (!isEnded) void informer.start();
    }, 100);
  });
  return { told, restarts: () => restarts, end: () => void (isEnded = true) };
}

test.run();
