import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { OptionError } from '../options/option-error';
import { specOf } from '../options/validate';
import type { NoiseMethod } from './noise-distribution';
import { type PerAxis, perAxis, perAxisOption } from './per-axis';

export interface UniformNoiseOptions {
  /** The box's lower end, of all columns or of each, in units of the rows that are trained on. Default `null`: that of the shown window. */
  readonly low?: number | readonly number[] | null;
  /** The box's upper end, likewise, above `low`. Default `null`: that of the shown window. */
  readonly high?: number | readonly number[] | null;
}

export interface UniformNoiseSpec {
  readonly type: 'uniform';
  readonly low: PerAxis;
  readonly high: PerAxis;
}

/**
 * Uniform in a box, by default the shown window: the range of the training rows, widened by a quarter
 * on each side. Every training row must lie inside, since noise has no density elsewhere.
 */
export function uniform(options?: UniformNoiseOptions): UniformNoiseSpec {
  return specOf(schema, where, 'uniform', options);
}

const where = 'noise.uniform';

const schema: z.ZodType<UniformNoiseSpec> = z.strictObject({
  type: z.literal('uniform'),
  low: perAxisOption(z.number()),
  high: perAxisOption(z.number()),
});

/** @internal */
export const uniformMethod: NoiseMethod<UniformNoiseSpec, typeof uniform> = {
  create: uniform,
  schema,
  domains: () => ['real', 'nonnegative'],
  build(spec, { bounds }) {
    const low = perAxis(
      where,
      'low',
      spec.low,
      bounds.map(([from]) => from),
    );
    const high = perAxis(
      where,
      'high',
      spec.high,
      bounds.map(([, to]) => to),
    );
    requireBox(low, high);
    const width = high.map((to, d) => to - low[d]!);
    const logDensity = -width.reduce((sum, side) => sum + Math.log(side), 0);
    return {
      // The shown window holds all rows.
      mayVanish: spec.low !== null || spec.high !== null,
      sample: (count) =>
        tf.add(tf.mul(noise('uniform', [count, bounds.length]), width), low) as tf.Tensor2D,
      logDensity(x) {
        // The upper end as draws have it, rounded alike: no draw lies beyond.
        const above = tf.greaterEqual(x, low);
        const below = tf.lessEqual(x, tf.add(tf.tensor1d(width), low));
        const inside = tf.all(tf.logicalAnd(above, below), 1);
        return tf.where(
          inside,
          tf.fill([x.shape[0]], logDensity),
          tf.fill([x.shape[0]], Number.NEGATIVE_INFINITY),
        );
      },
    };
  },
};

/** @throws OptionError for a box that is empty */
function requireBox(low: readonly number[], high: readonly number[]): void {
  const empty = low.findIndex((from, d) => !(from < high[d]!));
  if (empty < 0) return;
  throw new OptionError(
    `${where}: the box ends at ${high[empty]} in column ${empty + 1}, where it begins at ${low[empty]}.`,
    "Give 'high' above 'low'; where one is left out, it is the end of the shown window.",
    ['noise', 'high'],
  );
}
