import { conditionText } from "../src/k8s/table.ts";
import type { RequestView } from "../src/k8s/request_view.ts";
import { printable } from "../src/text.ts";
import { ageOf, certificateOf, csrOf, distanceOf, NONE, profileOf, timeOf } from "./request_text.ts";

/** Columns of a list of requests. */
const HEADER: readonly string[] = ["NAME", "AGE", "PROFILE", "REQUESTER", "NAMES", "STATE", "EXPIRES"];
const GAP = 3;
/** Names of a certificate that a narrow table shows, in characters; the first is shown in any case. */
const NAMES_WIDTH = 40;

/** A table that grows: what is added later stands under what is there. */
export class RequestTable {
  readonly #isWide: boolean;
  #widths: readonly number[] = [];

  /** @param isWide shows all names, and when a certificate expires */
  constructor(isWide: boolean) {
    this.#isWide = isWide;
  }

  /**
   * Rows as lines, the first ones with a header before them.
   * @param gone whether these are what is there no more
   */
  lines(requests: readonly RequestView[], now: Date, gone = false): string {
    const rows = requests.map((request) => this.#cells(request, now, gone).map(printable));
    if (this.#widths.length === 0) rows.unshift([...HEADER]);
    this.#widths = HEADER.map((_, i) => Math.max(this.#widths[i] ?? 0, ...rows.map((row) => row[i]?.length ?? 0)));
    return rows.map((row) => `${this.#line(row)}\n`).join("");
  }

  #line(row: readonly string[]): string {
    return row.map((cell, i) => i === row.length - 1 ? cell : cell.padEnd((this.#widths[i] ?? 0) + GAP)).join("");
  }

  #cells(request: RequestView, now: Date, gone: boolean): string[] {
    const { metadata, spec, status } = request;
    return [
      metadata.name,
      ageOf(metadata.creationTimestamp, now),
      profileOf(spec.signerName),
      spec.username || NONE,
      this.#names(request),
      gone ? "Deleted" : conditionText(status),
      this.#expiry(request, now),
    ];
  }

  #names(request: RequestView): string {
    const csr = csrOf(request);
    if (csr === undefined) return "<unreadable>";
    const names = csr.extensions.subjectAltName?.map(({ type, value }) => value || type) ?? [];
    if (names.length === 0) return NONE;
    if (this.#isWide) return names.join(",");
    let count = 1;
    while (count < names.length && names.slice(0, count + 1).join(",").length <= NAMES_WIDTH) count++;
    const first = names.slice(0, count).join(",");
    const shown = first.length > NAMES_WIDTH ? `${first.slice(0, NAMES_WIDTH - 1)}…` : first;
    return count < names.length ? `${shown},+${names.length - count}` : shown;
  }

  #expiry(request: RequestView, now: Date): string {
    const certificate = certificateOf(request);
    if (certificate === undefined) return request.status.certificate === undefined ? NONE : "<unreadable>";
    const distance = distanceOf(certificate.notAfter, now);
    return this.#isWide ? `${distance} (${timeOf(certificate.notAfter)})` : distance;
  }
}
