import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import type { Domain } from '../data/domain';
import { positive } from '../options/numbers';
import { OptionError } from '../options/option-error';
import { specOf } from '../options/validate';
import type { NoiseSpec } from './index';
import type { NoiseMethod } from './noise-distribution';

export interface MixtureNoiseOptions {
  /** The noises that are mixed, 1 to 256. */
  readonly of: readonly NoiseSpec[];
  /** How much each weighs against the others, above 0. Default `null`: all the same. */
  readonly weights?: readonly number[] | null;
}

export interface MixtureNoiseSpec {
  readonly type: 'mixture';
  readonly of: readonly NoiseSpec[];
  readonly weights: readonly number[] | null;
}

/**
 * A mixture of noises, `q(x) = Σ_k w_k q_k(x)`: Gaussians at places of your choice, or noise close to the
 * data with a share of something wide, so that no row is out of reach.
 *
 * @example
 * noise.mixture({
 *   of: [noise.gaussian({ mean: -2, deviation: 0.5 }), noise.gaussian({ mean: 2, deviation: 0.5 })],
 *   weights: [1, 3],
 * })
 */
export function mixture(options: MixtureNoiseOptions): MixtureNoiseSpec {
  return specOf(schema, 'noise.mixture', 'mixture', options);
}

const schema: z.ZodType<MixtureNoiseSpec> = z
  .strictObject({
    type: z.literal('mixture'),
    // Each was checked when it was made; that it is a noise, who builds it checks.
    of: z
      .array(
        z.custom<NoiseSpec>(
          (value) => typeof value === 'object' && value !== null && 'type' in value,
          {
            error: 'a part is no noise.',
            params: { remedy: 'Write for example of: [noise.gaussian(), noise.uniform()].' },
          },
        ),
      )
      .min(1)
      .max(256),
    weights: z.array(positive).nullable().default(null),
  })
  .refine(({ of, weights }) => weights === null || weights.length === of.length, {
    path: ['weights'],
    error: "'weights' are not as many as the noises.",
    params: { remedy: 'Give one weight for each, or leave weights out.' },
  });

/** @internal */
export const mixtureMethod: NoiseMethod<MixtureNoiseSpec, typeof mixture> = {
  create: mixture,
  schema,
  domains({ of }, ofPart) {
    const all: readonly Domain[] = ['real', 'nonnegative', 'binary', 'categorical'];
    return all.filter((domain) => of.every((part) => ofPart(part).includes(domain)));
  },
  build({ of, weights }, _context, part) {
    const parts = of.map((spec) => {
      const { sample, logDensity, mayVanish } = part(spec);
      if (sample && logDensity) return { sample, logDensity, mayVanish };
      throw new OptionError(
        `noise.mixture: noise.${spec.type} cannot be a part of it.`,
        'Mix noises of which any number can be drawn.',
        ['noise', 'of'],
      );
    });
    const { logWeights, choose } = components(weights ?? of.map(() => 1));
    return {
      mayVanish: parts.some(({ mayVanish }) => mayVanish),
      sample(count) {
        const chosen = tf.expandDims(choose(count), 1);
        // Of each noise as many as of all: which is taken, nobody knows before.
        return parts
          .map(({ sample }) => sample(count))
          .reduce((taken, drawn, k) => tf.where(tf.equal(chosen, k), drawn, taken));
      },
      logDensity(x) {
        const each = tf.stack(
          parts.map(({ logDensity }, k) => tf.add(logDensity(x), logWeights[k]!)),
          1,
        );
        // Where no part has a density, -∞ as well: tf.logSumExp subtracts -∞ from itself there.
        const top = tf.maximum(tf.max(each, 1, true), lowest);
        const sum = tf.sum(tf.exp(tf.sub(each, top)), 1);
        return tf.add(tf.log(sum), tf.squeeze(top, [1])) as tf.Tensor1D;
      },
    };
  },
};

/** Lower than any log-density that float32 could tell from no density. */
const lowest = -1e30;

/**
 * The components of a mixture: the logarithms of their shares, and `[count]` draws of their indices as
 * float32.
 *
 * @internal
 */
export function components(weights: readonly number[]) {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  // What is below the first of these is of component 0, below the second of 1, ….
  const ends = weights.slice(0, -1).map((weight) => {
    sum += weight / total;
    return sum;
  });
  return {
    logWeights: weights.map((weight) => Math.log(weight / total)),
    choose(count: number): tf.Tensor1D {
      if (ends.length === 0) return tf.zeros([count]);
      const above = tf.greaterEqual(noise('uniform', [count, 1]), ends);
      return tf.sum(tf.cast(above, 'float32'), 1);
    },
  };
}
