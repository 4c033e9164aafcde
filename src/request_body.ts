import { type Bytes, concat } from "./bytes.ts";
import { CertgenError } from "./errors.ts";

/**
 * The body, as long as it is no longer than the limit: what says it is longer is not read at all. A clone may be read before its
 * original, whose body is kept meanwhile; each is held to its own limit.
 * @throws CertgenError `too-large`
 */
export async function readBody(request: Request, limit: number): Promise<Bytes> {
  const tooLarge = new CertgenError("too-large", `Request entity too large: limit is ${limit}`);
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  for (let chunk = await reader?.read(); chunk !== undefined && !chunk.done; chunk = await reader?.read()) {
    length += chunk.value.length;
    if (length > limit) {
      // not waited for: one half of a clone's body is cancelled only when the other is
      reader?.cancel().catch(() => {});
      throw tooLarge;
    }
    chunks.push(chunk.value);
  }
  return concat(chunks);
}
