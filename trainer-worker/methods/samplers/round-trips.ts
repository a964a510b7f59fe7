import * as tf from '@tensorflow/tfjs';

/**
 * Where replicas come from, after a turn of exchanges: 1 if the coldest rung was the last end of the
 * ladder that they have been at, -1 if the hottest was, 0 if neither yet.
 *
 * @param headings before, where the replicas are now, `[rungs, chains]`
 * @returns the new ones, and how many replicas of each chain came back from the hottest to the coldest,
 *   `[chains]`
 */
export function roundTrips(headings: tf.Tensor): {
  readonly headings: tf.Tensor;
  readonly arrived: tf.Tensor;
} {
  const [rungs, chains] = headings.shape as [number, number];
  const coldest = tf.slice(headings, [0, 0], [1, chains]);
  const between = tf.slice(headings, [1, 0], [rungs - 2, chains]);
  return {
    headings: tf.concat([tf.onesLike(coldest), between, tf.neg(tf.onesLike(coldest))], 0),
    arrived: tf.squeeze(tf.cast(tf.less(coldest, -0.5), 'float32'), [0]),
  };
}

/**
 * Round trips of all replicas of a chain in a turn, as refusals foretell them: `1/(2 + 2 Σ r/(1 - r))` where
 * even and odd pairs exchange in turn and replicas forget their energies between turns (Syed et al. 2022,
 * arXiv:1905.02939, corollary 1).
 *
 * @param refusals `[rungs - 1]`, of neighbours
 */
export function foretoldRoundTrips(refusals: readonly number[]): number {
  return 1 / (2 + 2 * refusals.reduce((sum, refusal) => sum + refusal / (1 - refusal), 0));
}
