/**
 * Permission bits that people write for keys and certificates, in octal.
 * @module
 */

/** What may be set of a key's file: reading and writing, by its owner and its group. */
const KEY_BITS = 0o660;
/** What may be set of a certificate's file: reading by everybody, writing by its owner. */
const CERTIFICATE_BITS = 0o644;
const OWNER_READS = 0o400;

/** Why a text is no mode of such a file, if it is none, as the end of a sentence. */
export function modeFault(kind: "key" | "certificate", text: string): string | undefined {
  if (!/^[0-7]{3,4}$/.test(text)) return 'is not 3 or 4 octal digits, as "0640"';
  const mode = modeOf(text);
  if ((mode & 0o7000) !== 0) return "has setuid, setgid or sticky bits";
  if ((mode & 0o111) !== 0) return "lets somebody execute the file";
  if ((mode & OWNER_READS) === 0) return "does not let its owner read the file";
  if (kind === "key" && (mode & ~KEY_BITS) !== 0) return "gives others than owner and group a right to a key";
  if (kind === "certificate" && (mode & ~CERTIFICATE_BITS) !== 0) return "lets others than its owner write the file";
  return undefined;
}

/** The bits of a text that {@link modeFault} has nothing against. */
export function modeOf(text: string): number {
  return Number.parseInt(text, 8);
}
