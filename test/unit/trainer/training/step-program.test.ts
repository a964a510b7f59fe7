import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { optimizer } from 'ebm-lab';
import { runOnOnnx } from '../../../../trainer-worker/compiler/run/run-onnx';
import type { Objective } from '../../../../trainer-worker/methods/objectives/objective-method';
import { parameterUpdate } from '../../../../trainer-worker/methods/optimizers/parameter-update';
import {
  compileStep,
  notTrained,
  ownName,
} from '../../../../trainer-worker/trainer/training/step-program';

/** The mean square of the score, which no constant in the energy changes. */
const squaredScore: Objective = {
  loss: ({ data, score }) => tf.mean(tf.square(score(data))),
};

test('a parameter that the loss does not reach is named, and stays as it is', async () => {
  const tensor = (name: string, ...values: number[]) => ({
    name,
    shape: [values.length],
    data: Float32Array.from(values),
  });
  const parameters = [tensor('slope', 2, -1), tensor('constant', 7)];
  const step = compileStep({
    model: {
      energy: {
        init: () => ({}),
        // E = a·x² / 2 + c, whose score is -a·x.
        energy: ({ slope, constant }, x) =>
          tf.add(tf.sum(tf.mul(tf.square(x), tf.mul(slope!, 0.5)), 1), tf.sum(constant!)),
      },
      origin: { files: [] },
      domain: 'real',
      dimensions: 2,
      parameters,
    },
    objective: squaredScore,
    update: parameterUpdate(optimizer.sgd({ learningRate: 1 })),
    batchSize: 1,
  });
  assert.deepEqual(step.unreached.map(notTrained), [
    "The loss does not depend on the parameter 'constant': it is not trained.",
  ]);
  const execution = await runOnOnnx(step.program, {
    'parameters/slope': Float32Array.of(2, -1),
    'parameters/constant': Float32Array.of(7),
    'optimizer/velocity/slope': new Float32Array(2),
    'optimizer/velocity/constant': new Float32Array(1),
  });
  const outputs = await execution.run(
    { data: Float32Array.of(1, 3), step: Float32Array.of(1) },
    { seed: 0, step: 1 },
  );
  // (4 + 9) / 2, with the slope (a₁x₁², a₂x₂²) = (2, -9).
  assert.deepEqual([...outputs['metrics']!], [6.5, Math.fround(Math.hypot(2, 9))]);
  const state = await execution.readState();
  assert.deepEqual([...state['parameters/slope']!], [0, 8]);
  assert.deepEqual([...state['parameters/constant']!], [7]);
  await execution.dispose();
});

test('a step moves the own parameters of an objective each time, the model every so often', async () => {
  const parameters = [{ name: 'slope', shape: [1], data: Float32Array.of(1) }];
  // Both losses are linear, so each update moves by the learning rate: 1.
  const step = compileStep({
    model: {
      energy: {
        init: () => ({}),
        energy: ({ slope }, x) => tf.mul(tf.sum(x, 1), slope!),
      },
      origin: { files: [] },
      domain: 'real',
      dimensions: 1,
      parameters,
    },
    modelEvery: 3,
    objective: {
      loss: ({ data, energy, own, fixed }) =>
        tf.add(
          tf.add(tf.mean(energy(data)), tf.sum(own['log Z']!)),
          // Moves nothing: the model is fixed in it.
          tf.mul(tf.mean(fixed.energy(data)), 100),
        ),
    },
    update: parameterUpdate(optimizer.sgd({ learningRate: 1, momentum: 0.5 })),
    own: {
      parameters: [{ name: ownName('log Z'), shape: [1], data: Float32Array.of(0) }],
      update: parameterUpdate(optimizer.sgd({ learningRate: 1 })),
    },
    batchSize: 1,
  });
  const execution = await runOnOnnx(step.program, {
    'parameters/slope': Float32Array.of(1),
    'optimizer/velocity/slope': Float32Array.of(0),
    'objective/log Z': Float32Array.of(0),
    'optimizer/velocity/objective/log Z': Float32Array.of(0),
  });
  const slopes: number[] = [];
  const own: number[] = [];
  for (let number = 1; number <= 6; number++) {
    await execution.run(
      { data: Float32Array.of(1), step: Float32Array.of(number) },
      { seed: 0, step: number },
    );
    const state = await execution.readState();
    slopes.push(state['parameters/slope']![0]!);
    own.push(state['objective/log Z']![0]!);
  }
  // The second update has the velocity 0.5 · 1 + 1: momentum is carried over the steps between.
  assert.deepEqual(slopes, [1, 1, 0, 0, 0, -1.5]);
  assert.deepEqual(own, [-1, -2, -3, -4, -5, -6]);
  await execution.dispose();
});
