import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy, objective, optimizer } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { compileProgram } from '../../trainer-worker/compiler/trace/compile-program';
import { couplingFlow } from '../../trainer-worker/methods/parts/coupling-flow';
import { tensorOf, trainingStep } from '../support/training-step';

describe('a coupling flow in the plane', () => {
  const flow = couplingFlow({ layers: 4, hidden: 5, mean: [0.5, -1], deviation: [1.5, 0.7] });
  const random = new Random(6, streams.parameters);
  const shapes = Object.fromEntries(
    [1, 2, 3, 4].flatMap((layer) => [
      [`layer ${layer}/weight1`, [2, 5]],
      [`layer ${layer}/bias1`, [5]],
      [`layer ${layer}/weight2`, [5, 4]],
      [`layer ${layer}/bias2`, [4]],
    ]),
  ) as Record<string, number[]>;
  const parameters = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => 0.4 * random.normal()),
    ]),
  );
  const inputs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, { shape }]),
  );

  test('gives its draws the density that it gives points', async () => {
    const program = compileProgram({
      inputs,
      step(given) {
        const { points, logDensity } = flow.sample(given, 500);
        return { outputs: { drawn: logDensity, again: flow.logDensity(given, points) } };
      },
    });
    const execution = await runOnOnnx(program);
    const { drawn, again } = await execution.run(parameters, { seed: 1, step: 0 });
    await execution.dispose();
    // Done and undone in float32, through four layers that scale by up to e².
    for (const [i, log] of drawn!.entries()) assert.ok(Math.abs(log - again![i]!) < 1e-3);
    assert.ok(new Set(drawn).size > 400);
  });

  test('has a density that integrates to one', async () => {
    const cells = 200;
    const reach = 12;
    const width = (2 * reach) / cells;
    const program = compileProgram({
      inputs: { ...inputs, points: { shape: [cells * cells, 2] } },
      step: ({ points, ...given }) => ({
        outputs: { logDensity: flow.logDensity(given, points as tf.Tensor2D) },
      }),
    });
    const execution = await runOnOnnx(program);
    const points = Float32Array.from({ length: 2 * cells * cells }, (_, i) => {
      const cell = i >> 1;
      const place = i % 2 ? Math.floor(cell / cells) : cell % cells;
      return -reach + (place + 0.5) * width;
    });
    const { logDensity } = await execution.run({ ...parameters, points }, { seed: 1, step: 0 });
    await execution.dispose();
    const mass = (logDensity as Float32Array).reduce(
      (sum, log) => sum + Math.exp(log) * width * width,
      0,
    );
    // Cells of 0.12 against a density that bends over tenths.
    assert.ok(Math.abs(mass - 1) < 0.01, `${mass}`);
  });
});

test('flow contrastive estimation of a Gaussian ends where nothing can be told apart', async () => {
  const count = 4000;
  const random = new Random(3, streams.trainingData);
  const rows = Float32Array.from({ length: count }, () => 1 + 0.8 * random.normal());
  const average = rows.reduce((sum, x) => sum + x, 0) / count;
  const variance = rows.reduce((sum, x) => sum + (x - average) ** 2, 0) / count;
  const step = await trainingStep({
    energy: energy.custom({
      init: () => ({ centre: tf.scalar(0), theta: tf.scalar(0.7) }),
      energy: ({ centre, theta }, x) =>
        tf.mul(tf.sum(tf.mul(tf.square(tf.sub(x, centre)), 0.5), 1), theta),
    }),
    objective: objective.flowContrastiveEstimation({
      flowLayers: 1,
      flowHidden: 4,
      flowLikelihood: 0,
    }),
    optimizer: optimizer.adam({ learningRate: 0.01, beta2: 0.9 }),
    rows,
    bounds: [[-4, 6]],
    batchSize: count,
  });
  let theta = 0;
  let logZ = 0;
  const steps = 400;
  for (let number = 1; number <= steps; number++) {
    await step.run(number);
    if (number <= steps / 2) continue;
    const checkpoint = await step.checkpoint(number);
    theta += tensorOf(checkpoint, 'parameters/theta').data[0]! / (steps / 2);
    logZ += tensorOf(checkpoint, 'objective/log Z').data[0]! / (steps / 2);
  }
  await step.dispose();
  // A game against fresh noise: averages over 200 steps of 4000 rows. Relative to the data's own
  // precision the estimate has a deviation of 2/√4000 = 0.03 at most, for one draw of noise per row.
  assert.ok(Math.abs(theta * variance - 1) < 4 * 0.03, `${theta * variance}`);
  const expected = Math.log(2 * Math.PI * variance) / 2;
  assert.ok(Math.abs(logZ - expected) < 4 / Math.sqrt(count), `${logZ}, not ${expected}`);
});
