import { existsSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError } from "../../src/errors.ts";
import { parseCsr, verifyCsr } from "../../src/x509/csr.ts";
import { parsePemBlocks } from "../../src/x509/pem.ts";
import { ROOT } from "../runtimes.ts";
import { ANSWERS } from "./csr_answers.ts";

const FOLDER = `${ROOT}../shared/vectors/`;
const isThere = existsSync(`${FOLDER}MANIFEST.tsv`);
if (!isThere) console.log("skipped: needs ../shared/vectors");
const needsVectors = isThere ? test : test.skip;

interface Vector {
  readonly file: string;
  readonly expected: string;
}

const vectors: readonly Vector[] = (isThere ? readFileSync(`${FOLDER}MANIFEST.tsv`, "utf8").split("\n").slice(1) : [])
  .map((line) => line.split("\t"))
  .filter((fields) => fields.length > 2)
  .map(([file = "", expected = ""]) => ({ file, expected }));

/** What happened to a CSR: `accepted`, or the step and the error. */
interface Outcome {
  readonly step: "parse" | "verify" | "accepted";
  readonly error: CertgenError | undefined;
}

async function outcomeOf(input: string | Uint8Array): Promise<Outcome> {
  let step: Outcome["step"] = "parse";
  try {
    const csr = parseCsr(input);
    step = "verify";
    await verifyCsr(csr);
    return { step: "accepted", error: undefined };
  } catch (error) {
    if (!(error instanceof CertgenError)) throw error;
    return { step, error };
  }
}

const textOf = ({ file }: Vector): string => readFileSync(`${FOLDER}${file}`, "utf8");
const answerOf = ({ step, error }: Outcome): string => error === undefined ? step : `${step} ${error.code}`;

/** What each value of the column `expected` demands; see the vectors' README. */
const DEMANDS: Readonly<Record<string, (vector: Vector, outcome: Outcome) => boolean>> = {
  accept: (_, { step }) => step === "accepted",
  reject: (_, { step, error }) => step === "parse" && error?.offset !== undefined,
  badsig: (_, { step }) => step !== "accepted",
  unsupported: (_, { step, error }) => step === "verify" && error?.code === "unsupported-algorithm",
  "unsupported-or-accept": ({ file }, outcome) => answerOf(outcome) === ANSWERS[file]?.[0],
  policy: ({ file }, outcome) => answerOf(outcome) === ANSWERS[file]?.[0],
};

for (const [expected, demand] of Object.entries(DEMANDS)) {
  needsVectors(`CSRs of others: ${expected}`, async () => {
    const chosen = vectors.filter((vector) => vector.expected === expected);
    assert.ok(chosen.length > 0, "there are none");
    for (const vector of chosen) {
      const outcome = await outcomeOf(textOf(vector));
      assert.ok(demand(vector, outcome), `${vector.file}: ${answerOf(outcome)} ${outcome.error?.message ?? ""}`);
      const words = ANSWERS[vector.file]?.[1];
      if (words !== undefined) {
        assert.ok(outcome.error?.message.includes(words), `${vector.file}: ${outcome.error?.message}`);
      }
    }
  });
}

needsVectors("CSRs of others: every one is judged, and the table of answers names no other", () => {
  assert.is(vectors.length, 194);
  assert.equal([...new Set(vectors.map(({ expected }) => expected))].sort(), Object.keys(DEMANDS).sort());
  const asked = vectors.filter(({ expected }) => expected === "policy" || expected === "unsupported-or-accept");
  assert.equal(asked.map(({ file }) => file).sort(), Object.keys(ANSWERS).sort());
});

needsVectors("CSRs of others: as DER they get the same answer, and one more byte is refused", async () => {
  for (const vector of vectors) {
    const [block] = parsePemBlocks(textOf(vector), "vector");
    if (block === undefined) throw new Error(`${vector.file} has no block`);
    assert.equal(await outcomeOf(block.der), await outcomeOf(textOf(vector)), vector.file);
    const longer = new Uint8Array(block.der.length + 1);
    longer.set(block.der);
    assert.is((await outcomeOf(longer)).error?.code, "malformed-der", vector.file);
  }
});

test.run();
