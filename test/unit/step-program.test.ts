import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { optimizer, sampler } from 'ebm-lab';
import { runOnOnnx } from '../../trainer-worker/graph/run-onnx';
import type { Objective } from '../../trainer-worker/objectives/objective-method';
import { parameterUpdate } from '../../trainer-worker/optimizers/parameter-update';
import { samplerMethod } from '../../trainer-worker/samplers';
import { compileStep } from '../../trainer-worker/training/step-program';

const langevin = sampler.langevin();

/** The mean square of the score, which no constant in the energy changes. */
const squaredScore: Objective = {
  inputs: {},
  feed: () => ({}),
  loss: ({ data, score }) => tf.mean(tf.square(score(data))),
  keep: () => undefined,
  sampler: samplerMethod(langevin).build(langevin),
  shownChains: (_step, count) => new Float32Array(2 * count),
  state: () => [],
};

test('a parameter that the loss does not reach is named, and stays as it is', async () => {
  const tensor = (name: string, ...values: number[]) => ({
    name,
    shape: [values.length],
    data: Float32Array.from(values),
  });
  const parameters = [tensor('slope', 2, -1), tensor('constant', 7)];
  const step = compileStep(
    {
      energy: {
        init: () => ({}),
        // E = a·x² / 2 + c, whose score is -a·x.
        energy: ({ slope, constant }, x) =>
          tf.add(tf.sum(tf.mul(tf.square(x), tf.mul(slope!, 0.5)), 1), tf.sum(constant!)),
      },
      origin: { files: [] },
      dimensions: 2,
      parameters,
    },
    squaredScore,
    parameterUpdate(optimizer.sgd({ learningRate: 1 })),
    1,
  );
  assert.deepEqual(step.warnings, [
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
