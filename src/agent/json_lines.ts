import { concat } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import type { JsonObject } from "../k8s/json.ts";
import { objectOf } from "./transport.ts";

const LINE_FEED = 10;

/**
 * The objects of a body that has one on each line, as each line is whole. To leave the loop cancels the body.
 *
 * @param maxBytes longest line that is kept while it is not whole
 * @throws CertgenError `rejected` where a line is no JSON object, `too-large`, or what the body fails with
 */
export async function* jsonLines(
  body: ReadableStream<Uint8Array>,
  maxBytes: number = 4 << 20,
): AsyncGenerator<JsonObject, void> {
  const reader = body.getReader();
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = (part: Uint8Array): void => {
    parts.push(part);
    length += part.length;
    if (length <= maxBytes) return;
    throw new CertgenError("too-large", `Cannot take the signer's answer: a line is longer than ${maxBytes} bytes`);
  };
  const line = (): Uint8Array => {
    const whole = concat(parts);
    [parts, length] = [[], 0];
    return whole;
  };
  const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte <= 0x20);
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      let rest = read.value;
      for (let end = rest.indexOf(LINE_FEED); end >= 0; end = rest.indexOf(LINE_FEED)) {
        take(rest.subarray(0, end));
        rest = rest.subarray(end + 1);
        const whole = line();
        if (!isBlank(whole)) yield objectOf(whole);
      }
      take(rest);
    }
    const last = line();
    if (!isBlank(last)) yield objectOf(last);
  } finally {
    await reader.cancel().catch(() => {});
  }
}
