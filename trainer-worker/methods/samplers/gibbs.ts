import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { loop, noise } from '../../compiler/trace/trace';
import { LevelBlocks } from '../energies/level-blocks';
import type { Model } from '../energies/model';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { categoryRedrawn } from './gibbs-categories';
import type { CarryingSampler, SamplerMethod } from './sampler-method';

export interface GibbsOptions {
  /**
   * Iterations of each chain per training step, 1 to 100 000. Default 20. Each draws one number anew,
   * or all, as `scan` says.
   */
  readonly steps?: number;
  /**
   * What an iteration draws anew: `'random'`, one number or one category, chosen by chance; `'sweep'`,
   * every one, in blocks where the energy knows their laws (`energy.rbm` and `energy.gaussBernoulliRbm`
   * layer by layer, `energy.ising` and `energy.potts` by groups that do not interact), else one after the
   * other.
   * Default `'random'`.
   */
  readonly scan?: 'random' | 'sweep';
}

export interface GibbsSpec extends Required<GibbsOptions> {
  readonly type: 'gibbs';
}

/**
 * Gibbs sampling (Geman & Geman 1984): numbers are drawn anew from their law given the others; of a
 * binary one that is `P(flip) = 1/(1 + exp(E(flipped) - E(x)))`, of a category the softmax of `-E` over its
 * levels. Its stationary law is `exp(-E)` exactly.
 *
 * A sweep of an energy that knows its blocks costs about one evaluation of the energy; of any other, D
 * evaluations. One number by chance costs one evaluation, and D of them are about a sweep; a category costs
 * as many as the largest has levels. On real data sweeps need an energy that knows them.
 */
export function gibbs(options?: GibbsOptions): GibbsSpec {
  return specOf(schema, 'sampler.gibbs', 'gibbs', options);
}

const schema: z.ZodType<GibbsSpec> = z.strictObject({
  type: z.literal('gibbs'),
  steps: integer(1, 100_000).default(20),
  scan: z.enum(['random', 'sweep']).default('random'),
});

/** @internal */
export const gibbsMethod: SamplerMethod<GibbsSpec, typeof gibbs, CarryingSampler> = {
  create: gibbs,
  schema,
  domains: ['binary', 'categorical'],
  sweeps: ({ scan }) => scan === 'sweep',
  build: ({ steps, scan }) => (scan === 'sweep' ? sweeps(steps) : randomScan(steps)),
};

function randomScan(steps: number): CarryingSampler {
  return {
    steps,
    init: (x, model): Record<string, tf.Tensor> =>
      model.levels ? {} : { energy: model.energy(x) },
    advance(x, { energy }, model) {
      const [chains, dimensions] = x.shape;
      if (model.levels) {
        const blocks = new LevelBlocks(model.levels);
        const count = model.levels.length;
        const places = tf.floor(tf.mul(noise('uniform', [chains, 1]), count));
        const all = tf.range(0, count, 1, 'float32');
        const chosen = tf.cast(tf.equal(places, all), 'float32') as tf.Tensor2D;
        return { x: categoryRedrawn(x, chosen, model, blocks), carried: {} };
      }
      const places = tf.floor(tf.mul(noise('uniform', [chains, 1]), dimensions));
      const columns = tf.range(0, dimensions, 1, 'float32');
      const chosen = tf.cast(tf.equal(places, columns), 'float32');
      const next = redrawn(x, energy!, chosen, model);
      return { x: next.x, carried: { energy: next.energy } };
    },
  };
}

/** What sweeps carry of units that lie beside the points of a model. */
export const unitsName = 'units';

function sweeps(steps: number): CarryingSampler {
  return {
    steps,
    init(x, model): Record<string, tf.Tensor> {
      if (model.latent) return { [unitsName]: model.latent.begin(x) };
      return model.sweep || model.levels ? {} : { energy: model.energy(x) };
    },
    form: (model) => (model.latent ? undefined : model.sweepForm),
    advance(x, { energy, [unitsName]: units }, model) {
      if (model.latent) {
        const next = model.latent.sweep(x, units as tf.Tensor2D);
        return { x: next.x, carried: { [unitsName]: next.units } };
      }
      if (model.sweep) return { x: model.sweep(x), carried: {} };
      if (model.levels) return { x: categoriesSwept(x, model, model.levels), carried: {} };
      const [, dimensions] = x.shape;
      const columns = tf.range(0, dimensions, 1, 'int32');
      const [swept, after] = loop(dimensions, [x, energy!], (place, [at, before]) => {
        const chosen = tf.expandDims(tf.cast(tf.equal(columns, place), 'float32'), 0);
        const next = redrawn(at as tf.Tensor2D, before!, chosen, model);
        return [next.x, next.energy];
      });
      return { x: swept as tf.Tensor2D, carried: { energy: after! } };
    },
  };
}

/** Points with one category after the other drawn anew. */
function categoriesSwept(x: tf.Tensor2D, model: Model, levels: readonly number[]): tf.Tensor2D {
  const blocks = new LevelBlocks(levels);
  const categories = tf.range(0, levels.length, 1, 'int32');
  const [swept] = loop(levels.length, [x], (place, [at]) => {
    const chosen = tf.expandDims(tf.cast(tf.equal(categories, place), 'float32'), 0);
    return [categoryRedrawn(at as tf.Tensor2D, chosen as tf.Tensor2D, model, blocks)];
  });
  return swept as tf.Tensor2D;
}

/**
 * Points with one binary number of each drawn anew.
 *
 * @param energy `[n]`, of the points
 * @param chosen `[n, D]` or `[1, D]`: 1 in the column of that number, else 0
 */
function redrawn(
  x: tf.Tensor2D,
  energy: tf.Tensor,
  chosen: tf.Tensor,
  model: Model,
): { readonly x: tf.Tensor2D; readonly energy: tf.Tensor } {
  // 1 - 2x is the way to the other value.
  const flipped = tf.add(x, tf.mul(chosen, tf.sub(1, tf.mul(x, 2)))) as tf.Tensor2D;
  const after = model.energy(flipped);
  const flips = tf.less(noise('uniform', [x.shape[0]]), tf.sigmoid(tf.sub(energy, after)));
  return {
    x: tf.where(tf.expandDims(flips, 1), flipped, x),
    energy: tf.where(flips, after, energy),
  };
}
