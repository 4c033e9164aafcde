import type { Random } from "./ports.ts";

/** WebCrypto's random octets: the default of every option that is a random source. */
export const secureRandom: Random = (length) => crypto.getRandomValues(new Uint8Array(length));

/** Kubernetes' alphabet of generated names: no vowels, so no words. */
const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** The five characters that make a generated name another each time. */
export function randomSuffix(random: Random): string {
  return Array.from(random(5), (octet) => SUFFIX_ALPHABET[octet % SUFFIX_ALPHABET.length]).join("");
}
