import { test } from "uvu";
import * as assert from "uvu/assert";
import { concat, fromUtf8, toUtf8 } from "../../../src/bytes.ts";
import { CertgenError } from "../../../src/errors.ts";
import type { JsonObject } from "../../../src/k8s/json.ts";
import { decodeProtobuf, type ProtobufKind } from "../../../src/k8s/protobuf.ts";
import { faultOf, hex, patched } from "../support.ts";

/** What kubectl 1.32.5 sent for `kubectl certificate approve csr1` (PUT …/approval). */
const APPROVAL = hex([
  "6b3873000a330a166365727469666963617465732e6b38732e696f2f7631121943657274696669636174655369676e696e67",
  "5265717565737412f0040a4f0a046373723112001a0022002a2433636663366336322d613863322d346136352d383663382d",
  "62353634613961656537323932033130313800420808f89196d80610005a0a0a0566616c736512013112b5030ad7022d2d2d",
  "2d2d424547494e20434552544946494341544520524551554553542d2d2d2d2d0a4d4948474d473443415141774444454b4d",
  "41674741315545417777426544425a4d424d4742797147534d34394167454743437147534d343941774548413049410a4242",
  "504d6b2f5a5066522f3536363850335a444a326b65424c4332394859677047334d36334a506b43757671762b6b7949627352",
  "532b4930664d4130355354750a6c4d4177387759426e6f386f63314d4179635436312b53674144414b42676771686b6a4f50",
  "51514441674e49414442464169424f7872314539335832337765360a6138586a6f624146786942494176676c355671483668",
  "71643478675134414968414e42686242325542575162772f723869324e41576c746f49664b6d4f6d6b380a4d524850524432",
  "4839376d6b0a2d2d2d2d2d454e4420434552544946494341544520524551554553542d2d2d2d2d0a120561646d696e1a0022",
  "0e6365727467656e3a61646d696e73221473797374656d3a61757468656e746963617465642a0b636c69656e742061757468",
  "3a1d6b7562656373722e6578616d706c652e636f6d2f657463642d706565721a650a630a08417070726f766564120e4b7562",
  "6563746c417070726f76651a3554686973204353522077617320617070726f766564206279206b75626563746c2063657274",
  "6966696361746520617070726f76652e220808fa9196d80610002a003204547275651a002200",
].join(""));

/** The same for `kubectl auth can-i approve csr`. */
const ACCESS_REVIEW = hex([
  "6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a656374416363657373",
  "52657669657712690a100a0012001a0022002a00320038004200124b0a490a0764656661756c741207617070726f76651a13",
  "6365727469666963617465732e6b38732e696f22002a1a63657274696669636174657369676e696e67726571756573747332",
  "003a001a08080012001a0020001a002200",
].join(""));

/** The same for `kubectl auth can-i --list`. */
const RULES_REVIEW = hex([
  "6b3873000a310a17617574686f72697a6174696f6e2e6b38732e696f2f7631121653656c665375626a65637452756c657352",
  "657669657712230a100a0012001a0022002a0032003800420012090a0764656661756c741a04180022001a002200",
].join(""));

/** The same for `kubectl auth whoami`. */
const SELF_REVIEW = hex([
  "6b3873000a2d0a1861757468656e7469636174696f6e2e6b38732e696f2f7631121153656c665375626a6563745265766965",
  "77121a0a100a0012001a0022002a0032003800420012060a040a0012001a002200",
].join(""));

/** An envelope with a kind and raw content, in the fewest fields. */
function enveloped(kind: string, raw: Uint8Array, ...more: Uint8Array[]): Uint8Array {
  const field = (number: number, value: Uint8Array) => concat([Uint8Array.of(number << 3 | 2, value.length), value]);
  const typeMeta = concat([field(1, toUtf8("v1")), field(2, toUtf8(kind))]);
  return concat([hex("6b387300"), field(1, typeMeta), field(2, raw), ...more]);
}

test("decodeProtobuf reads what kubectl sends to approve", () => {
  const { metadata, spec, status, ...rest } = decodeProtobuf(APPROVAL, "CertificateSigningRequest");
  assert.equal(rest, { kind: "CertificateSigningRequest", apiVersion: "certificates.k8s.io/v1" });
  assert.equal(metadata, {
    name: "csr1",
    uid: "3cfc6c62-a8c2-4a65-86c8-b564a9aee729",
    resourceVersion: "101",
    creationTimestamp: "2026-11-24T12:54:16Z",
    labels: { false: "1" },
  });
  const { request, ...others } = spec as JsonObject;
  assert.match(atob(request as string), /^-----BEGIN CERTIFICATE REQUEST-----\n/);
  assert.equal(others, {
    username: "admin",
    groups: ["certgen:admins", "system:authenticated"],
    usages: ["client auth"],
    signerName: "kubecsr.example.com/etcd-peer",
  });
  assert.equal(status, {
    conditions: [{
      type: "Approved",
      reason: "KubectlApprove",
      message: "This CSR was approved by kubectl certificate approve.",
      lastUpdateTime: "2026-11-24T12:54:18Z",
      status: "True",
    }],
  });
});

test("decodeProtobuf reads what kubectl asks about oneself", () => {
  assert.equal(decodeProtobuf(ACCESS_REVIEW, "SelfSubjectAccessReview"), {
    kind: "SelfSubjectAccessReview",
    apiVersion: "authorization.k8s.io/v1",
    metadata: {},
    spec: {
      resourceAttributes: {
        namespace: "default",
        verb: "approve",
        group: "certificates.k8s.io",
        resource: "certificatesigningrequests",
      },
    },
  });
  assert.equal(decodeProtobuf(RULES_REVIEW, "SelfSubjectRulesReview")["spec"], { namespace: "default" });
  assert.equal(decodeProtobuf(SELF_REVIEW, "SelfSubjectReview"), {
    kind: "SelfSubjectReview",
    apiVersion: "authentication.k8s.io/v1",
    metadata: {},
  });
});

test("decodeProtobuf reads DeleteOptions", () => {
  const raw = hex("0800 1206 0a0161 120137 1800 220a 4261636b67726f756e64 2a03 416c6c");
  assert.equal(decodeProtobuf(enveloped("DeleteOptions", raw), "DeleteOptions"), {
    kind: "DeleteOptions",
    apiVersion: "v1",
    gracePeriodSeconds: 0,
    preconditions: { uid: "a", resourceVersion: "7" },
    orphanDependents: false,
    propagationPolicy: "Background",
    dryRun: ["All"],
  });
});

test("decodeProtobuf fills in a kind that is not said, and refuses another", () => {
  assert.equal(decodeProtobuf(hex("6b387300"), "DeleteOptions"), { kind: "DeleteOptions" });
  const fault = faultOf("malformed-object", () => decodeProtobuf(APPROVAL, "DeleteOptions"));
  assert.is(
    fault.message,
    'CertificateSigningRequest in version "certificates.k8s.io/v1" cannot be handled as a DeleteOptions',
  );
});

test("decodeProtobuf refuses other encodings", () => {
  const cases = [
    new Uint8Array(),
    toUtf8("{}"),
    hex("6b3873"),
    hex("6b387301"),
    enveloped("DeleteOptions", new Uint8Array(), hex("1a04 677a6970")),
    enveloped("DeleteOptions", new Uint8Array(), hex("2201 78")),
  ];
  for (const body of cases) faultOf("malformed-object", () => decodeProtobuf(body, "DeleteOptions"));
});

test("decodeProtobuf gives an object or a CertgenError for every mutation, in time", () => {
  const bodies: [ProtobufKind, Uint8Array][] = [
    ["CertificateSigningRequest", APPROVAL],
    ["SelfSubjectAccessReview", ACCESS_REVIEW],
    ["SelfSubjectRulesReview", RULES_REVIEW],
  ];
  const start = performance.now();
  let count = 0;
  for (const [kind, body] of bodies) {
    for (let at = 0; at < body.length; at++) {
      for (const mutated of [body.subarray(0, at), ...[0, 0x7f, 0x80, 0xff].map((octet) => patched(body, at, octet))]) {
        count++;
        try {
          JSON.stringify(decodeProtobuf(mutated, kind));
        } catch (error) {
          if (!(error instanceof CertgenError)) throw error;
          assert.is(error.code, "malformed-object");
        }
      }
    }
  }
  assert.ok((performance.now() - start) / count < 5);
  assert.ok(fromUtf8(APPROVAL.subarray(0, 3)) === "k8s");
});

test.run();
