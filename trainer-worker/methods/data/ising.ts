import * as z from 'zod';
import { Random, type Stream, streams } from '../../compiler/random/random';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import type { DataMethod } from './data-method';
import { type ToyOptions, toyFields } from './toy';

export interface IsingOptions extends ToyOptions {
  /** Spins per side of the square lattice, 2 to 64. Default 4. */
  readonly size?: number;
  /** J, how much neighbours attract each other, −5 to 5. Default 0.4; 0.44 is critical on large ones. */
  readonly coupling?: number;
  /** h, how much each spin is drawn up, −5 to 5. Default 0. */
  readonly field?: number;
}

export interface IsingSpec extends Required<IsingOptions> {
  readonly type: 'ising';
}

/**
 * Spins s = 2x − 1 on a square lattice without wrap-around, x 0 or 1, of
 * `p(x) ∝ exp(J Σ s_i s_j + h Σ s_i)`, the first sum over pairs of neighbours.
 *
 * To size 4 the rows are drawn exactly, from all 2^16 states; above by 1000 sweeps of a Gibbs sampler
 * each, which are too few for a large cold lattice to forget its random start.
 */
export function ising(options?: IsingOptions): IsingSpec {
  return specOf(schema, 'data.ising', 'ising', options);
}

const schema: z.ZodType<IsingSpec> = z.strictObject({
  type: z.literal('ising'),
  ...toyFields,
  size: integer(2, 64).default(4),
  coupling: z.number().min(-5).max(5).default(0.4),
  field: z.number().min(-5).max(5).default(0),
});

/** Sides up to which all states are enumerated. */
const enumerated = 4;
const sweeps = 1000;

/** @internal */
export const isingMethod: DataMethod<IsingSpec, typeof ising> = {
  create: ising,
  schema,
  domain: () => 'binary',
  async load(spec, { seed }) {
    const { size } = spec;
    const exact = size <= enumerated ? allStates(spec) : undefined;
    const rows = (count: number, stream: Stream) => {
      const random = new Random(seed, stream);
      const values = new Float32Array(count * size * size);
      for (let row = 0; row < count; row++) {
        values.set(exact ? exact.draw(random) : swept(spec, random), row * size * size);
      }
      return values;
    };
    return {
      dimensions: size * size,
      image: { height: size, width: size, channels: 1, from: [0, 1], to: [0, 1] },
      axes: Array.from(
        { length: size * size },
        (_, place) => `${Math.floor(place / size) + 1},${(place % size) + 1}`,
      ),
      domain: 'binary',
      logScale: 0,
      training: rows(spec.samples, streams.trainingData),
      heldOut: rows(spec.heldOut, streams.heldOutData),
      ...(exact
        ? {
            logDensity: (point: ArrayLike<number>) => exponent(spec, point) - exact.logPartition,
          }
        : {}),
    };
  },
};

/** J Σ s_i s_j + h Σ s_i. */
function exponent({ size, coupling, field }: IsingSpec, point: ArrayLike<number>): number {
  const spin = (place: number) => 2 * point[place]! - 1;
  let sum = 0;
  for (let place = 0; place < size * size; place++) {
    sum += field * spin(place);
    if (place % size < size - 1) sum += coupling * spin(place) * spin(place + 1);
    if (place < size * (size - 1)) sum += coupling * spin(place) * spin(place + size);
  }
  return sum;
}

/** The distribution over all states: log Z, and exact draws. */
function allStates(spec: IsingSpec) {
  const places = spec.size ** 2;
  const pointOf = (state: number) => Array.from({ length: places }, (_, d) => (state >> d) & 1);
  const exponents = Float64Array.from({ length: 2 ** places }, (_, state) =>
    exponent(spec, pointOf(state)),
  );
  const highest = exponents.reduce(
    (most, value) => Math.max(most, value),
    Number.NEGATIVE_INFINITY,
  );
  let sum = 0;
  const cumulative = exponents.map((value) => {
    sum += Math.exp(value - highest);
    return sum;
  });
  return {
    logPartition: highest + Math.log(sum),
    draw(random: Random): number[] {
      const wanted = random.uniform() * sum;
      let [low, high] = [0, cumulative.length - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (cumulative[middle]! < wanted) low = middle + 1;
        else high = middle;
      }
      return pointOf(low);
    },
  };
}

/** A state after many sweeps of Gibbs sampling from a random one. */
function swept({ size, coupling, field }: IsingSpec, random: Random): number[] {
  const places = size * size;
  const spins = Array.from({ length: places }, () => 2 * random.integer(2) - 1);
  for (let update = 0; update < sweeps * places; update++) {
    const place = update % places;
    const column = place % size;
    const around =
      (column > 0 ? spins[place - 1]! : 0) +
      (column < size - 1 ? spins[place + 1]! : 0) +
      (spins[place - size] ?? 0) +
      (spins[place + size] ?? 0);
    const up = 1 / (1 + Math.exp(-2 * (coupling * around + field)));
    spins[place] = random.uniform() < up ? 1 : -1;
  }
  return spins.map((spin) => (spin + 1) / 2);
}
