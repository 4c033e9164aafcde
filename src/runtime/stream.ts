/**
 * An answer of `node:https` whose body comes as it arrives. Written out rather than taken from `Readable.toWeb`, which on
 * Deno throws where nobody can catch it once a body is cancelled early.
 * @module
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Bytes } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import { headersOf } from "./http_request.ts";
import { networkError } from "./network_error.ts";

const CUT = "connection closed within the answer";
/** Statuses that `new Response` takes no body with. */
const NULL_BODY: readonly number[] = [101, 103, 204, 205, 304];

/**
 * The answer to a request as soon as its headers are there. Its body ends where the server ends it; it fails where the
 * connection does, the request's signal is aborted (with its reason), or nothing comes for so many seconds that somebody
 * waits; to cancel it closes the connection.
 *
 * @throws CertgenError `unavailable` where the status is none
 */
export function streamAnswer(
  outgoing: ClientRequest,
  incoming: IncomingMessage,
  request: Request,
  idleSeconds: number,
): Response {
  const body = new ReadableStream(new Body(outgoing, incoming, request, idleSeconds));
  return answer(incoming, body, new URL(request.url));
}

/**
 * A message as an answer with a body.
 * @throws CertgenError `unavailable` where the status is none
 */
export function answer(incoming: IncomingMessage, body: BodyInit | null, url: URL): Response {
  const status = incoming.statusCode ?? 0;
  try {
    return new Response(NULL_BODY.includes(status) ? null : body, { status, headers: headersOf(incoming.rawHeaders) });
  } catch (cause) {
    throw new CertgenError("unavailable", `Cannot read the answer of ${url.origin}: status ${status}`, { cause });
  }
}

type Controller = ReadableStreamDefaultController<Bytes>;

/** What a body's stream reads from. */
class Body implements UnderlyingDefaultSource<Bytes> {
  readonly #outgoing: ClientRequest;
  readonly #incoming: IncomingMessage;
  /** Held as long as the body: its signal follows the caller's only while it lives. */
  readonly #request: Request;
  readonly #idleSeconds: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #finish = (): void => {};
  #isOver = false;

  constructor(outgoing: ClientRequest, incoming: IncomingMessage, request: Request, idleSeconds: number) {
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    this.#request = request;
    this.#idleSeconds = idleSeconds;
  }

  start(controller: Controller): void {
    const { signal } = this.#request;
    const incoming = this.#incoming;
    const abort = (): void => this.#fail(controller, signal.reason);
    this.#finish = () => {
      this.#isOver = true;
      clearTimeout(this.#timer);
      signal.removeEventListener("abort", abort);
    };
    incoming.on("data", (chunk: Bytes) => {
      if (this.#isOver) return;
      controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      if ((controller.desiredSize ?? 0) > 0) return this.#wait(controller);
      clearTimeout(this.#timer);
      incoming.pause();
    });
    incoming.on("end", () => {
      if (!incoming.complete) return this.#fail(controller, this.#unreachable(CUT));
      if (this.#isOver) return;
      this.#finish();
      controller.close();
    });
    incoming.on("error", (error) => this.#fail(controller, networkError(new URL(this.#request.url), error)));
    incoming.on("close", () => this.#fail(controller, this.#unreachable(CUT)));
    signal.addEventListener("abort", abort, { once: true });
  }

  pull(controller: Controller): void {
    this.#wait(controller);
    this.#incoming.resume();
  }

  cancel(): void {
    this.#finish();
    this.#outgoing.destroy();
  }

  /** From now on something must come in time: nobody is to blame for what is not read. */
  #wait(controller: Controller): void {
    clearTimeout(this.#timer);
    const idle = (): void => this.#fail(controller, this.#unreachable(`nothing came for ${this.#idleSeconds} s`));
    this.#timer = setTimeout(idle, this.#idleSeconds * 1000);
  }

  #fail(controller: Controller, error: unknown): void {
    if (this.#isOver) return;
    this.#finish();
    controller.error(error);
    this.#outgoing.destroy();
  }

  #unreachable(why: string): CertgenError {
    return new CertgenError("unavailable", `Cannot reach ${new URL(this.#request.url).origin}: ${why}`);
  }
}
