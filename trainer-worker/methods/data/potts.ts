import * as z from 'zod';
import { Random, type Stream, streams } from '../../compiler/random/random';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { categoricalRows } from './categorical-rows';
import type { DataMethod } from './data-method';
import { numbered, type ToyOptions, toyFields } from './toy';

export interface PottsOptions extends ToyOptions {
  /** Sites per side of the square lattice, 2 to 10. Default 4. */
  readonly size?: number;
  /** q, the states of a site, 2 to 32; `states` to the power of `size` is 1024 at most. Default 3. */
  readonly states?: number;
  /** J, how much neighbours that are alike attract each other, −5 to 5. Default 0.8. */
  readonly coupling?: number;
}

export interface PottsSpec extends Required<PottsOptions> {
  readonly type: 'potts';
}

/** States of a row of the lattice, at most: their pairs are all looked at. */
const mostRowStates = 1024;

/**
 * The Potts model on a square lattice without wrap-around: each site is in one of q states, and
 * `p(s) ∝ exp(J Σ δ(s_i, s_j))` over pairs of neighbours; critical at `log(1 + √q)` on large ones (Potts 1952).
 *
 * Rows are drawn exactly, one row of the lattice given the one above, by transfer matrices.
 */
export function potts(options?: PottsOptions): PottsSpec {
  return specOf(schema, 'data.potts', 'potts', options);
}

const schema: z.ZodType<PottsSpec> = z
  .strictObject({
    type: z.literal('potts'),
    ...toyFields,
    size: integer(2, 10).default(4),
    states: integer(2, 32).default(3),
    coupling: z.number().min(-5).max(5).default(0.8),
  })
  .refine(({ size, states }) => states ** size <= mostRowStates, {
    error: ({ input }) => {
      const { size, states } = input as PottsSpec;
      return `A row of the lattice has ${states} to the power of ${size} states; ${mostRowStates} are the most.`;
    },
    path: ['size'],
    params: { remedy: 'Make size or states smaller.' },
  });

/** @internal */
export const pottsMethod: DataMethod<PottsSpec, typeof potts> = {
  create: potts,
  schema,
  domain: () => 'categorical',
  async load(spec, { seed }) {
    const { size, states } = spec;
    const lattice = new Lattice(spec);
    const rows = (count: number, stream: Stream) => {
      const random = new Random(seed, stream);
      const codes = new Uint16Array(count * size * size);
      for (let row = 0; row < count; row++) codes.set(lattice.draw(random), row * size * size);
      return codes;
    };
    const levels = numbered('state', states);
    const categories = Array.from({ length: size * size }, (_, place) => ({
      name: `${Math.floor(place / size) + 1},${(place % size) + 1}`,
      levels,
    }));
    const range = [0, states - 1] as const;
    return {
      ...categoricalRows(
        categories,
        rows(spec.samples, streams.trainingData),
        rows(spec.heldOut, streams.heldOutData),
        (codes) => spec.coupling * lattice.alike(codes) - lattice.logPartition,
      ),
      codeImage: { height: size, width: size, channels: 1, from: range, to: range },
      logScale: 0,
    };
  },
};

/** The law of a lattice, row by row. */
class Lattice {
  /** log Z. */
  readonly logPartition: number;
  readonly #size: number;
  /** `[states of a row, size]`: the state of each site. */
  readonly #rows: readonly (readonly number[])[];
  /** `[states of a row]` weights of a row by itself. */
  readonly #within: Float64Array;
  /** `[states of a row, states of a row]` weights of a row below another. */
  readonly #between: readonly Float64Array[];
  /** `[size, states of a row]`: what all below weighs, given a row, up to a factor a row. */
  readonly #below: readonly Float64Array[];

  constructor({ size, states, coupling }: PottsSpec) {
    this.#size = size;
    const count = states ** size;
    this.#rows = Array.from({ length: count }, (_, row) =>
      Array.from({ length: size }, (_, site) => Math.floor(row / states ** site) % states),
    );
    const weight = (pairs: number) => Math.exp(coupling * pairs);
    this.#within = Float64Array.from(this.#rows, (row) =>
      weight(row.filter((state, site) => site > 0 && state === row[site - 1]).length),
    );
    this.#between = this.#rows.map((above) =>
      Float64Array.from(this.#rows, (row) =>
        weight(row.filter((state, site) => state === above[site]).length),
      ),
    );
    const below: Float64Array[] = [new Float64Array(count).fill(1)];
    let logScale = 0;
    for (let row = size - 2; row >= 0; row--) {
      const inside = this.#within.map((value, r) => value * below[0]![r]!);
      const sums = Float64Array.from(this.#between, (weights) => product(weights, inside));
      const largest = sums.reduce((a, b) => Math.max(a, b));
      logScale += Math.log(largest);
      below.unshift(sums.map((sum) => sum / largest));
    }
    this.#below = below;
    this.logPartition = logScale + Math.log(product(this.#within, below[0]!));
  }

  /** How many pairs of neighbours are alike among `[size · size]` states. */
  alike(codes: ArrayLike<number>): number {
    const size = this.#size;
    let pairs = 0;
    for (let place = 0; place < size * size; place++) {
      if (place % size > 0 && codes[place] === codes[place - 1]) pairs += 1;
      if (place >= size && codes[place] === codes[place - size]) pairs += 1;
    }
    return pairs;
  }

  /** `[size · size]` states. */
  draw(random: Random): number[] {
    const drawn: number[] = [];
    let above: Float64Array | undefined;
    for (const below of this.#below) {
      const weights = this.#within.map((value, r) => value * below[r]! * (above?.[r] ?? 1));
      const row = pick(weights, random);
      drawn.push(...this.#rows[row]!);
      above = this.#between[row]!;
    }
    return drawn;
  }
}

function product(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** A place with chances in proportion to weights. */
function pick(weights: Float64Array, random: Random): number {
  let rest = random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  for (let place = 0; place < weights.length - 1; place++) {
    rest -= weights[place]!;
    if (rest < 0) return place;
  }
  // The last one takes what rounding leaves.
  return weights.length - 1;
}
