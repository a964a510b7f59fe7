/**
 * How much noise contrastive estimation learns, by the noise: the asymptotic variance of Gutmann &
 * Hyvärinen (2012), by quadrature, against closed forms and against the estimator itself.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy, noise, objective, optimizer } from 'ebm-lab';
import { chooseBackend } from '../../trainer-worker/compiler/backends/choose';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { readyNoise } from '../../trainer-worker/methods/noise-distributions/ready-noise';
import { objectiveMethod } from '../../trainer-worker/methods/objectives';
import { samplers } from '../../trainer-worker/methods/samplers';
import {
  type CompiledTraining,
  compileTraining,
} from '../../trainer-worker/trainer/training/compile-training';

/**
 * I = E[g gᵀ P] for E = a x²/2 with log Z learned beside it, data N(0, 1) and ν draws of N(0, s²) for each
 * row: g = (-x²/2, -1) is the slope of the logarithm of the model in (a, c), P = ν q / (p + ν q).
 */
function information(deviation: number, ratio: number) {
  const density = (x: number, s: number) =>
    Math.exp(-((x / s) ** 2) / 2) / (s * Math.sqrt(2 * Math.PI));
  let [aa, ac, cc] = [0, 0, 0];
  // The trapezoid rule errs by less than 1e-12 on what is as smooth as this and ends as soon.
  const width = 0.02;
  for (let x = -10; x <= 10; x += width) {
    const p = density(x, 1);
    const q = ratio * density(x, deviation);
    const weight = ((p * q) / (p + q)) * width;
    aa += (weight * x ** 4) / 4;
    ac += (weight * x ** 2) / 2;
    cc += weight;
  }
  return { aa, ac, cc };
}

/**
 * T times the variance of a for T rows: that entry of I⁻¹ - (1 + 1/ν) I⁻¹ m mᵀ I⁻¹ with m = E[g P].
 * As m is minus I's column of c, I⁻¹ m = -(0, 1): the second term lowers the variance of c alone.
 */
function asymptoticVariance(deviation: number, ratio: number): number {
  const { aa, ac, cc } = information(deviation, ratio);
  return cc / (aa * cc - ac * ac);
}

test('noise like the data costs 2 (1 + 1/ν), maximum likelihood 2', () => {
  for (const ratio of [1, 5, 10, 100]) {
    const expected = 2 * (1 + 1 / ratio);
    assert.ok(Math.abs(asymptoticVariance(1, ratio) - expected) < 1e-9);
  }
});

test('noise half as wide again as the data teaches more than noise like the data', () => {
  assert.ok(Math.abs(asymptoticVariance(1.5, 1) - 2.98) < 0.005);
});

describe('the estimator has that variance', () => {
  const rowsPerSet = 1000;
  const cases = [
    { deviation: 1, noiseRatio: 1, sets: 800 },
    { deviation: 1.5, noiseRatio: 1, sets: 800 },
    { deviation: 1, noiseRatio: 5, sets: 400 },
  ];
  for (const { deviation, noiseRatio, sets } of cases) {
    test(`for noise of deviation ${deviation} and ν = ${noiseRatio}`, async () => {
      const { aa, cc } = information(deviation, noiseRatio);
      const chosen = objective.noiseContrastiveEstimation({
        noise: noise.gaussian({ mean: 0, deviation }),
        noiseRatio,
        fixedNoise: true,
      });
      const readyFor = (rows: Float32Array, seed: number) =>
        readyNoise(objectiveMethod(chosen).noise!(chosen), { rows, bounds, seed, directory: '.' });
      const bounds = [[-5, 5]] as const;
      const rowsOf = (set: number) => new Random(set, streams.trainingData).normals(rowsPerSet);
      await tf.setBackend('cpu');
      const compiled = compileTraining({
        energy: energy.custom({
          init: () => ({ a: tf.scalar(1) }),
          energy: ({ a }, x) => tf.mul(tf.sum(tf.square(x), 1), tf.mul(a, 0.5)),
        }),
        origin: { files: [] },
        objective: chosen,
        noise: await readyFor(rowsOf(0), 0),
        // I is the curvature at the truth: with 2 over its trace both directions shrink as fast.
        optimizer: optimizer.sgd({ learningRate: 2 / (aa + cc) }),
        rows: rowsOf(0),
        bounds,
        batchSize: rowsPerSet,
        seed: 0,
        preview: { samples: 4, chainSteps: 0, sampler: samplers.langevin.create() },
      });
      const backend = await chooseBackend({ ...compiled, wanted: 'onnx-cpu' });
      const begun = {
        ...compiled.initial,
        'objective/log Z': Float32Array.of(Math.log(2 * Math.PI) / 2),
      };
      const step = await backend.start(compiled.program, begun);
      const found: number[] = [];
      let largest = 0;
      for (let set = 1; set <= sets; set++) {
        const rows = rowsOf(set);
        const { pool } = await readyFor(rows, set);
        const feeds = { data: rows, step: Float32Array.of(1), 'noise draws': pool!.rows };
        step.writeState(begun);
        let norm = 0;
        for (let round = 0; round < 60; round++) {
          const { metrics } = await step.run(feeds, { seed: 0, step: 1 });
          norm = metrics![gradientAt(compiled)]!;
        }
        largest = Math.max(largest, norm);
        found.push((await step.readState())['parameters/a']![0]!);
      }
      await step.dispose();
      // A standard error of the estimate is 0.06: a slope of 1e-4 leaves it a hundredth of that.
      assert.ok(largest < 1e-4, `${largest}`);
      const mean = found.reduce((sum, a) => sum + a, 0) / sets;
      const variance = found.reduce((sum, a) => sum + (a - mean) ** 2, 0) / (sets - 1);
      const expected = asymptoticVariance(deviation, noiseRatio);
      // A variance of so many nearly Gaussian numbers is known to √(2/sets): four of these are left by
      // chance once in 16 000. What T = 1000 rows lack of infinitely many is of the size of 10/T.
      const tolerance = 4 * Math.sqrt(2 / (sets - 1)) + 10 / rowsPerSet;
      assert.ok(
        Math.abs((rowsPerSet * variance) / expected - 1) < tolerance,
        `${rowsPerSet * variance}, not ${expected}`,
      );
    });
  }
});

/** Which metric of a training is the norm of the gradient. */
function gradientAt({ metrics }: CompiledTraining): number {
  return metrics.findIndex(({ name }) => name === 'gradient norm');
}
