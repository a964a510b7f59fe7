import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { energy, objective, sampler } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import type { Dataset } from '../../trainer-worker/methods/data/dataset';
import { diagnostics } from '../../trainer-worker/methods/diagnostics';
import type { Subject } from '../../trainer-worker/methods/diagnostics/diagnostic';
import type { KnownEstimate } from '../../trainer-worker/methods/diagnostics/estimate';
import { optimizers } from '../../trainer-worker/methods/optimizers';
import { trainingStep } from '../support/training-step';

const random = new Random(3, streams.trainingData);
const dataset: Dataset = {
  dimensions: 2,
  axes: ['x1', 'x2'],
  domain: 'real',
  training: random.normals(40),
  heldOut: random.normals(10),
  labels: {
    classes: ['a', 'b', 'c'],
    training: Float32Array.from({ length: 20 }, (_, i) => i % 3),
    heldOut: Float32Array.of(0, 1, 2, 0, 1),
  },
};
const bounds = [
  [-3, 3],
  [-3, 3],
] as const;

describe('the accuracy of an energy of classes', () => {
  test('counts the rows whose own class has the lowest energy, of ties the first', async () => {
    const diagnostic = diagnostics.accuracy.prepare({ dataset, bounds, seed: 0, classes: 3 })!;
    const rows = [
      [-1, 0, 0],
      [0, 1, 2],
      [5, 4, 3],
      [1, 1, 1],
      [2, 2, 7],
    ];
    const values = await diagnostic.measure({
      classEnergies: async () => Float32Array.from(rows.flat()),
    } as unknown as Subject);
    const { value, error } = values['accuracy/held-out'] as KnownEstimate;
    assert.ok(Math.abs(value - 3 / 5) < 1e-12);
    // Of five zeros and ones: √(0.6 · 0.4 / 4).
    assert.ok(Math.abs(error - Math.sqrt(0.24 / 4)) < 1e-12);
  });

  test('is not measured without classes', () => {
    const { labels: _, ...unlabelled } = dataset;
    const context = { bounds, seed: 0 };
    assert.equal(diagnostics.accuracy.prepare({ ...context, dataset }), undefined);
    const without = { ...context, dataset: unlabelled, classes: 3 };
    assert.equal(diagnostics.accuracy.prepare(without), undefined);
  });

  test('is of energies that add up to that of the point: E(x) = -log Σ exp(-E(x, y))', async () => {
    const step = await trainingStep({
      energy: energy.classifier({ classes: 3, hidden: [8] }),
      objective: objective.jem({ sampler: sampler.langevin({ steps: 2 }), bufferSize: 32 }),
      optimizer: optimizers.adam.create(),
      domain: 'real',
      rows: dataset.training,
      labels: dataset.labels!,
      batchSize: 8,
      bounds,
    });
    // More than fit one run of the program, and not a whole number of them.
    const points = new Random(1, streams.heldOutData).normals(2 * 1037);
    const [ofClasses, whole] = [await step.classEnergies(points), await step.energy(points)];
    assert.equal(ofClasses.length, 3 * 1037);
    for (const [row, value] of whole.entries()) {
      const own = ofClasses.subarray(3 * row, 3 * row + 3);
      const summed = -Math.log(own.reduce((sum, each) => sum + Math.exp(-each), 0));
      assert.ok(Math.abs(summed - value) < 1e-5, `${summed}, not ${value}`);
    }
    await step.dispose();
  });
});
