// runtimes: node
import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ObjectSerializer } from "@kubernetes/client-node/dist/gen/models/ObjectSerializer.js";
import { etcdProfileOf } from "../src/ca/etcd.ts";
import { parseSignerConfig } from "../src/policy/config.ts";
import { containersOf, documentsOf, exampleFiles, mapOf, mapsOf, textOf, textsOf, type Yaml } from "./example_files.ts";
import { ask } from "./policy.ts";

const FOLDER = "examples/kubernetes";
const MANIFESTS = ["api-server.yaml", "etcd.yaml"];
const objects = MANIFESTS.flatMap((name) => documentsOf(textOf(`${FOLDER}/${name}`)));

/** The object of a kind, of those with this name where there are several. */
function the(kind: string, name?: string): Yaml {
  const found = objects.filter((object) => object["kind"] === kind && (name === undefined || nameOf(object) === name));
  assert.is(found.length, 1, `${kind} ${name}`);
  return found[0] ?? {};
}

const nameOf = (object: Yaml): unknown => mapOf(object["metadata"])["name"];
const named = (list: readonly Yaml[], name: unknown): Yaml => {
  const found = list.find((item) => item["name"] === name);
  if (found === undefined) throw new Error(`nothing is named ${String(name)}`);
  return found;
};
const at = (value: unknown, ...path: string[]): unknown => path.reduce((inner, key) => mapOf(inner)[key], value);

const pod = the("Pod");
const spec = mapOf(pod["spec"]);
const [agent = {}, etcd = {}] = containersOf(pod);
const agentYaml = (map: string): Yaml => documentsOf(String(at(the("ConfigMap", map), "data", "agent.yaml")))[0] ?? {};
const config = agentYaml("etcd-0-certgen");
const certificates = mapsOf(config["certificates"]);
const mountsOf = (container: Yaml): Yaml[] => mapsOf(container["volumeMounts"]);

test("every file of the folder is one that is looked at here", () => {
  assert.equal(exampleFiles("kubernetes"), [...MANIFESTS, "signer.yaml"].map((name) => `${FOLDER}/${name}`).sort());
});

test("Kubernetes' own client knows every field of every object", () => {
  assert.ok(objects.length >= 7);
  for (const object of objects) {
    // what the client's types do not have is lost on the way through them
    const type = `V1${String(object["kind"])}`;
    const through: unknown = ObjectSerializer.serialize(ObjectSerializer.deserialize(object, type, ""), type, "");
    assert.equal(JSON.parse(JSON.stringify(through)), object, String(nameOf(object)));
  }
});

test("the agent is a native sidecar that etcd waits for", () => {
  assert.equal([agent["name"], agent["restartPolicy"]], ["certgen-agent", "Always"]);
  assert.equal(mapsOf(spec["initContainers"]).length, 1);
  assert.is(at(agent, "startupProbe", "httpGet", "path"), "/healthz");
  for (const container of [agent, etcd]) {
    const ports = mapsOf(container["ports"]);
    for (const name of ["startupProbe", "livenessProbe", "readinessProbe"]) {
      if (container[name] === undefined) continue;
      assert.ok(named(ports, at(container, name, "httpGet", "port")), name);
    }
  }
  const port = named(mapsOf(agent["ports"]), "metrics")["containerPort"];
  assert.ok(textsOf(agent["args"]).includes(`--metrics-address=:${String(port)}`));
});

test("neither container is root or can write but where it must", () => {
  assert.equal([at(spec, "securityContext", "runAsNonRoot"), spec["automountServiceAccountToken"]], [true, false]);
  // both read the key, mode 0600
  for (const container of [agent, etcd]) {
    assert.equal(container["securityContext"], {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  }
  const writable = (container: Yaml): unknown[] =>
    mountsOf(container).filter(({ readOnly }) => readOnly !== true).map(({ name }) => name);
  assert.equal([writable(agent), writable(etcd)], [["certs"], ["data"]]);
});

test("each mount has its volume, each volume a mount, and the ConfigMap is there", () => {
  const volumes = mapsOf(spec["volumes"]);
  const mounted = [agent, etcd].flatMap(mountsOf).map(({ name }) => name);
  assert.equal([...new Set(mounted)].sort(), volumes.map(({ name }) => name).sort());
  assert.equal(at(named(volumes, "certs"), "emptyDir", "medium"), "Memory");
  assert.ok(the("ConfigMap", String(at(named(volumes, "config"), "configMap", "name"))));
  assert.ok(the("ServiceAccount", String(spec["serviceAccountName"])));
});

test("the files are one volume at one place, whole", () => {
  const [ours = {}, theirs = {}] = [agent, etcd].map((container) => named(mountsOf(container), "certs"));
  assert.equal([ours["mountPath"], theirs["mountPath"]], [config["directory"], config["directory"]]);
  // a subPath would be bound to the first version for ever
  for (const container of [agent, etcd]) {
    assert.ok(mountsOf(container).every((mount) => mount["subPath"] === undefined));
  }
});

test("the files that etcd is told of are those the agent writes", () => {
  const written = certificates.flatMap(({ commonName }) => {
    const profile = etcdProfileOf(String(commonName));
    const ca = profile?.issuer === "metric" ? "metric-ca.crt" : "ca.crt";
    return [`${String(commonName)}.crt`, `${String(commonName)}.key`, ca];
  }).map((name) => `${String(config["directory"])}/${name}`);
  const named = textsOf(etcd["args"]).flatMap((arg) => /^--[a-z-]*(?:cert|key|ca)-file=(.*)$/.exec(arg)?.[1] ?? []);
  assert.is(named.length, 6);
  assert.equal([...new Set(named)].sort(), [...new Set(written)].sort());
});

test("the files that the agent is told of are mounted", () => {
  const volumes = mapsOf(spec["volumes"]);
  const token = at(mapsOf(at(named(volumes, "token"), "projected", "sources"))[0], "serviceAccountToken");
  const path = (mount: string, file: unknown): string =>
    `${String(named(mountsOf(agent), mount)["mountPath"])}/${String(file)}`;
  assert.is(at(config, "signer", "tokenFile"), path("token", at(token, "path")));
  const data = Object.keys(mapOf(the("ConfigMap", "etcd-0-certgen")["data"]));
  assert.equal(data.map((name) => path("config", name)), [
    textsOf(agent["args"]).find((arg) => arg.startsWith("--config="))?.slice("--config=".length),
    at(config, "signer", "cacrt"),
  ]);
});

test("the signer's configuration gives each service account the names of its own pod, and no other", () => {
  const path = `${FOLDER}/signer.yaml`;
  const { policy, jwt } = parseSignerConfig(textOf(path), path);
  const [source = {}] = mapsOf(at(named(mapsOf(spec["volumes"]), "token"), "projected", "sources"));
  assert.ok(jwt[0]?.audiences.includes(String(at(source, "serviceAccountToken", "audience"))));
  const allowed = (account: string, { commonName, dnsNames, ipAddresses }: Yaml): boolean | undefined =>
    policy?.judge(ask({
      user: `k8s:system:serviceaccount:default:${account}`,
      profile: etcdProfileOf(String(commonName))?.name ?? "",
      organization: etcdProfileOf(String(commonName))?.subject?.organization ?? "",
      commonName: String(commonName),
      dns: textsOf(dnsNames),
      ip: textsOf(ipAddresses),
    })).allowed;
  assert.is(certificates.length, 2);
  for (const certificate of certificates) {
    assert.is(allowed(String(spec["serviceAccountName"]), certificate), true, String(certificate["commonName"]));
    assert.is(allowed("etcd-1", certificate), false);
  }
});

test("against an API server the agent may ask and wait, and not approve", () => {
  assert.equal(the("ClusterRole")["rules"], [{
    apiGroups: ["certificates.k8s.io"],
    resources: ["certificatesigningrequests"],
    verbs: ["create", "get", "watch"],
  }]);
  const [subject = {}] = mapsOf(the("ClusterRoleBinding")["subjects"]);
  assert.equal(subject, { kind: "ServiceAccount", name: spec["serviceAccountName"], namespace: "default" });
  assert.equal(at(the("ClusterRoleBinding"), "roleRef", "name"), nameOf(the("ClusterRole")));
  const other = agentYaml("etcd-0-certgen-api-server");
  const issuerCacrt = `${String(named(mountsOf(agent), "config")["mountPath"])}/ca.crt`;
  assert.equal(other, { ...config, signer: { inCluster: true, issuerCacrt } });
  assert.ok(Object.hasOwn(mapOf(the("ConfigMap", "etcd-0-certgen-api-server")["data"]), "ca.crt"));
});

const help = spawnSync("etcd", ["--help"], { encoding: "utf8", timeout: 60_000 });
const needsEtcd = help.status === 0 ? test : test.skip;
if (needsEtcd === test.skip) console.log("skipped: needs etcd");

needsEtcd("etcd has all flags that it is given", () => {
  const flags = textsOf(etcd["args"]).map((arg) => arg.slice(0, arg.indexOf("=")));
  assert.is(flags.length, 16);
  for (const flag of flags) assert.match(help.stdout + help.stderr, new RegExp(`^\\s+${flag}\\b`, "m"), flag);
});

test.run();
