// timeout: 120
// runtimes: node
// What the real kubectl shows of a signer, to the byte.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { ageless, called, can, kubectlTests, lines } from "../kubectl.ts";

const kubectl = kubectlTests("node", ["--approval=manual"]);

kubectl("kubectl finds out what the signer serves", async ({ admin }) => {
  const [version, groups, resources, raw, ready, verbose] = await Promise.all([
    admin.ok("version"),
    admin.ok("api-versions"),
    admin.ok("api-resources"),
    admin.ok("get", "--raw", "/apis/certificates.k8s.io"),
    admin.ok("get", "--raw", "/readyz"),
    admin.ok("get", "--raw", "/readyz?verbose"),
  ]);
  assert.match(version, /^Server Version: .*v1\.32\.5/m);
  if (can("saysVersionShort")) {
    assert.match(version, /^Client Version: v1\.\d+\.\S+\nKustomize Version: \S+\nServer Version: v1\.32\.5\n$/);
  }
  assert.is(
    groups,
    lines(
      "authentication.k8s.io/v1",
      "authentication.k8s.io/v1beta1",
      "authorization.k8s.io/v1",
      "certificates.k8s.io/v1",
      "certificates.k8s.io/v1beta1",
    ),
  );
  assert.is(
    resources,
    lines(
      "NAME                         SHORTNAMES   APIVERSION                 NAMESPACED   KIND",
      "selfsubjectreviews                        authentication.k8s.io/v1   false        SelfSubjectReview",
      "selfsubjectaccessreviews                  authorization.k8s.io/v1    false        SelfSubjectAccessReview",
      "selfsubjectrulesreviews                   authorization.k8s.io/v1    false        SelfSubjectRulesReview",
      "certificatesigningrequests   csr          certificates.k8s.io/v1     false        CertificateSigningRequest",
    ),
  );
  assert.is(
    raw,
    lines(
      '{"kind":"APIGroup","apiVersion":"v1","name":"certificates.k8s.io","versions":[' +
        '{"groupVersion":"certificates.k8s.io/v1","version":"v1"},' +
        '{"groupVersion":"certificates.k8s.io/v1beta1","version":"v1beta1"}],' +
        '"preferredVersion":{"groupVersion":"certificates.k8s.io/v1","version":"v1"}}',
    ),
  );
  assert.is(ready, "ok");
  assert.is(verbose, lines("[+]ping ok", "[+]ca ok", "readyz check passed"));
});

kubectl("kubectl get prints the requests as a table, the whole of them or some", async ({ admin, manifest }) => {
  const labels = (value: string) => ({ metadata: { labels: { app: "etcd", node: value } } });
  const first = await manifest("a", { ...labels("a"), spec: { expirationSeconds: 3600 } });
  const second = await manifest("b", labels("b"));
  const other = await manifest("c", { name: "other", spec: { signerName: "example.com/other" } });
  assert.is((await admin.run("get", "csr")).stderr, "No resources found\n");
  await admin.ok("create", "-f", first.file, "-f", second.file, "-f", other.file);
  await Promise.all([
    admin.ok("certificate", "approve", first.name),
    admin.ok("certificate", "deny", second.name),
  ]);
  const head = "NAME                 AGE   SIGNERNAME                   REQUESTOR       REQUESTEDDURATION   CONDITION";
  const rowA =
    "system:etcd-peer:a   0s    certgen.internal/etcd-peer   certgen:admin   60m                 Approved,Issued";
  const rowB = "system:etcd-peer:b   0s    certgen.internal/etcd-peer   certgen:admin   <none>              Denied";
  const rowC = "other                0s    example.com/other            certgen:admin   <none>              Pending";
  const table = async (...args: readonly string[]): Promise<string> => ageless(await admin.ok("get", "csr", ...args));
  const pad = (row: string): string => row.padEnd(`${rowA}   `.length);
  const wide = `${head}         LABELS`;
  const [plain, wideTable, labelled, paged, sorted, selected, bySigner, byName, one] = await Promise.all([
    table(),
    table("-o", "wide"),
    table("--show-labels"),
    table("--chunk-size=1"),
    table("--sort-by=.spec.signerName"),
    table("-l", "node in (b),app=etcd"),
    table("--field-selector=spec.signerName=example.com/other"),
    table(`--field-selector=metadata.name=${first.name}`),
    table(second.name, first.name),
  ]);
  assert.is(plain, lines(head, rowC, rowA, rowB));
  assert.is(wideTable, plain);
  assert.is(
    labelled,
    lines(wide, `${pad(rowC)}<none>`, `${pad(rowA)}app=etcd,node=a`, `${pad(rowB)}app=etcd,node=b`),
  );
  assert.is(paged, plain);
  assert.is(sorted.split("\n")[3], rowC);
  assert.is(selected, lines(head, rowB));
  assert.is(
    bySigner,
    lines(
      "NAME    AGE   SIGNERNAME          REQUESTOR       REQUESTEDDURATION   CONDITION",
      "other   0s    example.com/other   certgen:admin   <none>              Pending",
    ),
  );
  assert.is(byName, lines(head, rowA));
  assert.is(one, lines(head, rowB, rowA));
  const refused = await admin.fails("get", "csr", "--field-selector=spec.username=x");
  assert.match(refused, /field label not supported: spec\.username/);
});

kubectl("kubectl get writes objects in each of its forms", async ({ admin, create }) => {
  const [name = ""] = await create("a", "b");
  const [names, path, columns, json, yaml, list] = await Promise.all([
    admin.ok("get", "csr", "-o", "name"),
    admin.ok("get", "csr", "-o", "jsonpath={.items[*].metadata.name}"),
    admin.ok("get", "csr", "-o", "custom-columns=NAME:.metadata.name,FOR:.spec.signerName"),
    admin.ok("get", "csr", name, "-o", "json"),
    admin.ok("get", "csr", name, "-o", "yaml"),
    admin.ok("get", "csr", "-o", "json"),
  ]);
  assert.is(names, lines(called("system:etcd-peer:a"), called("system:etcd-peer:b")));
  assert.is(path, "system:etcd-peer:a system:etcd-peer:b");
  assert.is(
    columns,
    lines(
      "NAME                 FOR",
      "system:etcd-peer:a   certgen.internal/etcd-peer",
      "system:etcd-peer:b   certgen.internal/etcd-peer",
    ),
  );
  const { metadata, spec, ...rest } = JSON.parse(json);
  assert.equal(rest, { apiVersion: "certificates.k8s.io/v1", kind: "CertificateSigningRequest", status: {} });
  assert.equal(Object.keys(metadata).sort(), ["creationTimestamp", "name", "resourceVersion", "uid"]);
  assert.match(metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.match(metadata.uid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.match(metadata.resourceVersion, /^\d+$/);
  assert.equal({ ...spec, request: "" }, {
    groups: ["certgen:admins", "system:authenticated"],
    request: "",
    signerName: "certgen.internal/etcd-peer",
    usages: ["digital signature", "server auth", "client auth"],
    username: "certgen:admin",
  });
  assert.equal(parse(yaml), JSON.parse(json));
  const { kind, items } = JSON.parse(list);
  assert.is(kind, "List");
  assert.equal(items[0], JSON.parse(json));
});

kubectl("kubectl describe reads the request itself", async ({ admin, manifest }) => {
  const { name, file } = await manifest("a", {
    metadata: { labels: { app: "etcd" }, annotations: { note: "x" } },
    spec: { expirationSeconds: 3600 },
  });
  await admin.ok("create", "-f", file);
  const text = (await admin.ok("describe", "csr", name)).replace(/^ +| +$/gm, "").replace(/: {3,}/g, ":  ");
  assert.is(
    text.replace(/(?<=CreationTimestamp: +)\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000/, "then"),
    lines(
      "Name:  system:etcd-peer:a",
      "Labels:  app=etcd",
      "Annotations:  note=x",
      "CreationTimestamp:  then",
      "Requesting User:  certgen:admin",
      "Signer:  certgen.internal/etcd-peer",
      ...(can("describesDuration") ? ["Requested Duration:  60m"] : []),
      "Status:  Pending",
      "Subject:",
      "Common Name:  system:etcd-peer:a",
      "Serial Number:",
      "Organization:  system:etcd-peers",
      "Subject Alternative Names:",
      "DNS Names:  a",
      "IP Addresses:  10.8.89.9",
      "Events:  <none>",
    ),
  );
});

kubectl("kubectl explain describes the fields", async ({ admin }) => {
  if (!can("readsOpenApi3")) return;
  const [object, spec] = await Promise.all([admin.ok("explain", "csr"), admin.ok("explain", "csr.spec")]);
  assert.match(object, /^GROUP: +certificates\.k8s\.io\nKIND: +CertificateSigningRequest\nVERSION: +v1\n/);
  const fields = (text: string): string[] => text.split("\n").filter((line) => /^ {2}\w+\t/.test(line));
  assert.equal(fields(object), [
    "  apiVersion\t<string>",
    "  kind\t<string>",
    "  metadata\t<ObjectMeta>",
    "  spec\t<CertificateSigningRequestSpec> -required-",
    "  status\t<CertificateSigningRequestStatus>",
  ]);
  assert.match(spec, /^FIELD: spec <CertificateSigningRequestSpec>$/m);
  assert.equal(fields(spec), [
    "  expirationSeconds\t<integer>",
    "  extra\t<map[string][]string>",
    "  groups\t<[]string>",
    "  request\t<string> -required-",
    "  signerName\t<string> -required-",
    "  uid\t<string>",
    "  usages\t<[]string>",
    "  username\t<string>",
  ]);
});

kubectl("kubectl auth tells the administrator and a node what each may", async ({ admin, node }) => {
  const may = async (who: typeof admin, ...args: readonly string[]): Promise<string> => {
    const { stdout } = await who.run("auth", "can-i", ...args);
    return stdout.trim();
  };
  const questions = [
    ["create", "csr"],
    ["list", "csr"],
    ["update", "csr", "--subresource=approval"],
    ["patch", "csr", "--subresource=status"],
    ["get", "pods"],
    ["get", "/metrics"],
  ];
  const [asAdmin, asNode, adminRules, nodeRules] = await Promise.all([
    Promise.all(questions.map((args) => may(admin, ...args))),
    Promise.all(questions.map((args) => may(node, ...args))),
    admin.ok("auth", "can-i", "--list"),
    node.ok("auth", "can-i", "--list"),
  ]);
  assert.equal(asAdmin, ["yes", "yes", "yes", "yes", "no", "no"]);
  assert.equal(asNode, ["yes", "no", "no", "no", "no", "no"]);
  const resource = "certificatesigningrequests.certificates.k8s.io";
  const rules = (text: string): string[] => text.split("\n").filter((line) => line.startsWith(resource));
  assert.equal(rules(adminRules), [
    `${resource}            []                  []               ` +
    "[create delete deletecollection get list patch update watch]",
    `${resource}/approval   []                  []               [get patch update]`,
    `${resource}/status     []                  []               [get patch update]`,
  ]);
  assert.equal(rules(nodeRules), [`${resource}   []                  []               [create]`]);
  if (!can("asksWhoIAm")) return;
  const [administrator, bootstrapped] = await Promise.all([admin.ok("auth", "whoami"), node.ok("auth", "whoami")]);
  assert.is(
    administrator,
    lines(
      "ATTRIBUTE   VALUE",
      "Username    certgen:admin",
      "Groups      [certgen:admins system:authenticated]",
    ),
  );
  assert.match(
    bootstrapped,
    /^ATTRIBUTE +VALUE\nUsername +system:bootstrap:\S+\nGroups +\[system:bootstrappers system:authenticated\]\nExtra: certgen\.internal\/token-id +\[\S+\]\n$/,
  );
});

test.run();
