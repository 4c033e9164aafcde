/**
 * JSON Merge Patch (RFC 7386). Objects are built from entries and never assigned to, so that no key can reach a prototype.
 * @module
 */
import { isObject } from "./json.ts";

/** Applies a merge patch: members merge, `null` removes, everything else replaces. Neither argument changes. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, applyMergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}
