import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../graph/trace';
import { OptionError } from '../options/option-error';
import { specOf } from '../options/validate';
import type { NoiseContext, NoiseMethod } from './noise-distribution';
import { type PerAxis, perAxis, perAxisOption, rowName } from './per-axis';

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
  build(spec, context) {
    const { bounds } = context;
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
    requireInside(context, low, high);
    const width = high.map((to, d) => to - low[d]!);
    const logDensity = -width.reduce((sum, side) => sum + Math.log(side), 0);
    return {
      sample: (count) =>
        tf.add(tf.mul(noise('uniform', [count, bounds.length]), width), low) as tf.Tensor2D,
      logDensity: (x) => tf.fill([x.shape[0]], logDensity),
    };
  },
};

/** @throws OptionError for a box that is empty, or the first row of data outside of it */
function requireInside(context: NoiseContext, low: readonly number[], high: readonly number[]) {
  const empty = low.findIndex((from, d) => !(from < high[d]!));
  if (empty >= 0) {
    throw new OptionError(
      `${where}: the box ends at ${high[empty]} in column ${empty + 1}, where it begins at ${low[empty]}.`,
      "Give 'high' above 'low'.",
      ['noise', 'high'],
    );
  }
  const { rows, bounds } = context;
  const dimensions = bounds.length;
  const outside = rows.findIndex(
    (value, i) => value < low[i % dimensions]! || value > high[i % dimensions]!,
  );
  if (outside < 0) return;
  const d = outside % dimensions;
  throw new OptionError(
    `${where}: ${rowName(context, Math.floor(outside / dimensions))} has ${Number(rows[outside]!.toPrecision(6))} in column ${d + 1}, outside of the box from ${low[d]} to ${high[d]}: noise has no density there, and the odds would be infinite.`,
    'Widen the box, or leave low and high out: the shown window holds all rows.',
    ['noise', rows[outside]! < low[d]! ? 'low' : 'high'],
  );
}
