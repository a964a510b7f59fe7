import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { LevelBlocks } from '../energies/level-blocks';
import { type NoOptions, specOf } from '../options/validate';
import type { NoiseMethod } from './noise-distribution';
import { momentsOfRows } from './per-axis';

export interface CategoricalNoiseSpec {
  readonly type: 'categorical';
}

/**
 * Independent categories, for categorical data: each level as likely as in the training rows with one more
 * row of each level, so that nothing is impossible. Its density is a probability.
 */
export function categorical(options?: NoOptions): CategoricalNoiseSpec {
  return specOf(schema, 'noise.categorical', 'categorical', options);
}

const schema: z.ZodType<CategoricalNoiseSpec> = z.strictObject({ type: z.literal('categorical') });

/** @internal */
export const categoricalMethod: NoiseMethod<CategoricalNoiseSpec, typeof categorical> = {
  create: categorical,
  schema,
  domains: () => ['categorical'],
  build(_spec, context) {
    const { levels } = context;
    if (levels === undefined) throw new Error('Categorical noise is made for categorical data.');
    const { means } = momentsOfRows(context);
    const rows = context.rows.length / means.length;
    const inCategory = levels.flatMap((count) => new Array<number>(count).fill(count));
    const logChances = means.map((mean, column) =>
      Math.log((mean * rows + 1) / (rows + inCategory[column]!)),
    );
    return {
      sample: (count) =>
        new LevelBlocks(levels).drawn(tf.tile(tf.tensor2d([logChances]), [count, 1])),
      logDensity: (x) => tf.sum(tf.mul(x, logChances), 1) as tf.Tensor1D,
    };
  },
};
