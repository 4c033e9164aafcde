import { dirname, isAbsolute, join } from "node:path";
import { CertgenError, messageOf } from "../src/errors.ts";
import { parsePolicyCases, type PolicyCase } from "../src/policy/cases.ts";
import { canonicalIp } from "../src/policy/names.ts";
import type { Files } from "../src/ports.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
import { createCsr, type Csr, parseCsr } from "../src/x509/csr.ts";
import type { GeneralName } from "../src/x509/general_name.ts";
import { generateKey, type KeyPair } from "../src/x509/key.ts";
import { EXIT } from "./exit.ts";
import { type CommandDefinition, OUTPUT_FLAG } from "./flag.ts";
import type { Options } from "./options.ts";
import { CONFIG_FLAG, identityOf, judge, type Judging, readCsr, readJudging, readUtf8 } from "./policy_judge.ts";
import { printable, quoted } from "../src/text.ts";
import type { Context } from "./program.ts";

/** `certgen-signer policy test`. */
export const definition: CommandDefinition = {
  program: "certgen-signer",
  name: "policy test",
  description: "judge the cases of a file, and say of each whether it came out as expected",
  example: "certgen-signer policy test cases.yaml --config signer.yaml",
  operand: { placeholder: "CASES" },
  flags: [CONFIG_FLAG, OUTPUT_FLAG],
};

/** What came of a case. */
interface Outcome {
  readonly name: string;
  readonly ok: boolean;
  readonly allowed: boolean;
  readonly message: string;
  /** What was expected instead. */
  readonly expected?: string;
}

/** Judges all cases; one that fails makes the command fail. */
export async function run(options: Options, context: Context): Promise<number> {
  const { files } = await detectRuntime();
  const path = options.operands[0] ?? "";
  const judging = await readJudging(files, options.text("config"));
  const cases = parsePolicyCases(await readUtf8(files, path), path);
  const key = await generateKey("ec-p256");
  const outcomes: Outcome[] = [];
  for (const one of cases) outcomes.push(outcomeOf(one, judging, await csrOf(one, files, path, key)));
  const failed = outcomes.filter(({ ok }) => !ok).length;
  const passed = outcomes.length - failed;
  if (options.text("output") === "json") {
    context.stdout(`${printable(JSON.stringify({ passed, failed, cases: outcomes }))}\n`);
  } else {
    for (const outcome of outcomes) context.stdout(lineOf(outcome));
    context.stdout(`${passed} ok, ${failed} failed\n`);
  }
  return failed === 0 ? EXIT.done : EXIT.failed;
}

function outcomeOf(one: PolicyCase, judging: Judging, csr: Csr): Outcome {
  const { name, expect, because, groups = [], token, request, lifetimeSeconds } = one;
  const claims = Object.fromEntries(
    Object.entries(one.claims ?? {}).map(([claim, values]) => [claim, typeof values === "string" ? [values] : values]),
  );
  const { allowed, message } = judge(judging, {
    csr,
    identity: identityOf({ user: one.as, groups, claims, token }),
    profile: request?.profile ?? one.profile,
    ...lifetimeSeconds === undefined ? {} : { lifetimeSeconds },
  });
  const isExpected = allowed === (expect === "allowed");
  const ok = isExpected && (because === undefined || message.includes(because));
  const expected = isExpected ? `${expect} because ${quoted(because ?? "")}` : expect;
  return { name, ok, allowed, message, ...ok ? {} : { expected } };
}

function lineOf({ name, ok, allowed, message, expected }: Outcome): string {
  const fault = expected === undefined
    ? ""
    : `: expected ${expected}, was ${allowed ? "allowed" : "denied"}: ${message}`;
  return printable(`${ok ? "ok  " : "FAIL"} ${name}${fault}`) + "\n";
}

/** The CSR of a case: a file beside the cases, or one that is made of what the case says. */
async function csrOf(one: PolicyCase, files: Files, path: string, key: KeyPair): Promise<Csr> {
  const { name, csr: file, request = {} } = one;
  if (file !== undefined) return await readCsr(files, isAbsolute(file) ? file : join(dirname(path), file));
  const { commonName, organization, dnsNames = [], ipAddresses = [] } = request;
  const subject = {
    ...organization === undefined ? {} : { organization },
    ...commonName === undefined ? {} : { commonName },
  };
  try {
    const csr = parseCsr((await createCsr({ key, subject })).der);
    // certgen asks for no wildcards and no bad names by itself; others do
    const subjectAltName = [
      ...dnsNames.map((value): GeneralName => ({ type: "dns", value })),
      ...ipAddresses.map((text): GeneralName => ({ type: "ip", value: canonicalIp(text) ?? text })),
    ];
    return { ...csr, extensions: { ...csr.extensions, subjectAltName } };
  } catch (cause) {
    throw new CertgenError("invalid-object", `Cannot make the request of case ${quoted(name)}: ${messageOf(cause)}`, {
      cause,
    });
  }
}
