import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy, objective, optimizer, sampler, schedule } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { compileProgram } from '../../trainer-worker/compiler/trace/compile-program';
import type { ObjectiveSpec } from '../../trainer-worker/methods/objectives';
import {
  type AlphaDivergence,
  type DivergenceName,
  divergenceRow,
  divergences,
} from '../../trainer-worker/methods/objectives/divergences';
import { noisyScore } from '../../trainer-worker/methods/objectives/noisy-score';
import type { OptimizerSpec } from '../../trainer-worker/methods/optimizers';
import { trainingStep } from '../support/training-step';

/** f of each divergence, written down anew. */
const generators: Readonly<Record<DivergenceName, (r: number) => number>> = {
  kullbackLeibler: (r) => r * Math.log(r),
  reverseKullbackLeibler: (r) => -Math.log(r),
  jensenShannon: (r) => r * Math.log(r) - (1 + r) * Math.log((1 + r) / 2),
  squaredHellinger: (r) => (Math.sqrt(r) - 1) ** 2,
  pearson: (r) => (r - 1) ** 2,
  neyman: (r) => (1 - r) ** 2 / r,
};

describe('variational forms of divergences', () => {
  const width = 0.02;
  const grid = Array.from({ length: 800 }, (_, i) => -8 + (i + 0.5) * width);
  const gaussian = (mean: number, deviation: number) => (x: number) =>
    Math.exp(-(((x - mean) / deviation) ** 2) / 2) / (deviation * Math.sqrt(2 * Math.PI));
  const [p, q] = [gaussian(0, 1), gaussian(0.5, 1.15)];
  for (const name of Object.keys(divergences) as DivergenceName[]) {
    const f = generators[name];
    const row = divergences[name];

    test(`${name} is reached at the true ratio`, async () => {
      await tf.setBackend('cpu');
      const u = tf.tensor1d(grid.map((x) => Math.log(p(x) / q(x))));
      const [atData, atSamples] = [row.atData(u).dataSync(), row.atSamples(u).dataSync()];
      const value = grid.reduce(
        (sum, x, i) => sum + width * (p(x) * atData[i]! - q(x) * atSamples[i]!),
        0,
      );
      const expected = grid.reduce((sum, x) => sum + width * q(x) * f(p(x) / q(x)), 0);
      // float32 values under a float64 sum.
      assert.ok(Math.abs(value - expected) < 1e-5 * (1 + expected), `${value}, not ${expected}`);
    });

    test(`${name} has f'(r) and r f'(r) - f(r), by differences`, async () => {
      await tf.setBackend('cpu');
      for (const r of [0.3, 1, 2.5]) {
        const slope = (f(r + 1e-5) - f(r - 1e-5)) / 2e-5;
        const u = tf.scalar(Math.log(r));
        assert.ok(Math.abs(row.atData(u).dataSync()[0]! - slope) < 1e-5 * (1 + Math.abs(slope)));
        const conjugate = r * slope - f(r);
        assert.ok(
          Math.abs(row.atSamples(u).dataSync()[0]! - conjugate) < 1e-5 * (1 + Math.abs(conjugate)),
        );
      }
    });
  }
});

test('α-divergences are what their names are at 2, -1 and 1/2, and tend to KL', async () => {
  await tf.setBackend('cpu');
  const u = tf.tensor1d([-1.2, -0.1, 0, 0.4, 1.5]);
  const known: readonly (readonly [alpha: number, DivergenceName, factor: number])[] = [
    [2, 'pearson', 0.5],
    [-1, 'neyman', 0.5],
    [0.5, 'squaredHellinger', 2],
    [1 + 1e-4, 'kullbackLeibler', 1],
    [1e-4, 'reverseKullbackLeibler', 1],
  ];
  for (const [alpha, name, factor] of known) {
    const [ofAlpha, named] = [divergenceRow({ alpha }), divergences[name]];
    for (const part of ['atData', 'atSamples'] as const) {
      // f is known up to a multiple of r - 1, which adds a constant c to f' and to f*(f').
      const both = [ofAlpha, named].map((row) => {
        const values = row[part](u).dataSync();
        return values.map((value) => value - values[2]!);
      });
      for (const [place, value] of both[0]!.entries()) {
        // Limits are off by 1e-4 u²; the rest is rounding.
        assert.ok(Math.abs(value - factor * both[1]![place]!) < 1e-3, `${name} ${part}`);
      }
    }
  }
  assert.throws(
    () => objective.fEbm({ sampler: sampler.langevin(), divergence: { alpha: 1 } }),
    /limits with names of their own/,
  );
});

test("a linear generator's score is that of its Gaussian density", async () => {
  const [slope, deviation, count] = [0.8, 0.5, 50];
  const random = new Random(4, streams.trainingData);
  const z = Float32Array.from({ length: count }, () => random.normal());
  const x = z.map((value) => slope * value + deviation * random.normal());
  const program = compileProgram({
    inputs: { x: { shape: [count, 1] }, z: { shape: [count, 1] } },
    step: (given) => ({
      outputs: {
        score: noisyScore({
          generate: (latents) => tf.mul(latents, slope),
          deviation: tf.scalar(deviation),
          x: given['x'] as tf.Tensor2D,
          z: given['z'] as tf.Tensor2D,
          logWidth: tf.scalar(0),
          samples: 20_000,
        }).score,
      },
    }),
  });
  const execution = await runOnOnnx(program);
  const { score } = await execution.run({ x, z }, { seed: 2, step: 0 });
  await execution.dispose();
  for (const [i, value] of x.entries()) {
    const expected = -value / (slope ** 2 + deviation ** 2);
    // The residual has a deviation near 0.4 under the posterior, over σ² = 1.6; a sixth or more of
    // 20 000 weighted draws count: five standard errors.
    assert.ok(Math.abs(score![i]! - expected) < (5 * 1.6) / Math.sqrt(20_000 / 6), `${i}`);
  }
});

test('twenty proposals tell how the entropy of a linear generator grows with its slope', async () => {
  const [deviation, count, draws] = [0.2, 20_000, 20];
  const slope = Math.sqrt(1.6 - deviation ** 2);
  // The posterior's, where the evidence bound of a linear generator is largest.
  const width = deviation / Math.hypot(slope, deviation);
  const program = compileProgram({
    inputs: { x: { shape: [count, 1] }, z: { shape: [count, 1] } },
    step: ({ x, z }) => {
      const { score } = noisyScore({
        generate: (latents) => tf.mul(latents, slope),
        deviation: tf.scalar(deviation),
        x: x as tf.Tensor2D,
        z: z as tf.Tensor2D,
        logWidth: tf.scalar(Math.log(width)),
        samples: 20,
      });
      return { outputs: { growth: tf.neg(tf.mean(tf.mul(score, z!))) } };
    },
  });
  const execution = await runOnOnnx(program);
  let growth = 0;
  for (let seed = 0; seed < draws; seed++) {
    const random = new Random(seed, streams.trainingData);
    const z = random.normals(count);
    const x = random.normals(count).map((ε, i) => slope * z[i]! + deviation * ε);
    const { growth: one } = await execution.run({ x, z }, { seed, step: 0 });
    growth += one![0]! / draws;
  }
  await execution.dispose();
  // d/da of log(a² + σ²)/2. The product of score and z has a deviation of 2.3 times its mean: three
  // standard errors over 400 000 points (chance 3e-3) and 1.5 % of bias. Without the jackknife 3 % are lost.
  const expected = slope / (slope ** 2 + deviation ** 2);
  const error = (3 * 2.3) / Math.sqrt(count * draws);
  assert.ok(Math.abs(growth / expected - 1) < 0.015 + error, `${growth / expected}`);
});

describe('games about a Gaussian end at its precision', () => {
  interface Game {
    readonly method: ObjectiveSpec;
    readonly steps: number;
    readonly variance: number;
    readonly batchSize: number;
    /** Where θ begins. */
    readonly start: number;
    readonly optimizer: OptimizerSpec;
  }

  /** θ of E = θx²/2, averaged over the second half of the steps. */
  async function trained({ method, steps, variance, start, ...rest }: Game): Promise<number> {
    const drawn = new Random(3, streams.trainingData).normals(2000);
    const square = drawn.reduce((sum, x) => sum + x * x, 0) / drawn.length;
    const step = await trainingStep({
      energy: energy.custom({
        init: () => ({ theta: tf.scalar(start) }),
        energy: ({ theta }, x) => tf.mul(tf.sum(tf.mul(tf.square(x), 0.5), 1), theta),
      }),
      objective: method,
      rows: drawn.map((x) => x * Math.sqrt(variance / square)),
      bounds: [[-5, 5]],
      ...rest,
    });
    let theta = 0;
    for (let number = 1; number <= steps; number++) {
      await step.run(number);
      if (number <= steps / 2) continue;
      theta += (await step.parameters())['parameters/theta']![0]! / (steps / 2);
    }
    await step.dispose();
    return theta;
  }

  test('f-EBM', async () => {
    const walk = sampler.metropolisAdjustedLangevin({ steps: 5, stepSize: 1.5 });
    const theta = await trained({
      method: objective.fEbm({ sampler: walk, hidden: [16], reinitialize: 0, bufferSize: 1000 }),
      steps: 600,
      variance: 2,
      batchSize: 1000,
      start: 0.9,
      optimizer: optimizer.adam({ learningRate: 5e-3, beta2: 0.99 }),
    });
    // A game against a network has no law for its error: a tenth of the way from 0.9 is left at most.
    assert.ok(Math.abs(theta - 0.5) < 0.04, `${theta}`);
  });

  test('VERA, from far away', async () => {
    const steps = 1500;
    const theta = await trained({
      method: objective.vera({ hidden: [16], activation: 'tanh', latent: 1 }),
      steps,
      variance: 1.6,
      batchSize: 300,
      start: 2,
      optimizer: optimizer.adam({
        learningRate: schedule.cosine({ peak: 6e-3, final: 3e-4, steps }),
        beta1: 0,
        beta2: 0.99,
      }),
    });
    // Three seeds end at 0.626 to 0.628; the paper's penalty ended it at 0.56.
    assert.ok(Math.abs(theta - 0.625) < 0.02, `${theta}`);
  });
});

describe('f-EBM fits a Gaussian to two', () => {
  const gaussian = (x: number, mean: number, deviation: number) =>
    Math.exp(-(((x - mean) / deviation) ** 2) / 2) / (deviation * Math.sqrt(2 * Math.PI));
  const density = (x: number) => 0.5 * gaussian(x, -0.3, 0.9) + 0.5 * gaussian(x, 2.3, 1.6);

  /** Where D_f(p ‖ q) is smallest among Gaussians q, by the midpoint rule and a pattern search. */
  function optimum(f: (r: number) => number): readonly [mean: number, deviation: number] {
    const width = 0.05;
    const grid = Array.from({ length: 400 }, (_, i) => -10 + (i + 0.5) * width);
    const divergence = (mean: number, deviation: number) =>
      grid.reduce((sum, x) => {
        const q = gaussian(x, mean, deviation);
        return sum + width * q * f(density(x) / q);
      }, 0);
    let best: readonly [number, number] = [1, 1.7];
    for (let step = 0.5; step > 1e-4; ) {
      const [mean, deviation] = best;
      const around = [
        [mean + step, deviation],
        [mean - step, deviation],
        [mean, deviation + step],
        [mean, deviation - step],
      ] as const;
      const better = around.find((at) => divergence(...at) < divergence(...best));
      if (better) best = better;
      else step /= 2;
    }
    return best;
  }

  /** Quantiles of the two, in random order: a sample without an error of its own. */
  function quantiles(count: number): Float32Array {
    const rows = new Float32Array(count);
    const width = 1e-3;
    let [x, below] = [-12, 0];
    const order = new Random(0, streams.trainingData).permutation(count);
    for (const [rank, place] of order.entries()) {
      while (below < (rank + 0.5) / count) {
        x += width;
        below += width * density(x - width / 2);
      }
      rows[place] = x;
    }
    return rows;
  }

  const cases: readonly (readonly [
    divergence: DivergenceName | AlphaDivergence,
    f: (r: number) => number,
    tolerance: number,
  ])[] = [
    // Of ten seeds of half as many steps more, means and deviations are off by at most 0.016, with
    // standard deviations below 0.007: five of them, so that no seed in a hundred thousand fails.
    ['reverseKullbackLeibler', generators.reverseKullbackLeibler, 0.035],
    ['pearson', generators.pearson, 0.035],
    [{ alpha: -0.5 }, (r) => (r ** -0.5 - 1 + 0.5 * (r - 1)) / 0.75, 0.035],
    // It looks where data are rare: three of ten seeds are off by 0.030, 0.034 and 0.050, the others by
    // at most 0.012. About one seed in fifty would fail; the one here is fixed.
    ['neyman', generators.neyman, 0.06],
  ];
  for (const [divergence, f, tolerance] of cases) {
    test(`by ${JSON.stringify(divergence)}, from a model that is narrower than the data`, async () => {
      const [batchSize, steps, criticSteps] = [500, 1600, 2];
      const step = await trainingStep({
        energy: energy.custom({
          init: () => ({ mean: tf.scalar(0), logDeviation: tf.scalar(0) }),
          energy: ({ mean, logDeviation }, x) => {
            const scaled = tf.mul(tf.sub(x, mean!), tf.exp(tf.neg(logDeviation!)));
            return tf.mul(tf.sum(tf.square(scaled), 1), 0.5);
          },
        }),
        objective: objective.fEbm({
          sampler: sampler.metropolisAdjustedLangevin({ steps: 3, stepSize: 1.8 }),
          divergence,
          hidden: [16, 16],
          bufferSize: batchSize,
          reinitialize: 0,
          criticSteps,
          criticLearningRate: schedule.cosine({ peak: 0.03, final: 3e-4, steps }),
        }),
        optimizer: optimizer.adam({
          learningRate: schedule.cosine({ peak: 0.03, final: 5e-4, steps: steps / criticSteps }),
          beta2: 0.99,
        }),
        rows: quantiles(50_000),
        bounds: [[-5, 5]],
        batchSize,
      });
      let found: readonly [number, number] = [0, 0];
      const last = steps / 4;
      for (let number = 1; number <= steps; number++) {
        await step.run(number);
        if (number <= steps - last || number % 10 !== 0) continue;
        const values = await step.parameters();
        const [mean, log] = ['mean', 'logDeviation'].map(
          (name) => values[`parameters/${name}`]![0]!,
        );
        found = [found[0] + (10 * mean!) / last, found[1] + (10 * Math.exp(log!)) / last];
      }
      await step.dispose();
      // The deviations at the four optima differ from each other by 0.079 and more.
      for (const [place, expected] of optimum(f).entries()) {
        assert.ok(Math.abs(found[place]! - expected) < tolerance, `${found}, not ${expected}`);
      }
    });
  }
});
