import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy, objective, optimizer, sampler } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { compileProgram } from '../../trainer-worker/compiler/trace/compile-program';
import type { Energy } from '../../trainer-worker/methods/energies/energy-method';
import { noiseLevels } from '../../trainer-worker/methods/noise-distributions/noise-levels';
import { type SamplerSpec, samplerMethod } from '../../trainer-worker/methods/samplers';
import { runChain } from '../../trainer-worker/methods/samplers/chain';
import { ObjectiveGraph } from '../support/objective-graph';
import { tensorOf, trainingStep } from '../support/training-step';

function near(measured: number, expected: number, tolerance: number): void {
  assert.ok(
    Math.abs(measured - expected) < tolerance,
    `${measured}, not ${expected} ± ${tolerance}`,
  );
}

test('noise levels are a geometric sequence', () => {
  const levels = noiseLevels(8, 0.5, 5);
  [8, 4, 2, 1, 0.5].forEach((level, i) => {
    near(levels[i]!, level, 1e-12);
  });
});

describe('score matching at many noise levels', () => {
  const variance = 2;
  /** θ times the energy of N(0, s²) with noise of level σ added. */
  const blurred: Energy['energy'] = ({ theta }, x, sigma) =>
    tf.mul(tf.div(tf.sum(tf.square(x), 1), tf.mul(tf.add(tf.square(sigma!), variance), 2)), theta!);
  const levels = [4, 2, 1, 0.5, 0.25];
  const graphs = [true, false].map(
    (antithetic) =>
      new ObjectiveGraph({
        objective: objective.multiNoiseScoreMatching({
          highest: 4,
          lowest: 0.25,
          levels: levels.length,
          antithetic,
        }),
        energy: blurred,
        parameters: { theta: [] },
        batchSize: 4,
        dimensions: 1,
      }),
  );
  const spread = Math.sqrt(variance);
  // Rows and noise of exactly the moments of the data and of N(0, 1), uncorrelated.
  const data = [spread, spread, -spread, -spread];
  const normal = [1, -1, 1, -1];
  /** Drawn numbers that put every row at this level: row i draws from the i-th part of 0 to 1. */
  const uniformAt = (level: number) =>
    data.map((_, row) => (data.length * (level + 0.5)) / levels.length - row);
  for (const [level, sigma] of levels.entries()) {
    test(`is least at the blurred score for σ = ${sigma}`, () => {
      for (const graph of graphs) {
        const noise = [uniformAt(level), normal];
        const evaluate = (theta: number) =>
          graph.evaluate({ data, parameters: { theta: [theta] }, noise });
        near(evaluate(1).gradients['theta']![0]!, 0, 1e-6);
        // ½ E|σs + z|² = ½ s²/(s² + σ²): what of the noise cannot be told from the data.
        near(evaluate(1).loss, variance / (2 * (variance + sigma ** 2)), 1e-6);
        assert.ok(evaluate(1.2).loss > evaluate(1).loss);
        assert.ok(evaluate(0.8).loss > evaluate(1).loss);
      }
    });
  }

  test('opposite noise takes most of the chance out of the gradient at a low level', () => {
    const [paired, single] = graphs.map((graph) => {
      const gradients = [-2, -1, 0.5, 1.5].map((z) => {
        const noise = [uniformAt(levels.length - 1), data.map(() => z)];
        // The same row four times: all chance is in the noise.
        const at = { data: data.map(() => spread), parameters: { theta: [1] }, noise };
        return graph.evaluate(at).gradients['theta']![0]!;
      });
      return Math.max(...gradients) - Math.min(...gradients);
    });
    // With v = s² + σ² the gradient is -(σ/v)(x + σz)(z - σ(x + σz)/v): its part in z alone is odd,
    // and what is left of it is smaller by about σz/x, here a third at most.
    assert.ok(paired! < single! / 3, `${paired} and ${single}`);
  });

  test('gives each level its share of every batch', () => {
    // Row i draws from the i-th third of 0 to 1, so three levels of a batch of three have a row each:
    // the loss is the mean of what it is at each, whatever is drawn.
    const graph = new ObjectiveGraph({
      objective: objective.multiNoiseScoreMatching({ highest: 4, lowest: 1, levels: 3 }),
      energy: ({ theta }, x, sigma) => tf.mul(tf.sum(tf.square(x), 1), tf.mul(sigma!, theta!)),
      parameters: { theta: [] },
      batchSize: 3,
      dimensions: 1,
    });
    for (const uniform of [
      [0, 0, 0],
      [0.9, 0.1, 0.5],
    ]) {
      const { loss } = graph.evaluate({
        data: [0, 0, 0],
        parameters: { theta: [1] },
        noise: [uniform, [1, 1, 1]],
      });
      // s = -2σx, so σs + z = (1 - 2σ³)z at x = σz.
      const residuals = [4, 2, 1].map((sigma) => (1 - 2 * sigma ** 3) ** 2);
      near(loss, residuals.reduce((sum, r) => sum + r, 0) / 6, 1e-3);
    }
  });

  const rest = {
    optimizer: optimizer.adam(),
    rows: Float32Array.from({ length: 64 }, (_, i) => Math.sin(i)),
    bounds: [
      [-2, 2],
      [-2, 2],
    ] as const,
    batchSize: 8,
  };

  test('needs an energy of a noise level, and gives such an energy one', async () => {
    const method = objective.multiNoiseScoreMatching();
    await assert.rejects(
      trainingStep({ ...rest, objective: method, energy: energy.mlp({ hidden: [4] }) }),
      /trains at many noise levels, but the energy does not depend on one/,
    );
    await assert.rejects(
      trainingStep({
        ...rest,
        objective: objective.denoisingScoreMatching(),
        energy: energy.noiseConditional({ hidden: [4] }),
      }),
      /depends on a noise level, but objective.denoisingScoreMatching gives it none/,
    );
    await assert.rejects(
      trainingStep({
        ...rest,
        objective: objective.denoisingScoreMatching(),
        energy: energy.mlp({ hidden: [4] }),
        shownSampler: sampler.annealedLangevin(),
      }),
      /A noise level or a label is given to an energy that depends on neither/,
    );
  });

  test('shows chains in pieces that go on where the ones before ended', async () => {
    const step = await trainingStep({
      ...rest,
      objective: objective.multiNoiseScoreMatching(),
      energy: energy.noiseConditional({ hidden: [4] }),
      shownSampler: sampler.annealedLangevin({ steps: 600 }),
      // More noise than one piece holds: 600 · 2048 · 2 numbers.
      samples: 2048,
      chainSteps: 600,
    });
    const samples = await step.sample();
    await step.dispose();
    const square = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
    // Untrained, the energy is about that of N(0, 1) with the lowest noise; pieces that began again at
    // the highest level, 3, would leave points of variance 10.
    assert.ok(square > 0.5 && square < 3, `${square}`);
  });
});

test('annealing gives far modes their weights, where plain Langevin gives them those of its start', async () => {
  const count = 4000;
  const modes = [
    { weight: 0.8, mean: 5 },
    { weight: 0.2, mean: -5 },
  ];
  /** log of 0.8 N(5, 1 + σ²) + 0.2 N(-5, 1 + σ²), up to a constant. */
  const log = (x: tf.Tensor, sigma: tf.Tensor | number) =>
    tf.logSumExp(
      tf.concat(
        modes.map(({ weight, mean }) =>
          tf.sub(
            Math.log(weight),
            tf.div(tf.square(tf.sub(x, mean)), tf.mul(tf.add(tf.square(sigma), 1), 2)),
          ),
        ),
        1,
      ),
      1,
    );
  const share = async (spec: SamplerSpec, start: number) => {
    const sampling = samplerMethod(spec).build(spec);
    const program = compileProgram({
      inputs: { x: { shape: [count, 1] } },
      step: ({ x }) => {
        const energies = (at: tf.Tensor2D, sigma?: tf.Tensor1D) =>
          tf.neg(log(at, sigma ? tf.expandDims(sigma, 1) : 0)) as tf.Tensor1D;
        const model = {
          energy: energies,
          score: (at: tf.Tensor2D, sigma?: tf.Tensor1D) =>
            tf.neg(
              tf.grad((point: tf.Tensor) => tf.sum(energies(point as tf.Tensor2D, sigma)))(at),
            ) as tf.Tensor2D,
        };
        return {
          outputs: { ends: runChain(sampling, model, x as tf.Tensor2D, sampling.steps).ends },
        };
      },
    });
    const execution = await runOnOnnx(program);
    const starts = Float32Array.from({ length: count }, (_, i) => (i % 2 ? start : -start));
    const { ends } = await execution.run({ x: starts }, { seed: 0, step: 0 });
    await execution.dispose();
    return (ends as Float32Array).reduce((sum, x) => sum + (x > 0 ? 1 : 0), 0) / count;
  };
  const annealed = sampler.annealedLangevin({
    steps: 2000,
    highest: 20,
    lowest: 0.1,
    levels: 20,
    stepSize: 0.3,
  });
  // A share of 4000 independent chains has a standard error of 0.0063; coming down in finite time costs
  // one or two of a hundred.
  near(await share(annealed, 8), 0.8, 0.04);
  near(await share(sampler.langevin({ steps: 2000, stepSize: 0.3 }), 8), 0.5, 0.04);
});

test('diffusion recovery likelihood has no slope at the law of blurred Gaussian data', async () => {
  const variance = 2;
  const count = 20_000;
  const random = new Random(9, streams.trainingData);
  const drawn = Float32Array.from({ length: count }, () => random.normal());
  const square = drawn.reduce((sum, x) => sum + x * x, 0) / count;
  const slope = async (theta: number) => {
    const step = await trainingStep({
      energy: energy.custom({
        init: () => ({ theta: tf.scalar(theta) }),
        // θ times the energy of N(0, s²) with noise of level σ added.
        energy: (params, x, sigma) =>
          tf.mul(
            params.theta,
            tf.div(tf.sum(tf.square(x), 1), tf.mul(tf.add(tf.square(sigma), variance), 2)),
          ),
        condition: 'noise level',
      }),
      objective: objective.diffusionRecoveryLikelihood({
        highest: 2,
        lowest: 0.5,
        levels: 3,
        steps: 30,
        stepSize: 0.7,
      }),
      // A plain step of rate 1 subtracts the gradient itself.
      optimizer: optimizer.sgd({ learningRate: 1 }),
      rows: drawn.map((x) => x * Math.sqrt(variance / square)),
      bounds: [[-6, 6]],
      batchSize: count,
    });
    await step.run(1);
    const after = tensorOf(await step.checkpoint(1), 'parameters/theta').data[0]!;
    await step.dispose();
    return theta - after;
  };
  // The slope is half the mean difference of two squares of size one: a deviation below 1 a row. Of
  // where chains began is left, after 30 steps that each forget at least ε²/2s² = 0.24, less than 0.001.
  const tolerance = 4 / Math.sqrt(count) + 0.001;
  near(await slope(1), 0, tolerance);
  assert.ok((await slope(0.7)) < -2 * tolerance);
  assert.ok((await slope(1.4)) > 2 * tolerance);
});
