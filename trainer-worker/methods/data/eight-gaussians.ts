import * as z from 'zod';
import { specOf } from '../options/validate';
import { logGaussian2, logSumExp } from './density';
import { noiseOption, numbered, type ToyOptions, toyFields, toyMethod } from './toy';

export interface EightGaussiansOptions extends ToyOptions {
  /** Standard deviation of each Gaussian, 0 to 100. Default 0.5/√2 ≈ 0.354. */
  readonly noise?: number;
}

export interface EightGaussiansSpec extends Required<EightGaussiansOptions> {
  readonly type: 'eightGaussians';
}

/**
 * Eight equal Gaussians on a circle of radius 4/√2 ≈ 2.83.
 *
 * With the default noise the entropy is 2.832 nats.
 */
export function eightGaussians(options?: EightGaussiansOptions): EightGaussiansSpec {
  return specOf(schema, 'data.eightGaussians', 'eightGaussians', options);
}

const schema: z.ZodType<EightGaussiansSpec> = z.strictObject({
  type: z.literal('eightGaussians'),
  ...toyFields,
  noise: noiseOption(0.5 / Math.SQRT2),
});

/** The middle of Gaussian `k`. */
function middle(k: number): readonly [number, number] {
  const angle = (Math.PI / 4) * k;
  return [(4 / Math.SQRT2) * Math.cos(angle), (4 / Math.SQRT2) * Math.sin(angle)];
}

/** @internal */
export const eightGaussiansMethod = toyMethod(eightGaussians, schema, {
  classes: () => numbered('Gaussian', 8),
  logDensity({ noise }) {
    if (noise === 0) return undefined;
    return (point) =>
      logSumExp(
        Array.from({ length: 8 }, (_, k) => {
          const [a, b] = middle(k);
          return logGaussian2((point[0]! - a) ** 2 + (point[1]! - b) ** 2, noise);
        }),
      ) - Math.log(8);
  },
  draw(random, { noise }) {
    const label = random.integer(8);
    const [x, y] = middle(label);
    return { label, point: [x + noise * random.normal(), y + noise * random.normal()] };
  },
});
