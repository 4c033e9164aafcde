/**
 * Which members a JSON value may have, as far as field validation asks: the shape of the object is that of its OpenAPI schema,
 * so that its fields stand in one place.
 * @module
 */
import { isObject, type JsonObject } from "./json.ts";
import { schemaName, schemasOf } from "./openapi_schema.ts";

/** A value's shape; what says nothing is not looked into, as Go's decoder passes over what it has no type for. */
export interface Shape {
  /** A struct: the members there are, and their shapes. */
  readonly fields?: ReadonlyMap<string, Shape>;
  /** A map: any member, and the shape of all. */
  readonly values?: Shape;
  /** A list: the shape of its items. */
  readonly items?: Shape;
}

const OPAQUE: Shape = {};

/** Any JSON, all of it looked into: a map of maps. */
export const FREE: Shape = {
  get values(): Shape {
    return FREE;
  },
  get items(): Shape {
    return FREE;
  },
};

/** RFC 6902. */
export const JSON_PATCH: Shape = {
  items: { fields: new Map([["op", OPAQUE], ["path", OPAQUE], ["from", OPAQUE], ["value", FREE]]) },
};

/** A CertificateSigningRequest: v1 and v1beta1 have the same fields. */
export const REQUEST_SHAPE: Shape = requestShape();

function requestShape(): Shape {
  const schemas = schemasOf("v1");
  return shapeOf({ $ref: `/${schemaName("v1")}` }, schemas);
}

/** The shape that an OpenAPI schema describes; none of ours refers to itself. */
function shapeOf(schema: unknown, schemas: JsonObject): Shape {
  if (!isObject(schema)) return OPAQUE;
  const { $ref, allOf, properties, additionalProperties, items } = schema;
  if (typeof $ref === "string") return shapeOf(schemas[$ref.slice($ref.lastIndexOf("/") + 1)], schemas);
  if (Array.isArray(allOf)) return shapeOf(allOf[0], schemas);
  if (isObject(properties)) {
    return { fields: new Map(Object.entries(properties).map(([key, one]) => [key, shapeOf(one, schemas)])) };
  }
  if (additionalProperties !== undefined) return { values: shapeOf(additionalProperties, schemas) };
  return items === undefined ? OPAQUE : { items: shapeOf(items, schemas) };
}
