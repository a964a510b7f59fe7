/** Noise contrastive objectives on Gaussians, where everything has a closed form or a quadrature. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy, objective, optimizer } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import type { EnergySpec } from '../../trainer-worker/methods/energies';
import type { ObjectiveSpec } from '../../trainer-worker/methods/objectives';
import { tensorOf, trainingStep } from '../support/training-step';

const bounds = [[-8, 8]] as const;
const halfLog2Pi = Math.log(2 * Math.PI) / 2;

/** Gaussian rows with a mean of exactly 0 and a mean square of exactly `variance`, up to rounding. */
function gaussianRows(count: number, variance: number): Float32Array {
  const random = new Random(3, streams.trainingData);
  const half = Float64Array.from({ length: count / 2 }, () => random.normal());
  const square = half.reduce((sum, x) => sum + x * x, 0) / half.length;
  const scale = Math.sqrt(variance / square);
  return Float32Array.from({ length: count }, (_, i) => half[i >> 1]! * scale * (i % 2 ? 1 : -1));
}

/** E = θx²/2 + constant. */
function quadratic(theta: number, constant = 0) {
  return energy.custom({
    init: () => ({ theta: tf.scalar(theta) }),
    energy: (params, x) =>
      tf.add(tf.mul(params.theta, tf.sum(tf.mul(tf.square(x), 0.5), 1)), constant),
  });
}

interface Case {
  readonly energy: EnergySpec;
  readonly objective: ObjectiveSpec;
  readonly rows: Float32Array;
  readonly bounds?: readonly (readonly [number, number])[];
  readonly batchSize?: number;
}

/** A training step that moves nothing that is seen: for losses and gradient norms. */
function stillStep({ rows, batchSize = rows.length, ...rest }: Case) {
  return trainingStep({
    bounds,
    ...rest,
    rows,
    batchSize,
    optimizer: optimizer.sgd({ learningRate: 1e-12 }),
  });
}

async function lossOf(parts: Case): Promise<number> {
  const step = await stillStep(parts);
  const { loss } = await step.run(1);
  await step.dispose();
  return loss!;
}

function close(measured: number, expected: number, tolerance: number): void {
  assert.ok(
    Math.abs(measured - expected) < tolerance,
    `${measured}, not ${expected} ± ${tolerance}`,
  );
}

/** ∫ f(z) N(z; 0, 1) dz by the trapezoid rule, whose error on Gaussians is below 1e-12 here. */
function gaussianMean(f: (z: number) => number): number {
  const width = 0.05;
  let sum = 0;
  for (let z = -9; z <= 9; z += width) sum += f(z) * Math.exp((-z * z) / 2);
  return (sum * width) / Math.sqrt(2 * Math.PI);
}

const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

describe('where the model is the noise', () => {
  // Correlated rows in the plane; their moments are taken here again.
  const random = new Random(4, streams.trainingData);
  const count = 400;
  const rows = new Float32Array(2 * count);
  for (let i = 0; i < rows.length; i += 2) {
    const [u, v] = [random.normal(), random.normal()];
    rows.set([1 + 2 * u, -0.5 + 0.7 * u + 0.4 * v], i);
  }
  const average = (f: (x: number, y: number) => number) => {
    let sum = 0;
    for (let i = 0; i < rows.length; i += 2) sum += f(rows[i]!, rows[i + 1]!);
    return sum / count;
  };
  const [mx, my] = [average((x) => x), average((_, y) => y)];
  const xx = average((x) => (x - mx) ** 2);
  const xy = average((x, y) => (x - mx) * (y - my));
  const yy = average((_, y) => (y - my) ** 2);
  const determinant = xx * yy - xy * xy;
  /** -log of the fitted Gaussian's density. */
  const model = energy.custom({
    init: () => ({ precision: tf.tensor1d([yy, -2 * xy, xx].map((v) => v / determinant)) }),
    energy: ({ precision }, points) => {
      const [x, y] = tf.split(tf.sub(points, [mx, my]), 2, 1) as [tf.Tensor, tf.Tensor];
      const products = tf.concat([tf.square(x), tf.mul(x, y), tf.square(y)], 1);
      return tf.add(
        tf.mul(tf.sum(tf.mul(products, precision), 1), 0.5),
        2 * halfLog2Pi + Math.log(determinant) / 2,
      );
    },
  });
  const window = [
    [-9, 9],
    [-9, 9],
  ] as const;

  test('the loss is 2 log 2: whatever is drawn, nothing can be told apart', async () => {
    const method = objective.noiseContrastiveEstimation();
    close(
      await lossOf({ energy: model, objective: method, rows, bounds: window }),
      2 * Math.log(2),
      1e-5,
    );
  });

  test('with ν draws it is the entropy of guessing at those odds', async () => {
    const ratio = 5;
    const method = objective.noiseContrastiveEstimation({ noiseRatio: ratio });
    const guess = Math.log(1 + ratio) + ratio * Math.log(1 + 1 / ratio);
    close(await lossOf({ energy: model, objective: method, rows, bounds: window }), guess, 1e-5);
  });

  test('ranking among ν draws has the loss log(1 + ν)', async () => {
    const method = objective.rankingNoiseContrastiveEstimation({ noiseRatio: 7 });
    close(
      await lossOf({ energy: model, objective: method, rows, bounds: window }),
      Math.log(8),
      1e-5,
    );
  });
});

test('uniform noise has the density of its window, and diagonal noise that of its variances', async () => {
  const rows = gaussianRows(1000, 1);
  // A model that is uniform on the window is no one's data: G = 0 all over.
  const flat = quadratic(1e-9, Math.log(16));
  const uniform = objective.noiseContrastiveEstimation({ noise: 'uniform' });
  close(await lossOf({ energy: flat, objective: uniform, rows }), 2 * Math.log(2), 1e-5);
  const diagonal = objective.noiseContrastiveEstimation({ noise: 'diagonalGaussian' });
  const normal = quadratic(1, halfLog2Pi);
  close(await lossOf({ energy: normal, objective: diagonal, rows }), 2 * Math.log(2), 1e-5);
});

describe("the gradient's variance is that of Gutmann & Hyvärinen's asymptotics", () => {
  // At the truth, with P = ν/(1 + ν) and g = d log p/dθ = -x²/2 (E g² = 3/4, E g = -1/2), T times the
  // variance of the gradient is P E g² - (1 + 1/ν) (P E g)².
  const batchSize = 250;
  const steps = 400;
  for (const noiseRatio of [1, 10]) {
    test(`for ν = ${noiseRatio}`, async () => {
      const step = await stillStep({
        energy: quadratic(1, halfLog2Pi),
        objective: objective.noiseContrastiveEstimation({ noiseRatio }),
        rows: gaussianRows(batchSize * steps, 1),
        batchSize,
      });
      let squares = 0;
      for (let number = 1; number <= steps; number++) {
        const metrics = await step.run(number);
        squares += metrics['gradient norm']! ** 2 / steps;
      }
      await step.dispose();
      const share = noiseRatio / (1 + noiseRatio);
      const expected = share * 0.75 - (1 + 1 / noiseRatio) * (share / 2) ** 2;
      // Squares of a Gaussian: four standard errors of the mean of 400. The two cases are 60 % apart.
      close(batchSize * squares, expected, 4 * expected * Math.sqrt(2 / steps));
    });
  }
});

test('log Z of a Gaussian is learned with its precision', async () => {
  const count = 20_000;
  const step = await trainingStep({
    energy: quadratic(0.5),
    objective: objective.noiseContrastiveEstimation(),
    optimizer: optimizer.adam({ learningRate: 0.02, beta2: 0.9 }),
    rows: gaussianRows(count, 1),
    bounds,
    batchSize: count,
  });
  const steps = 400;
  let logZ = 0;
  let theta = 0;
  for (let number = 1; number <= steps; number++) {
    await step.run(number);
    if (number <= steps / 2) continue;
    const checkpoint = await step.checkpoint(number);
    logZ += tensorOf(checkpoint, 'objective/log Z').data[0]! / (steps / 2);
    theta += tensorOf(checkpoint, 'parameters/theta').data[0]! / (steps / 2);
  }
  await step.dispose();
  // The covariance of (θ, c) is at most [[4, -2], [-2, 1]] / T for one draw of noise per row; averages
  // over fresh noise have less.
  close(theta, 1, (4 * 2) / Math.sqrt(count));
  close(logZ, halfLog2Pi, 4 / Math.sqrt(count));
});

describe('without log Z', () => {
  const [theta, variance] = [0.9, 2];
  const scoreMatching = (theta ** 2 * variance) / 2 - theta;

  test('shifted noise becomes sliced score matching as the shift shrinks', async () => {
    // In one dimension a shift is ±|v| and the loss the same for both: nothing is left to chance.
    const rows = gaussianRows(20_000, variance);
    const slope = async (shift: number) => {
      const method = objective.shiftedNoiseContrastiveEstimation({ shift });
      const loss = await lossOf({ energy: quadratic(theta), objective: method, rows });
      return (loss - Math.log(2)) / (shift ** 2 / 4);
    };
    const expected = (shift: number) => {
      const loss = (sign: number) =>
        gaussianMean((z) => {
          const x = Math.sqrt(variance) * z;
          return softplus((theta / 2) * (x ** 2 - (x + sign * shift) ** 2));
        });
      return ((loss(1) + loss(-1)) / 2 - Math.log(2)) / (shift ** 2 / 4);
    };
    // What is left is of fourth order in the shift.
    close(expected(0.01), scoreMatching, 1e-4);
    // The rows have the variance of the integral and other moments of their own: 20 000 of them have a
    // fourth moment within 5 %, which enters with shift² / 8 or so.
    close(await slope(0.4), expected(0.4), 0.01);
    // float32 losses of size 0.7 are known to 1e-7, of which slope(0.1) makes 4e-5.
    close(await slope(0.1), scoreMatching, 0.01);
  });

  test('conditional noise has the loss of its integral, which becomes score matching', async () => {
    const sigma = 0.3;
    const noiseRatio = 4;
    const count = 100_000;
    const integral = (deviation: number, power: number) =>
      gaussianMean((u) => {
        const x = Math.sqrt(variance) * u;
        return gaussianMean(
          (z) => (2 * softplus((theta / 2) * (x ** 2 - (x + deviation * z) ** 2))) ** power,
        );
      });
    const second = (integral(0.03, 1) - 2 * Math.log(2)) / (0.03 ** 2 / 2);
    close(second, scoreMatching, 2e-3);
    const method = objective.conditionalNoiseContrastiveEstimation({ sigma, noiseRatio });
    const loss = await lossOf({
      energy: quadratic(theta),
      objective: method,
      rows: gaussianRows(count, variance),
    });
    const expected = integral(sigma, 1);
    const deviation = Math.sqrt(integral(sigma, 2) - expected ** 2);
    // Four standard errors; copies of one row count as one, so this is on the safe side.
    close(loss, expected, (4 * deviation) / Math.sqrt(count));
  });
});

describe('energy discrepancy on θx²/2', () => {
  const variance = 2;
  const sigma = 0.8;
  /** The population's value: both logarithms of Gaussian integrals are known. */
  const discrepancy = (theta: number) =>
    (theta * variance) / 2 -
    Math.log(1 + theta * sigma ** 2) / 2 -
    (theta * (variance + sigma ** 2)) / (2 * (1 + theta * sigma ** 2));

  test('has the closed form', async () => {
    const [theta, count] = [0.9, 10_000];
    const method = objective.energyDiscrepancy({ sigma, samples: 500, stabilization: 0 });
    const rows = gaussianRows(count, variance);
    const loss = await lossOf({
      energy: quadratic(theta),
      objective: method,
      rows,
      batchSize: 2000,
    });
    // Per row the loss varies by θσxξ/(1 + θσ²) + … with a deviation below 1.5, and the logarithm of a
    // mean over 500 is biased by less than 1 / 500.
    close(loss, discrepancy(theta), (4 * 1.5) / Math.sqrt(2000) + 1 / 500);
  });

  test('stands still at θ = 1/s²', () => {
    const step = 1e-4;
    const slope = (discrepancy(0.5 + step) - discrepancy(0.5 - step)) / (2 * step);
    close(slope, 0, 1e-7);
  });

  test('and so does the trained θ', async () => {
    const count = 2000;
    const step = await trainingStep({
      energy: quadratic(0.8),
      objective: objective.energyDiscrepancy({ sigma, samples: 128, stabilization: 0 }),
      optimizer: optimizer.adam({ learningRate: 0.01, beta2: 0.9 }),
      rows: gaussianRows(count, variance),
      bounds,
      batchSize: count,
    });
    let theta = 0;
    for (let number = 1; number <= 200; number++) {
      await step.run(number);
      if (number <= 100) continue;
      theta += tensorOf(await step.checkpoint(number), 'parameters/theta').data[0]! / 100;
    }
    await step.dispose();
    // The rows' variance is exact; averaged over 100 steps of 2000 rows the estimate knows θ to 0.01,
    // and 128 samples bias it by as much. From 0.8 it has come thirty times as far.
    close(theta, 0.5, 0.03);
  });
});
