import * as z from 'zod';

/**
 * The schema of an option that relatives of a method have and it cannot: whoever gives it is told why, in
 * place of that there is none.
 *
 * @param error what is wrong, a sentence
 * @param remedy what would be right, a sentence
 */
export function refusedField(error: string, remedy: string): z.ZodType<undefined> {
  const refused = z
    .custom<undefined>((value) => value === undefined, { error, params: { remedy } })
    .optional();
  z.globalRegistry.add(refused, { isRefused: true });
  return refused;
}

/** Whether an option is there only to be refused. */
export function isRefused(schema: z.ZodType): boolean {
  return z.globalRegistry.get(schema)?.['isRefused'] === true;
}
