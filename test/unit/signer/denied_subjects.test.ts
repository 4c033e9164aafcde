import { test } from "uvu";
import * as assert from "uvu/assert";
import { element, printableString } from "../../../src/asn1/der_writer.ts";
import { toUtf8 } from "../../../src/bytes.ts";
import { denialOf, objectIn, objectJson, PEER_RDNS, post, rawRequest, rdn, testSigner } from "../../signing.ts";

const { signer } = await testSigner();

const O = (value: string | Uint8Array): Uint8Array => rdn(["organization", value]);
const CN = (value: string | Uint8Array): Uint8Array => rdn(["commonName", value]);
const [ORGANIZATION, COMMON_NAME] = PEER_RDNS as [Uint8Array, Uint8Array];
const NODE = "system:etcd-peer:etcd1";

const SUBJECTS: [what: string, rdns: Uint8Array[], message: RegExp][] = [
  ["O empty", [O(""), COMMON_NAME], /organization has 0 characters/],
  ["no O", [COMMON_NAME], /organization is null, not "system:etcd-peers"/],
  ["O of one character", [O("s"), COMMON_NAME], /organization is "s"/],
  ["two Os", [ORGANIZATION, ORGANIZATION, COMMON_NAME], /more than one organization/],
  ["second O system:masters", [ORGANIZATION, O("system:masters"), COMMON_NAME], /more than one organization/],
  ["first O system:masters", [O("system:masters"), ORGANIZATION, COMMON_NAME], /more than one organization/],
  ["O after CN too", [ORGANIZATION, COMMON_NAME, O("system:masters")], /more than one organization/],
  ["system:masters alone", [O("system:masters"), COMMON_NAME], /organization is "system:masters"/],
  [
    "two Os in one RDN",
    [rdn(["organization", "system:etcd-peers"], ["organization", "system:masters"]), COMMON_NAME],
    /RDN of several attributes/,
  ],
  [
    "O and CN in one RDN",
    [rdn(["organization", "system:etcd-peers"], ["commonName", NODE])],
    /RDN of several attributes/,
  ],
  ["two CNs", [ORGANIZATION, COMMON_NAME, CN("system:etcd-peer:etcd2")], /more than one commonName/],
  ["an OU", [ORGANIZATION, rdn(["organizationalUnit", "x"]), COMMON_NAME], /organizationalUnit besides/],
  ["an e-mail address", [ORGANIZATION, COMMON_NAME, rdn(["emailAddress", "a@b"])], /not issued: emailAddress/],
  ["O in other case", [O("System:etcd-peers"), COMMON_NAME], /organization is "System:etcd-peers"/],
  ["O with a space", [O("system:etcd-peers "), COMMON_NAME], /organization is "system:etcd-peers "/],
  ["O with NUL", [O("system:etcd-peers\0"), COMMON_NAME], /control or format character/],
  ["O of another profile", [O("system:etcd-metrics"), COMMON_NAME], /organization is "system:etcd-metrics"/],
  ["CN of nothing", [ORGANIZATION, CN("system:etcd-peer:")], /must have a name/],
  ["CN with a slash", [ORGANIZATION, CN(`${NODE}/x`)], /must have a name of letters/],
  ["CN with a space", [ORGANIZATION, CN(`${NODE} x`)], /must have a name of letters/],
  ["CN with NUL", [ORGANIZATION, CN("system:etcd-peer:a\0.evil")], /control or format/],
  ["CN with a bidi override", [ORGANIZATION, CN("system:etcd-peer:\u202e1")], /control or format/],
  ["CN with a full-width colon", [ORGANIZATION, CN("system:etcd-peer：etcd1")], /does not begin with/],
  ["CN with another script", [ORGANIZATION, CN("system:etcd-peer:ｅtcd1")], /must have a name of letters/],
  ["CN of 65 characters", [ORGANIZATION, CN(`system:etcd-peer:${"x".repeat(48)}`)], /commonName has 65 characters/],
  ["CN of another kind", [ORGANIZATION, CN("system:node:a")], /does not begin with/],
  ["no CN", [ORGANIZATION], /common name "" does not begin with/],
  ["CN as IA5String", [ORGANIZATION, CN(element(0x16, toUtf8(NODE)))], /neither UTF8String nor PrintableString/],
  ["CN as TeletexString", [ORGANIZATION, CN(element(0x14, toUtf8(NODE)))], /neither UTF8String nor PrintableString/],
  [
    "CN as BMPString",
    [ORGANIZATION, CN(element(0x1e, Uint8Array.from([...NODE].flatMap((c) => [0, c.charCodeAt(0)]))))],
    /neither UTF8String nor PrintableString/,
  ],
];

for (const [what, rdns, message] of SUBJECTS) {
  test(`a subject with ${what} is denied`, async () => {
    const condition = await denialOf(signer, await rawRequest({ rdns }));
    assert.is(condition.reason, "SubjectNotAllowed");
    assert.match(condition.message, message);
    assert.match(condition.message, /\(profile etcd-peer\)$/);
  });
}

test("an empty subject is denied", async () => {
  const request = await rawRequest({ rdns: [] });
  assert.is((await denialOf(signer, request)).reason, "SubjectNotAllowed");
  const body = objectJson(request, { version: "v1beta1", name: "nobody" });
  const { spec, status } = await objectIn(await post(signer, body, { version: "v1beta1" }));
  assert.is(status.conditions?.[0]?.reason, "ProfileUnknown");
  assert.is(spec.signerName, "kubernetes.io/legacy-unknown");
});

test("PrintableString with the right text is issued, and rebuilt as UTF8String", async () => {
  const rdns = [O(printableString("system:etcd-peers")), CN(printableString(NODE))];
  const object = await objectIn(await post(signer, objectJson(await rawRequest({ rdns }), { name: "printable" })));
  assert.is(object.status.conditions?.[0]?.type, "Approved");
});

test.run();
