/**
 * Questions that standards leave open, or that strict and lax programs answer differently: what certgen says to each CSR
 * of the vectors that asks one. docs/odd-csrs.md gives the reasons. A change here is a change that users see.
 * @module
 */

/** `accepted`, or the step that refuses and its code; then words of the message. */
export type Answer = readonly ["accepted" | "parse malformed-asn1" | "verify unsupported-algorithm", string?];

const accepted: Answer = ["accepted"];
const refused = (words: string): Answer => ["verify unsupported-algorithm", words];
const malformed = (words: string): Answer => ["parse malformed-asn1", words];

/** By the file of the vectors. */
export const ANSWERS: Readonly<Record<string, Answer>> = {
  // sha1WithRSAEncryption
  "csr/bcgit__bc-java/PKCS10Test.pem": refused("sha1WithRSAEncryption"),
  "csr/digitalbazaar__forge/csr-pem.pem": refused("sha1WithRSAEncryption"),
  "csr/kubernetes__kubernetes/mycertvalid.pem": refused("sha1WithRSAEncryption"),
  "csr/Mbed-TLS__mbedtls-framework/server1.req.ku-ct.pem": refused("sha1WithRSAEncryption"),
  "csr/openssl__openssl/pkcs10.pem": refused("sha1WithRSAEncryption"),
  "csr/phpseclib__phpseclib/CSRTest-2.pem": refused("sha1WithRSAEncryption"),
  "csr/pyasn1__pyasn1-modules/test_pem.pem": refused("sha1WithRSAEncryption"),
  "csr/pyca__cryptography/rsa_sha1.pem": refused("sha1WithRSAEncryption"),
  "csr/r509__r509/csr2.pem": refused("sha1WithRSAEncryption"),
  "csr/r509__r509/test1.pem": refused("sha1WithRSAEncryption"),
  "csr-original/r509__r509/spec__fixtures__csr1_newlines.pem": refused("sha1WithRSAEncryption"),
  "csr/r509__r509/unknown_oid.pem": refused("sha1WithRSAEncryption"),
  "csr/square__certstrap/csr_test-csrPEM.pem": refused("sha1WithRSAEncryption"),
  "csr/zmap__zcrypto/x509_test.pem": refused("sha1WithRSAEncryption"),
  "csr-generated/forge/rsa-sha1.pem": refused("sha1WithRSAEncryption"),
  "csr-generated/go126/rsa-sha1.pem": refused("sha1WithRSAEncryption"),
  // critical name constraints: read; policy denies critical extensions that are not issued
  "csr/cert-manager__cert-manager/nameconstraints_test-expectedPEM-2.pem": accepted,
  // RSA's NULL parameters are absent in signatureAlgorithm (RFC 4055 §5)
  "csr/cloudflare__cfssl/cfssl-leaf-rsa2048.pem": accepted,
  "csr/cloudflare__cfssl/cfssl-leaf-rsa3072.pem": accepted,
  "csr/openssl__openssl/csr-2.pem": accepted,
  "csr/openssl__openssl/ext-check-2.pem": accepted,
  "csr/pyasn1__pyasn1-modules/test_rfc7894.pem": accepted,
  // a name longer than RFC 5280 §A.1 allows: read, not issued
  "csr/cloudflare__cfssl/localhost.pem": accepted,
  // no attributes field
  "csr/PeculiarVentures__asn1-schema/test.pem": accepted,
  // RSA-PSS with one digest
  "csr/phpseclib__phpseclib/CSRTest-csr-2.pem": accepted,
  "csr-generated/certtool/pss.pem": accepted,
  "csr-generated/go126/rsa-pss.pem": accepted,
  "csr-generated/openssl35/pss-ext.pem": accepted,
  // version is not 0
  "csr/certbot__certbot/0002_csr-certbot.pem": malformed("version is not 0"),
  "csr/certbot__certbot/0003_csr-certbot.pem": malformed("version is not 0"),
  "csr/kjur__jsrsasign/qunit-do-asn1csr-csrcertbot1.pem": malformed("version is not 0"),
  "csr/phpseclib__phpseclib/CSRTest.pem": malformed("version is not 0"),
  // at least 2048
  "csr/certbot__certbot/csr-2.pem": refused("at least 2048"),
  "csr/certbot__certbot/csr-nonames_512.pem": refused("at least 2048"),
  "csr/certbot__certbot/csr-nosans.pem": refused("at least 2048"),
  "csr/cloudflare__cfssl/ex.pem": refused("at least 2048"),
  "csr/kjur__jsrsasign/qunit-do-asn1csr-3.pem": refused("at least 2048"),
  "csr/Mbed-TLS__mbedtls-framework/server9.req.sha512.pem": refused("at least 2048"),
  "csr/Mbed-TLS__mbedtls-framework/test_csr_v3_keyUsage.pem": refused("at least 2048"),
  "csr/Mbed-TLS__mbedtls-framework/test_csr_v3_nsCertType.pem": refused("at least 2048"),
  "csr/Mbed-TLS__mbedtls-framework/test_csr_v3_subjectAltName.pem": refused("at least 2048"),
  "csr/openssl__openssl/pca-req.pem": refused("at least 2048"),
  "csr/smallstep__certificates/short-rsa.pem": refused("at least 2048"),
  // rsassaPss with sha1
  "csr/Mbed-TLS__mbedtls-framework/server9.req.sha1.pem": refused("rsassaPss with sha1"),
  // attribute value is missing
  "csr/pyca__cryptography/zero-element-attribute.pem": malformed("attribute value is missing"),
  // ecdsa-with-SHA1
  "csr/r509__r509/ec_csr2.pem": refused("ecdsa-with-SHA1"),
  // point is compressed
  "csr-generated/openssl35/p256-compressed.pem": refused("point is compressed"),
};
