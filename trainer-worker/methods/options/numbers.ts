import * as z from 'zod';

// zod's numbers are finite: NaN and infinities are refused by each of these.

/** A whole number between `low` and `high`, both included. */
export function integer(low: number, high: number = Number.MAX_SAFE_INTEGER) {
  return z.int().min(low).max(high);
}

/** A number greater than zero. */
export const positive = z.number().positive();

/** A number that is not negative. */
export const notNegative = z.number().nonnegative();

/** A number between 0 and 1, both included. */
export const fraction = z.number().min(0).max(1);
