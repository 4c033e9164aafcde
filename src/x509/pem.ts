/**
 * RFC 7468 text encoding, strict and in linear time: no regular expression ever sees a whole document.
 * @module
 */
import { type Bytes, fromBase64, toBase64 } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";

/** One block of a PEM document. */
export interface PemBlock {
  /** As in `CERTIFICATE`. */
  readonly label: string;
  /** What the base64 encodes: DER where the document is honest; nothing has looked at it yet. */
  readonly der: Bytes;
}

const BEGIN = "-----BEGIN ";
const END = "-----END ";
const DASHES = "-----";
/** RFC 7468 §3, without the characters nobody uses in a label. */
const LABEL = /^[A-Z0-9]+(?:[ -][A-Z0-9]+)*$/;

/** PEM text of some DER: lines of 64 characters, a line feed at the end. */
export function toPem(label: string, der: Uint8Array): string {
  const base64 = toBase64(der);
  let text = `${BEGIN}${label}${DASHES}\n`;
  for (let at = 0; at < base64.length; at += 64) text += base64.slice(at, at + 64) + "\n";
  return `${text}${END}${label}${DASHES}\n`;
}

/**
 * The DER of a text that holds exactly one PEM block. Text before the block is passed over, since `openssl` prints the
 * content there; after it only white space may stand.
 *
 * @param labels the labels that are accepted
 * @param what what it should be, for messages
 * @throws CertgenError `malformed-pem`
 */
export function parsePem(text: string, labels: readonly string[], what: string): Bytes {
  const first = nextBlock(text, 0, what);
  if (first === undefined) throw pemError(what, `no "${BEGIN}${labels[0]}${DASHES}" line`);
  if (!labels.includes(first.label)) {
    throw pemError(what, `PEM block is ${JSON.stringify(first.label)}, not ${JSON.stringify(labels[0])}`);
  }
  if (beginningOfLine(text, BEGIN, first.end) >= 0) throw pemError(what, "more than one PEM block");
  if (text.slice(first.end).trim() !== "") throw pemError(what, "text after the PEM block");
  return decodeBody(first.body, what);
}

/**
 * All blocks of a PEM document, in order; text between them is passed over.
 * @throws CertgenError `malformed-pem` where a block is broken
 */
export function parsePemBlocks(text: string, what: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let block = nextBlock(text, 0, what); block !== undefined; block = nextBlock(text, block.end, what)) {
    blocks.push({ label: block.label, der: decodeBody(block.body, what) });
  }
  return blocks;
}

/** A block as it stands in the text, and where it ends. */
interface RawBlock {
  readonly label: string;
  readonly body: string;
  readonly end: number;
}

function nextBlock(text: string, from: number, what: string): RawBlock | undefined {
  const begin = beginningOfLine(text, BEGIN, from);
  if (begin < 0) return undefined;
  const bodyStart = endOfLine(text, begin);
  const beginLine = text.slice(begin, bodyStart).trimEnd();
  const label = beginLine.slice(BEGIN.length, -DASHES.length);
  if (!beginLine.endsWith(DASHES) || label.length > 64 || !LABEL.test(label)) {
    throw pemError(what, "BEGIN line is broken");
  }
  const bodyEnd = text.indexOf(`\n${DASHES}`, bodyStart);
  const endLine = `${END}${label}${DASHES}`;
  if (bodyEnd < 0) throw pemError(what, `no "${endLine}" line`);
  const end = bodyEnd + 1 + endLine.length;
  if (!text.startsWith(endLine, bodyEnd + 1) || text.slice(end, endOfLine(text, end)).trim() !== "") {
    throw pemError(what, `PEM block does not end with a "${endLine}" line`);
  }
  return { label, body: text.slice(bodyStart, bodyEnd), end };
}

/** Where text that begins a line stands next, from a position that does itself begin or end a line. */
function beginningOfLine(text: string, start: string, from: number): number {
  if (from === 0 && text.startsWith(start)) return 0;
  const at = text.indexOf(`\n${start}`, from);
  return at < 0 ? -1 : at + 1;
}

function endOfLine(text: string, from: number): number {
  const at = text.indexOf("\n", from);
  return at < 0 ? text.length : at;
}

function decodeBody(body: string, what: string): Bytes {
  if (body.includes(":")) throw pemError(what, "PEM headers are not accepted");
  const base64 = body.replace(/[ \t\r\n]+/g, "");
  if (base64 === "") throw pemError(what, "PEM block is empty");
  try {
    return fromBase64(base64);
  } catch (error) {
    throw pemError(what, messageOf(error).replace("Cannot read ", "not "));
  }
}

function pemError(what: string, fault: string): CertgenError {
  return new CertgenError("malformed-pem", `Cannot read ${what}: ${fault}`);
}

/** The DER of an input that is PEM where it is text, DER where it is bytes. */
export function derOf(input: string | Uint8Array, labels: readonly string[], what: string): Uint8Array {
  return typeof input === "string" ? parsePem(input, labels, what) : input;
}
