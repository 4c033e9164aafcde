/**
 * CertificateSigningRequests as `kubectl get` asks for them: meta/v1 Table, and PartialObjectMetadata.
 * @module
 */
import { CertgenError } from "../errors.ts";
import { humanDuration } from "./human_duration.ts";

/** What a table shows of an object; the rest of it is only passed on. */
export interface Shown {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly creationTimestamp: string | null;
  };
  readonly spec: { readonly signerName: string; readonly username: string; readonly expirationSeconds?: number };
  readonly status: { readonly conditions?: readonly { readonly type: string }[]; readonly certificate?: string };
}

/** How much of its object a row carries. */
export type IncludeObject = "Metadata" | "Object" | "None";

/** How a table is made. */
export interface TableOptions {
  /** The age of an object is told from here. */
  readonly now: Date;
  readonly includeObject: IncludeObject;
  /** The API version that whole objects in rows are shown in. */
  readonly apiVersion: string;
}

/** The `metadata` of a list. */
export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** A column of a table. */
export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

/** A row: its cells, and the object that it is of. */
export interface TableRow {
  readonly cells: readonly string[];
  readonly object: unknown;
}

/** meta/v1 Table. */
export interface Table {
  readonly kind: "Table";
  readonly apiVersion: "meta.k8s.io/v1";
  readonly metadata: ListMeta;
  readonly columnDefinitions: readonly ColumnDefinition[] | null;
  readonly rows: readonly TableRow[];
}

const META = "meta.k8s.io/v1";

/** kubernetes/pkg/printers/internalversion; none of them is for `-o wide` only. */
export const COLUMNS: readonly ColumnDefinition[] = [
  column("Name", "name", "Name must be unique. Is required when creating resources; cannot be updated."),
  column("Age", "", "Time since the object was created, as the server's clock has it."),
  column("SignerName", "", "The requested signer."),
  column("Requestor", "", "The user who created the object."),
  column("RequestedDuration", "", "The requested duration of validity of the issued certificate."),
  column("Condition", "", "Approved, Denied or Pending; Failed; Issued."),
];

function column(name: string, format: string, description: string): ColumnDefinition {
  return { name, type: "string", format, description, priority: 0 };
}

/**
 * Reads the query parameter `includeObject`.
 * @throws CertgenError `malformed-object`
 */
export function parseIncludeObject(value: string | null): IncludeObject {
  if (value === null || value === "") return "Metadata";
  if (value === "Metadata" || value === "Object" || value === "None") return value;
  throw new CertgenError(
    "malformed-object",
    `includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

/** The table of a list. */
export function tableOfList(objects: readonly Shown[], metadata: ListMeta, options: TableOptions): Table {
  return table(metadata, objects, options, true);
}

/**
 * The table of one object, which has the object's resourceVersion.
 *
 * @param hasColumns the first event of a watch says the columns, the others leave them `null`
 */
export function tableOfObject(object: Shown, options: TableOptions, hasColumns = true): Table {
  return table({ resourceVersion: object.metadata.resourceVersion }, [object], options, hasColumns);
}

function table(metadata: ListMeta, objects: readonly Shown[], options: TableOptions, hasColumns: boolean): Table {
  const rows = objects.map((object) => ({ cells: cellsOf(object, options.now), object: rowObject(object, options) }));
  return { kind: "Table", apiVersion: META, metadata, columnDefinitions: hasColumns ? COLUMNS : null, rows };
}

function rowObject(object: Shown, { includeObject, apiVersion }: TableOptions): unknown {
  if (includeObject === "None") return null;
  if (includeObject === "Metadata") return partialMetadata(object);
  return { ...object, kind: "CertificateSigningRequest", apiVersion };
}

/** An object without its spec and status. */
export function partialMetadata(object: Pick<Shown, "metadata">): Record<string, unknown> {
  return { kind: "PartialObjectMetadata", apiVersion: META, metadata: object.metadata };
}

/** A list of such. */
export function partialMetadataList(
  objects: readonly Pick<Shown, "metadata">[],
  metadata: ListMeta,
): Record<string, unknown> {
  const items = objects.map((object) => ({ metadata: object.metadata }));
  return { kind: "PartialObjectMetadataList", apiVersion: META, metadata, items };
}

function cellsOf({ metadata, spec, status }: Shown, now: Date): string[] {
  // as kubectl prints a time that is zero
  const created = Date.parse(metadata.creationTimestamp ?? "");
  return [
    metadata.name,
    Number.isNaN(created) ? "<unknown>" : humanDuration((now.getTime() - created) / 1000),
    spec.signerName || "<none>",
    spec.username,
    spec.expirationSeconds === undefined ? "<none>" : humanDuration(spec.expirationSeconds),
    conditionText(status),
  ];
}

/** The state of an object in a word or three; a denial holds over an approval. */
export function conditionText(status: Shown["status"]): string {
  const has = (type: string): boolean => status.conditions?.some((condition) => condition.type === type) === true;
  const decision = has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending";
  return `${decision}${has("Failed") ? ",Failed" : ""}${status.certificate ? ",Issued" : ""}`;
}
