import { blocksOf, type Rows } from './rows';

/** What a Gaussian with independent coordinates is like rows in; `[D]` each. */
export interface Moments {
  readonly means: readonly number[];
  readonly variances: readonly number[];
}

/** Mean and variance of each column of `[n, D]` rows. */
export function momentsOf(rows: Rows, dimensions: number): Moments {
  const count = rows.length / dimensions;
  const means = new Array<number>(dimensions).fill(0);
  const variances = new Array<number>(dimensions).fill(0);
  for (const [, block] of blocksOf(rows, dimensions)) {
    for (const [i, value] of block.entries()) means[i % dimensions]! += value / count;
  }
  for (const [, block] of blocksOf(rows, dimensions)) {
    for (const [i, value] of block.entries()) {
      variances[i % dimensions]! += (value - means[i % dimensions]!) ** 2 / count;
    }
  }
  return { means, variances };
}

/** The standard deviation of each column; 1 where nothing varies. */
export function deviationsOf({ variances }: Moments): readonly number[] {
  return variances.map((variance) => (variance > 0 ? Math.sqrt(variance) : 1));
}
