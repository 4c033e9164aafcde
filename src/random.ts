import type { Random } from "./ports.ts";

/** WebCrypto's random octets: the default of every option that is a random source. */
export const secureRandom: Random = (length) => crypto.getRandomValues(new Uint8Array(length));
