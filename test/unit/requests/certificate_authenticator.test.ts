import { sha256Hex } from "../../../src/digest.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Authenticator } from "../../../src/auth/authenticator.ts";
import { EXTRA, type Identity } from "../../../src/identity.ts";
import { certificateAuthenticator } from "../../../src/requests/certificate_authenticator.ts";
import { CertificateRecords } from "../../../src/requests/certificate_records.ts";
import { parseCertificate } from "../../../src/x509/certificate.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { type Asked, type CredentialWorld, credentialWorld, entriesOf, obtain, prove } from "../../credentials.ts";
import { fakeLog, type LogLine, rejection } from "../../fakes.ts";
import { posing } from "../../proof.ts";
import { pathOf } from "../../signing.ts";

const world = await credentialWorld();
const holder = await obtain(world.bearer("any-token"));
const FINGERPRINT = await sha256Hex(parseCertificate(holder.certificate).der);

function authenticator(
  { store, now }: CredentialWorld,
  admit?: (identity: Identity) => void,
): { authenticate: Authenticator; lines: LogLine[] } {
  const { log, lines } = fakeLog();
  const options = { store, records: new CertificateRecords(store), graceSeconds: 0, maxBodyBytes: 1000, now, log };
  return { authenticate: certificateAuthenticator({ ...options, ...admit && { admit } }), lines };
}

async function requestOf(asked: Asked = {}): Promise<Request> {
  const { method, path, body, headers } = await prove(world, holder, asked);
  return new Request(`https://signer${path}`, { method, headers, ...body === undefined ? {} : { body } });
}

test("the holder of a recorded certificate is known by it, in no group, and the body is left alone", async () => {
  const { authenticate } = authenticator(world);
  const request = await requestOf({ body: "a body" });
  assert.equal(await authenticate(request), {
    username: "certgen:cert:etcd-peer:system:etcd-peer:etcd1",
    groups: [],
    proof: "certificate",
    extra: { [EXTRA.certificate]: [FINGERPRINT], [EXTRA.lineage]: [FINGERPRINT] },
  });
  assert.is(await request.text(), "a body");
});

test("a nonce is taken in the store, whoever shares that", async () => {
  const [one, other] = [authenticator(world), authenticator(world)];
  const request = await requestOf({ method: "GET", path: pathOf("v1", "x") });
  const before = (await entriesOf(world.store, "nonce")).length;
  assert.ok(await one.authenticate(request.clone()));
  await rejection("unauthorized", other.authenticate(request.clone()));
  assert.is((await entriesOf(world.store, "nonce")).length, before + 1);
  assert.equal(other.lines, [{
    level: "debug",
    message: "proof of possession refused",
    facts: { because: "its nonce was used before", fingerprint: FINGERPRINT },
  }]);
});

test("what is refused is said to the log, and takes no nonce", async () => {
  const { authenticate, lines } = authenticator(world);
  const before = (await entriesOf(world.store, "nonce")).length;
  await rejection(
    "unauthorized",
    authenticate(await requestOf({ proof: { key: posing(await generateKey(), holder.key.publicKey) } })),
  );
  await rejection("unauthorized", authenticate(await requestOf({ proof: { now: () => new Date(0) } })));
  const ca = { certificate: world.etcd.certificate.pem, key: posing(holder.key, world.etcd.publicKey) };
  await rejection("unauthorized", authenticate(await requestOf({ proof: ca })));
  await rejection("too-large", authenticate(await requestOf({ body: "x".repeat(1001) })));
  assert.is((await entriesOf(world.store, "nonce")).length, before);
  assert.match(String(lines[0]?.facts["because"]), /proof of possession/);
  assert.equal(lines.slice(1).map(({ facts }) => facts["because"]), [
    "its time is not now",
    "its certificate was not issued here to anybody known",
  ]);
});

test("what is too much takes no nonce, and is told whose it is", async () => {
  const asked: string[] = [];
  const { authenticate } = authenticator(world, ({ username }) => {
    asked.push(username);
    throw new Error("too much");
  });
  const before = (await entriesOf(world.store, "nonce")).length;
  const error = await authenticate(await requestOf()).catch((error: unknown) => error);
  assert.is((error as Error).message, "too much");
  assert.equal(asked, ["certgen:cert:etcd-peer:system:etcd-peer:etcd1"]);
  assert.is((await entriesOf(world.store, "nonce")).length, before);
});

test("a header that is malformed is said to the log without a fingerprint", async () => {
  const { authenticate, lines } = authenticator(world);
  const request = new Request("https://signer/x", { headers: { authorization: "Certgen-Proof x" } });
  await rejection("unauthorized", authenticate(request));
  assert.equal(lines.map(({ facts }) => facts), [{ because: "its header is malformed" }]);
});

test("a request without a proof is nobody's here", async () => {
  const { authenticate } = authenticator(world);
  for (const headers of [{}, { authorization: "Bearer any-token" }, { authorization: "Basic x" }]) {
    assert.is(await authenticate(new Request("https://signer/x", { headers })), null);
  }
});

test("a store that fails lets nobody in", async () => {
  const broken = await credentialWorld();
  broken.store.get = () => Promise.reject(new Error("no disk"));
  const { authenticate } = authenticator(broken);
  const error = await authenticate(await requestOf()).catch((error: unknown) => error);
  assert.is((error as Error).message, "no disk");
});

test.run();
