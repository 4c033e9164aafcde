import { test } from "uvu";
import * as assert from "uvu/assert";
import { type BundleChange, bundleText, issuerOf, nextBundle } from "../../../src/agent/ca_bundle.ts";
import { type Certificate, parseCertificates } from "../../../src/x509/certificate.ts";
import { authority, certify, DAY, issued, later } from "../../authorities.ts";
import { rejection } from "../../fakes.ts";

const [old, next, stranger] = [await authority("old CA"), await authority("new CA"), await authority("stranger CA")];
const [A, B, X] = [old.certificate, next.certificate, stranger.certificate];
/** The new CA's key, certified by the old CA. */
const cross = await certify(next, old);
/** The old CA once more: same key, same name. */
const renewed = await certify(old, old);
const ofOld = (await issued(old)).certificate;
const ofNew = (await issued(next)).certificate;

const NAMES = new Map([[A, "A"], [B, "B"], [X, "X"], [cross, "cross"], [renewed, "renewed"]]);
/** The bundle that follows, by names; what is not said is none. */
async function follows(change: Partial<BundleChange>): Promise<string> {
  const whole = { present: [], said: [], kept: [], isPinned: false, at: later(0), ...change };
  return (await nextBundle(whole)).map((ca) => NAMES.get(ca) ?? "?").join(" ");
}
const refused = async (change: Partial<BundleChange>): Promise<string> =>
  (await rejection("invalid-certificate", follows(change))).message;

const UNCERTIFIED =
  'Cannot take the CA that the signer names, "CN=stranger CA": no CA that is trusted here has certified it, and the ' +
  "bundle holds none; where it is right, put it into the CA's file by hand, or give it as --issuer-cacrt";

test("the first bundle is taken as it is said", async () => {
  assert.is(await follows({ said: [A] }), "A");
  assert.is(await follows({ said: [B, A, cross] }), "B A cross");
});

test("a bundle is taken that holds a CA which is trusted", async () => {
  assert.is(await follows({ present: [A], said: [A] }), "A");
  assert.is(await follows({ present: [A], said: [B, A] }), "B A");
  assert.is(await follows({ present: [X, A], said: [A, B] }), "A B");
});

test("a bundle is taken that holds the same CA, renewed with the same key", async () => {
  assert.is(await follows({ present: [A], said: [renewed] }), "renewed");
  assert.is(await follows({ present: [renewed], said: [A] }), "A");
  // the same without a signature that leads there
  const other = await certify(old, stranger);
  assert.is(await follows({ present: [A], said: [other] }), "?");
});

test("a bundle is taken that a CA which is trusted has certified", async () => {
  assert.is(await follows({ present: [A], said: [cross] }), "cross");
  assert.is(await follows({ present: [A], said: [B, cross] }), "B cross");
  assert.is(await follows({ present: [X, A], said: [cross, B] }), "cross B");
});

test("a stranger is refused, and the message says what to do", async () => {
  assert.is(await refused({ present: [A], said: [X] }), UNCERTIFIED);
  assert.is(await refused({ present: [A], said: [X], kept: [ofOld] }), UNCERTIFIED);
  assert.match(await refused({ present: [A], said: [X, B] }), '"CN=stranger CA", "CN=new CA": no CA');
  // what it has certified itself leads nowhere
  assert.match(await refused({ present: [A], said: [await certify(next, stranger), X] }), "no CA that is trusted");
  // and what was certified by a trusted CA is trusted only once it is here
  assert.match(await refused({ present: [B], said: [A] }), "no CA that is trusted");
});

test("a CA of the trusted one's name with another key is a stranger", async () => {
  const impostor = await authority("old CA");
  assert.match(await refused({ present: [A], said: [impostor.certificate] }), "no CA that is trusted");
  assert.match(await refused({ present: [A], said: [await certify(next, impostor)] }), "no CA that is trusted");
});

test("the trusted CA's key under another name is another CA", async () => {
  const { certificate: { publicKey } } = old;
  const renamed = await certify({ ...stranger, publicKey }, stranger);
  assert.equal([renamed.publicKey.spki, renamed.subject.der], [A.publicKey.spki, X.subject.der]);
  assert.match(await refused({ present: [A], said: [renamed] }), "no CA that is trusted");
});

test("a certificate that names the trusted CA as its issuer, but that it has not signed, leads nowhere", async () => {
  const forged = await certify(stranger, stranger, { claims: A });
  assert.equal(forged.issuer.der, A.subject.der);
  assert.is(await refused({ present: [A], said: [forged] }), UNCERTIFIED);
  const end = forged.signature.length - 1;
  const signature = forged.signature.map((octet, at) => at === end ? octet ^ 1 : octet);
  assert.is(await refused({ present: [A], said: [{ ...forged, signature }] }), UNCERTIFIED);
  const { signature: borrowed } = cross;
  assert.is(await refused({ present: [A], said: [{ ...forged, signature: borrowed }] }), UNCERTIFIED);
});

test("a leaf of the trusted CA is no bridge to a stranger: all that is said are CAs, and valid", async () => {
  const leaf = await certify(stranger, old, { isCa: false });
  const what = "Cannot take the CA that the signer names: the CA's certificate ";
  const notCa = `${what}is not a CA's (basicConstraints)`;
  for (const said of [[X, ofOld], [ofOld, X], [X, leaf], [leaf], [A, ofOld]]) {
    assert.is(await refused({ present: [A], said }), notCa);
    assert.is(await refused({ present: [], said }), notCa);
    assert.is(await refused({ present: [A], said, isPinned: true }), notCa);
  }
  const ended = await certify(next, old, { from: later(-10 * DAY), lifetimeSeconds: DAY });
  const early = await certify(next, old, { from: later(DAY) });
  assert.match(await refused({ present: [A], said: [A, ended] }), `${what}must not be used: it expired`);
  assert.match(await refused({ present: [A], said: [early] }), `${what}must not be used: it is not valid before`);
});

test("a leaf among what is trusted certifies nothing", async () => {
  const leaf = await certify(stranger, old, { isCa: false });
  assert.match(await refused({ present: [leaf], said: [X] }), "no CA that is trusted");
  assert.match(await refused({ present: [leaf], said: [await certify(next, stranger)] }), "no CA that is trusted");
});

test("a trusted CA that has expired counts for nothing, and does not stay", async () => {
  const short = await authority("short CA", DAY);
  const [shortCross, leaf] = [await certify(next, short), (await issued(short)).certificate];
  const change = { present: [short.certificate], said: [shortCross], kept: [leaf] };
  assert.is(await follows(change), "? ?");
  assert.match(await refused({ ...change, at: later(DAY + 1) }), "no CA that is trusted");
  const both = { ...change, present: [short.certificate, A], said: [A], kept: [leaf, ofOld] };
  assert.is(await follows(both), "A ?");
  assert.is(await follows({ ...both, at: later(DAY + 1) }), "A");
});

test("old CAs stay that issued a pair which is kept; others go", async () => {
  const said = [B, cross];
  assert.is(await follows({ present: [A], said, kept: [ofNew, ofOld] }), "B cross A");
  assert.is(await follows({ present: [A], said, kept: [ofNew] }), "B cross");
  assert.is(await follows({ present: [A], said }), "B cross");
  assert.is(await follows({ present: [X, A, B], said: [B], kept: [ofOld, ofNew] }), "B A");
  // a kept pair does not bring in a CA that was never trusted
  assert.is(await follows({ present: [B], said: [B], kept: [ofOld, ofNew] }), "B");
});

test("what the user pinned is taken, whatever was trusted; the CA of a kept pair stays all the same", async () => {
  assert.is(await follows({ present: [A], said: [X], isPinned: true }), "X");
  assert.is(await follows({ present: [A, B], said: [X], kept: [ofOld], isPinned: true }), "X A");
});

test("nobody at all is no bundle", async () => {
  for (const present of [[], [A]]) {
    for (const isPinned of [true, false]) {
      assert.is(
        await refused({ present, said: [], isPinned }),
        "Cannot take the CA that the signer names: it names none",
      );
    }
  }
});

test("no CA stands in it twice; what is said comes first, in its order, then what stays, in its own", async () => {
  const again = parseCertificates(bundleText([A, B])) as [Certificate, Certificate];
  const bundle = await nextBundle({
    present: [X, ...again, renewed],
    said: [cross, B, again[1], cross, A],
    kept: [ofNew, ofOld, (await issued(stranger)).certificate],
    isPinned: false,
    at: later(0),
  });
  assert.equal(bundle.map((ca) => NAMES.get(ca)), ["cross", "B", "A", "X", "renewed"]);
});

test("names of others are short and printable in the message", async () => {
  const many = await Promise.all(Array.from({ length: 10 }, (_, at) => authority(`CA ${at} \u202e${"x".repeat(50)}`)));
  const message = await refused({ present: [A], said: many.map(({ certificate }) => certificate) });
  assert.match(message, /"CN=CA 0 \\+u202ex+", .*" and 2 more: no CA/);
  assert.not.match(message, /\u202e/);
});

test("bundleText is one PEM block for each, and the same for the same bundle", () => {
  assert.is(bundleText([A, B]), A.pem + B.pem);
  assert.is(bundleText(parseCertificates(bundleText([A, B]))), bundleText([A, B]));
  assert.is(bundleText([]), "");
});

test("issuerOf gives the CA that issued a certificate, by its signature", async () => {
  const impostor = (await authority("old CA")).certificate;
  assert.is(await issuerOf(ofOld, [X, impostor, A, B]), A);
  assert.is(await issuerOf(ofNew, [A, cross]), cross);
  assert.is(await issuerOf(ofOld, [X, impostor, B]), undefined);
  assert.is(await issuerOf(ofOld, []), undefined);
});

test.run();
