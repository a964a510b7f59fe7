import * as tf from '@tensorflow/tfjs';
import type { Domain } from '../data/domain';
import type { Model } from '../energies/model';
import { carrying } from './carrying';
import { type ChainPast, type ChainRun, runChain } from './chain';
import type { Sampler } from './sampler-method';
import { turned } from './walls';

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
  past?: ChainPast,
): ChainRun {
  const run = runChain(sampler, modelIn(domain, model), starts, iterations, past);
  const { atEnds, directions = [] } = carrying(sampler);
  const carried = atEnds?.(run.carried) ?? run.carried;
  return {
    ...run,
    ends: pointsIn(domain, run.ends),
    // What goes on from the mirrored point moves in the mirrored direction.
    carried:
      domain === 'nonnegative' && directions.length > 0
        ? turned(carried, directions, tf.sign(run.ends))
        : carried,
  };
}

/** The model that chains on data of this domain run under. */
export function modelIn(domain: Domain, model: Model): Model {
  if (domain !== 'nonnegative') return model;
  return {
    energy: (x, condition) => model.energy(tf.abs(x), condition),
    score: (x, condition) => tf.mul(tf.sign(x), model.score(tf.abs(x), condition)),
  };
}

/** The points of the domain that such chains stand for. */
export function pointsIn(domain: Domain, x: tf.Tensor2D): tf.Tensor2D {
  return domain === 'nonnegative' ? tf.abs(x) : x;
}
