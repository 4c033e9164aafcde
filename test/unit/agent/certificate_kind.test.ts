import { test } from "uvu";
import * as assert from "uvu/assert";
import { caGroupOf, commonNameFault, kindOf, type SaidOfCertificate } from "../../../src/agent/certificate_kind.ts";

test("etcd's kinds say everything by the common name", () => {
  const cases: [string, string, string, string][] = [
    ["system:etcd-peer:e", "etcd-peer", "system:etcd-peers", "ca.crt"],
    ["system:etcd-server:e", "etcd-server", "system:etcd-servers", "ca.crt"],
    ["system:etcd-metric:e", "etcd-metric", "system:etcd-metrics", "metric-ca.crt"],
  ];
  for (const [commonName, profile, organization, caFile] of cases) {
    assert.equal(kindOf({ commonName }), { profile, commonName, organization, caFile });
    assert.equal(kindOf({ commonName, organization: "o" }), { profile, commonName, organization: "o", caFile });
  }
});

test("a signer name picks the profile, and any other name needs one and an organization", () => {
  const commonName = "node1";
  assert.equal(kindOf({ commonName, signerName: "example.com/serving", organization: "o" }), {
    profile: "serving",
    signerName: "example.com/serving",
    commonName,
    organization: "o",
    caFile: "ca.crt",
  });
  assert.equal(kindOf({ commonName: "system:etcd-metric:e", signerName: "certs.example/etcd-metric" }), {
    profile: "etcd-metric",
    signerName: "certs.example/etcd-metric",
    commonName: "system:etcd-metric:e",
    organization: "system:etcd-metrics",
    caFile: "metric-ca.crt",
  });
});

test("what is wrong is told with what it is of", () => {
  const signerName = "example.com/serving";
  const cases: [SaidOfCertificate, string, RegExp][] = [
    [{ commonName: "node1" }, "commonName", /takes system:etcd-peer:NAME, .* with a signer name/],
    [{ commonName: "system:etcd-peer:" }, "commonName", /takes system:etcd-peer:NAME/],
    [{ commonName: "system:etcd-peer:a/b" }, "commonName", /'\/'/],
    [{ commonName: "..", signerName, organization: "o" }, "commonName", /'\.\.'/],
    [{ commonName: `system:etcd-peer:${"x".repeat(48)}` }, "commonName", /^has 65 characters: 1 to 64/],
    [{ commonName: "node1", signerName, organization: "" }, "organization", /^has 0 characters/],
    [{ commonName: "node1", signerName }, "organization", /is needed/],
    [{ commonName: "system:etcd-peer:e", organization: "o".repeat(65) }, "organization", /^has 65 characters/],
    ...["serving", "example/serving", "example.com/", "example.com/a/b", "Example.com/a", `a.b/${"x".repeat(600)}`].map(
      (name): [SaidOfCertificate, string, RegExp] => [
        { commonName: "node1", signerName: name, organization: "o" },
        "signerName",
        /DOMAIN\/NAME|characters/,
      ],
    ),
  ];
  for (const [said, of, why] of cases) {
    const kind = kindOf(said);
    assert.ok("why" in kind, JSON.stringify(said));
    if (!("why" in kind)) return;
    assert.is(kind.of, of);
    assert.match(kind.why, why);
  }
});

test("commonNameFault: what is no file name", () => {
  for (const name of ["a", "system:etcd-peer:e", "ä", "a.b"]) assert.is(commonNameFault(name), undefined);
  for (const name of ["", ".", "..", ".hidden", "a/b", "a\\b", "a\0b", "a%2fb", "a\nb", "\u202e", "x".repeat(65)]) {
    assert.ok(commonNameFault(name) !== undefined, JSON.stringify(name));
  }
});

test("caGroupOf: one CA for peers and servers of a domain, another for metrics, and nothing is known of other profiles", () => {
  const group = (profile: string, signerName?: string): string =>
    caGroupOf({ profile, ...signerName === undefined ? {} : { signerName } });
  assert.is(group("etcd-peer"), group("etcd-server"));
  assert.is(group("etcd-peer"), group("etcd-peer", "certgen.internal/etcd-peer"));
  const others = [group("etcd-peer"), group("etcd-metric"), group("etcd-peer", "a.b/etcd-peer"), group("p", "a.b/p")];
  assert.is(new Set(others).size, others.length);
});

test.run();
