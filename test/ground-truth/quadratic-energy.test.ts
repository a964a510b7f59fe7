/**
 * E = θx²/2 in one dimension, where everything about contrastive divergence with unadjusted Langevin
 * chains of step ε has a closed form. One iteration takes x to (1 - ε²θ/2) x + εz, so
 *
 * - the chain's stationary variance is 1/(θ(1 - ε²θ/4)),
 * - the expected CD-1 gradient on data of variance s² is (ε²/2)(θs² - 1) - ε⁴θ²s²/8,
 * - CD-k and persistent CD stand still at θ* = (2/ε²)(1 - √(1 - ε²/s²)), where the chain's
 *   stationary variance is that of the data.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy, objective, optimizer, sampler } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { compileProgram } from '../../trainer-worker/compiler/trace/compile-program';
import { type SamplerSpec, samplerMethod } from '../../trainer-worker/methods/samplers';
import { runChain } from '../../trainer-worker/methods/samplers/chain';
import { tensorOf, trainingStep } from '../support/training-step';

const variance = 2;
const bounds = [[-6, 6]] as const;

function quadratic(theta: number) {
  return energy.custom({
    init: () => ({ theta: tf.scalar(theta) }),
    energy: (params, x) => tf.mul(params.theta, tf.sum(tf.mul(tf.square(x), 0.5), 1)),
  });
}

/** Rows whose mean square is exactly {@link variance}, up to rounding: all that the gradient sees. */
function dataRows(count: number): Float32Array {
  const rows = new Random(11, streams.trainingData).normals(count);
  const square = rows.reduce((sum, x) => sum + x * x, 0) / count;
  return rows.map((x) => x * Math.sqrt(variance / square));
}

/** The ends of chains of `iterations` on E = θx²/2. */
async function chainEnds(
  spec: SamplerSpec,
  { theta, iterations }: { readonly theta: number; readonly iterations: number },
  starts: Float32Array,
): Promise<Float32Array> {
  const program = compileProgram({
    inputs: { x: { shape: [starts.length, 1] } },
    step: ({ x }) => {
      const model = {
        energy: (at: tf.Tensor2D): tf.Tensor1D =>
          tf.sum(tf.mul(tf.square(at), theta / 2), 1) as tf.Tensor1D,
        score: (at: tf.Tensor2D): tf.Tensor2D => tf.mul(at, -theta),
      };
      const sampling = samplerMethod(spec).build(spec);
      return { outputs: { ends: runChain(sampling, model, x as tf.Tensor2D, iterations).ends } };
    },
  });
  const execution = await runOnOnnx(program);
  const { ends } = await execution.run({ x: starts }, { seed: 0, step: 0 });
  await execution.dispose();
  return ends as Float32Array;
}

describe('unadjusted Langevin on θx²/2', () => {
  for (const [theta, stepSize] of [
    [2, 0.5],
    [1, 0.3],
  ] as const) {
    test(`has variance 1/(θ(1 - ε²θ/4)) for θ = ${theta}, ε = ${stepSize}`, async () => {
      const count = 20_000;
      const starts = new Random(0, streams.chainStarts).normals(count);
      // The variance forgets its start by (1 - ε²θ/2)² an iteration: by 1e-5 or less in 150.
      const x = await chainEnds(sampler.langevin({ stepSize }), { theta, iterations: 150 }, starts);
      const measured = x.reduce((sum, value) => sum + value * value, 0) / count;
      const expected = 1 / (theta * (1 - (stepSize ** 2 * theta) / 4));
      // Four standard errors of the mean square of independent Gaussians.
      const tolerance = 4 * expected * Math.sqrt(2 / count);
      assert.ok(Math.abs(measured - expected) < tolerance, `${measured}, not ${expected}`);
    });
  }

  test('follows a clipped gradient no further than the limit', async () => {
    const spec = sampler.langevin({ stepSize: 1, noise: 0, clip: 0.5 });
    const starts = Float32Array.of(-4, 0.2, 3);
    const next = await chainEnds(spec, { theta: 1, iterations: 1 }, starts);
    // Half of the clipped gradient (ε²/2 = 1/2) is taken off.
    for (const [i, expected] of [-3.75, 0.1, 2.75].entries()) {
      assert.ok(Math.abs(next[i]! - expected) < 1e-6);
    }
  });
});

describe('contrastive divergence on θx²/2', () => {
  for (const stepSize of [0.5, 0.2]) {
    test(`has the closed-form CD-1 gradient for ε = ${stepSize}`, async () => {
      const theta = 0.9;
      const count = 200_000;
      const step = await trainingStep({
        energy: quadratic(theta),
        objective: objective.contrastiveDivergence({
          sampler: sampler.langevin({ steps: 1, stepSize }),
        }),
        // A plain step of rate 1 subtracts the gradient itself.
        optimizer: optimizer.sgd({ learningRate: 1 }),
        rows: dataRows(count),
        bounds,
        batchSize: count,
      });
      await step.run(1);
      const after = tensorOf(await step.checkpoint(1), 'parameters/theta').data[0]!;
      const e2 = stepSize ** 2;
      const expected = (e2 / 2) * (theta * variance - 1) - (e2 ** 2 * theta ** 2 * variance) / 8;
      // The noise enters by -2(1-a)εxz - ε²z² in (x² - x₁²)/2, with a = ε²θ/2.
      const a = (e2 * theta) / 2;
      const deviation = Math.sqrt((2 * (1 - a)) ** 2 * e2 * variance + 2 * e2 ** 2) / 2;
      const measured = theta - after;
      assert.ok(
        Math.abs(measured - expected) < (4 * deviation) / Math.sqrt(count),
        `${measured}, not ${expected}`,
      );
    });
  }

  const stepSize = 0.5;
  const fixedPoint = (2 / stepSize ** 2) * (1 - Math.sqrt(1 - stepSize ** 2 / variance));
  const langevin = sampler.langevin({ steps: 1, stepSize });
  // Averaged over 1000 updates of 2000 chains, θ has a standard error of about 0.002 in either case
  // (CD: noise of the gradient 0.0145 over its slope 0.234 and √1000; PCD: 16 000 · 1000 / (2 · 8)
  // chain states, since squares of the chain forget in about 8 iterations). The tolerance is four of
  // them; the optimum without the chain's bias, 0.5, is twice that away from 0.51669.
  const tolerance = 0.008;
  const cases = [
    {
      name: 'CD-1',
      method: objective.contrastiveDivergence({ sampler: langevin }),
      learningRate: 0.5,
    },
    {
      name: 'persistent CD',
      method: objective.persistentContrastiveDivergence({
        sampler: langevin,
        bufferSize: 2000,
        reinitialize: 0,
      }),
      learningRate: 0.02,
    },
  ];
  for (const { name, method, learningRate } of cases) {
    test(`${name} stands still at θ* = ${fixedPoint.toFixed(5)}`, async () => {
      const step = await trainingStep({
        energy: quadratic(0.5),
        objective: method,
        optimizer: optimizer.sgd({ learningRate }),
        rows: dataRows(2000),
        bounds,
        batchSize: 2000,
      });
      const burnIn = 300;
      const updates = 1000;
      let sum = 0;
      for (let i = 1; i <= burnIn + updates; i++) {
        await step.run(i);
        if (i > burnIn) sum += tensorOf(await step.checkpoint(i), 'parameters/theta').data[0]!;
      }
      const mean = sum / updates;
      assert.ok(Math.abs(mean - fixedPoint) < tolerance, `${mean}, not ${fixedPoint}`);
    });
  }
});
