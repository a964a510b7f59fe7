/** Moves of chains on `exp(-E/T)`, of what is known at temperature 1. */
import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { Domain } from '../data/domain';
import type { Model } from '../energies/model';
import { positive } from '../options/numbers';
import { choose, type Evaluated, evaluatedAt } from './evaluated';
import { gibbsWithGradientsMethod } from './gibbs-with-gradients';
import { langevinMean, logLangevinRatio } from './langevin-proposal';
import { decide } from './metropolis';

/** What moves a chain at its temperature. */
export type TemperedMoves = 'langevin' | 'gibbsWithGradients';

/** The schema of which. @internal */
export const movesField = z.enum(['langevin', 'gibbsWithGradients']).default('langevin');

interface MovesOption {
  readonly moves: TemperedMoves;
}

/** What data and walls the moves are for. @internal */
export const movesSuit = {
  data: ({
    moves,
  }: MovesOption): { readonly domains: readonly Domain[]; readonly remedy: string } =>
    moves === 'langevin'
      ? { domains: ['real'], remedy: "Set moves: 'gibbsWithGradients'." }
      : { domains: ['binary', 'categorical'], remedy: "Set moves: 'langevin'." },
  domain: ({ moves, domain }: MovesOption & { readonly domain: unknown }) =>
    moves === 'langevin' || domain === null,
  problem: {
    path: ['domain'],
    error: "'domain' keeps chains between two numbers, where bits and categories have no others.",
    params: { remedy: 'Leave it out.' },
  },
};

/** ε of the moves, which only some of them have. @internal */
export const temperedStepSize = {
  field: positive.max(1000).nullable().default(null),
  isMeant: ({ moves, stepSize }: MovesOption & { readonly stepSize: number | null }) =>
    moves === 'langevin' || stepSize === null,
  problem: {
    path: ['stepSize'],
    error:
      "'stepSize' is that of Langevin moves; Gibbs with gradients changes one bit or category.",
    params: { remedy: "Leave it out, or set moves: 'langevin'." },
  },
  /** With the step that Langevin has where none is given. */
  filled: <Spec extends MovesOption & { readonly stepSize: number | null }>(spec: Spec): Spec =>
    spec.moves === 'langevin' && spec.stepSize === null ? { ...spec, stepSize: 0.2 } : spec,
};

/** Where a move leads. */
interface Moved {
  readonly moved: Evaluated;
  /** Chance to be accepted, or 1 and 0 for whether it was, `[n, 1]`. */
  readonly acceptance: tf.Tensor;
}

/** Draws of a Langevin move. */
interface LangevinDraws {
  /** `[n, D]`, standard normal. */
  readonly z: tf.Tensor;
  /** `[n, 1]` */
  readonly uniform: tf.Tensor;
}

/**
 * A Metropolis-adjusted Langevin step.
 *
 * @param temperature `[n, 1]` or a scalar
 * @param from points with what is known of them at temperature 1
 * @param stepSize ε at temperature 1; at T it is `ε · √T`
 */
export function langevinMove(
  temperature: tf.Tensor,
  model: Model,
  from: Evaluated,
  stepSize: number,
  { z, uniform }: LangevinDraws,
): Moved {
  const tempered = ({ x, energy, score }: Evaluated): Evaluated => ({
    x,
    energy: tf.div(energy, temperature),
    score: tf.div(score, temperature),
  });
  const epsilon = tf.mul(tf.sqrt(temperature), stepSize);
  const start = tempered(from);
  const proposal = tf.add(langevinMean(start, epsilon), tf.mul(z, epsilon)) as tf.Tensor2D;
  const to = evaluatedAt(model, proposal);
  const { accepted, acceptance } = decide(logLangevinRatio(start, tempered(to), epsilon), uniform);
  return { moved: choose(accepted, to, from), acceptance };
}

/** A move by Gibbs with gradients; see {@link langevinMove}. */
export function gibbsMove(
  temperature: tf.Tensor,
  model: Model,
  from: Evaluated,
  iteration: tf.Tensor,
): Moved {
  const tempered: Model = {
    ...model,
    energy: (x) =>
      tf.div(model.energy(x), tf.reshape(temperature, temperature.rank === 2 ? [-1] : [])),
    score: (x) => tf.div(model.score(x), temperature),
  };
  const before = {
    energy: tf.div(from.energy, temperature),
    score: tf.div(from.score, temperature),
  };
  const next = gibbsWithGradientsMethod
    .build({ type: 'gibbsWithGradients', steps: 1 })
    .advance(from.x, before, tempered, iteration);
  const moved: Evaluated = {
    x: next.x,
    energy: tf.mul(next.carried['energy']!, temperature),
    score: tf.mul(next.carried['score']!, temperature),
  };
  const stays = tf.all(tf.equal(next.x, from.x), 1, true);
  return { moved, acceptance: tf.sub(1, tf.cast(stays, 'float32')) };
}
