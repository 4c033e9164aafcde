import { test } from "uvu";
import * as assert from "uvu/assert";
import { issuerOf } from "../../../src/agent/ca_bundle.ts";
import type { Installation } from "../../../src/agent/install.ts";
import { parseCertificates } from "../../../src/x509/certificate.ts";
import { authority, certify, issued } from "../../authorities.ts";
import { installation, pairDirectory, pairIn, readPlain } from "../../installing.ts";
import { type Fault, MemoryFiles } from "../../memory_files.ts";

const [caA, caB] = [await authority("A"), await authority("B")];
const [A, B] = [caA.certificate, caB.certificate];
const cross = await certify(caB, caA);
const first = await issued(caA);
/** Of the CA that follows, with another key, and with the same. */
const [ofB, keptByB] = [await issued(caB), await issued(caB, { key: first.key })];

const KINDS: readonly Fault["kind"][] = ["crash-before", "crash-after", "error"];
const STEPS: [what: string, before: Installation | undefined, then: Installation][] = [
  ["a first pair", undefined, installation(first, [A])],
  ["another CA alone", installation(first, [A]), installation(first, [B, cross])],
  ["a pair of another CA", installation(first, [A]), installation(ofB, [B, cross])],
  ["a certificate of another CA for the same key", installation(first, [A]), installation(keptByB, [B, cross])],
];

for (const [what, before, then] of STEPS) {
  test(`R57 a failure at every file operation of ${what}: the pair matches, its CA is trusted, and the next try ends well`, async () => {
    const old = await pairDirectory();
    if (before !== undefined) await old.put(before);
    await old.pair.promote();
    const world = () => {
      const files = new MemoryFiles();
      for (const [path, file] of old.files.tree) files.tree.set(path, file);
      return pairDirectory({}, undefined, files);
    };
    const clean = await world();
    clean.files.calls.length = 0;
    await clean.put(then);
    const [total, expected] = [clean.files.calls.length, readPlain(clean.files)];
    assert.ok(total > 10);
    for (const kind of KINDS) {
      for (let at = 1; at <= total; at++) {
        const where = `${kind} at call ${at} of ${total}`;
        const { files, pair, put } = await world();
        files.failWith({ at, kind });
        const error = await put(then).then(() => assert.unreachable(where), (error) => error);
        assert.match(error.message, "ENOSPC", where);
        files.failWith();
        const found = await pair.read();
        if (found.state === "whole") {
          const pems = [before, then].map((one) => one?.certificatePem);
          assert.ok(pems.includes(found.pair.certificatePem), where);
          const trusted = parseCertificates(files.text("d/ca.crt") ?? "");
          assert.ok(await issuerOf(found.pair.certificate, trusted), where);
        } else assert.equal([found.state, before], ["missing", undefined], where);
        await pair.prepare();
        await put(then);
        assert.equal(readPlain(files), expected, where);
        assert.is((await pairIn(pair)).caPem, expected[2], where);
        assert.ok(await pair.isPending(), where);
      }
    }
  });
}

test.run();
