import * as z from 'zod';
import { type DataSpec, dataMethod, dataMethods } from '../data';
import type { Dataset } from '../data/dataset';
import type { Rows } from '../data/rows';
import { familySchema } from '../options/method-table';
import { nearest } from '../options/nearest';
import { OptionError } from '../options/option-error';
import { specOf } from '../options/validate';
import { type CustomNoiseOptions, logDensityOption, ownLogDensity } from './custom';
import type { NoiseMethod } from './noise-distribution';
import type { NoisePool, PoolRun } from './noise-pool';
import { rowName } from './per-axis';

export interface SamplesNoiseOptions {
  /**
   * Where the draws are, for example `data.npy('flow.npy')`, with the columns of the data in their
   * order, in the units of the data's file: they are standardised as the data are.
   */
  readonly of: DataSpec;
  /**
   * Log-densities in nats. The name of the column of `of` that has them, per units of the file, and
   * then `atData` is needed; or a function of tfjs operations from `[n, D]` points, as the energy sees
   * them, to `[n]`. Default `null`: those of `of` itself, where it is a distribution whose density is
   * known, such as `data.gaussianMixture({ … })`.
   */
  readonly logDensity?: string | CustomNoiseOptions['logDensity'] | null;
  /**
   * The log-density of the noise at each row of the data's own file, in its order: one column, per
   * units of the file, and as many rows, of which neither file leaves any out. Goes with a column
   * `logDensity`. Default `null`.
   */
  readonly atData?: DataSpec | null;
}

export interface SamplesNoiseSpec {
  readonly type: 'samples';
  readonly of: DataSpec;
  readonly logDensity: string | CustomNoiseOptions['logDensity'] | null;
  readonly atData: DataSpec | null;
}

/**
 * Draws that you have, such as those of a flow that was trained elsewhere. In each step as many as are
 * needed, every one once before any comes again; with `fixedNoise` each row of the data has its own.
 *
 * @example
 * noise.samples({
 *   of: data.npy('flow.npy', { columns: ['x', 'y', 'log q'] }),
 *   logDensity: 'log q',
 *   atData: data.npy('log-q-at-data.npy'),
 * })
 */
export function samples(options: SamplesNoiseOptions): SamplesNoiseSpec {
  return specOf(schema, where, 'samples', options);
}

const where = 'noise.samples';

const source: z.ZodType<DataSpec> = familySchema('data', dataMethods);

const schema: z.ZodType<SamplesNoiseSpec> = z
  .strictObject({
    type: z.literal('samples'),
    of: source,
    logDensity: z
      .union([z.string().min(1), logDensityOption])
      .nullable()
      .default(null),
    atData: source.nullable().default(null),
  })
  .refine(({ logDensity, atData }) => (typeof logDensity === 'string') === (atData !== null), {
    path: ['atData'],
    error: "'atData' and the name of a column as 'logDensity' go together.",
    params: {
      remedy: "Give both, for example logDensity: 'log q', atData: data.npy('log-q.npy').",
    },
  });

/** @internal */
export const samplesMethod: NoiseMethod<SamplesNoiseSpec, typeof samples> = {
  create: samples,
  schema,
  domains({ of }) {
    const domain = dataMethod(of).domain?.(of) ?? 'real';
    // Levels of two sources need not be the same ones.
    return domain === 'categorical' ? [] : [domain];
  },
  build: ({ logDensity }) =>
    typeof logDensity === 'function'
      ? { mayVanish: true, logDensity: ownLogDensity(where, logDensity) }
      : {},
  load: loadPool,
};

async function loadPool(spec: SamplesNoiseSpec, run: PoolRun): Promise<NoisePool> {
  requireUncoded(run);
  const loaded = await wholeOf(spec.of, run);
  const column = typeof spec.logDensity === 'string' ? spec.logDensity : undefined;
  const at = column === undefined ? -1 : loaded.axes.indexOf(column);
  if (column !== undefined && at < 0) {
    const guess = nearest(column, loaded.axes);
    throw new OptionError(
      `${where}: the draws have no column '${column}'.`,
      `${guess === undefined ? '' : `Did you mean '${guess}'? `}Their columns are ${loaded.axes.join(', ')}.`,
      ['noise', 'logDensity'],
    );
  }
  const pool = {
    rows: drawsOf(loaded, at, run),
    ...(run.rowNumbers ? { groups: run.rowNumbers.map((number) => number - 1) } : {}),
    files: loaded.files,
    warnings: loaded.warnings,
  };
  if (typeof spec.logDensity === 'function') return pool;
  if (spec.atData !== null) {
    const logScale = logScaleOf(run);
    const inModelUnits = (values: Float32Array) => values.map((value) => value + logScale);
    const { values, files, warnings } = await atData(spec.atData, run);
    const count = loaded.rows.length / loaded.dimensions;
    const column = Float32Array.from(
      { length: count },
      (_, k) => loaded.rows[k * loaded.dimensions + at]!,
    );
    return {
      ...pool,
      logDensities: { ofDraws: inModelUnits(column), ofData: inModelUnits(values) },
      files: [...pool.files, ...files],
      warnings: [...pool.warnings, ...warnings],
    };
  }
  return { ...pool, logDensities: knownDensities(spec, loaded, pool.rows, run) };
}

/** @throws OptionError where the data are pixels in other units than those of their file */
function requireUncoded({ scaling }: PoolRun): void {
  const { image } = scaling ?? {};
  if (image === undefined) return;
  const { from, to, logit } = image;
  if (logit === undefined && from[0] === to[0] && from[1] === to[1]) return;
  throw new OptionError(
    `${where}: the data are images whose pixels are converted, which draws of a file are not.`,
    'Use noise that is fitted to the data, such as noise.gaussian(), or your own by noise.custom.',
    ['noise'],
  );
}

/** log |∂ raw / ∂ model| of all points: where it is none of all, draws were refused. */
function logScaleOf({ scaling }: PoolRun): number {
  const { logScale = 0 } = scaling ?? {};
  return typeof logScale === 'number' ? logScale : 0;
}

/**
 * `[m, D]` draws, scaled as the data are.
 *
 * @param without the column that is none of theirs, -1 for none
 */
function drawsOf(
  { dimensions: width, rows, axes }: Whole,
  without: number,
  run: PoolRun,
): Float32Array {
  const dimensions = run.bounds.length;
  const columns = Array.from({ length: width }, (_, d) => d).filter((d) => d !== without);
  if (columns.length !== dimensions) {
    throw new OptionError(
      `${where}: the draws have ${columns.length} columns, but the data have ${dimensions}.`,
      'Give draws of the same columns as the data, in their order, and name that of the log-densities by logDensity.',
      ['noise', 'of'],
    );
  }
  requireOrder(
    columns.map((column) => axes[column]!),
    run.axes,
  );
  const { transform } = run.scaling ?? {};
  const count = rows.length / width;
  const draws = new Float32Array(count * dimensions);
  for (let row = 0; row < count; row++) {
    for (const [d, column] of columns.entries()) {
      const raw = rows[row * width + column]!;
      draws[row * dimensions + d] = transform
        ? (raw - transform.mean[d]!) / transform.scale[d]!
        : raw;
    }
  }
  return draws;
}

/**
 * Draws may call their columns what they like, but not as the data do in another order.
 *
 * @throws OptionError
 */
function requireOrder(names: readonly string[], ofData: readonly string[] | undefined): void {
  if (ofData === undefined || names.every((name, d) => name === ofData[d])) return;
  if (new Set(names).size < names.length || !names.every((name) => ofData.includes(name))) return;
  throw new OptionError(
    `${where}: the columns of the draws are ${names.join(', ')}, those of the data ${ofData.join(', ')}.`,
    'Choose them in the order of the data, by the option columns of either file.',
    ['noise', 'of'],
  );
}

/** The log-densities of a source whose distribution is known, at its draws and at the training rows. */
function knownDensities(
  { of }: SamplesNoiseSpec,
  { logDensity }: Whole,
  draws: Float32Array,
  run: PoolRun,
) {
  const { bounds, rows, scaling } = run;
  if (logDensity === undefined) {
    throw new OptionError(
      `${where}: the density of data.${of.type} is not known.`,
      'Give logDensity: the name of a column that has it, or a function.',
      ['noise', 'logDensity'],
    );
  }
  const { transform } = scaling ?? {};
  const logScale = logScaleOf(run);
  const dimensions = bounds.length;
  const at = (points: Rows) =>
    Float32Array.from({ length: points.length / dimensions }, (_, row) => {
      const point = points.subarray(row * dimensions, (row + 1) * dimensions);
      const raw = transform
        ? Float64Array.from(point, (value, d) => value * transform.scale[d]! + transform.mean[d]!)
        : point;
      return logDensity(raw) + logScale;
    });
  return { ofDraws: at(draws), ofData: at(rows) };
}

type Whole = Awaited<ReturnType<typeof wholeOf>>;

/** All rows of a data source as its file has them, in the order of the file where it is known. */
async function wholeOf(spec: DataSpec, { directory, seed }: PoolRun) {
  const asItIs = 'standardize' in spec ? { ...spec, standardize: false } : spec;
  const loaded: Dataset = await dataMethod(asItIs).load(asItIs, { directory, seed });
  const { dimensions, axes, logDensity, files = [], warnings = [] } = loaded;
  const isInOrder = loaded.trainingNumbers !== undefined;
  const rows = new Float32Array(loaded.training.length + loaded.heldOut.length);
  const parts = [
    [loaded.training, loaded.trainingNumbers],
    [loaded.heldOut, loaded.heldOutNumbers],
  ] as const;
  let next = 0;
  for (const [values, numbers] of parts) {
    for (let row = 0; row < values.length / dimensions; row++) {
      const place = numbers ? numbers[row]! - 1 : next;
      rows.set(values.subarray(row * dimensions, (row + 1) * dimensions), place * dimensions);
      next += 1;
    }
  }
  return { dimensions, rows, axes, isInOrder, logDensity, files, warnings };
}

/** The log-densities of the training rows, from a column for all rows of the data's file. */
async function atData(spec: DataSpec, run: PoolRun) {
  const { rowNumbers, fileRows } = run;
  const refuse = (message: string, remedy: string) =>
    new OptionError(`${where}: ${message}`, remedy, ['noise', 'atData']);
  if (rowNumbers === undefined) {
    throw refuse(
      'the rows of the data are not numbered, so that none can be told its log-density.',
      'Use data of a file of which all rows are used, or give logDensity as a function.',
    );
  }
  const { dimensions, rows, isInOrder, files, warnings } = await wholeOf(spec, run);
  if (dimensions !== 1) {
    throw refuse(
      `'atData' has ${dimensions} columns.`,
      'Give one column, of log-densities: a file may have more where columns chooses one.',
    );
  }
  if (!isInOrder) {
    throw refuse(
      "rows of 'atData' are left out, so that none can be told which row of the data it is of.",
      "Give a log-density for each row of the data's file, and leave out missing and rows.",
    );
  }
  const beyond = rowNumbers.findIndex((number) => number > rows.length);
  if (beyond >= 0) {
    throw refuse(
      `there is no log-density of ${rowName(run, beyond)}: 'atData' has ${rows.length} rows.`,
      "Give one for each row of the data's file.",
    );
  }
  if (fileRows !== undefined && rows.length !== fileRows) {
    throw refuse(
      `'atData' has ${rows.length} rows, but the data's file has ${fileRows}.`,
      "Give one log-density for each row of the data's file, in its order.",
    );
  }
  return { values: Float32Array.from(rowNumbers, (number) => rows[number - 1]!), files, warnings };
}
