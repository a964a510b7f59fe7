import * as tf from '@tensorflow/tfjs';
import { streams } from '../../compiler/random/random';
import { Batches } from '../data/batches';
import type { ReadyNoise } from '../noise-distributions/ready-noise';
import type { NoiseOptions } from './noise-options';
import type { LossContext, Objective, ObjectiveRun } from './objective-method';

/** A batch and its noise as a part of an objective. */
interface NoiseDraws {
  /**
   * The batch and after it ν draws for each of its rows, those of the first row first:
   * `[(1 + ν) batch, D]` points, and the log-density of the noise at each, `[(1 + ν) batch]`.
   */
  contrast(context: LossContext): {
    readonly points: tf.Tensor2D;
    readonly logNoise: tf.Tensor1D;
  };
  /** What the objective needs on the host. */
  readonly host: Pick<Objective, 'inputs' | 'feed'>;
}

/** Noise for each batch: drawn in the step, or fed from a pool. */
export function noiseDraws(
  { noiseRatio, fixedNoise }: Required<NoiseOptions>,
  run: ObjectiveRun,
): NoiseDraws {
  const { distribution, pool } = requireReady(run);
  const { sample, logDensity, mayVanish = false } = distribution;
  const count = noiseRatio * run.batchSize;
  const hasDensities = pool?.logDensities !== undefined;
  return {
    contrast(context) {
      const { data, inputs } = context;
      const draws = pool ? inputs[drawsName]! : sample!(count);
      const points = tf.concat([data, draws]) as tf.Tensor2D;
      const logNoise = hasDensities
        ? (tf.concat([inputs[atDataName]!, inputs[atDrawsName]!]) as tf.Tensor1D)
        : logDensity!(points);
      if (mayVanish) {
        const remedy = 'Use noise whose log-density is finite wherever data and draws lie.';
        context.watch('The log-density of the noise', logNoise, remedy, { tellsItself: true });
      }
      return { points, logNoise };
    },
    host: pool === undefined ? {} : fedFrom(pool, { ...run, noiseRatio, fixedNoise }),
  };
}

function requireReady({ noise }: ObjectiveRun): ReadyNoise {
  if (noise === undefined) throw new Error('The noise of this objective was not made ready.');
  return noise;
}

/** What steps are fed of a pool: each row's own draws, or the next ones of a random order. */
function fedFrom(
  { rows, logDensities, groups }: NonNullable<ReadyNoise['pool']>,
  run: ObjectiveRun & Pick<Required<NoiseOptions>, 'noiseRatio' | 'fixedNoise'>,
): NoiseDraws['host'] {
  const { batchSize, noiseRatio, fixedNoise, rowAt, seed } = run;
  const dimensions = run.bounds.length;
  const count = noiseRatio * batchSize;
  const size = rows.length / dimensions;
  const order = new Batches(rows, dimensions, count, seed, undefined, streams.noise);
  const drawAt = (step: number, place: number) => {
    if (!fixedNoise) return order.rowAt(step, place);
    const row = rowAt(step, Math.floor(place / noiseRatio));
    // Of fewer draws than that, each is several rows' own.
    return (noiseRatio * (groups?.[row] ?? row) + (place % noiseRatio)) % size;
  };
  return {
    inputs: {
      [drawsName]: { shape: [count, dimensions] },
      ...(logDensities
        ? { [atDataName]: { shape: [batchSize] }, [atDrawsName]: { shape: [count] } }
        : {}),
    },
    feed(step) {
      const chosen = Uint32Array.from({ length: count }, (_, place) => drawAt(step, place));
      const draws = new Float32Array(count * dimensions);
      for (const [place, draw] of chosen.entries()) {
        const from = draw * dimensions;
        draws.set(rows.subarray(from, from + dimensions), place * dimensions);
      }
      if (logDensities === undefined) return { [drawsName]: draws };
      const { ofData, ofDraws } = logDensities;
      return {
        [drawsName]: draws,
        [atDataName]: Float32Array.from({ length: batchSize }, (_, i) => ofData[rowAt(step, i)]!),
        [atDrawsName]: Float32Array.from(chosen, (draw) => ofDraws[draw]!),
      };
    },
  };
}

/** Inputs of a step: `[ν batch, D]` draws, and the noise's log-densities at data and at draws. */
const drawsName = 'noise draws';
const atDataName = 'noise log-density at data';
const atDrawsName = 'noise log-density at draws';
