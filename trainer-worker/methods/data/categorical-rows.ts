import { type Category, codesOf, levelCounts, levelNames, oneHot } from './categories';
import type { Dataset, LogDensity } from './dataset';

/** What a data set says of its rows. */
type RowsOfDataset = Pick<
  Dataset,
  'dimensions' | 'axes' | 'domain' | 'categories' | 'training' | 'heldOut' | 'logDensity'
>;

/**
 * Categorical rows as a data set has them.
 *
 * @param training `[n, categories]` codes
 * @param heldOut `[m, categories]` codes
 * @param logDensity the log-probability of a row of codes in nats, where it is known
 */
export function categoricalRows(
  categories: readonly Category[],
  training: ArrayLike<number>,
  heldOut: ArrayLike<number>,
  logDensity?: LogDensity,
): RowsOfDataset {
  const levels = levelCounts(categories);
  const axes = levelNames(categories);
  return {
    dimensions: axes.length,
    axes,
    domain: 'categorical',
    categories,
    training: oneHot(training, levels),
    heldOut: oneHot(heldOut, levels),
    ...(logDensity
      ? { logDensity: (point) => logDensity(codesOf(Float32Array.from(point), levels)) }
      : {}),
  };
}
