import * as tf from '@tensorflow/tfjs';
import type { Domain } from '../data/domain';
import type { Model } from '../energies/model';
import { type ChainRun, runChain } from './chain';
import type { Sampler } from './sampler-method';

/**
 * {@link runChain} on data of a domain. On non-negative data the chains run on the whole line under
 * E(|x|), and |x| is where they end: if x has the density ∝ exp(-E(|x|)), then |x| has that of the
 * model, so a sampler for the line draws from it exactly and reflects at zero.
 */
export function runChainIn(
  domain: Domain,
  sampler: Sampler,
  model: Model,
  starts: tf.Tensor2D,
  iterations: number | tf.Tensor,
  done?: tf.Tensor,
): ChainRun {
  if (domain !== 'nonnegative') return runChain(sampler, model, starts, iterations, done);
  const { ends, statistics } = runChain(sampler, folded(model), starts, iterations, done);
  return { ends: tf.abs(ends), statistics };
}

function folded(model: Model): Model {
  return {
    energy: (x, condition) => model.energy(tf.abs(x), condition),
    score: (x, condition) => tf.mul(tf.sign(x), model.score(tf.abs(x), condition)),
  };
}
