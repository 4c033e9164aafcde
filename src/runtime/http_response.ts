import type { IncomingMessage, ServerResponse } from "node:http";
import { setImmediate } from "node:timers/promises";

/** RFC 9110 §8.6, §15: these carry no content, so no content-length either. */
const WITHOUT_BODY: readonly number[] = [204, 205, 304];
/** A body is read ahead so far to learn its length before the headers go out. */
const READ_AHEAD_BYTES = 256 * 1024;

/** Where a request came from and how it is followed. */
export interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly scheme: "http" | "https";
  /** Seconds a client may take to read what has been written. */
  readonly stallSeconds: number;
}

/** A short answer in plain text. */
export function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers } });
}

/** What is known of a body once it has been read as far as it comes without waiting. */
export interface Ahead {
  readonly chunks: readonly Uint8Array[];
  /** What is still to come; `undefined` where the chunks are all. */
  readonly rest?: { readonly reader: BodyReader; readonly next: ReturnType<BodyReader["read"]> };
}

type BodyReader = ReadableStreamDefaultReader<Uint8Array>;

/**
 * Reads an answer's body as far as it is there already. A text or a few bytes are then known whole, so that they go out
 * with a content-length; a stream that waits for events goes out as it comes.
 */
export async function readAhead(response: Response): Promise<Ahead> {
  if (response.body === null) return { chunks: [] };
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  for (let length = 0;;) {
    const next = reader.read();
    const result = length > READ_AHEAD_BYTES ? undefined : await Promise.race([next, setImmediate(undefined)]);
    if (result === undefined) return { chunks, rest: { reader, next } };
    if (result.done) return { chunks };
    chunks.push(result.value);
    length += result.value.byteLength;
  }
}

/** How an answer goes out. */
export interface Sending {
  /** No further request is taken on this connection. */
  readonly close: boolean;
  /** Called when all of a known body is written, and before the answer is ended. */
  readonly beforeEnd: () => Promise<void>;
}

/** Sends an answer to its end, or until the client is gone. Rejects where the body fails on the way. */
export async function sendResponse(
  { incoming, outgoing, stallSeconds }: Exchange,
  response: Response,
  { chunks, rest }: Ahead,
  { close, beforeEnd }: Sending,
): Promise<void> {
  const gone = async (): Promise<void> => await rest?.reader.cancel().catch(() => {});
  if (outgoing.destroyed) return await gone();
  // a stream that waits for an event would not notice otherwise that nobody listens any more
  outgoing.once("close", () => void gone());
  const bare = incoming.method === "HEAD" || WITHOUT_BODY.includes(response.status);
  outgoing.statusCode = response.status;
  response.headers.forEach((value, name) => {
    if (name !== "set-cookie" && name !== "transfer-encoding") outgoing.setHeader(name, value);
  });
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) outgoing.setHeader("set-cookie", cookies);
  if (WITHOUT_BODY.includes(response.status)) outgoing.removeHeader("content-length");
  else if (rest === undefined && (chunks.length > 0 || !bare)) {
    outgoing.setHeader("content-length", chunks.reduce((length, chunk) => length + chunk.byteLength, 0));
  }
  if (close) outgoing.setHeader("connection", "close");
  // a text goes out in one piece with its headers; they do not wait for a stream
  if (bare || rest !== undefined || chunks.length === 0) outgoing.flushHeaders();
  if (bare) await gone();
  else {
    for (const chunk of chunks) await write(outgoing, chunk, stallSeconds);
    for (let part = await rest?.next; part !== undefined && !part.done; part = await rest?.reader.read()) {
      await write(outgoing, part.value, stallSeconds);
    }
  }
  if (rest === undefined) await beforeEnd();
  if (outgoing.destroyed) return;
  outgoing.end();
  await settled(outgoing, "finish", stallSeconds);
}

async function write(outgoing: ServerResponse, chunk: Uint8Array, stallSeconds: number): Promise<void> {
  if (outgoing.destroyed || outgoing.write(chunk)) return;
  await settled(outgoing, "drain", stallSeconds);
}

/** Waits until the client has read on, and drops one that does not. */
async function settled(outgoing: ServerResponse, event: "drain" | "finish", seconds: number): Promise<void> {
  if (outgoing.destroyed || (event === "finish" && outgoing.writableFinished)) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => outgoing.destroy(), seconds * 1000);
    const done = (): void => {
      clearTimeout(timer);
      outgoing.off(event, done);
      outgoing.off("close", done);
      resolve();
    };
    outgoing.once(event, done);
    outgoing.once("close", done);
  });
}
