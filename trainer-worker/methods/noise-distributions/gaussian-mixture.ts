import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { Random, streams } from '../../compiler/random/random';
import { noise } from '../../compiler/trace/trace';
import { logSumExp } from '../data/density';
import { deviationsOf } from '../data/moments';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { components } from './mixture';
import type { NoiseContext, NoiseMethod } from './noise-distribution';
import { momentsOfRows } from './per-axis';

export interface GaussianMixtureNoiseOptions {
  /** Gaussians, 1 to 256. Default 8. */
  readonly components?: number;
}

export interface GaussianMixtureNoiseSpec extends Required<GaussianMixtureNoiseOptions> {
  readonly type: 'gaussianMixture';
}

/**
 * A mixture of Gaussians with independent columns, fitted to the training rows by expectation
 * maximisation (Dempster, Laird & Rubin 1977): close to data of several modes. For Gaussians of your
 * own choice see `noise.mixture`.
 */
export function gaussianMixture(options?: GaussianMixtureNoiseOptions): GaussianMixtureNoiseSpec {
  return specOf(schema, 'noise.gaussianMixture', 'gaussianMixture', options);
}

const schema: z.ZodType<GaussianMixtureNoiseSpec> = z.strictObject({
  type: z.literal('gaussianMixture'),
  components: integer(1, 256).default(8),
});

/** @internal */
export const gaussianMixtureMethod: NoiseMethod<GaussianMixtureNoiseSpec, typeof gaussianMixture> =
  {
    create: gaussianMixture,
    schema,
    build(spec, context) {
      const dimensions = context.bounds.length;
      const fit = fitted(spec.components, context);
      const { logWeights, choose } = components(fit.weights);
      const shape: [number, number] = [fit.weights.length, dimensions];
      const means = () => tf.tensor2d(Float32Array.from(fit.means.flat()), shape);
      const deviations = () => tf.tensor2d(Float32Array.from(fit.deviations.flat()), shape);
      const constants = fit.deviations.map(
        (sides, k) =>
          logWeights[k]! -
          sides.reduce((sum, side) => sum + Math.log(side), 0) -
          (dimensions / 2) * Math.log(2 * Math.PI),
      );
      return {
        sample(count) {
          const chosen = tf.cast(choose(count), 'int32');
          const z = noise('normal', [count, dimensions]);
          const scaled = tf.mul(z, tf.gather(deviations(), chosen));
          return tf.add(scaled, tf.gather(means(), chosen)) as tf.Tensor2D;
        },
        logDensity(x) {
          const z = tf.div(tf.sub(tf.expandDims(x, 1), means()), deviations());
          const each = tf.add(tf.mul(tf.sum(tf.square(z), 2), -0.5), constants);
          return tf.logSumExp(each, 1) as tf.Tensor1D;
        },
      };
    },
  };

interface Fit {
  readonly weights: readonly number[];
  readonly means: readonly (readonly number[])[];
  readonly deviations: readonly (readonly number[])[];
}

/** Rounds of expectation and maximisation. */
const rounds = 50;
/** Numbers of rows times components that a round looks at, about: a fit takes a second or two. */
const largestRound = 2 ** 22;
/** A component's smallest deviation, as a share of the data's: none may shrink onto a single row. */
const smallestShare = 0.01;

/** As many Gaussians as can be told from each other at most: one for each row. */
function fitted(wanted: number, context: NoiseContext): Fit {
  const { seed } = context;
  const dimensions = context.bounds.length;
  const moments = momentsOfRows(context);
  const widths = deviationsOf(moments);
  const random = new Random(seed, streams.noise);
  const rows = someRows(context, wanted, random);
  const count = Math.min(wanted, rows.length);
  let fit: Fit = {
    weights: new Array<number>(count).fill(1 / count),
    means: spreadOut(rows, count, widths, random),
    deviations: Array.from({ length: count }, () =>
      widths.map((width) => width / Math.max(1, count ** (1 / dimensions))),
    ),
  };
  for (let round = 0; round < rounds; round++) fit = improved(fit, rows, widths);
  return fit;
}

/** All rows, or as many of them, drawn at random, as can be looked at again and again. */
function someRows({ rows, bounds }: NoiseContext, wanted: number, random: Random): Float32Array[] {
  const dimensions = bounds.length;
  const count = rows.length / dimensions;
  const most = Math.max(wanted, Math.floor(largestRound / (dimensions * wanted)));
  const chosen = random.distinct(Math.min(count, most), count);
  return Array.from(chosen, (row) => rows.subarray(row * dimensions, (row + 1) * dimensions));
}

/** Rows to begin with, likelier the farther they are from those before (k-means++, Arthur & Vassilvitskii 2007). */
function spreadOut(
  rows: readonly Float32Array[],
  count: number,
  widths: readonly number[],
  random: Random,
): number[][] {
  const chosen = [random.integer(rows.length)];
  const nearest = new Float64Array(rows.length).fill(Number.POSITIVE_INFINITY);
  while (chosen.length < count) {
    const last = rows[chosen.at(-1)!]!;
    let total = 0;
    for (const [i, row] of rows.entries()) {
      const square = widths.reduce((sum, width, d) => sum + ((row[d]! - last[d]!) / width) ** 2, 0);
      nearest[i] = Math.min(nearest[i]!, square);
      total += nearest[i]!;
    }
    let left = random.uniform() * total;
    const next = nearest.findIndex((square) => {
      left -= square;
      return left < 0;
    });
    // Where all rows are chosen ones, any serves.
    chosen.push(next < 0 ? random.integer(rows.length) : next);
  }
  return chosen.map((row) => [...rows[row]!]);
}

/** One round of expectation and maximisation. */
function improved(fit: Fit, rows: readonly Float32Array[], widths: readonly number[]): Fit {
  const count = fit.weights.length;
  const dimensions = widths.length;
  const constants = fit.weights.map(
    (weight, k) =>
      Math.log(weight) - fit.deviations[k]!.reduce((sum, side) => sum + Math.log(side), 0),
  );
  const mass = new Float64Array(count);
  const sums = new Float64Array(count * dimensions);
  const squares = new Float64Array(count * dimensions);
  const terms = new Float64Array(count);
  for (const row of rows) {
    for (let k = 0; k < count; k++) {
      const [mean, deviation] = [fit.means[k]!, fit.deviations[k]!];
      let square = 0;
      for (let d = 0; d < dimensions; d++) square += ((row[d]! - mean[d]!) / deviation[d]!) ** 2;
      terms[k] = constants[k]! - square / 2;
    }
    const all = logSumExp(terms);
    for (let k = 0; k < count; k++) {
      const share = Math.exp(terms[k]! - all);
      mass[k]! += share;
      for (let d = 0; d < dimensions; d++) {
        // About the mean before: squares of large numbers would have no digits left for a variance.
        const off = row[d]! - fit.means[k]![d]!;
        sums[k * dimensions + d]! += share * off;
        squares[k * dimensions + d]! += share * off * off;
      }
    }
  }
  const kept = (k: number) => mass[k]! > 1e-9;
  return {
    // One that no row is of any more stays where it is, with hardly a weight.
    weights: fit.weights.map((_, k) => Math.max(mass[k]! / rows.length, 1e-12)),
    means: fit.means.map((mean, k) =>
      kept(k) ? mean.map((m, d) => m + sums[k * dimensions + d]! / mass[k]!) : mean,
    ),
    deviations: fit.deviations.map((deviation, k) =>
      kept(k)
        ? deviation.map((_, d) => {
            const off = sums[k * dimensions + d]! / mass[k]!;
            const variance = squares[k * dimensions + d]! / mass[k]! - off * off;
            return Math.sqrt(Math.max(variance, (smallestShare * widths[d]!) ** 2));
          })
        : deviation,
    ),
  };
}
