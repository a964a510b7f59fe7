import * as z from 'zod';
import { specOf } from '../options/validate';
import { noiseOption, numbered, type ToyOptions, toyMethod, toyShape } from './toy';

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
function rings(options?: RingsOptions): RingsSpec {
  return specOf(schema, 'data.rings', 'rings', options);
}

const schema: z.ZodType<RingsSpec> = z.strictObject({
  type: z.literal('rings'),
  ...toyShape,
  noise: noiseOption(0.08),
});

/** @internal */
export const ringsMethod = toyMethod(rings, schema, {
  classes: () => numbered('ring', 4),
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
