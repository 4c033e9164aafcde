/**
 * Protobuf messages as JSON-shaped objects, by a table of their fields (protobuf.dev, "Encoding"). Tables are finite and no
 * message holds itself, so nesting is bounded by them; fields that no table names are passed over.
 * @module
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { fromUtf8, toBase64 } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import type { JsonObject } from "./json.ts";

/** What a field holds. `size` is an integer whose zero means that it was not set; `time` is meta/v1 Time. */
export type FieldType =
  | "string"
  | "bytes"
  | "integer"
  | "size"
  | "boolean"
  | "time"
  | "strings"
  | "map"
  | "lists"
  | Message;

/** One field of a message. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** Whether it is a list of messages. */
  readonly repeated?: true;
}

/** The fields of a message by number. */
export interface Message {
  readonly fields: ReadonlyMap<number, Field>;
}

/** Most values of one list or map: an empty one costs two bytes only. */
const MAX_VALUES = 1_000;
/** RFC 3339 has four digits for a year. */
const MIN_SECONDS = -62_135_596_800n;
const MAX_SECONDS = 253_402_300_799n;

/** meta/v1 Time. */
const TIME: Message = message({ 1: ["seconds", "integer"], 2: ["nanos", "integer"] });
/** An entry of a map; ExtraValue is a message of a list of strings. */
const ENTRY: Message = message({ 1: ["key", "string"], 2: ["value", "string"] });
const LISTS_ENTRY: Message = message({ 1: ["key", "string"], 2: ["value", message({ 1: ["items", "strings"] })] });

/** A table of fields: name and type by number; a type in brackets is a list of messages. */
export function message(fields: Readonly<Record<number, readonly [string, FieldType | readonly [Message]]>>): Message {
  return {
    fields: new Map(
      Object.entries(fields).map(([number, [name, type]]): [number, Field] => {
        const isList = Array.isArray(type);
        return [Number(number), isList ? { name, type: type[0], repeated: true } : { name, type: type as FieldType }];
      }),
    ),
  };
}

/**
 * Reads a message.
 * @returns its members, without those that Go writes for what is not set
 * @throws CertgenError `malformed-object`
 */
export function decodeMessage(bytes: Uint8Array, type: Message, what: string): JsonObject {
  try {
    return read(bytes, type);
  } catch (cause) {
    throw new CertgenError("malformed-object", `Cannot read protobuf ${what}: ${messageOf(cause)}`, { cause });
  }
}

function read(bytes: Uint8Array, { fields }: Message): JsonObject {
  const reader = new BinaryReader(bytes);
  const members = new Map<string, unknown>();
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = fields.get(number);
    if (wireType === WireType.StartGroup || wireType === WireType.EndGroup) throw new Error("groups are not used");
    if (field === undefined) {
      reader.skip(wireType, number);
      continue;
    }
    const isNumber = field.type === "integer" || field.type === "size" || field.type === "boolean";
    if (wireType !== (isNumber ? WireType.Varint : WireType.LengthDelimited)) {
      throw new Error(`${field.name} has wire type ${wireType}`);
    }
    if (isNumber) setNumber(members, field, reader);
    else set(members, field, reader.bytes());
  }
  // maps are objects only now: to make one anew for each entry takes quadratic time
  return Object.fromEntries(
    Array.from(members, ([name, value]) => [name, value instanceof Entries ? value.object() : value]),
  );
}

/** The entries of a map, each counted: one key many times is no smaller a body. */
class Entries {
  readonly #values = new Map<string, unknown>();
  #count = 0;

  add(key: string, value: unknown, name: string): void {
    if (++this.#count > MAX_VALUES) throw new Error(`${name} has more than ${MAX_VALUES} values`);
    this.#values.set(key, value);
  }

  object(): JsonObject {
    return Object.fromEntries(this.#values);
  }
}

function setNumber(members: Map<string, unknown>, { name, type }: Field, reader: BinaryReader): void {
  const value = BigInt(reader.int64());
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new Error(`${name} is too large`);
  if (type === "boolean") members.set(name, value !== 0n);
  else if (type === "integer" || value !== 0n) members.set(name, number);
}

function set(members: Map<string, unknown>, { name, type, repeated }: Field, bytes: Uint8Array): void {
  switch (type) {
    case "string":
      if (bytes.length > 0) members.set(name, fromUtf8(bytes));
      return;
    case "bytes":
      if (bytes.length > 0) members.set(name, toBase64(bytes));
      return;
    case "time":
      if (bytes.length > 0) members.set(name, timeOf(read(bytes, TIME), name));
      return;
    case "strings":
      members.set(name, appended(members.get(name), fromUtf8(bytes), name));
      return;
    case "map":
    case "lists": {
      const { key = "", value } = read(bytes, type === "map" ? ENTRY : LISTS_ENTRY);
      const item = type === "map" ? value ?? "" : (value as JsonObject | undefined)?.["items"] ?? [];
      const present = members.get(name);
      const entries = present instanceof Entries ? present : new Entries();
      entries.add(String(key), item, name);
      members.set(name, entries);
      return;
    }
  }
  if (typeof type !== "object") return;
  const value = read(bytes, type);
  members.set(name, repeated === true ? appended(members.get(name), value, name) : value);
}

function appended<T>(list: unknown, item: T, name: string): T[] {
  const items = (list ?? []) as T[];
  if (items.length >= MAX_VALUES) throw new Error(`${name} has more than ${MAX_VALUES} values`);
  items.push(item);
  return items;
}

/** Whole seconds: what JSON cannot say is not kept. */
function timeOf({ seconds = 0 }: JsonObject, name: string): string {
  const value = BigInt(seconds as number);
  if (value < MIN_SECONDS || value > MAX_SECONDS) throw new Error(`${name} is no time of the years 1 to 9999`);
  return new Date(Number(value) * 1000).toISOString().replace(/\.\d+/, "");
}
