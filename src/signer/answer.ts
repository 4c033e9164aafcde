/**
 * Responses, with the header fields that kube-apiserver gives them.
 * @module
 */
import type { Bytes } from "../bytes.ts";
import type { Status } from "../k8s/status.ts";

const COMMON = { "cache-control": "no-cache, private" };

/** A JSON answer, on several lines for people. */
export function json(value: unknown, status: number, isPretty: boolean): Response {
  const text = isPretty ? JSON.stringify(value, null, 2) : JSON.stringify(value);
  return new Response(`${text}\n`, { status, headers: { ...COMMON, "content-type": "application/json" } });
}

/** Adds `Warning` header fields (RFC 7234 §5.5), which kubectl prints. */
export function addWarnings(answer: Response, warnings: readonly string[]): Response {
  for (const warning of warnings) answer.headers.append("warning", warning);
  return answer;
}

/** A Status as an answer. */
export function statusAnswer(status: Status, isPretty: boolean): Response {
  const answer = json(status, status.code, isPretty);
  const seconds = status.details?.retryAfterSeconds;
  if (seconds !== undefined) answer.headers.set("retry-after", String(seconds));
  return answer;
}

/** A text that no browser takes for anything else. */
export function text(body: string, status: number, type = "text/plain; charset=utf-8"): Response {
  return new Response(body, {
    status,
    headers: { ...COMMON, "content-type": type, "x-content-type-options": "nosniff" },
  });
}

/** A document that changes with the program only; nothing of it where the client has it already. */
export function documentAnswer(
  request: Request,
  document: {
    readonly contentType: string;
    readonly body: string | Bytes;
    readonly etag?: string;
    readonly headers: Readonly<Record<string, string>>;
  },
): Response {
  const { contentType, body, etag } = document;
  const headers = { ...COMMON, ...document.headers, ...etag === undefined ? {} : { etag } };
  if (etag !== undefined && request.headers.get("if-none-match") === etag) {
    return new Response(null, { status: 304, headers });
  }
  return new Response(body, { status: 200, headers: { ...headers, "content-type": contentType } });
}
