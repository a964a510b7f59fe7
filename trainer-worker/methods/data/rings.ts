import * as z from 'zod';
import { specOf } from '../options/validate';
import { logBesselI0, logGaussian2, logSumExp } from './density';
import { noiseOption, numbered, type ToyOptions, toyFields, toyMethod } from './toy';

export interface RingsOptions extends ToyOptions {
  /** Standard deviation of the Gaussian noise on each coordinate, 0 to 100. Default 0.08. */
  readonly noise?: number;
}

export interface RingsSpec extends Required<RingsOptions> {
  readonly type: 'rings';
}

/**
 * Four concentric rings of radii 0.75, 1.5, 2.25 and 3 with equal mass.
 *
 * With the default noise the entropy is 2.623 nats.
 */
export function rings(options?: RingsOptions): RingsSpec {
  return specOf(schema, 'data.rings', 'rings', options);
}

const schema: z.ZodType<RingsSpec> = z.strictObject({
  type: z.literal('rings'),
  ...toyFields,
  noise: noiseOption(0.08),
});

/** @internal */
export const ringsMethod = toyMethod(rings, schema, {
  classes: () => numbered('ring', 4),
  logDensity({ noise }) {
    if (noise === 0) return undefined;
    return (point) => {
      const r = Math.hypot(point[0]!, point[1]!);
      // The mean over the ring of a Gaussian's density: its angle integral is a Bessel function.
      const terms = [0.75, 1.5, 2.25, 3].map(
        (radius) => logGaussian2((r - radius) ** 2, noise) + logBesselI0((r * radius) / noise ** 2),
      );
      return logSumExp(terms) - Math.log(4);
    };
  },
  draw(random, { noise }) {
    const label = random.integer(4);
    const radius = 0.75 * (1 + label);
    const angle = 2 * Math.PI * random.uniform();
    return {
      label,
      point: [
        radius * Math.cos(angle) + noise * random.normal(),
        radius * Math.sin(angle) + noise * random.normal(),
      ],
    };
  },
});
