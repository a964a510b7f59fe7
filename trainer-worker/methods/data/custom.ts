import * as z from 'zod';
import { Random, streams } from '../../compiler/random/random';
import { type Knobs, knobsSchema } from '../options/knobs';
import { integer } from '../options/numbers';
import { OptionError } from '../options/option-error';
import { callOwn, functionSchema } from '../options/own-function';
import { specOf } from '../options/validate';
import { categoricalRows } from './categorical-rows';
import { levelList } from './column-levels';
import type { DataMethod } from './data-method';
import type { LogDensity } from './dataset';
import type { Domain } from './domain';

/** Random numbers of one purpose, decided by the run's seed. */
export interface RowRandom {
  /** A number in the open interval (0, 1). */
  uniform(): number;
  /** A standard normal number. */
  normal(): number;
  /** A whole number from 0 to `count - 1`, all equally likely; `count` is from 1 to 2^32. */
  integer(count: number): number;
}

/** A row, or a row and the class that it belongs to, as an index into `classes`. */
export type DrawnRow = ArrayLike<number> | LabelledRow;

/** A row and its class. */
interface LabelledRow {
  /** D numbers. */
  readonly row: ArrayLike<number>;
  /** The class, as an index into `classes`. */
  readonly label: number;
}

/** RowSource one after the other: lists of numbers, typed arrays, or what a generator yields. */
type RowSource = Iterable<DrawnRow> | AsyncIterable<DrawnRow>;

/** RowSource to train on, and others to measure on. */
interface SplitRows {
  /** RowSource to train on. */
  readonly training: RowSource;
  /** RowSource that are only measured on. */
  readonly heldOut: RowSource;
}

interface CommonCustomOptions<Options extends Knobs> {
  /** What the functions below are given, and a run records and can be told to change. Default: none. */
  readonly options?: Options;
  /** What people call each number of a row. Default: x1, x2, … */
  readonly axes?: readonly string[] | null;
  /** What people call each class, where rows have one. Default `null`: they have none. */
  readonly classes?: readonly string[] | null;
  /**
   * Where the numbers lie: `'real'`, `'nonnegative'`, `'binary'` (0 and 1) or `'categorical'` (numbers of
   * levels, from 0). Default `'real'`.
   */
  readonly domain?: Domain;
  /**
   * Of categorical rows the names of the levels of each number, such as `[['low', 'high'], ['a', 'b', 'c']]`;
   * 2 to 256 each. Default `null`: rows are not categorical.
   */
  readonly levels?: readonly (readonly string[])[] | null;
  /**
   * The exact log-density of a row in nats (log-probability, for binary and categorical rows), `-Infinity` where no data
   * can be; the divergence from the model is then measured. Default `null`: unknown.
   */
  readonly logDensity?: ((row: ArrayLike<number>, options: Options) => number) | null;
}

interface DrawOptions<Options extends Knobs> extends CommonCustomOptions<Options> {
  /**
   * Draws one row; all its randomness comes from `rng`.
   *
   * @example
   * draw: (rng, { radius }) => {
   *   const angle = 2 * Math.PI * rng.uniform();
   *   return [radius * Math.cos(angle) + 0.1 * rng.normal(), radius * Math.sin(angle) + 0.1 * rng.normal()];
   * }
   */
  readonly draw: (rng: RowRandom, options: Options) => DrawnRow;
  /** RowSource to train on, 1 to 10 000 000. Default 10 000. */
  readonly samples?: number;
  /** RowSource held out of training to measure on, 1 to 1 000 000. Default 2 000. */
  readonly heldOut?: number;
  /** Not beside `draw`. Default `null`. */
  readonly load?: null;
}

interface LoadOptions<Options extends Knobs> extends CommonCustomOptions<Options> {
  /**
   * Gives all rows, or `{ training, heldOut }`; may be asynchronous, and a generator. Where they are not
   * split, a tenth of them, chosen by the seed, is held out.
   *
   * @param at `directory`: the folder of the experiment file; `rng`: random numbers by the run's seed
   */
  readonly load: (
    options: Options,
    at: { readonly directory: string; readonly rng: RowRandom },
  ) => RowSource | SplitRows | Promise<RowSource | SplitRows>;
  /** Not beside `load`. Default `null`. */
  readonly draw?: null;
  /** Not beside `load`: what it gives is all there is. Default `null`. */
  readonly samples?: null;
  /** Not beside `load`, which may give `{ training, heldOut }`. Default `null`. */
  readonly heldOut?: null;
}

/** Data of your own: drawn row by row, or loaded. */
export type CustomDataOptions<Options extends Knobs> = DrawOptions<Options> | LoadOptions<Options>;

export interface CustomDataSpec {
  readonly type: 'custom';
  readonly options: Knobs;
  readonly axes: readonly string[] | null;
  readonly classes: readonly string[] | null;
  readonly domain: Domain;
  readonly levels: readonly (readonly string[])[] | null;
  readonly logDensity: CommonCustomOptions<never>['logDensity'] | null;
  readonly draw: DrawOptions<never>['draw'] | null;
  readonly samples: number | null;
  readonly heldOut: number | null;
  readonly load: LoadOptions<never>['load'] | null;
}

/** Data of your own: drawn row by row by a seeded function, or loaded by whatever you write. */
export function custom<Options extends Knobs = Record<string, never>>(
  options: CustomDataOptions<Options>,
): CustomDataSpec {
  return specOf(schema, 'data.custom', 'custom', options);
}

const names = z.array(z.string().min(1)).min(1).nullable().default(null);

const schema: z.ZodType<CustomDataSpec> = z
  .strictObject({
    type: z.literal('custom'),
    options: knobsSchema,
    axes: names,
    classes: names,
    domain: z.enum(['real', 'nonnegative', 'binary', 'categorical']).default('real'),
    levels: z.array(levelList).min(1).nullable().default(null),
    logDensity: functionSchema<NonNullable<CustomDataSpec['logDensity']>>(
      'logDensity',
      'logDensity: (row) => … with a number as its result',
    )
      .nullable()
      .default(null),
    draw: functionSchema<NonNullable<CustomDataSpec['draw']>>(
      'draw',
      'draw: (rng) => [rng.normal(), rng.normal()]',
    )
      .nullable()
      .default(null),
    samples: integer(1, 10_000_000).nullable().default(null),
    heldOut: integer(1, 1_000_000).nullable().default(null),
    load: functionSchema<NonNullable<CustomDataSpec['load']>>(
      'load',
      'load: () => [[0, 1], [1, 0]], all rows',
    )
      .nullable()
      .default(null),
  })
  .refine(({ draw, load }) => (draw === null) !== (load === null), {
    error: "one of 'draw' and 'load' is needed, not both.",
    params: { remedy: 'Write draw: (rng) => [rng.normal(), rng.normal()].' },
  })
  .refine(({ domain, levels }) => (domain === 'categorical') === (levels !== null), {
    path: ['levels'],
    error: "'levels' and domain: 'categorical' go together.",
    params: { remedy: "Give both, such as levels: [['low', 'high'], ['a', 'b', 'c']], or none." },
  })
  .refine(({ load, samples, heldOut }) => load === null || (samples === null && heldOut === null), {
    error: "'samples' and 'heldOut' go with 'draw'; what 'load' gives is all there is.",
    params: { remedy: 'Leave them out, or return { training, heldOut } from load.' },
  })
  .transform((spec) =>
    spec.draw === null
      ? spec
      : { ...spec, samples: spec.samples ?? 10_000, heldOut: spec.heldOut ?? 2_000 },
  );

/** Of rows that are not split, one in so many is held out. */
const heldOutShare = 10;

/** @internal */
export const customMethod: DataMethod<CustomDataSpec, typeof custom> = {
  create: custom,
  schema,
  domain: ({ domain }) => domain,
  hasLabels: ({ classes }) => classes !== null,
  async load(spec, { directory, seed }) {
    const { options, classes, domain } = spec;
    const given = options as never;
    const split = spec.draw
      ? drawn(spec, seed)
      : await loaded(spec, directory, new Random(seed, streams.rows));
    const training = await collected(spec, split.training, 'training');
    const heldOut = await collected(spec, split.heldOut, 'held-out', training.dimensions);
    const parts = split.isWhole ? splitAtRandom(training, seed) : { training, heldOut };
    const { dimensions } = training;
    const axes = spec.axes ?? Array.from({ length: dimensions }, (_, d) => `x${d + 1}`);
    if (axes.length !== dimensions) {
      throw wrong(
        'axes',
        `has ${axes.length} names, but a row has ${dimensions} numbers.`,
        'Name each number of a row once.',
      );
    }
    const { logDensity } = spec;
    const density: LogDensity | undefined =
      logDensity === null || logDensity === undefined
        ? undefined
        : (row) => callOwn(named('logDensity'), () => densityOf(logDensity(row, given)));
    const categories = spec.levels?.map((levels, d) => ({ name: axes[d]!, levels }));
    return {
      ...(categories
        ? categoricalRows(categories, parts.training.values, parts.heldOut.values, density)
        : {
            dimensions,
            axes,
            domain,
            training: parts.training.values,
            heldOut: parts.heldOut.values,
            ...(density ? { logDensity: density } : {}),
          }),
      logScale: 0,
      ...(classes
        ? {
            labels: { classes, training: parts.training.labels, heldOut: parts.heldOut.labels },
          }
        : {}),
    };
  },
};

function named(name: string) {
  return { where: 'data.custom', name, path: ['data', name] };
}

function wrong(name: string, what: string, remedy: string): OptionError {
  return new OptionError(`data.custom: ${name} ${what}`, remedy, ['data', name]);
}

function densityOf(value: unknown): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value;
  throw wrong('logDensity', 'returned no number.', 'Return the log-density of the row in nats.');
}

interface Split {
  readonly training: RowSource;
  readonly heldOut: RowSource;
  /** Whether `training` is all rows, of which some are to be held out. */
  readonly isWhole: boolean;
}

function drawn({ draw, samples, heldOut, options }: CustomDataSpec, seed: number): Split {
  const rows = function* (count: number, random: Random) {
    for (let row = 0; row < count; row++) {
      yield callOwn(named('draw'), () => draw!(random, options as never));
    }
  };
  return {
    training: rows(samples!, new Random(seed, streams.trainingData)),
    heldOut: rows(heldOut!, new Random(seed, streams.heldOutData)),
    isWhole: false,
  };
}

async function loaded(
  { load, options }: CustomDataSpec,
  directory: string,
  rng: Random,
): Promise<Split> {
  let made: unknown;
  try {
    made = await load!(options as never, { directory, rng });
  } catch (cause) {
    made = callOwn(named('load'), () => {
      throw cause;
    });
  }
  if (isRows(made)) return { training: made, heldOut: [], isWhole: true };
  const { training, heldOut }: Partial<SplitRows> = typeof made === 'object' && made ? made : {};
  if (isRows(training) && isRows(heldOut)) return { training, heldOut, isWhole: false };
  throw wrong(
    'load',
    'returned no rows.',
    'Return a list of rows, such as [[0, 1], [1, 0]], a generator of them, or { training, heldOut }.',
  );
}

function isRows(value: unknown): value is RowSource {
  return (
    typeof value === 'object' &&
    value !== null &&
    (Symbol.iterator in value || Symbol.asyncIterator in value)
  );
}

interface Collected {
  readonly dimensions: number;
  readonly values: Float32Array;
  readonly labels: Float32Array;
}

/** RowSource in one array; the first says how long they are. */
async function collected(
  { draw, classes, domain, levels }: CustomDataSpec,
  rows: RowSource,
  part: string,
  known?: number,
): Promise<Collected> {
  const name = draw ? 'draw' : 'load';
  let dimensions = known;
  let values = new Float32Array(1024);
  const labels: number[] = [];
  let count = 0;
  for await (const each of rows) {
    const { row, label } = partsOf(each);
    const place = `${part} row ${count + 1}`;
    dimensions ??= row?.length;
    if (row === undefined || row.length !== dimensions || dimensions === 0) {
      throw wrong(
        name,
        `gave ${row === undefined ? 'no numbers' : `${row.length} numbers`} as ${place}${known === undefined && count === 0 ? '' : `, where the rows before have ${dimensions}`}.`,
        'Return as many numbers for each row, one at least.',
      );
    }
    if (levels !== null && levels.length !== dimensions) {
      throw wrong(
        'levels',
        `names those of ${levels.length} numbers, but a row has ${dimensions}.`,
        'Give a list of names for each number of a row.',
      );
    }
    if ((count + 1) * dimensions > values.length) {
      const larger = new Float32Array(2 * Math.max(values.length, dimensions));
      larger.set(values.subarray(0, count * dimensions));
      values = larger;
    }
    for (let d = 0; d < dimensions; d++) {
      const value = row[d];
      if (typeof value !== 'number' || !isIn(domain, value, levels?.[d]?.length ?? 0)) {
        throw wrong(
          name,
          `gave ${String(value)} as number ${d + 1} of ${place}, where ${allowed[domain]} are needed.`,
          domain === 'real' ? 'Leave such rows out.' : 'Correct it, or give another domain.',
        );
      }
      values[count * dimensions + d] = value;
    }
    if (classes !== null && !(Number.isInteger(label) && label! >= 0 && label! < classes.length)) {
      throw wrong(
        name,
        `gave ${label === undefined ? 'no class' : `the class ${label}`} for ${place}.`,
        `Return { row, label } with a label from 0 to ${classes.length - 1}.`,
      );
    }
    labels.push(label ?? 0);
    count += 1;
  }
  if (count === 0 && known === undefined) {
    throw wrong(name, 'gave no rows.', 'Return two rows at least.');
  }
  return {
    dimensions: dimensions!,
    values: values.slice(0, count * dimensions!),
    labels: Float32Array.from(labels),
  };
}

const allowed: Readonly<Record<Domain, string>> = {
  real: 'finite numbers',
  nonnegative: 'finite numbers from 0',
  binary: 'zeros and ones',
  categorical: 'numbers of levels, from 0,',
};

/**
 * As float32, in which they are kept.
 *
 * @param levels that a number of categorical rows has
 */
function isIn(domain: Domain, value: number, levels: number): boolean {
  if (domain === 'categorical') return Number.isInteger(value) && value >= 0 && value < levels;
  if (domain === 'binary') return value === 0 || value === 1;
  return Number.isFinite(Math.fround(value)) && (domain === 'real' || value >= 0);
}

function partsOf(drawn: unknown): { row?: ArrayLike<number>; label?: number } {
  if (typeof drawn !== 'object' || drawn === null) return {};
  if ('row' in drawn) {
    const { row, label } = drawn as { row: ArrayLike<number>; label: number };
    return typeof row === 'object' && 'length' in row ? { row, label } : {};
  }
  return 'length' in drawn ? { row: drawn as ArrayLike<number> } : {};
}

/** RowSource in two parts, by the run's seed. */
function splitAtRandom({ dimensions, values, labels }: Collected, seed: number) {
  const count = labels.length;
  if (count < 2) throw wrong('load', 'gave one row.', 'Return two rows at least.');
  const order = new Random(seed, streams.split).permutation(count);
  const held = Math.max(1, Math.floor(count / heldOutShare));
  const pick = (rows: Uint32Array): Collected => {
    const picked = new Float32Array(rows.length * dimensions);
    rows.forEach((row, place) => {
      picked.set(values.subarray(row * dimensions, (row + 1) * dimensions), place * dimensions);
    });
    return { dimensions, values: picked, labels: Float32Array.from(rows, (row) => labels[row]!) };
  };
  return { training: pick(order.subarray(held)), heldOut: pick(order.subarray(0, held)) };
}
