import { type Bytes, concat } from "../bytes.ts";
import { sha256Hex } from "../digest.ts";
import { type HeadKey, signHead } from "./head.ts";
import { type Body, formatLine, LINE_FEED } from "./line.ts";

/** How far a log has come. */
export interface Point {
  /** Of the last line; 0 before the first. */
  readonly sequence: number;
  /** SHA-256 of the last line. */
  readonly hash: string;
  /** Lines that no head covers yet. */
  readonly uncovered: number;
}

const END = Uint8Array.of(LINE_FEED);

/** Lines that are chained and written together; until they are on disk, the point they begin at is where the log is. */
export class Batch {
  readonly #parts: Bytes[] = [];
  #point: Point;
  #size = 0;
  #head: Bytes | undefined;

  /** Begins after a point. */
  constructor(point: Point) {
    this.#point = point;
  }

  /** Where the log is once this is written. */
  get point(): Point {
    return this.#point;
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  /** The last line, where that is a head; without its line feed. */
  get head(): Bytes | undefined {
    return this.#head;
  }

  /** Adds a line. */
  async add(time: string, body: Body): Promise<void> {
    await this.#push(formatLine({ ...this.#next(), time }, body));
    this.#head = undefined;
    this.#point = { ...this.#point, uncovered: this.#point.uncovered + 1 };
  }

  /** Adds a line that signs for everything before it. */
  async addHead(time: string, key: HeadKey): Promise<void> {
    const line = { ...this.#next(), time };
    const bytes = formatLine(line, { head: await signHead(key, line) });
    await this.#push(bytes);
    this.#head = bytes;
    this.#point = { ...this.#point, uncovered: 0 };
  }

  /** All lines, each with its line feed. */
  content(): Bytes {
    return concat(this.#parts);
  }

  #next(): { readonly sequence: number; readonly previous: string } {
    return { sequence: this.#point.sequence + 1, previous: this.#point.hash };
  }

  async #push(line: Bytes): Promise<void> {
    this.#parts.push(line, END);
    this.#size += line.length + 1;
    this.#point = { ...this.#point, sequence: this.#point.sequence + 1, hash: await sha256Hex(line) };
  }
}
