import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { data, energy, experiment, objective, optimizer, sampler } from 'ebm-lab';
import { matchesPattern } from '../../../../trainer-worker/methods/options/name-pattern';
import { tensorOf, trainingStep } from '../../../support/training-step';

const rows = Float32Array.from({ length: 64 }, (_, i) => Math.sin(7 * i));

/** A perceptron 2-4-1 by contrastive divergence, or flow contrastive estimation. */
function step(given: Parameters<typeof optimizer.adam>[0], withFlow = false) {
  return trainingStep({
    energy: energy.mlp({ hidden: [4] }),
    objective: withFlow
      ? objective.flowContrastiveEstimation({ flowLayers: 2, flowHidden: 4 })
      : objective.contrastiveDivergence({ sampler: sampler.langevin({ steps: 2 }) }),
    optimizer: optimizer.adam({ learningRate: 0.01, ...given }),
    rows,
    bounds: [
      [-1, 1],
      [-1, 1],
    ],
    batchSize: 8,
  });
}

describe('parameters by their names', () => {
  test('that are frozen stay as they are to the bit, have no state, and no average', async () => {
    const training = await step({ freeze: ['*1'], average: 0.9 });
    const before = await training.checkpoint(0);
    for (let n = 1; n <= 5; n++) await training.run(n);
    const after = await training.checkpoint(5);
    for (const name of ['parameters/weight1', 'parameters/bias1']) {
      assert.deepEqual(tensorOf(after, name).data, tensorOf(before, name).data);
    }
    const weight2 = 'parameters/weight2';
    assert.notDeepEqual(tensorOf(after, weight2).data, tensorOf(before, weight2).data);
    const names = after.tensors.map(({ name }) => name);
    assert.ok(!names.some((name) => /(optimizer|average).*1$/.test(name)), `${names}`);
    assert.ok(names.includes('optimizer/mean/weight2') && names.includes('average/weight2'));
    // The model that is shown has them all.
    assert.deepEqual(Object.keys(await training.parameters()).length, 3);
    await training.dispose();
  });

  test('of the objective are frozen by the same patterns', async () => {
    const training = await step({ freeze: ['objective/*'] }, true);
    const before = await training.checkpoint(0);
    await training.run(1);
    const after = await training.checkpoint(1);
    for (const { name, data: numbers } of before.tensors) {
      if (!name.startsWith('objective/')) continue;
      assert.deepEqual(tensorOf(after, name).data, numbers, name);
    }
    await training.dispose();
  });

  test('groups of no parameter, or of none that is left, are refused', async () => {
    await assert.rejects(step({ freeze: ['wieght1'] }), {
      message: "optimizer: no parameter is called 'wieght1'.",
      remedy: "Did you mean 'weight1'?",
    });
    await assert.rejects(step({ groups: [{ match: ['bias1', 'filter*'] }] }), {
      message: "optimizer: no parameter is called 'filter*'.",
    });
    await assert.rejects(step({ groups: [{ match: '*1' }, { match: 'bias1' }] }), {
      message: 'optimizer: all parameters of group 2 are frozen or in a group before it.',
    });
    await assert.rejects(step({ freeze: ['*'] }), {
      message: /names all parameters of the energy/,
    });
  });

  test('are told in the configuration', () => {
    const { optimizer: told } = experiment({
      data: data.twoMoons(),
      energy: energy.mlp(),
      objective: objective.denoisingScoreMatching(),
      optimizer: optimizer.adam({ groups: [{ match: 'bias*', weightDecay: 0 }] }),
    });
    assert.deepEqual(told.groups, [{ match: 'bias*', rateFactor: 1, weightDecay: 0 }]);
    assert.deepEqual(told.freeze, []);
  });

  test('a star stands for any characters, everything else for itself', () => {
    const matching: readonly (readonly [string, string, boolean])[] = [
      ['weight*', 'weight12', true],
      ['weight*', 'weight', true],
      ['*weight', 'net.0.weight', true],
      ['net.*.weight', 'net.0.weight', true],
      ['net.*.weight', 'netx0xweight', false],
      ['a(b)', 'a(b)', true],
      ['weight1', 'weight12', false],
    ];
    for (const [pattern, name, expected] of matching) {
      assert.equal(matchesPattern(pattern, name), expected, `${pattern} ${name}`);
    }
  });
});
