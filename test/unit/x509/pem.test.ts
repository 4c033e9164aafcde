import { test } from "uvu";
import * as assert from "uvu/assert";
import { toBase64 } from "../../../src/bytes.ts";
import { derOf, parsePem, parsePemBlocks, toPem } from "../../../src/x509/pem.ts";
import { faultOf } from "../support.ts";

const BYTES = Uint8Array.from({ length: 100 }, (_, i) => i);
const PEM = toPem("CSR", BYTES);
const BODY = PEM.split("\n").slice(1, -2).join("\n");
const read = (text: string): Uint8Array => parsePem(text, ["CSR", "NEW CSR"], "thing");

test("toPem writes lines of 64 characters and a line feed at the end", () => {
  const lines = PEM.split("\n");
  assert.is(lines[0], "-----BEGIN CSR-----");
  assert.is(lines[1]?.length, 64);
  assert.equal(lines.slice(-2), ["-----END CSR-----", ""]);
  assert.is(toPem("CSR", new Uint8Array(48)).split("\n").length, 4);
});

test("parsePem reads what toPem writes, at every length", () => {
  for (let length = 1; length <= 100; length++) {
    const part = BYTES.slice(0, length);
    assert.equal(read(toPem("CSR", part)), part);
  }
  assert.equal(read(toPem("NEW CSR", BYTES)), BYTES);
});

test("parsePem takes the forms that tools write", () => {
  const forms: readonly (readonly [string, string])[] = [
    ["CRLF", PEM.replaceAll("\n", "\r\n")],
    ["no newline at the end", PEM.trimEnd()],
    ["CRLF without the last", PEM.replaceAll("\n", "\r\n").trimEnd()],
    ["blank lines after", `${PEM}\n \r\n\t`],
    ["text before, as openssl prints it", `Certificate Request:\n    Data: 1\n\n${PEM}`],
    ["text with dashes before", `-----\n----- BEGIN\n -----BEGIN CSR-----\n${PEM}`],
    ["trailing spaces", PEM.replaceAll("\n", "  \n")],
    ["one long line", `-----BEGIN CSR-----\n${toBase64(BYTES)}\n-----END CSR-----`],
    ["short lines", `-----BEGIN CSR-----\n${toBase64(BYTES).replace(/(.{4})/g, "$1\n")}-----END CSR-----`],
    ["blank lines inside", PEM.replaceAll("\n", "\n\n")],
  ];
  for (const [name, text] of forms) assert.equal(read(text), BYTES, name);
});

test("R18 parsePem refuses", () => {
  const faults: readonly (readonly [string, string, string])[] = [
    ["nothing", "", 'no "-----BEGIN CSR-----" line'],
    ["white space", " \n\n", "no "],
    ["bare base64", BODY, "no "],
    ["another label", toPem("CERTIFICATE", BYTES), 'PEM block is "CERTIFICATE", not "CSR"'],
    ["a label in lower case", PEM.replaceAll("CSR", "csr"), "BEGIN line is broken"],
    ["a label that only begins alike", toPem("CSR X", BYTES), 'PEM block is "CSR X"'],
    ["an empty label", PEM.replaceAll(" CSR-", " -"), "BEGIN line is broken"],
    ["a label of 65 characters", toPem("A".repeat(65), BYTES), "BEGIN line is broken"],
    ["four dashes", PEM.replace("CSR-----", "CSR----"), "BEGIN line is broken"],
    ["text behind the BEGIN line", PEM.replace("-----\n", "----- x\n"), "BEGIN line is broken"],
    ["no line break at all", "-----BEGIN CSR-----AAAA-----END CSR-----", "BEGIN line is broken"],
    ["carriage returns alone", PEM.replaceAll("\n", "\r"), "BEGIN line is broken"],
    ["no END", PEM.slice(0, PEM.indexOf("-----END")), 'no "-----END CSR-----" line'],
    ["another END", PEM.replace("END CSR", "END CERTIFICATE"), 'does not end with a "-----END CSR-----"'],
    ["an END cut off", PEM.slice(0, -3), "does not end with"],
    ["text behind the END line", PEM.trimEnd() + "x\n", "does not end with"],
    ["a BEGIN inside", PEM.replace(BODY, `${BODY}\n-----BEGIN CSR-----`), "does not end with"],
    ["a second block", PEM + PEM, "more than one PEM block"],
    ["a second block of another label", PEM + toPem("CERTIFICATE", BYTES), "more than one PEM block"],
    ["a second block that is broken", `${PEM}-----BEGIN `, "more than one PEM block"],
    ["text after", `${PEM}x`, "text after the PEM block"],
    ["an END too many", `${PEM}-----END CSR-----\n`, "text after the PEM block"],
    ["NUL after", `${PEM}\0`, "text after the PEM block"],
    ["headers", PEM.replace("\n", "\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\n"), "PEM headers are not accepted"],
    ["an empty block", "-----BEGIN CSR-----\n-----END CSR-----\n", "PEM block is empty"],
    ["a blank block", "-----BEGIN CSR-----\n \n\n-----END CSR-----\n", "PEM block is empty"],
    ["base64url", PEM.replace("AAEC", "-_EC"), "not base64"],
    ["another character", PEM.replace("AAEC", "A.EC"), "not base64"],
    ["a character too many", PEM.replace("AAEC", "AAECA"), "not base64"],
    ["padding in the middle", PEM.replace("AAEC", "AA=="), "not base64"],
    ["unused bits", PEM.replace("Yw==", "Yx=="), "unused bits are not zero"],
    ["a no-break space inside", PEM.replace("AAEC", "AA\u00a0EC"), "not base64"],
  ];
  for (const [name, text, words] of faults) {
    const error = faultOf("malformed-pem", () => read(text));
    assert.ok(
      error.message.startsWith("Cannot read thing: ") && error.message.includes(words),
      `${name}: ${error.message}`,
    );
  }
});

test("parsePemBlocks gives all blocks in order, and passes over the text between", () => {
  const other = Uint8Array.of(1, 2, 3);
  const text = `first\n${PEM}\nsecond\n${toPem("EC PARAMETERS", other)}${PEM.trimEnd()}\nend`;
  const blocks = parsePemBlocks(text, "thing");
  assert.equal(blocks.map(({ label }) => label), ["CSR", "EC PARAMETERS", "CSR"]);
  assert.equal(blocks.map(({ der }) => der), [BYTES, other, BYTES]);
  assert.equal(parsePemBlocks("", "thing"), []);
  assert.equal(parsePemBlocks("text\n", "thing"), []);
});

test("parsePemBlocks refuses a document with one block that is broken", () => {
  for (const broken of ["-----BEGIN CSR-----\n", PEM.replace("END CSR", "END X"), PEM.replace("AAEC", "A:EC")]) {
    faultOf("malformed-pem", () => parsePemBlocks(PEM + broken, "thing"));
    faultOf("malformed-pem", () => parsePemBlocks(broken + PEM, "thing"));
  }
});

test("derOf takes bytes as they are", () => {
  assert.is(derOf(BYTES, ["CSR"], "thing"), BYTES);
  assert.equal(derOf(PEM, ["CSR"], "thing"), BYTES);
});

/** Texts that make a careless parser slow. */
const HOSTILE: Readonly<Record<string, (size: number) => string>> = {
  "BEGIN lines": (size) => "-----BEGIN CSR-----\n".repeat(size / 20),
  "BEGIN without a line break": (size) => "-----BEGIN ".repeat(size / 11),
  "dashes": (size) => "-".repeat(size),
  "lines of dashes": (size) => "-----\n".repeat(size / 6),
  "no END": (size) => `-----BEGIN CSR-----\n${`${"A".repeat(64)}\n`.repeat(size / 65)}`,
  "headers": (size) => `-----BEGIN CSR-----\n${"A: b\n".repeat(size / 5)}-----END CSR-----\n`,
  "a header without an end": (size) => `-----BEGIN CSR-----\n${" ".repeat(size)}:\n-----END CSR-----\n`,
  "white space": (size) => " \n".repeat(size / 2),
  "white space behind BEGIN": (size) => `-----BEGIN CSR-----${" ".repeat(size)}x`,
  "white space inside": (size) => `-----BEGIN CSR-----\n${" \t\r\n".repeat(size / 4)}!\n-----END CSR-----\n`,
  "white space after": (size) => `${PEM}${" ".repeat(size)}x`,
  "END lines": (size) => `-----BEGIN CSR-----\nAAAA\n${"-----END CSR-----x\n".repeat(size / 19)}`,
  "base64 with a fault at its end": (size) => `-----BEGIN CSR-----\n${"A".repeat(size)}!AAA\n-----END CSR-----\n`,
  "padding": (size) => `-----BEGIN CSR-----\n${"=".repeat(size)}\n-----END CSR-----\n`,
  "a long label": (size) => `-----BEGIN ${"A ".repeat(size / 2)}-----\n-----END A-----\n`,
  "blocks": (size) => PEM.repeat(size / PEM.length),
};

/** The best of three, in milliseconds: the machine may do other things at times, the parser cannot be faster than it is. */
function timeOf(text: string): number {
  const times = Array.from({ length: 3 }, () => {
    const started = performance.now();
    for (const parse of [read, (text: string) => parsePemBlocks(text, "thing")]) {
      try {
        parse(text);
      } catch {
        // most of them are no PEM; how long it takes to see that is the question
      }
    }
    return performance.now() - started;
  });
  return Math.min(...times);
}

test("R17 parsePem and parsePemBlocks take linear time on hostile text", () => {
  for (const [name, make] of Object.entries(HOSTILE)) {
    const times = [2 ** 17, 2 ** 18, 2 ** 19, 2 ** 20].map((size) => timeOf(make(size)));
    const [smallest = 0, , , largest = 0] = times;
    assert.ok(largest < 1000, `${name}: 1 MiB took ${largest} ms`);
    // 8 times the text; a quadratic parser takes 64 times as long
    assert.ok(largest < 40 * Math.max(smallest, 2), `${name}: ${times} ms`);
  }
});

test.run();
