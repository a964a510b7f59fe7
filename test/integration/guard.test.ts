/** A training that diverges is paused with numbers, or rolled back and then goes well. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { loadExperiment } from '../../trainer-worker/trainer/experiment/load';
import { prepareTraining } from '../../trainer-worker/trainer/training/prepare';
import type { Checkpoint } from '../../trainer-worker/trainer/training/run-observer';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';

/** Gradient descent on a parabola of curvature 1: at rates above 2 each step overshoots more. */
const experiment = (guard: string, checkpoint = '{ every: 1000 }') =>
  smallExperiment({
    energy: `energy.custom({
      init: (rng) => ({ a: tf.fill([2], 3) }),
      energy: ({ a }, x) => tf.sum(tf.mul(a, x), 1),
    })`,
    // The score is -a, so the loss is |a|²/2 and its slope a.
    objective: 'objective.explicitScoreMatching({ score: (x) => tf.zerosLike(x) })',
    optimizer: 'optimizer.sgd({ learningRate: 3 })',
    steps: '40',
    guard,
    checkpoint,
    preview: '{ every: 1000, samples: 8, resolution: 8, chainSteps: 0, diagnostics: [] }',
  });

async function train(t: Parameters<typeof experimentFolder>[0], text: string) {
  const folder = await experimentFolder(t, { 'parabola.ebm.ts': text });
  const loaded = await loadExperiment(path.join(folder, 'parabola.ebm.ts'));
  const prepared = await prepareTraining(loaded, { backend: 'onnx-cpu' });
  const seen = {
    notices: [] as string[],
    paused: undefined as string | undefined,
    rates: [] as number[],
    last: undefined as Checkpoint | undefined,
  };
  const loop = prepared.createLoop([
    {
      notice: (text_) => seen.notices.push(text_),
      metrics: (_, values) => {
        const rate = values['learning rate'];
        if (rate !== undefined) seen.rates.push(rate);
      },
      state({ status, problem }) {
        if (status !== 'paused' || !problem || seen.paused !== undefined) return;
        seen.paused = problem.message;
        void loop.stop();
      },
      async checkpoint(checkpoint) {
        seen.last = checkpoint;
      },
    },
  ]);
  const outcome = await loop.run();
  const parameters = seen.last!.tensors.find(({ name }) => name === 'parameters/a')!.data;
  return { ...seen, outcome, parameters };
}

test('a gradient beyond the limit pauses the run, and the reason names it', async (t) => {
  const { outcome, paused } = await train(t, experiment('{ gradientNorm: 1000 }'));
  assert.equal(outcome, 'stopped');
  // |slope| = 3·√2·2ⁿ⁻¹ at step n: beyond 1000 first at step 9.
  assert.equal(paused, 'The gradient norm is 1090, beyond the limit of 1000.');
});

test('rolled back with a lower rate until it converges, it finishes near the optimum', async (t) => {
  const { outcome, notices, rates, parameters } = await train(
    t,
    experiment("{ gradientNorm: 1000, action: 'rollBack', factor: 0.2 }"),
  );
  assert.equal(outcome, 'finished');
  // One roll-back to the beginning, and a rate of 0.6 from then on: each step leaves 0.4 of what was.
  assert.equal(notices.length, 1);
  assert.match(
    notices[0]!,
    /^Step 9: .* Rolled back to step 0; learning rate × 0\.2 from here on\.$/,
  );
  assert.deepEqual(
    rates.map((rate) => Number(rate.toPrecision(3))),
    [...new Array<number>(9).fill(3), ...new Array<number>(31).fill(0.6)],
  );
  // 3 · 0.4³¹ is about 1e-12.
  assert.ok(
    parameters.every((value) => Math.abs(value) < 1e-6),
    String(parameters),
  );
});
