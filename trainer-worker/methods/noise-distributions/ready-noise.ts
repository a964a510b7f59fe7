import type * as tf from '@tensorflow/tfjs';
import type { Program } from '../../compiler/graph/program';
import type { Arrays } from '../../compiler/run/execution';
import { runOnTfjs } from '../../compiler/run/run-tfjs';
import { compileProgram } from '../../compiler/trace/compile-program';
import type { Rows } from '../data/rows';
import { memoryForRows } from '../data/table';
import { OptionError } from '../options/option-error';
import { buildNoise, type NoiseName, type NoiseSpec, noiseMethod, noiseSpec } from './index';
import type { NoiseDistribution } from './noise-distribution';
import type { NoisePool, PoolRun } from './noise-pool';
import { rowName } from './per-axis';

/** Noise that can be drawn from. @internal */
export interface ReadyNoise {
  readonly distribution: NoiseDistribution;
  /** All draws that there are, where none is fresh. */
  readonly pool?: NoisePool;
}

/** Draws or points that are computed at once. */
const atOnce = 4096;

/** Noise that is drawn in advance is far from that of steps, whose streams count from 0. */
const poolNoiseStream = 0x4000;

/** Numbers of the data that a density is tried on in advance, at most: each step tries its own. */
const mostTried = 2 ** 22;

/**
 * Makes noise ready for a run: fits it, reads or draws what does not change, and tries on the data
 * what may have no density there.
 *
 * @throws OptionError where it does not fit the data, or has no density at some row
 * @throws ProblemError where a file or a function of the user's is wrong
 * @internal
 */
export async function readyNoise(
  choice: {
    readonly noise: NoiseName | NoiseSpec;
    readonly noiseRatio: number;
    readonly fixedNoise: boolean;
  },
  run: PoolRun,
): Promise<ReadyNoise> {
  const spec = noiseSpec(choice.noise);
  const distribution = buildNoise(spec, run);
  const count = (choice.noiseRatio * run.rows.length) / run.bounds.length;
  const { sample } = distribution;
  const pool =
    (await noiseMethod(spec).load?.(spec, run)) ??
    (choice.fixedNoise && sample ? await drawn(sample, count, run) : undefined);
  const ready = { distribution, ...(pool ? { pool } : {}) };
  await requireFinite(ready, run, `noise.${spec.type}`);
  return ready;
}

/** `count` draws by the run's seed. */
async function drawn(
  sample: (count: number) => tf.Tensor2D,
  count: number,
  run: PoolRun,
): Promise<NoisePool> {
  const dimensions = run.bounds.length;
  const bytes = 4 * count * dimensions;
  if (bytes > memoryForRows()) {
    throw new OptionError(
      `'fixedNoise' keeps ${count} draws of ${dimensions} numbers, ${(bytes / 2 ** 30).toPrecision(2)} GiB, for which there is no memory.`,
      'Use a smaller noiseRatio or fewer rows, or leave fixedNoise out.',
      ['fixedNoise'],
    );
  }
  const program = compileProgram({
    inputs: {},
    firstNoiseStream: poolNoiseStream,
    step: () => ({ outputs: { values: sample(atOnce) } }),
    ...(run.isUserFile ? { isUserFile: run.isUserFile } : {}),
    ...(run.arithmetic ? { arithmetic: run.arithmetic } : {}),
  });
  const rows = await inPieces(program, count, run);
  return { rows, files: [], warnings: [] };
}

/** @throws OptionError for the first training row, or draw, that has no finite log-density */
async function requireFinite(
  { distribution: { mayVanish = false, sample, logDensity }, pool }: ReadyNoise,
  run: PoolRun,
  where: string,
): Promise<void> {
  const { rows, bounds } = run;
  const dimensions = bounds.length;
  const ofRow = (index: number) => {
    const shown = rows.subarray(index * dimensions, index * dimensions + Math.min(dimensions, 4));
    const numbers = Array.from(shown, (value) => Number(value.toPrecision(4)));
    return `${rowName(run, index)}, (${[...numbers, ...(dimensions > 4 ? ['…'] : [])].join(', ')})`;
  };
  const check = (values: Float32Array, name: (index: number) => string) => {
    const index = values.findIndex((value) => !Number.isFinite(value));
    if (index < 0) return;
    throw new OptionError(
      `${where}: the log-density is ${values[index]} at ${name(index)}: the odds of data and noise would be infinite there.`,
      'Use noise that has a density wherever data and draws lie.',
      ['noise'],
    );
  };
  const ofDraw = (index: number) => `draw ${index + 1}`;
  if (pool?.logDensities) {
    check(pool.logDensities.ofDraws, ofDraw);
    check(pool.logDensities.ofData, ofRow);
  }
  if (!mayVanish || !logDensity) return;
  const draws = pool ?? (sample && (await drawn(sample, atOnce, run)));
  check(await densitiesAt(logDensity, rows, run), ofRow);
  if (draws) check(await densitiesAt(logDensity, draws.rows, run), ofDraw);
}

/** Log-densities of the first of `[n, D]` points, as many as are tried. */
function densitiesAt(
  logDensity: NonNullable<NoiseDistribution['logDensity']>,
  all: Rows,
  run: PoolRun,
): Promise<Float32Array> {
  const dimensions = run.bounds.length;
  const program = compileProgram({
    inputs: { points: { shape: [atOnce, dimensions] } },
    firstNoiseStream: poolNoiseStream,
    step: ({ points }) => ({ outputs: { values: logDensity(points as tf.Tensor2D) } }),
    ...(run.isUserFile ? { isUserFile: run.isUserFile } : {}),
    ...(run.arithmetic ? { arithmetic: run.arithmetic } : {}),
  });
  const count = Math.ceil(Math.min(all.length, mostTried) / dimensions);
  return inPieces(program, count, run, (start) => {
    const points = new Float32Array(atOnce * dimensions);
    // What is missing in the last piece are points that were tried already.
    for (let row = 0; row < atOnce; row++) {
      const from = ((start + row) % count) * dimensions;
      points.set(all.subarray(from, from + dimensions), row * dimensions);
    }
    return { points };
  });
}

/**
 * The first `count` rows of a program's `values`, one run after the other: of each the noise is that of
 * a step of its own.
 */
async function inPieces(
  program: Program,
  count: number,
  { seed }: PoolRun,
  feeds: (start: number) => Arrays = () => ({}),
): Promise<Float32Array> {
  const execution = await runOnTfjs(program, 'cpu');
  const pieces: Float32Array[] = [];
  let width = 1;
  for (let start = 0; start < count; start += atOnce) {
    const { values } = await execution.run(feeds(start), { seed, step: start / atOnce });
    width = values!.length / atOnce;
    pieces.push((values as Float32Array).subarray(0, (count - start) * width));
  }
  await execution.dispose();
  const all = new Float32Array(count * width);
  for (const [index, piece] of pieces.entries()) all.set(piece, index * atOnce * width);
  return all;
}
