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
