import { test } from "uvu";
import * as assert from "uvu/assert";
import { headKey, isSigned, keyIdOf, signHead } from "../../../src/audit/head.ts";
import { NO_LINE } from "../../../src/audit/line.ts";
import { toHex, toUtf8 } from "../../../src/bytes.ts";
import { generateKey, sign } from "../../../src/x509/key.ts";
import { toBase64 } from "../../../src/bytes.ts";
import { MOMENT, rejection } from "../../fakes.ts";

const LINE = { sequence: 7, time: MOMENT, previous: "ab".repeat(32) };
const key = await generateKey();
const { publicKey } = key;
const signer = await headKey(key);
const { keyId } = signer;

test("a head is signed for its place, what comes before it and its time", async () => {
  const head = await signHead(signer, LINE);
  assert.ok(await isSigned({ ...LINE, head }, publicKey, keyId));
  for (const change of [{ sequence: 8 }, { time: "2026-03-01T12:00:01Z" }, { previous: NO_LINE }]) {
    assert.not(await isSigned({ ...LINE, ...change, head }, publicKey, keyId), JSON.stringify(change));
  }
});

test("the signed bytes are the label and the three, a line each", async () => {
  const bytes = toUtf8(`certgen-audit-head-v1\n7\n${LINE.previous}\n${MOMENT}`);
  const head = { algorithm: "ecdsaWithSha256", keyId, signature: toBase64(await sign(key, bytes)) };
  assert.ok(await isSigned({ ...LINE, head }, publicKey, keyId));
});

test("a head of another key, algorithm or form is not signed", async () => {
  const head = await signHead(signer, LINE);
  const other = await headKey(await generateKey());
  assert.not(await isSigned({ ...LINE, head: await signHead(other, LINE) }, publicKey, keyId));
  assert.not(await isSigned({ ...LINE, head: { ...await signHead(other, LINE), keyId } }, publicKey, keyId));
  for (
    const change of [{ algorithm: "none" }, { keyId: NO_LINE }, { signature: "" }, { signature: "!" }, {
      signature: "AAAA",
    }]
  ) {
    assert.not(await isSigned({ ...LINE, head: { ...head, ...change } }, publicKey, keyId), JSON.stringify(change));
  }
  assert.not(await isSigned(LINE, publicKey, keyId));
});

test("a key is named by its SubjectPublicKeyInfo, and is one over P-256", async () => {
  assert.is(keyId, toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", publicKey.spki))));
  for (const type of ["ec-p384", "ed25519"] as const) {
    const other = await generateKey(type);
    await rejection("unsupported-algorithm", headKey(other));
    await rejection("unsupported-algorithm", keyIdOf(other.publicKey));
  }
});

test.run();
