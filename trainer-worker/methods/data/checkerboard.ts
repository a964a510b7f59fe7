import * as z from 'zod';
import { specOf } from '../options/validate';
import { massBetween } from './density';
import { noiseOption, type ToyOptions, toyFields, toyMethod } from './toy';

export interface CheckerboardOptions extends ToyOptions {
  /**
   * Standard deviation of the Gaussian noise that blurs the edges, 0 to 100. Default 0: sharp
   * edges.
   */
  readonly noise?: number;
}

export interface CheckerboardSpec extends Required<CheckerboardOptions> {
  readonly type: 'checkerboard';
}

/**
 * Uniform on 8 of the 16 cells, two wide, of [-4, 4]².
 *
 * Without noise the entropy is ln 32 = 3.466 nats.
 */
export function checkerboard(options?: CheckerboardOptions): CheckerboardSpec {
  return specOf(schema, 'data.checkerboard', 'checkerboard', options);
}

const schema: z.ZodType<CheckerboardSpec> = z.strictObject({
  type: z.literal('checkerboard'),
  ...toyFields,
  noise: noiseOption(0),
});

/** @internal */
export const checkerboardMethod = toyMethod(checkerboard, schema, {
  logDensity:
    ({ noise }) =>
    (point) => {
      const mass = (index: number, x: number) =>
        massBetween(2 * index - 4, 2 * index - 2, x, noise);
      let sum = 0;
      for (let column = 0; column < 4; column++) {
        for (let row = column % 2; row < 4; row += 2) {
          sum += mass(column, point[0]!) * mass(row, point[1]!);
        }
      }
      return Math.log(sum / 32);
    },
  draw(random, { noise }) {
    const column = random.integer(4);
    const row = 2 * random.integer(2) + (column % 2);
    return {
      point: [
        2 * (column - 2 + random.uniform()) + noise * random.normal(),
        2 * (row - 2 + random.uniform()) + noise * random.normal(),
      ],
    };
  },
});
