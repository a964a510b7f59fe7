import type { Json, JsonObject } from '../../../protocol/run';
import { Random, streams } from '../../compiler/random/random';
import { OptionError } from '../../methods/options/option-error';
import { sobolPoint } from './sobol';
import { mostRuns, type ParameterSpec, type RangeSpec, type SweepSpec } from './sweep';

/**
 * What each run of a sweep overrides: dotted path → value, `seed` included where the sweep names
 * seeds. A pure function of the sweep. All combinations come first with their seeds one after the
 * other; no two runs are the same.
 *
 * @throws OptionError where there are too many, or fewer than `trials` different ones
 */
export function expandSweep(sweep: SweepSpec): readonly JsonObject[] {
  const seeds = Math.max(1, sweep.seeds.length);
  const count = (sweep.method === 'grid' ? gridSize(sweep) : sweep.trials!) * seeds;
  if (count > mostRuns) {
    throw new OptionError(
      `sweep: it has ${count} runs, and ${mostRuns} are the most.`,
      'Try fewer values, trials or seeds.',
      ['parameters'],
    );
  }
  const combinations = sweep.method === 'grid' ? grid(sweep) : drawn(sweep);
  if (sweep.seeds.length === 0) return combinations;
  return combinations.flatMap((values) => sweep.seeds.map((seed) => ({ ...values, seed })));
}

/** The numbers that a grid tries of a range: equal steps, both ends included, each once. */
function gridValues(spec: ParameterSpec): readonly Json[] {
  if ('values' in spec) return distinct(spec.values);
  const { range } = spec;
  const last = range.points! - 1;
  const values = Array.from({ length: last + 1 }, (_, index) => {
    // The ends as they are written, whatever a logarithm and its exponential make of them.
    if (index === 0) return range.low;
    if (index === last) return range.high;
    const value = between(range.low, range.high, index / last, range.scale);
    return range.integer ? Math.round(value) : value;
  });
  return distinct(values);
}

function gridSize({ parameters }: SweepSpec): number {
  return parameters.reduce((size, [, spec]) => size * gridValues(spec).length, 1);
}

/** All combinations; those of the last parameter are next to each other. */
function grid({ parameters }: SweepSpec): JsonObject[] {
  return parameters.reduce<JsonObject[]>(
    (sofar, [path, spec]) =>
      sofar.flatMap((values) => gridValues(spec).map((value) => ({ ...values, [path]: value }))),
    [{}],
  );
}

/** How many draws may repeat earlier ones before there seem to be no others. */
const mostRepetitions = 10_000;

function drawn({ method, parameters, trials = 0, drawSeed }: SweepSpec): JsonObject[] {
  const random = new Random(drawSeed, streams.sweep);
  // A random shift of the whole sequence: still evenly spread, and away from the corner at 0.
  const shift = Uint32Array.from(parameters, () => random.bits());
  const unit = (draw: number) =>
    method === 'random'
      ? parameters.map(() => random.uniform())
      : [...sobolPoint(draw, parameters.length)].map(
          (value, dimension) => (((value ^ shift[dimension]!) >>> 0) + 0.5) / 2 ** 32,
        );
  const found = new Map<string, JsonObject>();
  for (let draw = 0; found.size < trials; draw++) {
    if (draw === trials + mostRepetitions) {
      throw new OptionError(
        `sweep: there seem to be only ${found.size} different combinations, and ${trials} trials are asked for.`,
        'Ask for fewer trials, give more values, or try all by method: ‘grid’.',
        ['trials'],
      );
    }
    const point = unit(draw);
    const values = Object.fromEntries(
      parameters.map(([path, spec], index) => [path, valueAt(spec, point[index]!)]),
    );
    const key = JSON.stringify(values);
    if (!found.has(key)) found.set(key, values);
  }
  return [...found.values()];
}

/** The value at a place `u` in (0, 1): a list is cut into equal parts, a range into its numbers. */
function valueAt(spec: ParameterSpec, u: number): Json {
  if ('values' in spec) return spec.values[Math.floor(u * spec.values.length)]!;
  const { low, high, scale, integer }: RangeSpec = spec.range;
  if (!integer) return between(low, high, u, scale);
  // Each whole number has the part from itself to the next.
  return Math.min(high, Math.floor(between(low, high + 1, u, scale)));
}

function between(low: number, high: number, u: number, scale: 'linear' | 'log'): number {
  const value =
    scale === 'log'
      ? Math.exp(Math.log(low) + u * (Math.log(high) - Math.log(low)))
      : low + u * (high - low);
  // Rounding must not lead out of the range.
  return Math.min(high, Math.max(low, value));
}

function distinct(values: readonly Json[]): readonly Json[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
