import { test } from "uvu";
import * as assert from "uvu/assert";
import { dnsNamesOf, readCertificates, readPair } from "../../../src/runtime/tls_pair.ts";
import { fault, trying } from "../../contract/faults.ts";
import { hasOpenssl, makeCa, makeLeaf, openssl, SKIPPED } from "../../openssl.ts";

if (hasOpenssl) {
  const ca = makeCa();

  test("readPair takes EC and RSA keys and a chain, and gives the certificates in order", () => {
    for (const keyType of ["ec", "rsa"] as const) {
      const pair = makeLeaf(ca, { keyType, commonName: "leaf" });
      const chain = readPair({ ...pair, certificate: pair.certificate + ca.certificate }, "serve");
      assert.equal(chain.map(({ subject }) => subject), ["CN=leaf", "CN=certgen test CA"]);
    }
  });

  test("readPair refuses another key, an encrypted one, and a chain in the wrong order", async () => {
    const pair = makeLeaf(ca);
    const other = { ...pair, privateKey: ca.privateKey };
    const { message } = await fault("invalid-certificate", trying(() => readPair(other, "serve")));
    assert.is(message, 'Cannot serve: the private key is not that of certificate "CN=localhost"');
    const encrypted = openssl(["pkcs8", "-topk8", "-v2", "aes128", "-passout", "pass:secret"], pair.privateKey);
    const locked = { ...pair, privateKey: new TextDecoder().decode(encrypted) };
    await fault("malformed-key", trying(() => readPair(locked, "serve")));
    const reversed = { ...pair, certificate: ca.certificate + pair.certificate };
    await fault("invalid-certificate", trying(() => readPair(reversed, "serve")));
  });

  test("dnsNamesOf gives DNS names in lower case, no addresses, no common name", () => {
    const leaf = makeLeaf(ca, { commonName: "cn", dnsNames: ["A.test", "*.b.test"], ipAddresses: ["10.0.0.1"] });
    assert.equal(dnsNamesOf(readCertificates(leaf.certificate, "read")[0]), ["a.test", "*.b.test"]);
    const bare = makeLeaf(ca, { commonName: "cn", dnsNames: [] });
    assert.equal(dnsNamesOf(readCertificates(bare.certificate, "read")[0]), []);
  });
} else {
  console.log(SKIPPED);
  test.skip();
}

test("readCertificates refuses text without a certificate, and takes no time over a long one", async () => {
  assert.is(
    (await fault("malformed-pem", trying(() => readCertificates("", "trust CA")))).message,
    "Cannot trust CA: no PEM certificate in it",
  );
  const start = performance.now();
  await fault(
    "malformed-pem",
    trying(() => readCertificates("-----BEGIN CERTIFICATE-----\n".repeat(40_000), "trust CA")),
  );
  assert.ok(performance.now() - start < 1000);
});

test.run();
