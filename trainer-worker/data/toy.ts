import type * as z from 'zod';
import { integer, notNegative } from '../options/numbers';
import { Random, streams } from '../random/random';
import type { DataMethod } from './data-method';

/** Options that every two-dimensional toy distribution has. */
export interface ToyOptions {
  /** Rows to train on, 1 to 10 000 000. Default 10 000. */
  readonly samples?: number;
  /** Rows held out of training to measure the likelihood on, 1 to 1 000 000. Default 2 000. */
  readonly heldOut?: number;
}

/** The schemas of {@link ToyOptions}. @internal */
export const toyShape = {
  samples: integer(1, 10_000_000).default(10_000),
  heldOut: integer(1, 1_000_000).default(2_000),
};

/** A standard deviation with a default. @internal */
export function noiseOption(standard: number) {
  return notNegative.max(100).default(standard);
}

interface ToySpec {
  readonly samples: number;
  readonly heldOut: number;
}

/**
 * The row of the table for a distribution in the plane that can be drawn from at will.
 *
 * @param draw one point; all its randomness comes from `random`
 * @internal
 */
export function toyMethod<Spec extends ToySpec, Create>(
  create: Create,
  schema: z.ZodType<Spec>,
  draw: (random: Random, spec: Spec) => readonly [number, number],
): DataMethod<Spec, Create> {
  const rows = (count: number, random: Random, spec: Spec) => {
    const values = new Float32Array(count * 2);
    for (let row = 0; row < count; row++) values.set(draw(random, spec), row * 2);
    return values;
  };
  return {
    create,
    schema,
    async load(spec, { seed }) {
      return {
        dimensions: 2,
        axes: ['x1', 'x2'],
        training: rows(spec.samples, new Random(seed, streams.trainingData), spec),
        heldOut: rows(spec.heldOut, new Random(seed, streams.heldOutData), spec),
      };
    },
  };
}
