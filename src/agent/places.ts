/**
 * Files of several certificates: no two write the same one, in whatever case a file system takes its name.
 * @module
 */
import { quoted } from "../text.ts";
import { caGroupOf } from "./certificate_kind.ts";
import type { CertificatePlace, WantedCertificate } from "./managed.ts";

/** A certificate that cannot have its place, by its index, and why. */
export interface PlaceFault {
  readonly index: number;
  /** What is to be another. */
  readonly of: "commonName" | "caFile";
  readonly why: string;
}

/** What files are named by. */
type Placed = Pick<
  WantedCertificate & CertificatePlace,
  "profile" | "signerName" | "commonName" | "directory" | "caFile"
>;

/** Looks for the first certificate with a file that another one has, too. One CA's file is shared by all that it issues. */
export function placeFault(certificates: readonly Placed[]): PlaceFault | undefined {
  const taken = new Map<string, { readonly index: number; readonly ca: string | undefined }>();
  for (const [index, certificate] of certificates.entries()) {
    const { commonName, caFile = "ca.crt", directory } = certificate;
    const own = [`${commonName}.key`, `${commonName}.crt`, `.${commonName}`].map((file) => [file, undefined] as const);
    for (const [file, ca] of [...own, [caFile, caGroupOf(certificate)] as const]) {
      const key = `${normal(directory)}/${file}`.normalize("NFC").toLowerCase();
      const before = taken.get(key);
      const isShared = ca !== undefined && before?.ca === ca;
      if (before !== undefined && !isShared) {
        const owner = before.index === index ? "this very certificate" : `certificates[${before.index}]`;
        const whose = before.ca === undefined ? `a file of ${owner}` : `the file of the CA of ${owner}`;
        const why = `${quoted(file)} in ${quoted(directory)} is ${whose}`;
        return ca === undefined
          ? { index, of: "commonName", why: `${why}: give another directory` }
          : { index, of: "caFile", why: `${why}: give another name or directory` };
      }
      taken.set(key, { index, ca });
    }
  }
  return undefined;
}

/** A directory as it is written shortest; links are not followed. */
function normal(directory: string): string {
  const parts: string[] = [];
  for (const part of directory.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".." || !directory.startsWith("/")) parts.push(part);
  }
  return `${directory.startsWith("/") ? "/" : ""}${parts.join("/")}`;
}
