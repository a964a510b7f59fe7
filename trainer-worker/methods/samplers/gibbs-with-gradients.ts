import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { LevelBlocks } from '../energies/level-blocks';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { choose, type Evaluated, evaluatedAt } from './evaluated';
import type { CarryingSampler, SamplerMethod } from './sampler-method';

export interface GibbsWithGradientsOptions {
  /** Iterations of each chain per training step, 1 to 100 000. Default 20. Each may flip one bit, or change one category. */
  readonly steps?: number;
}

export interface GibbsWithGradientsSpec extends Required<GibbsWithGradientsOptions> {
  readonly type: 'gibbsWithGradients';
}

/**
 * Gibbs with gradients for binary and categorical points (Grathwohl et al. 2021, arXiv:2102.04509): the
 * slope of the energy guesses what each flip, or each other level of a category, would change, likely ones
 * are proposed more often, in proportion to `exp(-(guess)/2)`, and a Metropolis–Hastings step corrects the
 * guess. Its stationary law is `exp(-E)`
 * exactly; in many dimensions it spends its iterations where something may change.
 */
export function gibbsWithGradients(options?: GibbsWithGradientsOptions): GibbsWithGradientsSpec {
  return specOf(schema, 'sampler.gibbsWithGradients', 'gibbsWithGradients', options);
}

const schema: z.ZodType<GibbsWithGradientsSpec> = z.strictObject({
  type: z.literal('gibbsWithGradients'),
  steps: integer(1, 100_000).default(20),
});

/** @internal */
export const gibbsWithGradientsMethod: SamplerMethod<
  GibbsWithGradientsSpec,
  typeof gibbsWithGradients,
  CarryingSampler
> = {
  create: gibbsWithGradients,
  schema,
  domains: ['binary', 'categorical'],
  build: ({ steps }) => ({
    steps,
    init(x, model) {
      const { energy, score } = evaluatedAt(model, x);
      return { energy, score };
    },
    advance(x, { energy, score }, model) {
      const from: Evaluated = { x, energy: energy!, score: score! };
      const moves = model.levels ? levelMoves(new LevelBlocks(model.levels)) : bitMoves;
      const forth = logProposal(from, moves);
      // The largest of log-chances with Gumbel noise is a draw from them.
      const uniform = tf.clipByValue(noise('uniform', x.shape), smallest, 1);
      const gumbel = tf.neg(tf.log(tf.add(tf.neg(tf.log(uniform)), smallest)));
      const place = tf.oneHot(tf.argMax(tf.add(forth, gumbel), 1), x.shape[1]);
      const chosen = tf.cast(place, 'float32') as tf.Tensor2D;
      const to = evaluatedAt(model, moves.made(x, chosen));
      const at = (logs: tf.Tensor, where: tf.Tensor) => tf.sum(tf.mul(logs, where), 1, true);
      const chances = tf.sub(at(logProposal(to, moves), moves.back(x, chosen)), at(forth, chosen));
      const gain = tf.add(tf.sub(from.energy, to.energy), chances);
      const accepted = tf.less(noise('uniform', [x.shape[0], 1]), tf.exp(gain));
      const next = choose(accepted, to, from);
      return { x: next.x, carried: { energy: next.energy, score: next.score } };
    },
  }),
};

/** Moves to neighbours, one for each column. */
interface Moves {
  /** How much -E would grow by each, to first order, `[n, D]`; far below zero for what is no move. */
  guesses(x: tf.Tensor2D, score: tf.Tensor): tf.Tensor;
  /** Where the chosen ones, one-hot `[n, D]`, lead. */
  made(x: tf.Tensor2D, chosen: tf.Tensor2D): tf.Tensor2D;
  /** Which moves lead back from there, one-hot `[n, D]`. */
  back(x: tf.Tensor2D, chosen: tf.Tensor2D): tf.Tensor;
}

/** Each bit may be flipped: the score times the way to the other value. */
const bitMoves: Moves = {
  guesses: (x, score) => tf.mul(score, tf.sub(1, tf.mul(x, 2))),
  made: (x, chosen) => tf.add(x, tf.mul(chosen, tf.sub(1, tf.mul(x, 2)))),
  back: (_x, chosen) => chosen,
};

/** Each category may be given another level: the score there less that at its own. */
function levelMoves(blocks: LevelBlocks): Moves {
  const members = blocks.members();
  /** `[n, D]` sums over each category, in all its columns. */
  const sums = (values: tf.Tensor) =>
    tf.matMul(tf.matMul(values as tf.Tensor2D, members, false, true), members);
  return {
    guesses: (x, score) =>
      tf.sub(tf.sub(score, sums(tf.mul(x, score))), tf.mul(x, noMove)) as tf.Tensor,
    made: (x, chosen) => tf.add(tf.mul(x, tf.sub(1, sums(chosen))), chosen),
    back: (x, chosen) => tf.mul(x, sums(chosen)),
  };
}

/** log of the chance that each move is the one that is proposed, `[n, D]`. */
function logProposal({ x, score }: Evaluated, { guesses }: Moves): tf.Tensor {
  const halves = tf.mul(guesses(x, score), 0.5);
  return tf.sub(halves, tf.logSumExp(halves, 1, true));
}

/** What the guess of a change to the level that is there already is lowered by. */
const noMove = 1e30;
/** Keeps logarithms of uniforms finite. */
const smallest = 1e-10;
