import * as z from 'zod';
import { specOf } from '../options/validate';
import { aroundCurves, type Point } from './density';
import { noiseOption, type ToyOptions, toyFields, toyMethod } from './toy';

export interface SwissRollOptions extends ToyOptions {
  /** Standard deviation of the Gaussian noise on each coordinate, 0 to 100. Default 0.2. */
  readonly noise?: number;
}

export interface SwissRollSpec extends Required<SwissRollOptions> {
  readonly type: 'swissRoll';
}

/**
 * One spiral arm from 1½π to 4½π, in about ±3.
 *
 * The plane section of scikit-learn's `make_swiss_roll` divided by 5 (its `noise=1.0` is 0.2 here).
 */
export function swissRoll(options?: SwissRollOptions): SwissRollSpec {
  return specOf(schema, 'data.swissRoll', 'swissRoll', options);
}

const schema: z.ZodType<SwissRollSpec> = z.strictObject({
  type: z.literal('swissRoll'),
  ...toyFields,
  noise: noiseOption(0.2),
});

/** @internal */
export const swissRollMethod = toyMethod(swissRoll, schema, {
  logDensity({ noise }) {
    const curve = (t: number): Point => {
      const angle = 1.5 * Math.PI * (1 + 2 * t);
      return [(angle * Math.cos(angle)) / 5, (angle * Math.sin(angle)) / 5];
    };
    // The angle passes 3π, at a speed of √(1 + angle²) / 5.
    return aroundCurves([curve], (3 * Math.PI * Math.hypot(1, 4.5 * Math.PI)) / 5, noise);
  },
  draw(random, { noise }) {
    const angle = 1.5 * Math.PI * (1 + 2 * random.uniform());
    return {
      point: [
        (angle * Math.cos(angle)) / 5 + noise * random.normal(),
        (angle * Math.sin(angle)) / 5 + noise * random.normal(),
      ],
    };
  },
});
