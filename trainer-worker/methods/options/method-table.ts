import * as z from 'zod';

/** One row of a table of methods, as far as every family has it. */
interface Row {
  readonly create: unknown;
  readonly schema: z.ZodType;
}

interface Table {
  readonly [type: string]: Row;
}

/** How the requirement of {@link familySchema} begins. */
export const madeBy = 'made by ';

/** The value that any method of a table makes. */
export type SpecOf<T extends Table> = T[keyof T]['create'] extends (...given: never[]) => infer Spec
  ? Spec
  : never;

/** The functions that an experiment calls, by name. */
export type Factories<T extends Table> = { readonly [Type in keyof T]: T[Type]['create'] };

/** The functions that an experiment calls, out of a table of methods. */
export function factories<T extends Table>(table: T): Factories<T> {
  const entries = Object.entries(table).map(([type, row]) => [type, row.create]);
  return Object.freeze(Object.fromEntries(entries) as Factories<T>);
}

/**
 * The schema of a value that any method of `table` makes.
 *
 * @param family what an experiment imports: `energy`
 */
export function familySchema<T extends Table>(family: string, table: T): z.ZodType<SpecOf<T>> {
  const names = Object.keys(table).map((type) => `${family}.${type}(…)`);
  const members = Object.values(table).map((row) => row.schema);
  return z.discriminatedUnion(
    'type',
    // Every row's schema is a strict object with a literal `type`; `z.ZodType` does not say so.
    members as unknown as [z.ZodObject<{ type: z.ZodLiteral<string> }>],
    { error: () => madeBy + names.join(' or ') },
  ) as unknown as z.ZodType<SpecOf<T>>;
}

/** The row of `table` for a value that one of its methods made. */
export function rowOf<T extends Table>(table: T, type: string): T[keyof T] {
  const row = Object.hasOwn(table, type) ? table[type as keyof T] : undefined;
  if (row === undefined) throw new TypeError(`No method is called '${type}'.`);
  return row;
}
