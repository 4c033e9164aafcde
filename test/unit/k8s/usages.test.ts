import { test } from "uvu";
import * as assert from "uvu/assert";
import { kubernetesUsages, USAGES, x509Usages } from "../../../src/k8s/usages.ts";
import { EXT_KEY_USAGES, KEY_USAGES } from "../../../src/x509/extension.ts";

test("USAGES are Kubernetes' 23, sorted", () => {
  assert.is(
    USAGES.join(", "),
    "any, cert sign, client auth, code signing, content commitment, crl sign, data encipherment, decipher only, " +
      "digital signature, email protection, encipher only, ipsec end system, ipsec tunnel, ipsec user, key agreement, " +
      "key encipherment, microsoft sgc, netscape sgc, ocsp signing, s/mime, server auth, signing, timestamping",
  );
});

test("x509Usages tells key usages from extended ones", () => {
  assert.equal(x509Usages(["signing", "digital signature", "key encipherment", "server auth", "any", "s/mime"]), {
    keyUsage: ["digitalSignature", "digitalSignature", "keyEncipherment"],
    extKeyUsage: ["serverAuth", "anyExtendedKeyUsage", "s/mime"],
  });
  assert.equal(x509Usages([]), { keyUsage: [], extKeyUsage: [] });
});

test("x509Usages leaves what it does not know as a usage nobody issues", () => {
  for (const usage of ["foo", "Server Auth", "serverauth", "__proto__", "constructor", "", "server auth "]) {
    const { keyUsage, extKeyUsage } = x509Usages([usage]);
    assert.equal([keyUsage, extKeyUsage], [[], [usage]]);
    assert.not.ok((EXT_KEY_USAGES as readonly string[]).includes(usage));
  }
});

test("kubernetesUsages undoes x509Usages for all that certgen issues", () => {
  const usages = kubernetesUsages(KEY_USAGES, EXT_KEY_USAGES);
  assert.is(usages.length, KEY_USAGES.length + EXT_KEY_USAGES.length);
  assert.equal(x509Usages(usages), { keyUsage: [...KEY_USAGES], extKeyUsage: [...EXT_KEY_USAGES] });
  assert.ok(usages.includes("digital signature") && !usages.includes("signing"));
});

test("kubernetesUsages drops what Kubernetes has no word for", () => {
  assert.equal(kubernetesUsages([], ["1.2.3", "serverAuth", "foo"]), ["server auth"]);
});

test.run();
