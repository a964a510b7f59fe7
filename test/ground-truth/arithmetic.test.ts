import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Arithmetic, arithmetics } from '../../protocol/run';
import { energies } from '../../trainer-worker/methods/energies';
import { type ObjectiveSpec, objectives } from '../../trainer-worker/methods/objectives';
import { optimizers } from '../../trainer-worker/methods/optimizers';
import { samplers } from '../../trainer-worker/methods/samplers';
import { numbersFrom } from '../graph-numbers';
import { trainingStep } from '../support/training-step';

const steps = 200;
const langevin = samplers.langevin.create({ steps: 10 });
const cases: Readonly<Record<string, ObjectiveSpec>> = {
  'contrastive divergence': objectives.contrastiveDivergence.create({ sampler: langevin }),
  'denoising score matching': objectives.denoisingScoreMatching.create({ sigma: 0.3 }),
  'sliced score matching': objectives.slicedScoreMatching.create(),
};

async function losses(objective: ObjectiveSpec, arithmetic: Arithmetic): Promise<number[]> {
  const step = await trainingStep({
    energy: energies.mlp.create({ hidden: [32, 32], activation: 'swish' }),
    objective,
    optimizer: optimizers.adam.create({ learningRate: 1e-3 }),
    rows: Float32Array.from(numbersFrom(5)([512, 2])),
    bounds: [
      [-1, 1],
      [-1, 1],
    ],
    batchSize: 64,
    arithmetic,
  });
  const all: number[] = [];
  for (let number = 1; number <= steps; number++) all.push((await step.run(number))['loss']!);
  await step.dispose();
  return all;
}

describe('what is computed is the same in every arithmetic but for rounding', () => {
  for (const [name, objective] of Object.entries(cases)) {
    test(`losses of ${steps} steps of ${name}`, async () => {
      const [older, newer] = await Promise.all(
        arithmetics.map((arithmetic) => losses(objective, arithmetic)),
      );
      // The first differs by the rounding of some sums, 1e-6 of their terms. Adam divides by the size of
      // a gradient, so that rounding moves parameters by up to 1e-7 of a step each, which a smooth
      // training does not amplify: 2e-3 of a loss of about one after 200 steps leaves room for chains.
      const scale = Math.max(...older!.map(Math.abs));
      assert.ok(Math.abs(older![0]! - newer![0]!) <= 1e-5 * scale);
      older!.forEach((loss, index) => {
        assert.ok(Math.abs(loss - newer![index]!) <= 2e-3 * scale, `step ${index + 1}`);
      });
      assert.notDeepEqual(older, newer, 'they are two');
    });
  }
});
