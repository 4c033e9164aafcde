import { test } from "uvu";
import * as assert from "uvu/assert";
import { issuerOf } from "../../../src/agent/ca_bundle.ts";
import { changedParts, install, type Installation, trustedIn } from "../../../src/agent/install.ts";
import type { Pair } from "../../../src/agent/pair.ts";
import { authority, certify, issued, type IssuedTexts } from "../../authorities.ts";
import { fakeClock, rejection } from "../../fakes.ts";
import { installation, pairDirectory, pairIn, readPlain } from "../../installing.ts";
import type { MemoryFiles } from "../../memory_files.ts";

const { now } = fakeClock();
const [caA, caB, stranger] = [await authority("A"), await authority("B"), await authority("stranger")];
const [A, B, X] = [caA.certificate, caB.certificate, stranger.certificate];
const cross = await certify(caB, caA);
const first = await issued(caA);
const second = await issued(caA);
/** Of the CA that follows, with another key, and with the same. */
const [ofB, keptByB] = [await issued(caB), await issued(caB, { key: first.key })];

const wanted = (texts: IssuedTexts, cas: Installation["cas"] = [A], isPinned = false): Installation =>
  installation(texts, cas, isPinned);

const WRITES = /^(?:replace|replaceLink|rename|remove|create|append|makeDirectory) /;
const writes = (files: MemoryFiles): string[] => files.calls.filter((call) => WRITES.test(call));
/** What one finds who reads all of them as they were installed. */
const texts = ({ keyPem, certificatePem }: IssuedTexts, ...cas: Installation["cas"]) => [
  keyPem,
  certificatePem,
  cas.map(({ pem }) => pem).join(""),
];

test("the CA's file comes first, and then the pair, by one rename", async () => {
  const { files, pair, put } = await pairDirectory();
  files.calls.length = 0;
  const version = await put(wanted(first));
  const home = `d/.n/${version}`;
  assert.equal(writes(files), [
    "replace d/ca.crt",
    `makeDirectory ${home}`,
    `replace ${home}/tls.key`,
    `replace ${home}/tls.crt`,
    `replace ${home}/ca.crt`,
    "replaceLink d/n.key",
    "replaceLink d/n.crt",
    "replaceLink d/.n/current",
  ]);
  assert.equal(readPlain(files), texts(first, A));
  assert.is(await pair.current(), version);
  assert.ok(await pair.isPending());
  assert.is((await pairIn(pair)).caPem, A.pem);
});

test("where the CAs are the same, their file is not written again, whatever else stands in it", async () => {
  const { files, put } = await pairDirectory();
  await put(wanted(first));
  const commented = `# our CA\n${A.pem}`;
  files.put("d/ca.crt", commented);
  files.calls.length = 0;
  const version = await put(wanted(second));
  assert.not.ok(writes(files).includes("replace d/ca.crt"));
  assert.equal(writes(files).at(-1), "replaceLink d/.n/current");
  assert.equal(readPlain(files), [second.keyPem, second.certificatePem, commented]);
  assert.ok(version);
});

test("nothing is written where all of it is in place", async () => {
  const { files, put } = await pairDirectory();
  await put(wanted(first, [B, A]));
  const before = files.snapshot();
  files.calls.length = 0;
  assert.is(await put(wanted(first, [B, A])), undefined);
  // the CA that issued it stays anyway, and so it need not be said
  assert.is(await put(wanted(first, [B])), undefined);
  assert.equal(writes(files), []);
  assert.equal(files.snapshot(), before);
});

test("plain files that were there before become a version even where they are what is wanted", async () => {
  const { files, pair, put } = await pairDirectory();
  files.put("d/n.key", first.keyPem, 0o600);
  files.put("d/n.crt", first.certificatePem);
  files.put("d/ca.crt", A.pem);
  assert.is((await pairIn(pair)).version, undefined);
  assert.ok(await put(wanted(first)));
  assert.equal(readPlain(files), texts(first, A));
  assert.is((await pairIn(pair)).version, await pair.current());
});

test("another CA alone is a new version with the same key and certificate", async () => {
  const { files, pair, put } = await pairDirectory();
  const old = await put(wanted(first));
  await pair.promote();
  const version = await put(wanted(first, [B, cross]));
  assert.ok(version !== undefined && version !== old);
  assert.equal(readPlain(files), texts(first, B, cross, A));
  assert.ok(await pair.isPending());
  assert.equal(changedParts(await pairIn(pair), await pair.good()), ["ca"]);
  // a roll-back gives the pair back; the CA's file has only gained trust
  await pair.rollBack(version);
  assert.equal(readPlain(files), texts(first, B, cross, A));
  assert.is(await put(wanted(first, [B, cross])) !== undefined, true, "what was rolled back is still to be told");
});

test("old and new CA overlap while a pair of the old one is kept, and the old one goes with it", async () => {
  const { files, pair, put } = await pairDirectory();
  const step = async (texts: IssuedTexts, cas: Installation["cas"]): Promise<string> => {
    await put(wanted(texts, cas));
    await pair.promote();
    const names = new Map([[A.pem, "A"], [B.pem, "B"], [cross.pem, "cross"]]);
    return (await trustedIn(files, "d/ca.crt")).map(({ pem }) => names.get(pem)).join(" ");
  };
  assert.is(await step(first, [A]), "A");
  assert.is(await step(keptByB, [B, cross]), "B cross A");
  // the one before is of the old CA still
  assert.is(await step(await issued(caB), [B]), "B cross A");
  assert.is(await step(await issued(caB), [B]), "B cross");
});

test("the CA of the pair that a roll-back would go back to stays, however many others failed since", async () => {
  const { files, pair, put } = await pairDirectory();
  await put(wanted(first));
  await pair.promote();
  const bad = await put(wanted(ofB, [B, cross]));
  assert.ok(bad !== undefined && await pair.rollBack(bad));
  for (let times = 0; times < 2; times++) {
    const version = await put(wanted(await issued(caB), [B]));
    const trusted = await trustedIn(files, "d/ca.crt");
    assert.ok(await issuerOf(first.certificate, trusted), `install ${times} after the first that failed`);
    if (times === 1) assert.ok(version !== undefined && await pair.rollBack(version));
  }
  assert.equal(readPlain(files).slice(0, 2), texts(first).slice(0, 2));
});

test("CAs that nothing leads to are refused, and everything stays byte for byte", async () => {
  const { files, put } = await pairDirectory();
  await put(wanted(first));
  const before = files.snapshot();
  files.calls.length = 0;
  for (const cas of [[X], [B], [X, B], [second.certificate, X], []]) {
    const error = await rejection("invalid-certificate", put(wanted(await issued(stranger), cas)));
    assert.match(error.message, /^Cannot take the CA that the signer names/);
  }
  assert.equal(writes(files), []);
  assert.equal(files.snapshot(), before);
  // what the user pinned is the user's word
  const own = await issued(stranger);
  await put(wanted(own, [X], true));
  assert.equal(readPlain(files), texts(own, X, A));
});

test("a CA's file that cannot be read is refused and kept: what it held nobody knows", async () => {
  const broken: [content: string | Uint8Array, message: RegExp][] = [
    ["", /no /],
    ["garbage", /no /],
    [A.pem.slice(0, 200), /END CERTIFICATE/],
    [A.pem + first.keyPem, /"PRIVATE KEY"/],
    [A.pem.replace(/\n..../, "\n!!!!"), /.+/],
    [Uint8Array.of(0xff, 0xfe), /.+/],
    ["x".repeat((1 << 20) + 1), /larger than/],
  ];
  for (const isPinned of [false, true]) {
    for (const [content, message] of broken) {
      const { files, put } = await pairDirectory();
      await put(wanted(first));
      files.put("d/ca.crt", content);
      const bytes = files.tree.get("d/ca.crt");
      files.calls.length = 0;
      const error = await rejection("invalid-certificate", put(wanted(second, [A], isPinned)));
      assert.match(error.message, /^Cannot use the CA's file "d\/ca\.crt": .*; repair it, or remove it to take the/);
      assert.match(error.message, message);
      assert.equal(writes(files), []);
      assert.is(files.tree.get("d/ca.crt"), bytes);
      assert.is(files.text("d/n.crt"), first.certificatePem);
    }
  }
});

test("a disk that cannot be read is no broken file; one that is not there trusts nobody yet", async () => {
  const { files, pair, put } = await pairDirectory();
  assert.equal(await trustedIn(files, "d/ca.crt"), []);
  await put(wanted(first));
  assert.equal((await trustedIn(files, "d/ca.crt")).map(({ pem }) => pem), [A.pem]);
  files.failWith({ at: 1, kind: "error" });
  await rejection("io", trustedIn(files, "d/ca.crt"));
  files.failWith();
  await files.remove("d/ca.crt");
  await put(wanted(second, [B, A]));
  assert.equal(readPlain(files), texts(second, B, A));
  assert.is((await pairIn(pair)).caPem, B.pem + A.pem);
  const fault = new TypeError("a fault of certgen's");
  files.read = () => Promise.reject(fault);
  assert.is(await trustedIn(files, "d/ca.crt").catch((error) => error), fault);
});

test("R57 a CA's file that is a link, or no file, is refused", async () => {
  for (const target of ["/etc/ssl/ca.pem", "other.crt", ".n/current/ca.crt"]) {
    const { files, put } = await pairDirectory();
    files.put("/etc/ssl/ca.pem", A.pem);
    files.putLink("d/ca.crt", target);
    const before = files.snapshot();
    files.calls.length = 0;
    const error = await rejection("unsafe-path", put(wanted(first)));
    assert.match(error.message, /"d\/ca\.crt": it is no file of its own, but a link/);
    assert.equal(writes(files), []);
    assert.equal(files.snapshot(), before);
  }
  const { files, put } = await pairDirectory();
  await files.makeDirectory("d/ca.crt", 0o755);
  await rejection("unsafe-path", put(wanted(first)));
});

test("R57 the CA's file has the owner and mode that were asked for; somebody else's is refused", async () => {
  const access = (files: MemoryFiles) => {
    const { mode = 0, owner } = files.tree.get("d/ca.crt") ?? {};
    return `${mode.toString(8)} ${owner?.uid}:${owner?.gid}`;
  };
  const usual = await pairDirectory({}, 1000);
  await usual.put(wanted(first));
  assert.is(access(usual.files), "644 1000:1000");
  const asked = await pairDirectory({ certificateMode: 0o440, owner: { uid: 1000, gid: 77 }, caFile: "ca.crt" }, 1000);
  await asked.put(wanted(first));
  assert.is(access(asked.files), "440 1000:77");
  const { files, put } = await pairDirectory({}, 1000);
  files.put("d/ca.crt", A.pem, 0o644, { uid: 1001, gid: 1001 });
  assert.match((await rejection("unsafe-path", put(wanted(first, [B, A])))).message, /belongs to another user/);
  assert.is(files.text("d/ca.crt"), A.pem);
});

test("the CA's file is the one that was named", async () => {
  const { files, put } = await pairDirectory({ caFile: "metric-ca.crt" });
  files.put("d/ca.crt", X.pem);
  await put(wanted(first));
  assert.is(files.text("d/metric-ca.crt"), A.pem);
  assert.is(files.text("d/ca.crt"), X.pem);
});

test("where another agent was faster, its pair stays", async () => {
  const { files, pair, put } = await pairDirectory();
  const over = await put(wanted(first));
  await put(wanted(second));
  const place = { directory: "d" };
  await rejection("conflict", install(files, pair, place, wanted(await issued(caA)), over, now()));
  await rejection("conflict", install(files, pair, place, wanted(await issued(caA)), undefined, now()));
  assert.equal(readPlain(files), texts(second, A));
});

test("changedParts says what a reader has to read again", async () => {
  const { pair, put } = await pairDirectory();
  const pairs: Pair[] = [];
  for (
    const what of [wanted(first), wanted(await issued(caA, { key: first.key })), wanted(second), wanted(ofB, [B, A])]
  ) {
    await put(what);
    pairs.push(await pairIn(pair));
  }
  const [one, sameKey, other, ofOtherCa] = pairs;
  assert.ok(one && sameKey && other && ofOtherCa);
  assert.equal(changedParts(one, undefined), ["certificate", "key", "ca"]);
  assert.equal(changedParts(one, one), []);
  assert.equal(changedParts(sameKey, one), ["certificate"]);
  assert.equal(changedParts(other, sameKey), ["certificate", "key"]);
  assert.equal(changedParts(ofOtherCa, other), ["certificate", "key", "ca"]);
  assert.equal(changedParts({ ...one, caPem: B.pem }, one), ["ca"]);
  assert.equal(changedParts({ ...one, caPem: `# text\n${one.caPem}` }, one), []);
  // readers that were told of no CA, or of one that cannot be read, are to be told
  for (const caPem of [undefined, "", "garbage"]) assert.equal(changedParts(one, { ...one, caPem }), ["ca"]);
});

test.run();
