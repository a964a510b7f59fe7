import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { noiseOption, numbered, type ToyOptions, toyMethod, toyShape } from './toy';

export interface PinwheelOptions extends ToyOptions {
  /** Standard deviation along each arm, before doubling in size, 0 to 100. Default 0.3. */
  readonly radialNoise?: number;
  /** Standard deviation across each arm, before doubling in size, 0 to 100. Default 0.1. */
  readonly noise?: number;
  /** How many arms, 2 to 100. Default 5. */
  readonly arms?: number;
  /** How strongly the arms bend, in radians, −10 to 10. Default 0.25. */
  readonly rate?: number;
}

export interface PinwheelSpec extends Required<PinwheelOptions> {
  readonly type: 'pinwheel';
}

/**
 * Gaussian arms, bent by an angle that grows exponentially with the radius, in about ±4.
 *
 * The pinwheel of Johnson et al., "Composing graphical models with neural networks" (2016), with
 * the constants that density-estimation papers since FFJORD use.
 */
function pinwheel(options?: PinwheelOptions): PinwheelSpec {
  return specOf(schema, 'data.pinwheel', 'pinwheel', options);
}

const schema: z.ZodType<PinwheelSpec> = z.strictObject({
  type: z.literal('pinwheel'),
  ...toyShape,
  radialNoise: noiseOption(0.3),
  noise: noiseOption(0.1),
  arms: integer(2, 100).default(5),
  rate: z.number().min(-10).max(10).default(0.25),
});

/** @internal */
export const pinwheelMethod = toyMethod(pinwheel, schema, {
  classes: ({ arms }) => numbered('arm', arms),
  draw(random, spec) {
    const along = 1 + spec.radialNoise * random.normal();
    const across = spec.noise * random.normal();
    const label = random.integer(spec.arms);
    const angle = (2 * Math.PI * label) / spec.arms + spec.rate * Math.exp(along);
    return {
      label,
      point: [
        2 * (along * Math.cos(angle) - across * Math.sin(angle)),
        2 * (along * Math.sin(angle) + across * Math.cos(angle)),
      ],
    };
  },
});
