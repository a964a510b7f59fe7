/** What several chains of one quantity tell of how well they draw. */
export interface Convergence {
  /** How many independent draws would know the mean as well. */
  readonly effectiveSize: number;
  /** Iterations that are worth one independent draw. */
  readonly autocorrelationTime: number;
  /**
   * √ of the variance over all chains by that within them: near 1 where all have the same law, beyond
   * 1.01 to 1.1 where some have not arrived yet or are caught in different places.
   */
  readonly splitRHat: number;
}

/**
 * Split R-hat and effective sample size of chains as in Vehtari et al. 2021 (arXiv:1903.08008), without
 * ranks: each chain counts as two, its halves; autocorrelations are of the variance over all chains, so
 * that chains which stay apart look as badly as they are, and are added up as long as they are sure to
 * be more than noise, by Geyer's initial monotone sequence (1992).
 *
 * @param chains of one length, at least 4
 * @returns `undefined` where nothing ever changes: there is nothing to tell
 */
export function convergenceOf(chains: readonly Float64Array[]): Convergence | undefined {
  const halves = chains.flatMap((chain) => {
    const length = chain.length >> 1;
    return [chain.subarray(0, length), chain.subarray(chain.length - length)];
  });
  const length = halves[0]!.length;
  const means = halves.map(meanOf);
  const centred = halves.map((half, index) => half.map((value) => value - means[index]!));
  /** Mean over the halves of `Σ x_i x_(i+lag) / n`. */
  const covariance = (lag: number) => {
    let sum = 0;
    for (const half of centred) {
      for (let i = lag; i < length; i++) sum += half[i]! * half[i - lag]!;
    }
    return sum / (length * halves.length);
  };
  const within = (covariance(0) * length) / (length - 1);
  const grand = meanOf(means);
  const between = means.reduce((sum, mean) => sum + (mean - grand) ** 2, 0) / (means.length - 1);
  const variance = (within * (length - 1)) / length + between;
  if (variance === 0) return undefined;
  const correlation = (lag: number) => 1 - (within - covariance(lag)) / variance;
  const draws = length * halves.length;
  const autocorrelationTime = Math.max(
    initialMonotoneSum(correlation, length),
    // Chains that go to and fro know more than independent draws, but not without limit.
    1 / Math.log10(draws),
  );
  return {
    effectiveSize: draws / autocorrelationTime,
    autocorrelationTime,
    splitRHat: Math.sqrt(variance / within),
  };
}

/**
 * `1 + 2 Σ ρ_t`, where sums of neighbours `ρ_2k + ρ_(2k+1)` count while they are positive, and none more
 * than the one before: in a reversible chain they are positive and fall.
 */
function initialMonotoneSum(correlation: (lag: number) => number, length: number): number {
  let sum = 0;
  let last = Number.POSITIVE_INFINITY;
  for (let lag = 0; lag + 1 < length; lag += 2) {
    // At lag 0 a correlation is 1, whatever chains that are apart make of it.
    const pair = (lag === 0 ? 1 : correlation(lag)) + correlation(lag + 1);
    if (!(pair > 0)) break;
    last = Math.min(last, pair);
    sum += last;
  }
  return 2 * sum - 1;
}

function meanOf(values: Float64Array | readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
