import type * as z from 'zod';
import { Random, streams } from '../../compiler/random/random';
import { integer, notNegative } from '../options/numbers';
import type { DataMethod } from './data-method';
import type { LogDensity } from './dataset';

/** Options that every two-dimensional toy distribution has. */
export interface ToyOptions {
  /** Rows to train on, 1 to 10 000 000. Default 10 000. */
  readonly samples?: number;
  /** Rows held out of training to measure the likelihood on, 1 to 1 000 000. Default 2 000. */
  readonly heldOut?: number;
}

/** The schemas of {@link ToyOptions}. @internal */
export const toyFields = {
  samples: integer(1, 10_000_000).default(10_000),
  heldOut: integer(1, 1_000_000).default(2_000),
};

/** A standard deviation with a default. @internal */
export function noiseOption(standard: number) {
  return notNegative.max(100).default(standard);
}

/** `arm 1`, `arm 2`, … @internal */
export function numbered(noun: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${noun} ${index + 1}`);
}

interface ToySpec {
  readonly samples: number;
  readonly heldOut: number;
}

interface ToyParts<Spec> {
  /** One point; all its randomness comes from `random`. */
  draw(random: Random, spec: Spec): ToyPoint;
  /** What people call the parts that a point may come from, where there are such. */
  classes?(spec: Spec): readonly string[];
  /** The log-density it is drawn from; `undefined` where it has none, without noise for example. */
  logDensity(spec: Spec): LogDensity | undefined;
}

interface ToyPoint {
  readonly point: readonly [number, number];
  /** The index of its part among `classes`. */
  readonly label?: number;
}

/**
 * The row of the table for a distribution in the plane that can be drawn from at will.
 *
 * @internal
 */
export function toyMethod<Spec extends ToySpec, Create>(
  create: Create,
  schema: z.ZodType<Spec>,
  { draw, classes, logDensity }: ToyParts<Spec>,
): DataMethod<Spec, Create> {
  const rows = (count: number, random: Random, spec: Spec) => {
    const values = new Float32Array(count * 2);
    const labels = new Float32Array(count);
    for (let row = 0; row < count; row++) {
      const { point, label = 0 } = draw(random, spec);
      values.set(point, row * 2);
      labels[row] = label;
    }
    return { values, labels };
  };
  return {
    create,
    schema,
    hasLabels: () => classes !== undefined,
    async load(spec, { seed }) {
      const training = rows(spec.samples, new Random(seed, streams.trainingData), spec);
      const heldOut = rows(spec.heldOut, new Random(seed, streams.heldOutData), spec);
      const density = logDensity(spec);
      return {
        dimensions: 2,
        axes: ['x1', 'x2'],
        domain: 'real',
        logScale: 0,
        training: training.values,
        heldOut: heldOut.values,
        ...(density ? { logDensity: density } : {}),
        ...(classes
          ? {
              labels: {
                classes: classes(spec),
                training: training.labels,
                heldOut: heldOut.labels,
              },
            }
          : {}),
      };
    },
  };
}
