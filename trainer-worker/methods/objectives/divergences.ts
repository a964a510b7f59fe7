import * as tf from '@tensorflow/tfjs';

/** Names of f-divergences `D_f(p ‖ q) = E_q f(p/q)`. */
export type DivergenceName =
  | 'kullbackLeibler'
  | 'reverseKullbackLeibler'
  | 'jensenShannon'
  | 'squaredHellinger'
  | 'pearson'
  | 'neyman';

/** An α-divergence, for any α but 0 and 1. */
export interface AlphaDivergence {
  /** α, from -10 to 10 but 0 and 1, which are the two Kullback–Leibler divergences. */
  readonly alpha: number;
}

/** The variational form of a divergence, in u = log r with r an estimate of p/q; see {@link divergences}. */
export interface DivergenceRow {
  /** `f'(r)`, whose mean over p counts. */
  atData(u: tf.Tensor): tf.Tensor;
  /** `f*(f'(r)) = r f'(r) - f(r)`, whose mean over q is taken off. */
  atSamples(u: tf.Tensor): tf.Tensor;
}

/**
 * Every divergence, as `D_f(p ‖ q) = max_r E_p f'(r) - E_q f*(f'(r))` (Nowozin, Cseke & Tomioka 2016),
 * reached at r = p/q: to add one, add its row and its name above.
 */
export const divergences: Readonly<Record<DivergenceName, DivergenceRow>> = {
  /** f = r log r */
  kullbackLeibler: { atData: (u) => tf.add(u, 1), atSamples: (u) => tf.exp(u) },
  /** f = -log r */
  reverseKullbackLeibler: {
    atData: (u) => tf.neg(tf.exp(tf.neg(u))),
    atSamples: (u) => tf.sub(u, 1),
  },
  /** f = r log r - (1 + r) log((1 + r)/2); twice the usual, 2 log 2 at most. */
  jensenShannon: {
    atData: (u) => tf.sub(Math.LN2, tf.softplus(tf.neg(u))),
    atSamples: (u) => tf.sub(tf.softplus(u), Math.LN2),
  },
  /** f = (√r - 1)² */
  squaredHellinger: {
    atData: (u) => tf.sub(1, tf.exp(tf.mul(u, -0.5))),
    atSamples: (u) => tf.sub(tf.exp(tf.mul(u, 0.5)), 1),
  },
  /** f = (r - 1)² */
  pearson: {
    atData: (u) => tf.mul(tf.sub(tf.exp(u), 1), 2),
    atSamples: (u) => tf.sub(tf.exp(tf.mul(u, 2)), 1),
  },
  /** f = (1 - r)²/r */
  neyman: {
    atData: (u) => tf.sub(1, tf.exp(tf.mul(u, -2))),
    atSamples: (u) => tf.sub(2, tf.mul(tf.exp(tf.neg(u)), 2)),
  },
};

/** What {@link divergences} says of a named divergence, or of one with an α. */
export function divergenceRow(divergence: DivergenceName | AlphaDivergence): DivergenceRow {
  return typeof divergence === 'string' ? divergences[divergence] : alphaRow(divergence.alpha);
}

/**
 * f = (r^α - 1 - α(r - 1))/(α(α - 1)) (Amari 1985): half of Pearson's at 2, of Neyman's at -1, twice
 * the squared Hellinger distance at 1/2; it tends to KL(p ‖ q) at 1 and to KL(q ‖ p) at 0.
 */
function alphaRow(alpha: number): DivergenceRow {
  const powerOver = (u: tf.Tensor, exponent: number) =>
    tf.div(tf.expm1(tf.mul(u, exponent)), exponent);
  return { atData: (u) => powerOver(u, alpha - 1), atSamples: (u) => powerOver(u, alpha) };
}
