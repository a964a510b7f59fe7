import * as z from 'zod';
import { Random, type Stream, streams } from '../../compiler/random/random';
import { positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { DataMethod } from './data-method';
import { logSumExp } from './density';
import { numbered, type ToyOptions, toyFields } from './toy';

export interface GaussianMixtureOptions extends ToyOptions {
  /**
   * The middle of each Gaussian, all of the same length, which is the dimension of the data: 1 to
   * 1000 of 1 to 1000 numbers. Default `[[0, 0]]`, a single Gaussian in the plane.
   */
  readonly means?: readonly (readonly number[])[];
  /** Standard deviation of every Gaussian in every dimension, above 0 to 1000. Default 1. */
  readonly deviation?: number;
  /** How much each Gaussian weighs against the others, above 0. Default: all the same. */
  readonly weights?: readonly number[] | null;
}

export interface GaussianMixtureSpec extends ToyOptions {
  readonly type: 'gaussianMixture';
  readonly samples: number;
  readonly heldOut: number;
  readonly means: readonly (readonly number[])[];
  readonly deviation: number;
  readonly weights: readonly number[] | null;
}

/** Gaussians in any number of dimensions, one too, whose density is known exactly; the label is which. */
export function gaussianMixture(options?: GaussianMixtureOptions): GaussianMixtureSpec {
  return specOf(schema, 'data.gaussianMixture', 'gaussianMixture', options);
}

const schema: z.ZodType<GaussianMixtureSpec> = z
  .strictObject({
    type: z.literal('gaussianMixture'),
    ...toyFields,
    means: z
      .array(z.array(z.number()).min(1).max(1000))
      .min(1)
      .max(1000)
      .default([[0, 0]]),
    deviation: positive.max(1000).default(1),
    weights: z.array(positive).nullable().default(null),
  })
  .refine(({ means }) => means.every((mean) => mean.length === means[0]!.length), {
    path: ['means'],
    error: "'means' have different lengths.",
    params: { remedy: 'Give each the same number of coordinates.' },
  })
  .refine(({ means, weights }) => weights === null || weights.length === means.length, {
    path: ['weights'],
    error: "'weights' are not as many as 'means'.",
    params: { remedy: 'Give one weight per mean, or leave weights out.' },
  });

/** @internal */
export const gaussianMixtureMethod: DataMethod<GaussianMixtureSpec, typeof gaussianMixture> = {
  create: gaussianMixture,
  schema,
  hasLabels: () => true,
  async load({ means, deviation, weights, samples, heldOut }, { seed }) {
    const dimensions = means[0]!.length;
    const relative = weights ?? means.map(() => 1);
    const total = relative.reduce((sum, weight) => sum + weight, 0);
    const rows = (count: number, stream: Stream) => {
      const random = new Random(seed, stream);
      const values = new Float32Array(count * dimensions);
      const labels = new Float32Array(count);
      for (let row = 0; row < count; row++) {
        let [left, label] = [random.uniform() * total, 0];
        while (label < means.length - 1 && left >= relative[label]!) left -= relative[label++]!;
        labels[row] = label;
        for (const [d, middle] of means[label]!.entries()) {
          values[row * dimensions + d] = middle + deviation * random.normal();
        }
      }
      return { values, labels };
    };
    const training = rows(samples, streams.trainingData);
    const held = rows(heldOut, streams.heldOutData);
    const logScale = dimensions * (Math.log(2 * Math.PI) / 2 + Math.log(deviation));
    return {
      dimensions,
      axes: Array.from({ length: dimensions }, (_, d) => `x${d + 1}`),
      domain: 'real',
      logScale: 0,
      training: training.values,
      heldOut: held.values,
      labels: {
        classes: numbered('Gaussian', means.length),
        training: training.labels,
        heldOut: held.labels,
      },
      logDensity(point) {
        const terms = means.map((mean, k) => {
          const distance2 = mean.reduce((sum, middle, d) => sum + (point[d]! - middle) ** 2, 0);
          return Math.log(relative[k]! / total) - distance2 / (2 * deviation ** 2) - logScale;
        });
        return logSumExp(terms);
      },
    };
  },
};
