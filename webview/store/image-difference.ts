/** How numbers of a row are spread over many rows. */
export interface Spread {
  /** `[D]` */
  readonly means: Float64Array;
  /** `[D]` standard deviations. */
  readonly deviations: Float64Array;
  readonly count: number;
}

/**
 * Mean and standard deviation of each of the D numbers of `[n, D]` rows.
 *
 * @param unit what a number is to be measured in
 */
export function spreadOf(
  rows: Float32Array,
  dimensions: number,
  unit: (value: number) => number,
): Spread {
  const count = Math.floor(rows.length / dimensions);
  const means = new Float64Array(dimensions);
  const sums = new Float64Array(dimensions);
  // Welford (1962): nothing is lost where the deviation is small beside the mean.
  for (let row = 0; row < count; row++) {
    for (let at = 0; at < dimensions; at++) {
      const value = unit(rows[row * dimensions + at]!);
      const before = value - means[at]!;
      means[at]! += before / (row + 1);
      sums[at]! += before * (value - means[at]!);
    }
  }
  return { means, deviations: sums.map((sum) => Math.sqrt(sum / Math.max(1, count - 1))), count };
}

/** How two spreads differ, and how much of that is to be expected of equal ones. */
export interface Difference {
  /** `[D]`, those of the second less those of the first. */
  readonly means: Float64Array;
  readonly deviations: Float64Array;
  /** Roots of the mean squares of these differences. */
  readonly ofMeans: number;
  readonly ofDeviations: number;
  /**
   * What {@link ofMeans} would come to for independent rows of the same law: the root of the mean of
   * σ²/n + σ²/m, with the deviations found.
   */
  readonly byChance: number;
}

export function differenceOf(first: Spread, second: Spread): Difference {
  const means = second.means.map((mean, at) => mean - first.means[at]!);
  const deviations = second.deviations.map((deviation, at) => deviation - first.deviations[at]!);
  const variances = first.deviations.map(
    (deviation, at) => deviation ** 2 / first.count + second.deviations[at]! ** 2 / second.count,
  );
  return {
    means,
    deviations,
    ofMeans: Math.sqrt(mean(means.map((each) => each ** 2))),
    ofDeviations: Math.sqrt(mean(deviations.map((each) => each ** 2))),
    byChance: Math.sqrt(mean(variances)),
  };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
