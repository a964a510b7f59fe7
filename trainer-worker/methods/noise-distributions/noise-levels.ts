import { integer, positive } from '../options/numbers';

/** The schemas of the options that name a geometric sequence of noise levels. @internal */
export const noiseLevelsFields = {
  highest: positive.max(1000).default(3),
  lowest: positive.max(1000).default(0.05),
  levels: integer(2, 10_000).default(10),
};

/** Whether the levels go down. */
export function areInOrder(levels: { readonly highest: number; readonly lowest: number }): boolean {
  return levels.lowest < levels.highest;
}

/** What to say where they do not. */
export const wrongOrder = {
  error: "'lowest' is not below 'highest'.",
  path: ['lowest'],
  params: { remedy: 'Give a lowest noise level below the highest one.' },
};

/**
 * Noise levels from the highest to the lowest, in a geometric sequence.
 *
 * @param count at least 2
 */
export function noiseLevels(highest: number, lowest: number, count: number): readonly number[] {
  const ratio = Math.log(lowest / highest) / (count - 1);
  return Array.from({ length: count }, (_, level) => highest * Math.exp(ratio * level));
}
