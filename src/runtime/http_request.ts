/**
 * Requests of `node:http` as the Fetch API's. Written out rather than taken from `Readable.toWeb`, which on Deno
 * throws where nobody can catch it once a body is cancelled early: one oversized upload would end the process.
 * @module
 */
import type { IncomingMessage } from "node:http";
import type { Bytes } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import { type Exchange, plain } from "./http_response.ts";

const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
const METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** The body of a message, pulled by hand. */
export interface IncomingBody {
  readonly stream: ReadableStream<Bytes>;
  /** Reads on and forgets, for so many seconds at most. */
  readonly discard: (seconds: number) => Promise<void>;
}

/** The request, or the answer to one that is no proper request: 400 or 405. */
export function toRequest({ incoming, outgoing, scheme }: Exchange, body: IncomingBody): Request | Response {
  const method = incoming.method ?? "";
  if (!METHODS.includes(method)) return plain(405, "method not allowed", { allow: METHODS.join(", ") });
  const target = incoming.url ?? "";
  const hosts = incoming.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === "host");
  const host = incoming.headers.host ?? "";
  // an absolute-form target would name another host than the header does
  if (hosts.length !== 1 || !HOST.test(host) || !target.startsWith("/")) return plain(400, "bad request");

  const aborted = new AbortController();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) aborted.abort(new CertgenError("io", "Cannot answer: the client is gone"));
  });
  const init: RequestInit & { duplex?: "half" } = { method, signal: aborted.signal };
  if (method !== "GET" && method !== "HEAD") {
    init.body = body.stream;
    init.duplex = "half";
  }
  try {
    init.headers = headersOf(incoming.rawHeaders);
    // joined, since `new URL(target, base)` would take a host from a target like "//elsewhere/"
    return new Request(`${scheme}://${host}${target}`, init);
  } catch {
    return plain(400, "bad request");
  }
}

/** Headers in their order, repeated ones kept. */
export function headersOf(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < raw.length; i += 2) headers.append(raw[i] ?? "", raw[i + 1] ?? "");
  return headers;
}

/** The body of a message; to cancel its stream leaves the socket up, so that an answer can still be sent. */
export function bodyOf(incoming: IncomingMessage): IncomingBody {
  // made when first needed: an iterator that nobody uses would hold the message
  let chunks: AsyncIterator<Uint8Array<ArrayBuffer>> | undefined;
  const next = (): Promise<IteratorResult<Bytes>> => (chunks ??= incoming[Symbol.asyncIterator]()).next();
  const stream = new ReadableStream<Bytes>({
    async pull(controller) {
      try {
        const { done, value } = await next();
        if (done) controller.close();
        else controller.enqueue(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      } catch (cause) {
        controller.error(new CertgenError("io", `Cannot read request body: ${messageOf(cause)}`, { cause }));
      }
    },
    // nothing to do on cancel: to end the iterator would end the socket
  }, { highWaterMark: 0 });
  const discard = async (seconds: number): Promise<void> => {
    const drain = async (): Promise<void> => {
      while (!(await next()).done);
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, seconds * 1000));
    await Promise.race([drain().catch(() => {}), limit]);
    clearTimeout(timer);
  };
  return { stream, discard };
}
