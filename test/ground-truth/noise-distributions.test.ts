/** What noise says of its density against what it draws, and both against closed forms. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { data, energy, noise, objective, optimizer } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { userTensorFlow } from '../../trainer-worker/compiler/trace/user-tensorflow';
import type { NoiseSpec } from '../../trainer-worker/methods/noise-distributions';
import type { ReadyNoise } from '../../trainer-worker/methods/noise-distributions/ready-noise';
import { valuesOf } from '../support/energies';
import { fixedNoiseFor } from '../support/ready-noise';
import { trainingStep } from '../support/training-step';

const halfLog2Pi = Math.log(2 * Math.PI) / 2;
const count = 20_000;

/** Rows around -2 (one of four) and 2, with a deviation of ½, in each of D columns. */
function twoHills(dimensions: number): Float32Array {
  const random = new Random(5, streams.trainingData);
  const rows = new Float32Array(count * dimensions);
  for (let row = 0; row < count; row++) {
    const middle = random.uniform() < 0.25 ? -2 : 2;
    for (let d = 0; d < dimensions; d++) rows[row * dimensions + d] = middle + random.normal() / 2;
  }
  return rows;
}

const logNormal = (x: number, mean: number, deviation: number) =>
  -(((x - mean) / deviation) ** 2) / 2 - Math.log(deviation) - halfLog2Pi;

/** Log-densities that noise gives for `[n, D]` points. */
function logDensities({ distribution }: ReadyNoise, points: Float32Array, dimensions: number) {
  const shape = [points.length / dimensions, dimensions];
  return valuesOf({ points: { shape, data: points } }, (tensors) =>
    distribution.logDensity!(tensors['points'] as tf.Tensor2D),
  );
}

describe('on the line', () => {
  const laws: Readonly<Record<string, NoiseSpec>> = {
    'a Gaussian as given': noise.gaussian({ mean: 1, deviation: 1.5 }),
    'a Gaussian of the data': noise.gaussian(),
    'a box': noise.uniform({ low: -6, high: [7] }),
    'a Laplace distribution': noise.laplace({ mean: -1, scale: 0.7 }),
    'a Laplace distribution of the data': noise.laplace(),
    "Student's t": noise.studentT({ freedom: 3, mean: 0.5, scale: 2 }),
    "Student's t of even freedom": noise.studentT({ freedom: 4 }),
    'a mixture': noise.mixture({
      of: [noise.gaussian({ mean: -2, deviation: 0.5 }), noise.laplace({ mean: 2, scale: 1 })],
      weights: [1, 3],
    }),
    'a mixture with a box': noise.mixture({
      of: [noise.uniform({ low: -1, high: 3 }), noise.gaussian()],
    }),
    'a mixture of one': noise.mixture({ of: [noise.uniform()] }),
    'Gaussians fitted to the data': noise.gaussianMixture({ components: 3 }),
    'a logistic distribution of my own': noise.custom({
      sample(n) {
        const u = tf.clipByValue(userTensorFlow.randomUniform([n, 1]), 1e-7, 1 - 1e-7);
        return tf.log(tf.div(u, tf.sub(1, u)));
      },
      logDensity: (x) => tf.squeeze(tf.sub(tf.neg(x), tf.mul(tf.softplus(tf.neg(x)), 2)), [1]),
    }),
  };
  const rows = twoHills(1);
  // Beyond 200 lies less than 1e-5 of Student's t with three degrees of freedom.
  const [reach, width] = [200, 0.01];
  const grid = Float32Array.from({ length: (2 * reach) / width + 1 }, (_, i) => i * width - reach);

  for (const [name, law] of Object.entries(laws)) {
    test(`${name} draws what its density says, which has the integral 1`, async () => {
      const ready = await fixedNoiseFor(law, rows, 1);
      const densities = (await logDensities(ready, grid, 1)).map(Math.exp);
      const below = new Float64Array(grid.length);
      for (let i = 1; i < grid.length; i++) {
        below[i] = below[i - 1]! + ((densities[i]! + densities[i - 1]!) / 2) * width;
      }
      // At an edge a trapezoid errs by up to half a cell of the step in the density, here below 1/7.
      assert.ok(Math.abs(below.at(-1)! - 1) < 2e-3, `${below.at(-1)}`);
      const draws = ready.pool!.rows.slice().sort();
      assert.equal(draws.length, count);
      let largest = 0;
      for (const [i, draw] of draws.entries()) {
        const place = (Math.max(-reach, Math.min(reach, draw)) + reach) / width;
        const at = Math.min(Math.floor(place), grid.length - 2);
        const share = below[at]! + (place - at) * (below[at + 1]! - below[at]!);
        largest = Math.max(largest, Math.abs(share - (i + 0.5) / count));
      }
      // P(sup |F_n - F| > d) ≤ 2 exp(-2 n d²) (Massart 1990): 1e-9 for d = 0.0231; the rest is the
      // quadrature's.
      assert.ok(largest < 0.0231 + 2e-3, `${largest}`);
    });
  }
});

describe('in three dimensions', () => {
  const laws: Readonly<Record<string, NoiseSpec>> = {
    'a Gaussian with a covariance': noise.gaussian({
      mean: [1, 0, -1],
      covariance: [
        [2, 0.8, 0],
        [0.8, 1, 0.3],
        [0, 0.3, 3],
      ],
    }),
    'a Gaussian with deviations far apart': noise.gaussian({ mean: 0, deviation: [1, 0.7, 900] }),
    "Student's t": noise.studentT({ freedom: 2, scale: [1, 2, 3] }),
    'a Laplace distribution': noise.laplace({ mean: 0, scale: [1, 2, 0.5] }),
    'a box': noise.uniform({ low: -5, high: [5, 6, 7] }),
    'a mixture': noise.mixture({
      of: [noise.gaussianMixture({ components: 2 }), noise.studentT()],
    }),
  };
  const rows = twoHills(3);
  for (const [name, law] of Object.entries(laws)) {
    test(`${name} weighs its draws right`, async () => {
      // E_q[r/q] = 1 for a density r that is narrow, here N(0, 0.5²) cut to nothing: r/q is bounded.
      const ready = await fixedNoiseFor(law, rows, 3);
      const draws = ready.pool!.rows;
      const logQ = await logDensities(ready, draws, 3);
      const wide = name.includes('far apart') ? [0.5, 0.5, 400] : [0.5, 0.5, 0.5];
      const weights = Array.from(logQ, (value, row) =>
        Math.exp(
          wide.reduce((sum, width, d) => sum + logNormal(draws[3 * row + d]!, 0, width), -value),
        ),
      );
      const mean = weights.reduce((sum, weight) => sum + weight, 0) / count;
      const square = weights.reduce((sum, weight) => sum + (weight - mean) ** 2, 0) / count;
      // Five standard errors: 6e-7 for a mean of 20 000 bounded numbers.
      assert.ok(Math.abs(mean - 1) < 5 * Math.sqrt(square / count), `${mean}`);
    });
  }
});

test('bits come with the probabilities that they are said to have', async () => {
  const chances = [0.2, 0.5, 0.9];
  const rows = Float32Array.from({ length: 3 * count }, (_, i) => i % 2);
  const ready = await fixedNoiseFor(noise.bernoulli({ probability: chances }), rows, 3);
  const states = Float32Array.from({ length: 24 }, (_, i) => (Math.floor(i / 3) >> (i % 3)) & 1);
  const logs = await logDensities(ready, states, 3);
  const found = new Array<number>(8).fill(0);
  const draws = ready.pool!.rows;
  for (let i = 0; i < draws.length; i += 3) {
    found[draws[i]! + 2 * draws[i + 1]! + 4 * draws[i + 2]!]! += 1;
  }
  for (let state = 0; state < 8; state++) {
    const p = chances.reduce((all, c, d) => all * ((state >> d) & 1 ? c : 1 - c), 1);
    assert.ok(Math.abs(Math.exp(logs[state]!) - p) < 1e-6);
    // Five deviations of a binomial number: 6e-7 each.
    assert.ok(Math.abs(found[state]! - count * p) < 5 * Math.sqrt(count * p * (1 - p)));
  }
  // Nothing is impossible, even where the data never have it.
  const smoothed = await fixedNoiseFor(noise.bernoulli(), new Float32Array(count), 1);
  const [ofOne] = await logDensities(smoothed, Float32Array.of(1), 1);
  assert.ok(Math.abs(ofOne! + Math.log(count + 2)) < 1e-4);
});

test('fitted Gaussians are as likely as those that the data are from', async () => {
  const rows = twoHills(2);
  const ready = await fixedNoiseFor(noise.gaussianMixture({ components: 2 }), rows, 2);
  const logQ = await logDensities(ready, rows, 2);
  const truth = (row: number) => {
    const hill = (middle: number) =>
      Math.exp(logNormal(rows[2 * row]!, middle, 0.5) + logNormal(rows[2 * row + 1]!, middle, 0.5));
    return Math.log(0.25 * hill(-2) + 0.75 * hill(2));
  };
  const gain = Array.from(logQ).reduce((sum, value, row) => sum + value - truth(row), 0) / count;
  // The most likely fit of nine numbers gains χ²_9 / 2n over the truth: 30/n has a chance below 1e-8.
  // Two hills eight deviations apart are found from any beginning with a row of each.
  assert.ok(gain > -1e-4 && gain < 30 / count, `${gain}`);
});

describe('where the model is the noise, the loss is 2 log 2', () => {
  const rows = twoHills(1).subarray(0, 2000);
  const shifted = (x: tf.Tensor2D, mean: number, scale: number) =>
    tf.squeeze(tf.div(tf.sub(x, mean), scale), [1]);
  const gaussian = (x: tf.Tensor2D, mean: number, deviation: number) =>
    tf.add(tf.mul(tf.square(shifted(x, mean, deviation)), 0.5), Math.log(deviation) + halfLog2Pi);
  const cases: Readonly<Record<string, readonly [NoiseSpec, (x: tf.Tensor2D) => tf.Tensor]>> = {
    gaussian: [noise.gaussian({ mean: 1, deviation: 2 }), (x) => gaussian(x, 1, 2)],
    uniform: [
      noise.uniform({ low: -9, high: 11 }),
      (x) => tf.add(tf.mul(tf.sum(x, 1), 0), Math.log(20)),
    ],
    laplace: [
      noise.laplace({ mean: 1, scale: 2 }),
      (x) => tf.add(tf.abs(shifted(x, 1, 2)), Math.log(4)),
    ],
    // Γ(2) / (Γ(3/2) √(3π)) = 2 / (π √3).
    studentT: [
      noise.studentT({ freedom: 3, mean: 1, scale: 2 }),
      (x) =>
        tf.add(
          tf.mul(tf.log1p(tf.div(tf.square(shifted(x, 1, 2)), 3)), 2),
          Math.log(2) - Math.log(2 / (Math.PI * Math.sqrt(3))),
        ),
    ],
    mixture: [
      noise.mixture({
        of: [
          noise.gaussian({ mean: -2, deviation: 0.5 }),
          noise.gaussian({ mean: 2, deviation: 1 }),
        ],
        weights: [1, 3],
      }),
      (x) =>
        tf.neg(
          tf.log(
            tf.add(
              tf.mul(tf.exp(tf.neg(gaussian(x, -2, 0.5))), 0.25),
              tf.mul(tf.exp(tf.neg(gaussian(x, 2, 1))), 0.75),
            ),
          ),
        ),
    ],
    samples: [
      noise.samples({ of: data.gaussianMixture({ means: [[1]], deviation: 2, samples: 3000 }) }),
      (x) => gaussian(x, 1, 2),
    ],
  };
  for (const [name, [law, model]] of Object.entries(cases)) {
    for (const fixedNoise of [false, true]) {
      test(`${name}, ${fixedNoise ? 'fixed' : 'redrawn'}`, async () => {
        const step = await trainingStep({
          energy: energy.custom({
            init: () => ({ nothing: tf.scalar(0) }),
            energy: ({ nothing }, x) => tf.add(model(x), tf.mul(nothing, 0)),
          }),
          objective: objective.noiseContrastiveEstimation({ noise: law, fixedNoise }),
          optimizer: optimizer.sgd({ learningRate: 1e-12 }),
          rows,
          bounds: [[-8, 8]],
          batchSize: 500,
        });
        const { loss } = await step.run(1);
        await step.dispose();
        // Whatever is drawn, the odds are 1: what is left is rounding, of log-densities of size 10.
        assert.ok(Math.abs(loss! - 2 * Math.log(2)) < 1e-5, `${loss}`);
      });
    }
  }
});
