import * as z from 'zod';
import { positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { massBetween } from './density';
import { noiseOption, numbered, type ToyOptions, toyFields, toyMethod } from './toy';

export interface SpiralsOptions extends ToyOptions {
  /** Standard deviation of the Gaussian noise on each coordinate, 0 to 100. Default 0.1. */
  readonly noise?: number;
  /** How far each arm winds, in turns, above 0 to 10. Default 1.5. */
  readonly turns?: number;
}

export interface SpiralsSpec extends Required<SpiralsOptions> {
  readonly type: 'spirals';
}

/**
 * Two spiral arms, each the other turned by half a circle, in about ±3.5.
 *
 * The `2spirals` set of density-estimation papers since FFJORD.
 */
export function spirals(options?: SpiralsOptions): SpiralsSpec {
  return specOf(schema, 'data.spirals', 'spirals', options);
}

const schema: z.ZodType<SpiralsSpec> = z.strictObject({
  type: z.literal('spirals'),
  ...toyFields,
  noise: noiseOption(0.1),
  turns: positive.max(10).default(1.5),
});

/** Deviations beyond which a Gaussian has a mass of 1e-15. */
const reach = 8;

/** @internal */
export const spiralsMethod = toyMethod(spirals, schema, {
  classes: () => numbered('arm', 2),
  logDensity({ noise, turns }) {
    const widest = 2 * Math.PI * turns;
    const nodes = Math.ceil((16 * widest * widest) / (3 * noise));
    if (noise === 0 || nodes > 100_000) return undefined;
    // Each node stands for as much of the arm's mass as the others; its offset is uniform in a square
    // a sixth wide, whose blur by the noise is a difference of two distribution functions.
    const angles = Array.from({ length: nodes }, (_, i) => widest * Math.sqrt((i + 0.5) / nodes));
    const corners = angles.map((angle) => [
      (-Math.cos(angle) * angle) / 3,
      (Math.sin(angle) * angle) / 3,
    ]);
    const mass = (corner: number, x: number) => massBetween(corner, corner + 1 / 6, x, noise) * 6;
    const isNear = (corner: number, x: number) =>
      x > corner - reach * noise && x < corner + 1 / 6 + reach * noise;
    return (point) => {
      let sum = 0;
      for (const [a, b] of corners) {
        for (const arm of [1, -1]) {
          const [x, y] = [arm * point[0]!, arm * point[1]!];
          if (isNear(a!, x) && isNear(b!, y)) sum += mass(a!, x) * mass(b!, y);
        }
      }
      return Math.log(sum / (2 * nodes));
    };
  },
  draw(random, { noise, turns }) {
    const label = random.integer(2);
    const arm = label === 0 ? 1 : -1;
    // The root spreads the points evenly along the arm, whose length grows with the angle squared.
    const angle = 2 * Math.PI * turns * Math.sqrt(random.uniform());
    const x = -Math.cos(angle) * angle + 0.5 * random.uniform();
    const y = Math.sin(angle) * angle + 0.5 * random.uniform();
    return {
      label,
      point: [(arm * x) / 3 + noise * random.normal(), (arm * y) / 3 + noise * random.normal()],
    };
  },
});
