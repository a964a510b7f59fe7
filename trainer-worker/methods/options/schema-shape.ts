import * as z from 'zod';
import type { OptionPath } from './option-error';
import { isRefused } from './refused-field';

/** `schema` without the wrappers for defaults and for absent or null values. */
export function unwrapped(schema: unknown): unknown {
  let inner = schema;
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault
  ) {
    inner = inner.unwrap();
  }
  return inner;
}

/** The members of a union, and of the unions among them; any other schema alone. */
function membersOf(schema: unknown): readonly unknown[] {
  const inner = unwrapped(schema);
  return inner instanceof z.ZodUnion ? inner.options.flatMap(membersOf) : [inner];
}

/** The member of a union that `value` claims to be by its `type`. */
function chosen(schema: unknown, value: unknown): unknown {
  const members = membersOf(schema);
  if (members.length === 1) return members[0];
  const type = propertyOf(value, 'type');
  return members.find((member) => member instanceof z.ZodObject && typesOf(member).includes(type));
}

function typesOf(object: z.ZodObject): readonly unknown[] {
  const { type }: { readonly type?: unknown } = object.shape;
  return type instanceof z.ZodLiteral ? [...type.values] : [];
}

function propertyOf(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Record<string | number, unknown>)[key];
}

/** What `schema` has for what lies at `path` of `value`, of unions the member that it is; nothing elsewhere. */
function schemaAt(schema: z.ZodType, path: OptionPath, value: unknown): unknown {
  let currentSchema: unknown = schema;
  let currentValue = value;
  for (const key of path) {
    const container = chosen(currentSchema, currentValue);
    currentValue = propertyOf(currentValue, key);
    if (container instanceof z.ZodObject) currentSchema = container.shape[String(key)];
    else if (container instanceof z.ZodArray) currentSchema = container.element;
    else return undefined;
  }
  return currentSchema;
}

/** The keys that `schema` knows at `path` of `value`; none where that is not an object. */
export function keysAt(schema: z.ZodType, path: OptionPath, value: unknown): readonly string[] {
  const found = path.reduce(propertyOf, value);
  const object = chosen(schemaAt(schema, path, value), found);
  return object instanceof z.ZodObject
    ? Object.entries(object.shape).flatMap(([key, option]) =>
        key === 'type' || isRefused(option as z.ZodType) ? [] : [key],
      )
    : [];
}

/** Between what numbers an option lies. */
export interface Bounds {
  /** It is greater than this… */
  readonly above?: number;
  /** …or at least this… */
  readonly least?: number;
  /** …and at most this. */
  readonly most?: number;
}

/** Between what numbers the option at `path` of `value` lies, where it may be a number; else nothing. */
export function boundsAt(schema: z.ZodType, path: OptionPath, value: unknown): Bounds {
  const number = membersOf(schemaAt(schema, path, value)).find(
    (member) => member instanceof z.ZodNumber,
  );
  if (number === undefined) return {};
  const { exclusiveMinimum: above, minimum: least, maximum: most } = z.toJSONSchema(number);
  return {
    ...(typeof above === 'number' ? { above } : {}),
    ...(typeof least === 'number' ? { least } : {}),
    ...(typeof most === 'number' ? { most } : {}),
  };
}
