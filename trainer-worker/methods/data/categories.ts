/**
 * Categorical data: each category is one of several named levels. A row has a code for each category, the
 * number of its level from 0; a model has a column for each level instead, of which one in each category is 1
 * and the others are 0 (one-hot), so that D is the number of all levels.
 */
import type { ShownCategory } from '../../../protocol/run';
import type { Random } from '../../compiler/random/random';

/** A column of the data and what its values are called, in the order of their codes. */
export type Category = ShownCategory;

/** Levels that a category may have: more are rather measurements than categories. */
export const mostLevels = 256;

/** How many levels each category has. */
export function levelCounts(categories: readonly Category[]): readonly number[] {
  return categories.map(({ levels }) => levels.length);
}

/** What the columns of a model are called: `island=Dream`. */
export function levelNames(categories: readonly Category[]): readonly string[] {
  return categories.flatMap(({ name, levels }) => levels.map((level) => `${name}=${level}`));
}

/** Where each category's columns begin, and after them D: as many numbers as there are categories, and one. */
export function startsOf(levels: readonly number[]): readonly number[] {
  const starts = [0];
  for (const count of levels) starts.push(starts.at(-1)! + count);
  return starts;
}

/**
 * One-hot rows of codes.
 *
 * @param codes `[n, categories]` whole numbers from 0, below the count of levels
 * @param levels of each category
 * @returns `[n, D]`
 */
export function oneHot(codes: ArrayLike<number>, levels: readonly number[]): Float32Array {
  const starts = startsOf(levels);
  const dimensions = starts.at(-1)!;
  const out = new Float32Array((codes.length / levels.length) * dimensions);
  for (let i = 0; i < codes.length; i++) {
    const category = i % levels.length;
    const row = (i - category) / levels.length;
    out[row * dimensions + starts[category]! + codes[i]!] = 1;
  }
  return out;
}

/**
 * The codes of one-hot rows: the first of the largest numbers of each category.
 *
 * @param points `[n, D]`
 * @returns `[n, categories]`
 */
export function codesOf(points: Float32Array, levels: readonly number[]): Float32Array {
  const starts = startsOf(levels);
  const dimensions = starts.at(-1)!;
  const out = new Float32Array((points.length / dimensions) * levels.length);
  for (let i = 0; i < out.length; i++) {
    const category = i % levels.length;
    const from = ((i - category) / levels.length) * dimensions + starts[category]!;
    for (let level = 1; level < levels[category]!; level++) {
      if (points[from + level]! > points[from + out[i]!]!) out[i] = level;
    }
  }
  return out;
}

/** `[count, D]` one-hot rows, every level of a category as likely as the others. */
export function uniformLevels(
  levels: readonly number[],
  count: number,
  random: Random,
): Float32Array {
  const codes = Uint16Array.from({ length: count * levels.length }, (_, i) =>
    random.integer(levels[i % levels.length]!),
  );
  return oneHot(codes, levels);
}

/** How rows are shown that a model has in other numbers. */
export interface RowCode {
  /** Of the model. */
  readonly dimensions: number;
  /** `[n, D]` points of the model as they are shown. */
  shown(points: Float32Array): Float32Array;
  /** The other way. */
  points(shown: Float32Array): Float32Array;
}

/** Categorical rows, which are shown by their codes. */
export function codeOfCategories(categories: readonly Category[]): RowCode {
  const levels = levelCounts(categories);
  return {
    dimensions: startsOf(levels).at(-1)!,
    shown: (points) => codesOf(points, levels),
    points: (shown) => oneHot(shown, levels),
  };
}
