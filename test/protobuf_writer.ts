/** Bodies in Kubernetes' protobuf, as typed clients send them. */
import { type Bytes, concat, toUtf8 } from "../src/bytes.ts";

/** A field whose value is text, octets or a message. */
export function field(number: number, value: string | Uint8Array): Bytes {
  const octets = typeof value === "string" ? toUtf8(value) : value;
  return concat([Uint8Array.of(number << 3 | 2), varint(octets.length), octets]);
}

/** A message of fields. */
export function message(...fields: readonly Uint8Array[]): Bytes {
  return concat(fields);
}

/** A body: the envelope around a message of a kind. */
export function enveloped(apiVersion: string, kind: string, raw: Uint8Array): Bytes {
  const typeMeta = message(field(1, apiVersion), field(2, kind));
  return concat([toUtf8("k8s\0"), field(1, typeMeta), field(2, raw)]);
}

function varint(value: number): Bytes {
  const octets: number[] = [];
  for (let rest = value;; rest >>>= 7) {
    if (rest < 0x80) return Uint8Array.of(...octets, rest);
    octets.push(rest & 0x7f | 0x80);
  }
}
