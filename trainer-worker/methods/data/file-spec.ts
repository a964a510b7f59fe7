import type * as z from 'zod';
import { OptionError } from '../options/option-error';
import { specOf } from '../options/validate';

/**
 * The value of a factory whose first argument is a path, and the second its options.
 *
 * @param example how it is called: `data.csv('measurements.csv')`
 * @throws OptionError
 * @internal
 */
export function fileSpec<Spec extends { readonly type: string }>(
  schema: z.ZodType<Spec>,
  type: Spec['type'],
  path: unknown,
  options: object | undefined,
  example: string,
): Spec {
  if (typeof path !== 'string') {
    throw new OptionError(
      `data.${type}: the first argument is not a path.`,
      `Write for example ${example}.`,
      [],
    );
  }
  return specOf(schema, `data.${type}`, type, { ...options, path });
}
