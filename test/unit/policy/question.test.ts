import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDer } from "../../../src/asn1/der.ts";
import { answerOf, askedSubject, checkOf, resultOf } from "../../../src/policy/question.ts";
import { encodeName, parseName, type Subject } from "../../../src/x509/name.ts";

const asked = (subject: Subject): ReturnType<typeof askedSubject> =>
  askedSubject(parseName(readDer(encodeName(subject), "name"), "name"));

test("askedSubject takes one common name and one organization; whatever else there is stands apart", () => {
  assert.equal(asked({ organization: "o", commonName: "c" }), { commonName: "c", organization: "o", others: [] });
  assert.equal(asked({}), { commonName: "", others: [] });
  assert.equal(asked({ commonName: ["a", "b"], organization: ["o", "system:masters"], organizationalUnit: "u" }), {
    commonName: "a",
    organization: "o",
    others: ["commonName=b", "organization=system:masters", "organizationalUnit=u"],
  });
});

test("a result without checks allows nothing, nor does one with a fault", () => {
  assert.not(resultOf("a", []).allowed);
  assert.not(resultOf("a", [{ check: "who" }, checkOf("profile", "no")]).allowed);
  assert.ok(resultOf("a", [checkOf("who", undefined)]).allowed);
});

test("an answer needs a rule that allows, and every limit", () => {
  const good = resultOf("good", [{ check: "who" }]);
  const bad = resultOf("bad", [checkOf("who", "no")]);
  const limit = resultOf("limit", [{ check: "who" }], true);
  const broken = resultOf("limit", [checkOf("who", "no")], true);
  assert.is(answerOf([bad, good], true).allowedBy, "good");
  assert.is(answerOf([limit, bad, good], true).allowedBy, "good");
  for (const rules of [[], [bad], [limit], [limit, bad], [broken, good]]) {
    const { allowed, allowedBy } = answerOf(rules, true);
    assert.equal([allowed, allowedBy], [false, undefined]);
  }
});

test.run();
