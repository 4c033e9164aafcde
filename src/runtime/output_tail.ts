import { toUtf8 } from "../bytes.ts";

/** Keeps the end of what comes in pieces from several streams, in the order in which it comes. */
export class OutputTail {
  readonly #maxBytes: number;
  readonly #decoders: TextDecoder[] = [];
  #text = "";

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes the pieces of one stream, whose characters may be split among them. */
  writer(): (piece: Uint8Array) => void {
    const decoder = newDecoder();
    this.#decoders.push(decoder);
    return (piece) => this.#add(decoder.decode(piece, { stream: true }));
  }

  /** Everything has come: the end of it, in UTF-8 no longer than allowed. */
  text(): string {
    for (const decoder of this.#decoders) this.#add(decoder.decode());
    const bytes = toUtf8(this.#text);
    let start = Math.max(0, bytes.length - this.#maxBytes);
    // a character that is cut begins with bytes 10xxxxxx
    while (start > 0 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
    return newDecoder().decode(bytes.subarray(start));
  }

  #add(text: string): void {
    this.#text = (this.#text + text).slice(-this.#maxBytes);
  }
}

const newDecoder = (): TextDecoder => new TextDecoder("utf-8", { ignoreBOM: true });
