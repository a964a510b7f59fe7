import * as z from 'zod';
import type { Json } from '../../../protocol/run';
import { integer } from '../../methods/options/numbers';
import { OptionError, type OptionPath } from '../../methods/options/option-error';
import { validate } from '../../methods/options/validate';
import { mostSobolDimensions } from './sobol';

/** All numbers between two. */
export interface SweepRange {
  /** The smallest that is tried. */
  readonly low: number;
  /** Above `low`. */
  readonly high: number;
  /** Whether equal steps add or multiply; `'log'` needs a `low` above 0. Default `'linear'`. */
  readonly scale?: 'linear' | 'log';
  /** Whether only whole numbers are tried, `low` and `high` included. Default `false`. */
  readonly integer?: boolean;
  /** Of a grid: how many numbers are tried, `low` and `high` included, 2 to 1000. */
  readonly points?: number;
}

/**
 * Which runs of a sweep are trained to their end: asynchronous successive halving (ASHA; Li et al. 2020,
 * arXiv 1810.05934). Runs are compared at rungs, by the sweep's `metric`; of those that came to a rung one
 * in `eta` goes on to the next, which is `eta` times as many steps away from the beginning. The last rung
 * is the experiment's `steps`.
 */
export interface HalvingOptions {
  /** The fewest steps after which a run may be left behind, from 1. */
  readonly minSteps: number;
  /** η, the reduction factor: 2 to 100. Default 3. */
  readonly eta?: number;
}

/**
 * Many runs of one experiment: what a file exports as `sweep` beside its experiment.
 *
 * @example
 * export const sweep: SweepOptions = {
 *   method: 'sobol',
 *   parameters: {
 *     'optimizer.learningRate': { low: 1e-4, high: 1e-2, scale: 'log' },
 *     'energy.hidden': [[32, 32], [64, 64]],
 *   },
 *   trials: 16,
 *   seeds: [0, 1, 2],
 * };
 */
export interface SweepOptions {
  /** What people call it. Default: the experiment's name. */
  readonly name?: string;
  /**
   * `'grid'` tries all combinations, `'random'` draws them independently, `'sobol'` spreads them evenly
   * (up to 21 parameters). Default `'grid'`.
   */
  readonly method?: 'grid' | 'random' | 'sobol';
  /**
   * What varies: an option of the experiment by its dotted path (`'objective.sampler.stepSize'`), and
   * the values to try or the range to draw them from.
   */
  readonly parameters?: { readonly [path: string]: readonly unknown[] | SweepRange };
  /** How many combinations are tried, 1 to 10 000; of `'random'` and `'sobol'`, which need it. */
  readonly trials?: number;
  /**
   * Each combination is trained once with each of these, 1 to 10 000, each from 0. Default: the
   * experiment's own seed.
   */
  readonly seeds?: readonly number[];
  /** Decides which combinations are drawn, from 0. Default 0. */
  readonly drawSeed?: number;
  /**
   * The metric by whose last value runs are ranked. Default: the divergence from the data where that is
   * measured, else the held-out likelihood, else the loss.
   */
  readonly metric?: string;
  /**
   * Whether small or large values of `metric` are good. Default: large ones of the held-out likelihood,
   * small ones of any other.
   */
  readonly goal?: 'minimize' | 'maximize';
  /** Trains only the best runs to their end; needs `metric`. Default: all are. */
  readonly halving?: HalvingOptions;
}

/** A range that is right, with its defaults. */
export type RangeSpec = Required<Omit<SweepRange, 'points'>> & Pick<SweepRange, 'points'>;

/** What one option takes. */
export type ParameterSpec = { readonly values: readonly Json[] } | { readonly range: RangeSpec };

/** A sweep that is right as far as it can be judged without its experiment. */
export interface SweepSpec {
  readonly name?: string;
  readonly method: 'grid' | 'random' | 'sobol';
  readonly parameters: readonly (readonly [path: string, spec: ParameterSpec])[];
  readonly trials?: number;
  /** Empty: the experiment's own. */
  readonly seeds: readonly number[];
  readonly drawSeed: number;
  readonly metric?: string;
  readonly goal?: 'minimize' | 'maximize';
  readonly halving?: Required<HalvingOptions>;
}

/** The most runs that a sweep may have. */
export const mostRuns = 10_000;

/** The schema of {@link HalvingOptions}. @internal */
export const halvingSchema = z.strictObject({
  minSteps: integer(1),
  eta: integer(2, 100).default(3),
});

/** The schema of {@link SweepOptions}. @internal */
export const sweepSchema = z.strictObject({
  name: z.exactOptional(z.string().min(1).max(200)),
  method: z.enum(['grid', 'random', 'sobol']).default('grid'),
  parameters: z.record(z.string(), z.unknown()).default({}),
  trials: z.exactOptional(integer(1, mostRuns)),
  seeds: z.array(integer(0)).min(1).max(mostRuns).optional(),
  drawSeed: integer(0).default(0),
  metric: z.exactOptional(z.string().min(1)),
  goal: z.exactOptional(z.enum(['minimize', 'maximize'])),
  halving: z.exactOptional(halvingSchema),
});

/** The schema of {@link SweepRange}. @internal */
export const rangeSchema = z.strictObject({
  low: z.number(),
  high: z.number(),
  scale: z.enum(['linear', 'log']).default('linear'),
  integer: z.boolean().default(false),
  points: z.exactOptional(integer(2, 1000)),
});

/**
 * Checks what a file exports as `sweep`.
 *
 * @throws OptionError
 */
export function resolveSweep(exported: unknown): SweepSpec {
  const { parameters, seeds = [], ...spec } = validate(sweepSchema, 'sweep', exported);
  const paths = Object.keys(parameters);
  requireWhole(spec.method, spec.trials, paths.length, seeds.length);
  requireApart(paths);
  if (spec.halving) requireComparable(spec, paths, seeds);
  const repeated = seeds.find((seed, index) => seeds.indexOf(seed) !== index);
  if (repeated !== undefined) {
    throw new OptionError(
      `sweep: 'seeds' has ${repeated} twice, which would be the same run.`,
      'Remove one.',
      ['seeds'],
    );
  }
  return {
    ...spec,
    seeds,
    parameters: Object.entries(parameters).map(([path, value]) => [
      path,
      parameter(path, value, spec.method),
    ]),
  };
}

/** What is wrong between the method and the numbers that go with it. */
function requireWhole(
  method: SweepSpec['method'],
  trials: number | undefined,
  parameters: number,
  seeds: number,
): void {
  const wrong = (message: string, remedy: string, path: OptionPath) =>
    new OptionError(`sweep: ${message}`, remedy, path);
  if (parameters === 0 && (method !== 'grid' || seeds === 0)) {
    throw wrong(
      'there are no parameters, so every run would be the same.',
      "Name some, for example parameters: { 'optimizer.learningRate': [1e-3, 1e-4] }.",
      ['parameters'],
    );
  }
  if (method === 'grid' && trials !== undefined) {
    throw wrong(
      'a grid tries all combinations, so it takes no ‘trials’.',
      "Leave it out, or choose method: 'random' or 'sobol'.",
      ['trials'],
    );
  }
  if (method !== 'grid' && trials === undefined) {
    throw wrong(`'trials' is missing.`, 'Say how many combinations are to be tried.', ['method']);
  }
  if (method === 'sobol' && parameters > mostSobolDimensions) {
    throw wrong(
      `${parameters} parameters are more than Sobol’s sequence has dimensions here.`,
      `Vary at most ${mostSobolDimensions}, or choose method: 'random'.`,
      ['parameters'],
    );
  }
}

/** @throws OptionError where runs that are compared on their way would not be comparable */
function requireComparable(
  { metric }: Pick<SweepSpec, 'metric'>,
  paths: readonly string[],
  seeds: readonly number[],
): void {
  if (metric === undefined) {
    throw new OptionError(
      "sweep: 'halving' needs a 'metric' by which runs are compared on their way.",
      "Name one that they record, for example metric: 'divergence/data-model'.",
      ['halving'],
    );
  }
  if (paths.includes('steps')) {
    throw new OptionError(
      "sweep: 'steps' varies, and 'halving' compares runs of one length.",
      'Take it out of the parameters.',
      ['parameters', 'steps'],
    );
  }
  if (seeds.length > 1) {
    throw new OptionError(
      "sweep: 'halving' compares single runs, so each combination takes one seed.",
      'Train the best combinations again with other seeds.',
      ['seeds'],
    );
  }
}

/** @throws OptionError where two parameters would set the same thing */
function requireApart(paths: readonly string[]): void {
  for (const path of paths) {
    if (path === 'seed') {
      throw new OptionError(
        "sweep: 'seed' is no parameter.",
        'Name the seeds as seeds: [0, 1, 2], so that runs which differ in nothing else belong together.',
        ['parameters', path],
      );
    }
    const outer = paths.find((other) => path.startsWith(`${other}.`));
    if (outer !== undefined) {
      throw new OptionError(
        `sweep: '${path}' is a part of '${outer}', which varies as well.`,
        'Vary one of them.',
        ['parameters', path],
      );
    }
  }
}

function parameter(path: string, value: unknown, method: SweepSpec['method']): ParameterSpec {
  const at = ['parameters', path];
  const wrong = (message: string, remedy: string, inner: OptionPath = []) =>
    new OptionError(`sweep: '${path}' ${message}`, remedy, [...at, ...inner]);
  if (Array.isArray(value)) {
    if (value.length === 0) throw wrong('has no values.', 'Give at least one.');
    const values = value.map((one: unknown, index) => jsonValue(one, index, wrong));
    const texts = values.map((one) => JSON.stringify(one));
    const twice = texts.findIndex((text, index) => texts.indexOf(text) !== index);
    if (twice !== -1) {
      throw wrong(`has ${texts[twice]} twice, which would be the same run.`, 'Remove one.', [
        twice,
      ]);
    }
    return { values };
  }
  if (typeof value !== 'object' || value === null) {
    throw wrong(
      'is neither a list of values nor a range.',
      'Write [1e-3, 1e-4] or { low: 1e-4, high: 1e-2 }.',
    );
  }
  const range = rangeOf(path, value);
  const { low, high, scale, points } = range;
  if (low >= high) {
    throw wrong(`ranges from ${low} to ${high}.`, "'low' must be less than 'high'.", ['low']);
  }
  if (scale === 'log' && low <= 0) {
    throw wrong(
      `ranges from ${low} on a logarithmic scale.`,
      "'low' must be greater than 0, or scale 'linear'.",
      ['low'],
    );
  }
  if (range.integer) {
    const key = (
      [
        ['low', low],
        ['high', high],
      ] as const
    ).find(([, n]) => !Number.isSafeInteger(n));
    if (key) throw wrong(`has ${key[1]} as its ${key[0]}.`, 'It must be a whole number.', [key[0]]);
  }
  if (method === 'grid' && points === undefined) {
    throw wrong(
      'is a range, of which a grid cannot try all numbers.',
      'Say how many with points, for example points: 5, or list the values.',
    );
  }
  if (method !== 'grid' && points !== undefined) {
    throw wrong("has 'points', which only a grid has.", 'Leave it out.', ['points']);
  }
  return { range };
}

/** The value as the manifest will hold it. */
function jsonValue(
  value: unknown,
  index: number,
  wrong: (message: string, remedy: string, inner: OptionPath) => OptionError,
): Json {
  const parsed = z.json().safeParse(value);
  if (parsed.success) return parsed.data;
  throw wrong(
    'has a value that is no data.',
    'Values are numbers, texts, true, false, null, and lists and objects of these.',
    [index],
  );
}

function rangeOf(path: string, value: object): RangeSpec {
  try {
    return validate(rangeSchema, `sweep: the range of '${path}'`, value);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    throw new OptionError(error.message, error.remedy, ['parameters', path, ...error.path]);
  }
}
