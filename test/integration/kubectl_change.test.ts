// timeout: 120
// runtimes: node
// What the real kubectl changes at a signer.
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { called, can, kubectlTests, lines } from "../kubectl.ts";

const kubectl = kubectlTests("node", ["--approval=manual"]);
const RESOURCE = "certificatesigningrequests.certificates.k8s.io";

/** An object as it is there, without what every change changes. */
function shown(json: string): unknown {
  const { metadata: { resourceVersion: _, managedFields: __, ...metadata }, ...rest } = JSON.parse(json);
  return { ...rest, metadata };
}

kubectl("kubectl create makes an object once, and none of a dry run", async ({ admin, manifest }) => {
  const { name, file } = await manifest("a");
  if (can("readsOpenApi3")) {
    const tried = await admin.ok("create", "-f", file, "--dry-run=server");
    assert.is(tried, lines(`${called(name)} created (server dry run)`));
    assert.is(
      await admin.fails("get", "csr", name),
      lines(`Error from server (NotFound): ${RESOURCE} "${name}" not found`),
    );
  }
  assert.is(await admin.ok("create", "-f", file), lines(`${called(name)} created`));
  assert.is(
    await admin.fails("create", "-f", file),
    lines(`Error from server (AlreadyExists): error when creating "${file}": ${RESOURCE} "${name}" already exists`),
  );
});

kubectl("kubectl create refuses unknown fields unless it is told not to look", async ({ admin, manifest }) => {
  const { name, file } = await manifest("a", { spec: { bogus: 1 } });
  if (can("validatesStrictly")) {
    assert.is(
      await admin.fails("create", "-f", file),
      lines(
        `Error from server (BadRequest): error when creating "${file}": CertificateSigningRequest in version "v1" ` +
          'cannot be handled as a CertificateSigningRequest: strict decoding error: unknown field "spec.bogus"',
      ),
    );
    const { stdout, stderr } = await admin.run("create", "-f", file, "--validate=false");
    assert.equal([stdout, stderr], [lines(`${called(name)} created`), ""]);
  } else {
    const { stdout, stderr } = await admin.run("create", "-f", file);
    assert.equal([stdout, stderr], [lines(`${called(name)} created`), 'Warning: unknown field "spec.bogus"\n']);
  }
  const bad = await manifest("b", { spec: { usages: ["juggling"] } });
  assert.match(
    await admin.fails("create", "-f", bad.file),
    /^The CertificateSigningRequest "system:etcd-peer:b" is invalid: spec\.usages\[0\]: Unsupported value: "juggling": /,
  );
});

kubectl("kubectl apply creates, changes, and leaves alone", async ({ admin, manifest }) => {
  const { name, file } = await manifest("a", { metadata: { labels: { node: "one", gone: "soon" } } });
  assert.is(await admin.ok("apply", "-f", file), lines(`${called(name)} created`));
  const created = await admin.ok("get", "csr", name, "-o", "json");
  assert.is(await admin.ok("apply", "-f", file), lines(`${called(name)} unchanged`));
  assert.is(await admin.ok("get", "csr", name, "-o", "json"), created);
  await changeFile(file, { labels: { node: "two" } });
  if (can("readsOpenApi3")) {
    const { code, stdout } = await admin.run("diff", "-f", file);
    assert.is(code, 1, "kubectl diff exits with 1 where something differs");
    const changes = stdout.split("\n").filter((line) => /^[-+] /.test(line));
    assert.equal(changes, ["-    gone: soon", "-    node: one", "+    node: two"]);
  }
  assert.is(await admin.ok("apply", "-f", file), lines(`${called(name)} configured`));
  if (can("readsOpenApi3")) assert.is(await admin.ok("diff", "-f", file), "", "nothing differs any more");
  assert.is(await admin.ok("get", "csr", name, "-o", "jsonpath={.metadata.labels}"), '{"node":"two"}');
  assert.is(
    JSON.parse(await admin.ok("get", "csr", name, "-o", "json")).metadata.uid,
    JSON.parse(created).metadata.uid,
  );

  async function changeFile(file: string, change: Readonly<Record<string, unknown>>): Promise<void> {
    await manifest(file.replace(".json", ""), { metadata: change });
  }
});

kubectl("kubectl apply --server-side makes what is not there and changes what is", async ({ admin, manifest }) => {
  const { name, file } = await manifest("a", { metadata: { labels: { node: "one" } } });
  const apply = async (): Promise<string> => await admin.ok("apply", "--server-side", "-f", file);
  assert.is(await apply(), lines(`${called(name)} serverside-applied`));
  const created = await admin.ok("get", "csr", name, "-o", "json");
  assert.is(await apply(), lines(`${called(name)} serverside-applied`));
  assert.is(await admin.ok("get", "csr", name, "-o", "json"), created);
  await manifest("a", { metadata: { labels: { node: "two" } } });
  assert.is(await apply(), lines(`${called(name)} serverside-applied`));
  assert.is(await admin.ok("get", "csr", name, "-o", "jsonpath={.metadata.labels.node}"), "two");
});

kubectl("kubectl replace takes what it was given, and not what has changed since", async ({ admin, create, home }) => {
  const [name = ""] = await create("a");
  const object = JSON.parse(await admin.ok("get", "csr", name, "-o", "json"));
  object.metadata.labels = { replaced: "yes" };
  // the request itself cannot be changed, which nobody is told
  object.spec.signerName = "example.com/other";
  writeFileSync(`${home}/changed.json`, JSON.stringify(object));
  assert.is(await admin.ok("replace", "-f", "changed.json"), lines(`${called(name)} replaced`));
  assert.is(
    await admin.ok("get", "csr", name, "-o", "jsonpath={.metadata.labels.replaced} {.spec.signerName}"),
    "yes certgen.internal/etcd-peer",
  );
  assert.is(
    await admin.fails("replace", "-f", "changed.json"),
    lines(
      `Error from server (Conflict): error when replacing "changed.json": Operation cannot be fulfilled on ${RESOURCE} ` +
        `"${name}": the object has been modified; please apply your changes to the latest version and try again`,
    ),
  );
});

kubectl("kubectl label and annotate change metadata", async ({ admin, create }) => {
  const [name = ""] = await create("a");
  assert.is(await admin.ok("label", "csr", name, "tier=1"), lines(`${called(name)} labeled`));
  if (can("labelsAgain")) {
    assert.is(await admin.ok("label", "csr", name, "tier=1"), lines(`${called(name)} not labeled`));
  }
  assert.is(
    await admin.fails("label", "csr", name, "tier=2"),
    lines(
      "error: 'tier' already has a value (1), and --overwrite is false",
    ),
  );
  await admin.ok("label", "csr", name, "tier=2", "--overwrite");
  const annotated = lines(`${called(name)} annotate${can("saysAnnotated") ? "d" : can("labelsAgain") ? "" : "d"}`);
  assert.is(await admin.ok("annotate", "csr", name, "note=a b"), annotated);
  assert.is(
    await admin.ok("get", "csr", name, "-o", "jsonpath={.metadata.labels} {.metadata.annotations}"),
    '{"tier":"2"} {"note":"a b"}',
  );
  await admin.ok("label", "csr", name, "tier-");
  assert.is(await admin.ok("get", "csr", name, "-o", "jsonpath={.metadata.labels}"), "");
});

kubectl("kubectl patch takes its three kinds, and the status only as a subresource", async ({ admin, create }) => {
  const [name = ""] = await create("a");
  const patch = async (...args: readonly string[]): Promise<string> => await admin.ok("patch", "csr", name, ...args);
  const patched = lines(`${called(name)} patched`);
  assert.is(await patch("-p", '{"metadata":{"labels":{"strategic":"1"}}}'), patched);
  assert.is(await patch("--type=merge", "-p", '{"metadata":{"labels":{"merge":"2"}}}'), patched);
  const json = ["--type=json", "-p", '[{"op":"add","path":"/metadata/labels/json","value":"3"}]'];
  assert.is(await patch(...json), patched);
  assert.is(await patch(...json), lines(`${called(name)} patched (no change)`));
  const labelled = await admin.ok("get", "csr", name, "-o", "json");
  assert.equal(JSON.parse(labelled).metadata.labels, { strategic: "1", merge: "2", json: "3" });

  const failed = '{"status":{"conditions":[{"type":"Failed","status":"True","reason":"Tried"}]}}';
  assert.is(await patch("--type=merge", "-p", failed), lines(`${called(name)} patched (no change)`));
  assert.equal(shown(await admin.ok("get", "csr", name, "-o", "json")), shown(labelled));
  if (!can("patchesSubresources")) return;
  assert.is(await patch("--subresource=status", "--type=merge", "-p", failed), patched);
  assert.is(
    await admin.ok("get", "csr", name, "-o", "jsonpath={.status.conditions[*].type} {.status.conditions[*].reason}"),
    "Failed Tried",
  );
  assert.match(
    await admin.fails(
      "patch",
      "csr",
      name,
      "--subresource=status",
      "--type=merge",
      "-p",
      '{"status":{"conditions":[]}}',
    ),
    /is invalid: status\.conditions: Forbidden: updates may not remove a condition of type "Failed"\n$/,
  );
});

kubectl("kubectl delete removes by name, by label, and everything", async ({ admin, create }) => {
  const [first = "", second = "", third = "", fourth = ""] = await create("a", "b", "c", "d");
  const deleted = (...names: readonly string[]): string =>
    lines(...names.map((name) => `certificatesigningrequest.certificates.k8s.io "${name}" deleted`));
  await admin.ok("label", "csr", second, "old=yes");
  assert.is(await admin.ok("delete", "csr", first), deleted(first));
  assert.is(await admin.ok("delete", "csr", "-l", "old=yes"), deleted(second));
  assert.is(await admin.ok("get", "csr", "-o", "name"), lines(called(third), called(fourth)));
  assert.is(await admin.ok("delete", "csr", "--all"), deleted(third, fourth));
  assert.is(await admin.ok("get", "csr", "-o", "name"), "");
  assert.is(
    await admin.fails("delete", "csr", first),
    lines(`Error from server (NotFound): ${RESOURCE} "${first}" not found`),
  );
});

kubectl("whoever is no administrator may create, and is told what else is forbidden", async (world) => {
  const { admin, node, manifest, create, cwd } = world;
  const own = await manifest("own");
  const [foreign = ""] = await create("foreign");
  assert.is(await node.ok("create", "-f", own.file), lines(`${called(own.name)} created`));
  assert.is(await node.ok("get", "csr", own.name, "-o", "name"), lines(called(own.name)));
  const user = await admin.ok("get", "csr", own.name, "-o", "jsonpath={.spec.username}");
  const forbidden = (verb: string, what = ""): string =>
    `Error from server (Forbidden): ${RESOURCE}${what} is forbidden: User "${user}" cannot ${verb} resource ` +
    `"certificatesigningrequests" in API group "certificates.k8s.io" at the cluster scope\n`;
  const [list, get, remove, approve] = await Promise.all([
    node.fails("get", "csr"),
    node.fails("get", "csr", foreign),
    node.fails("delete", "csr", own.name),
    node.fails("certificate", "approve", own.name),
  ]);
  assert.is(list, forbidden("list"));
  assert.is(get, forbidden("get", ` "${foreign}"`));
  assert.is(remove, forbidden("delete", ` "${own.name}"`));
  assert.match(approve, /Forbidden.*cannot update resource "certificatesigningrequests\/approval"/);
  const config = readFileSync(`${cwd}/.certgen/admin.kubeconfig`, "utf8").replace(/token: .*/, "token: wrong");
  writeFileSync(`${world.home}/wrong.kubeconfig`, config);
  assert.match(await admin.fails("get", "csr", "--kubeconfig=wrong.kubeconfig"), /You must be logged in to the server/);
});

test.run();
