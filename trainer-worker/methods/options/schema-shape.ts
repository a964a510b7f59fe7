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

/** The keys that `schema` knows at `path` of `value`; none where that is not an object. */
export function keysAt(schema: z.ZodType, path: OptionPath, value: unknown): readonly string[] {
  let currentSchema: unknown = chosen(schema, value);
  let currentValue = value;
  for (const key of path) {
    currentValue = propertyOf(currentValue, key);
    if (currentSchema instanceof z.ZodObject) {
      currentSchema = chosen(currentSchema.shape[String(key)], currentValue);
    } else if (currentSchema instanceof z.ZodArray) {
      currentSchema = chosen(currentSchema.element, currentValue);
    } else {
      return [];
    }
  }
  return currentSchema instanceof z.ZodObject
    ? Object.entries(currentSchema.shape).flatMap(([key, option]) =>
        key === 'type' || isRefused(option as z.ZodType) ? [] : [key],
      )
    : [];
}
