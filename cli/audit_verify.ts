import type { AuditFault } from "../src/audit/chain.ts";
import { sha256Hex } from "../src/digest.ts";
import { headOf } from "../src/audit/directory.ts";
import { isDigest } from "../src/audit/line.ts";
import { type AuditReport, verifyAudit } from "../src/audit/verify.ts";
import { CertgenError } from "../src/errors.ts";
import type { Files } from "../src/ports.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
import { auditPaths, readAuditKey } from "./audit_directory.ts";
import { EXIT } from "./exit.ts";
import { type CommandDefinition, OUTPUT_FLAG } from "./flag.ts";
import type { Options } from "./options.ts";
import { printable } from "../src/text.ts";
import type { Context } from "./program.ts";

/** `certgen-signer audit verify`. */
export const definition: CommandDefinition = {
  program: "certgen-signer",
  name: "audit verify",
  description: "find a line of the audit log that was changed, removed, inserted or moved, or a log that was cut off",
  example: "certgen-signer audit verify --audit-dir .certgen/audit --audit-key audit.pub",
  flags: [
    {
      name: "audit-dir",
      value: "path",
      defaultWords: "audit in --state-dir",
      placeholder: "DIR",
      description: "directory of the audit log",
    },
    {
      name: "state-dir",
      value: "path",
      default: ".certgen",
      placeholder: "DIR",
      description: "directory of a signer that was given no other one",
    },
    {
      name: "audit-key",
      value: "path",
      defaultWords: "audit.pub in the directory of the log",
      placeholder: "FILE",
      description: "key that signs the log, either half: best a copy from another machine",
    },
    {
      name: "head",
      value: "string",
      placeholder: "HASH",
      description: "head that the log must hold, as audit verify has printed it, or a file with a copy of it",
    },
    OUTPUT_FLAG,
  ],
};

/** Verifies it. */
export async function run(options: Options, context: Context): Promise<number> {
  const { files } = await detectRuntime();
  const directory = options.text("audit-dir") ?? `${options.required("state-dir")}/audit`;
  const publicKey = await readAuditKey(files, options.text("audit-key") ?? auditPaths(directory).publicKey);
  const head = options.text("head");
  const report = await verifyAudit(
    files,
    directory,
    publicKey,
    head === undefined ? {} : { head: await hashOf(files, head) },
  );
  if (options.text("output") === "json") {
    context.stdout(`${printable(JSON.stringify({ directory, ...report }))}\n`);
    return report.fault === undefined ? EXIT.done : EXIT.failed;
  }
  if (report.fault !== undefined) {
    throw new CertgenError(
      "invalid-signature",
      `Cannot trust audit log ${JSON.stringify(directory)}: ${faultText(report.fault)}`,
    );
  }
  context.stdout(textOf(directory, report));
  return EXIT.done;
}

/** A hash as it was typed, or of the head in a file. */
async function hashOf(files: Files, text: string): Promise<string> {
  const hash = text.toLowerCase();
  return isDigest(hash) ? hash : await sha256Hex(headOf(await files.read(text), text).bytes);
}

function faultText({ kind, file, line, message }: AuditFault): string {
  return `${file}${line === 0 ? "" : ` line ${line}`} (${kind}): ${message}`;
}

function textOf(directory: string, report: AuditReport): string {
  const { files, lines, heads, lastHead, linesAfterHead, rests } = report;
  const rows = [
    `audit log ${printable(directory)} is whole: ${count(lines, "line")} in ${count(files, "file")}, ${
      count(heads, "head")
    }`,
    ...rests.map(({ file, bytes }) =>
      `${file}: ${count(bytes, "byte")} that a failed write has left, no part of the log`
    ),
    `${count(linesAfterHead, "line")} after the last head, which nothing signs for`,
    lastHead === undefined
      ? "no head yet"
      : `last head, number ${lastHead.sequence} of ${
        printable(lastHead.time)
      }; keep it on another machine for --head:\n${lastHead.hash}`,
  ];
  return rows.map((row) => `${row}\n`).join("");
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
