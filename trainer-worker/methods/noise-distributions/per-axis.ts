import * as z from 'zod';
import { type Moments, momentsOf } from '../data/moments';
import { OptionError } from '../options/option-error';
import type { NoiseContext } from './noise-distribution';

/** A number for all columns of the data, or one for each; `null`: whatever fits the data. */
export type PerAxis = number | readonly number[] | null;

/** The schema of a {@link PerAxis} of numbers that `one` describes. @internal */
export function perAxisOption(one: z.ZodType<number>): z.ZodType<PerAxis> {
  return z
    .union([one, z.array(one).min(1)])
    .nullable()
    .default(null) as z.ZodType<PerAxis>;
}

/**
 * An option's number for each of the D columns.
 *
 * @param where what the user called: `noise.laplace`
 * @param fitted what it is where the user gave none, `[D]`
 * @throws OptionError where there are more or fewer numbers than columns
 * @internal
 */
export function perAxis(
  where: string,
  name: string,
  given: PerAxis,
  fitted: readonly number[],
): readonly number[] {
  if (given === null) return fitted;
  if (typeof given === 'number') return fitted.map(() => given);
  requireAsMany(where, name, given.length, fitted.length);
  return given;
}

/** @throws OptionError where the count of an option is not that of the data's columns @internal */
export function requireAsMany(where: string, name: string, count: number, dimensions: number) {
  if (count === dimensions) return;
  throw new OptionError(
    `${where}: '${name}' is for ${count === 1 ? '1 column' : `${count} columns`}, but the data have ${dimensions}.`,
    'Give one number for each column, or a single one for all.',
    ['noise', name],
  );
}

/** Mean and variance of each column of the rows that noise is fitted to. @internal */
export function momentsOfRows({ rows, bounds }: NoiseContext): Moments {
  return momentsOf(rows, bounds.length);
}

/** The number of a training row as people count: that of its file where it is from one. @internal */
export function rowName({ rowNumbers }: Pick<NoiseContext, 'rowNumbers'>, index: number): string {
  return rowNumbers ? `row ${rowNumbers[index]} of the data` : `training row ${index + 1}`;
}
