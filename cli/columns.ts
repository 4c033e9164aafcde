import { printable } from "../src/text.ts";

const GAP = 3;

/** Rows as lines, their cells under each other; the first is the header. */
export function columns(rows: readonly (readonly string[])[]): string {
  const shown = rows.map((row) => row.map(printable));
  const widths = (shown[0] ?? []).map((_, i) => Math.max(...shown.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => i === row.length - 1 ? cell : cell.padEnd((widths[i] ?? 0) + GAP)).join("");
  return shown.map((row) => `${line(row).trimEnd()}\n`).join("");
}
