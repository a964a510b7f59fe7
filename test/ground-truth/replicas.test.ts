/** How many temperatures `ebm check` finds best, against a barrier that is known in closed form. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy, sampler } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { buildEnergy } from '../../trainer-worker/methods/energies';
import { checkExperiment } from '../../trainer-worker/trainer/check/check-experiment';
import { communicationBarrier } from '../../trainer-worker/trainer/check/check-replicas';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';

test('the communication barrier of a Gaussian in the plane: five seeds', async () => {
  const built = buildEnergy(
    energy.custom({
      init: () => ({ precision: tf.scalar(1) }),
      energy: ({ precision }, x) => tf.mul(tf.sum(tf.square(x), 1), tf.mul(precision!, 0.5)),
    }),
    2,
  );
  const [temperatures, highest, count] = [6, 20, 256];
  // Energies are exponential with the rate 1/T: of rates a > b a share (a - b)/(a + b) is refused.
  const ratio = highest ** (1 / (temperatures - 1));
  const exact = ((temperatures - 1) * (ratio - 1)) / (ratio + 1);
  for (let seed = 0; seed < 5; seed++) {
    const random = new Random(seed, streams.check);
    const { value, error } = await communicationBarrier(
      {
        model: {
          energy: built,
          origin: { files: [] },
          dimensions: 2,
          domain: 'real',
          parameters: [{ name: 'precision', shape: [], data: Float32Array.of(1) }],
        },
        parameters: { 'parameters/precision': Float32Array.of(1) },
        backend: { name: 'onnx-cpu', reason: 'a test', start: (program) => runOnOnnx(program) },
        seed,
      },
      sampler.parallelTempering({ temperatures, highest, stepSize: 1.2 }),
      Float32Array.from({ length: count * 2 }, () => random.normal()),
    );
    // Four and a half standard errors, once in 30,000 of these five; chains are long against their memory.
    assert.ok(Math.abs(value - exact) < 4.5 * error, `${value} ± ${error} for ${exact}`);
    assert.ok(error < 0.02, `${error}`);
  }
});

test('a check tells it, and how many temperatures are best', async (t) => {
  const objective =
    'objective.contrastiveDivergence({ sampler: sampler.parallelTempering({ steps: 4, temperatures: 4, exchangeEvery: 2 }) })';
  const folder = await experimentFolder(t, { 'it.ebm.ts': smallExperiment({ objective }) });
  const { facts } = await checkExperiment(`${folder}/it.ebm.ts`);
  assert.ok(
    facts.some(({ text }) =>
      /the communication barrier of 4 temperatures is [\d.]+ ± [\d.]+ on .* \d+ temperatures are best/.test(
        text,
      ),
    ),
    JSON.stringify(facts),
  );
});
