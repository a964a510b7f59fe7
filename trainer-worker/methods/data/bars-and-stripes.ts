import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import type { DataMethod } from './data-method';

export interface BarsAndStripesOptions {
  /** Pixels per side, 2 to 10. Default 4. */
  readonly size?: number;
}

export interface BarsAndStripesSpec extends Required<BarsAndStripesOptions> {
  readonly type: 'barsAndStripes';
}

/**
 * Binary images of `size`² pixels in which either every row or every column is of one colour (MacKay,
 * "Information Theory, Inference, and Learning Algorithms", 2003): 2 · 2^size rows, once each, of
 * which the empty and the full image come twice. The held-out rows are the same ones: this is the
 * whole distribution. Its labels are `rows` and `columns`.
 *
 * With the default size no model has a mean log-likelihood above −3.3791 nats.
 */
export function barsAndStripes(options?: BarsAndStripesOptions): BarsAndStripesSpec {
  return specOf(schema, 'data.barsAndStripes', 'barsAndStripes', options);
}

const schema: z.ZodType<BarsAndStripesSpec> = z.strictObject({
  type: z.literal('barsAndStripes'),
  size: integer(2, 10).default(4),
});

/** @internal */
export const barsAndStripesMethod: DataMethod<BarsAndStripesSpec, typeof barsAndStripes> = {
  create: barsAndStripes,
  schema,
  domain: () => 'binary',
  hasLabels: () => true,
  async load({ size }) {
    const dimensions = size * size;
    const patterns = 2 ** size;
    const rows = new Float32Array(2 * patterns * dimensions);
    const labels = new Float32Array(2 * patterns);
    for (let index = 0; index < 2 * patterns; index++) {
      const isColumns = index >= patterns;
      labels[index] = Number(isColumns);
      for (let place = 0; place < dimensions; place++) {
        const line = isColumns ? place % size : Math.floor(place / size);
        rows[index * dimensions + place] = ((index % patterns) >> line) & 1;
      }
    }
    const at = (point: ArrayLike<number>, row: number, column: number) =>
      point[row * size + column];
    const sides = Array.from({ length: size }, (_, index) => index);
    return {
      dimensions,
      image: { height: size, width: size, channels: 1, from: [0, 1], to: [0, 1] },
      axes: sides.flatMap((row) => sides.map((column) => `${row + 1},${column + 1}`)),
      domain: 'binary',
      logScale: 0,
      training: rows,
      heldOut: rows.slice(),
      labels: { classes: ['rows', 'columns'], training: labels, heldOut: labels.slice() },
      logDensity(point) {
        const inRows = sides.every((r) => sides.every((c) => at(point, r, c) === at(point, r, 0)));
        const inColumns = sides.every((r) =>
          sides.every((c) => at(point, r, c) === at(point, 0, c)),
        );
        return Math.log((Number(inRows) + Number(inColumns)) / (2 * patterns));
      },
    };
  },
};
