import { toUtf8 } from "./bytes.ts";

/** Longest name, in bytes of UTF-8. */
const MAX_NAME_BYTES = 253;

/**
 * Why a text cannot be a name, if it cannot: 1 to 253 bytes, neither `.` nor `..`, no `/` and no `%` (as in Kubernetes), no
 * control, format or surrogate characters.
 */
export function nameFault(name: string): string | undefined {
  if (name === "") return "may not be empty";
  if (toUtf8(name).length > MAX_NAME_BYTES) return `may not be longer than ${MAX_NAME_BYTES} bytes`;
  if (name === "." || name === "..") return `may not be '${name}'`;
  if (name.includes("/")) return "may not contain '/'";
  if (name.includes("%")) return "may not contain '%'";
  return /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(name) ? "may not contain control or format characters" : undefined;
}

/** The order of names: that of their UTF-8 bytes, which is that of their code points. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates, which make code points from U+10000 on, come after all other units. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}
