import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as tf from '@tensorflow/tfjs';
import { energy, sampler } from 'ebm-lab';
import { buildEnergy } from '../../trainer-worker/methods/energies';
import { modelOf } from '../../trainer-worker/methods/energies/model';
import { samplerMethod } from '../../trainer-worker/methods/samplers';
import { runChain } from '../../trainer-worker/methods/samplers/chain';
import { energiesOf, valuesOf } from '../support/energies';

for (const spec of [sampler.gibbs(), sampler.gibbsWithGradients()]) {
  test(`${spec.type} visits the states of an Ising model as often as enumeration says`, async () => {
    const model = energy.ising();
    const parameters = {
      coupling: { shape: [3, 3], data: Float32Array.of(0, 0.6, -0.3, 0, 0, 0.5, 0, 0, 0) },
      field: { shape: [3], data: Float32Array.of(0.2, -0.4, 0.1) },
    };
    const states = Array.from({ length: 8 }, (_, s) => [s & 1, (s >> 1) & 1, (s >> 2) & 1]);
    const weights = [...(await energiesOf(model, states, parameters))].map((e) => Math.exp(-e));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const count = 8000;
    // Starts are all zeros; 60 iterations are 20 sweeps, which forget them.
    const starts = { shape: [count, 3], data: new Float32Array(count * 3) };
    const ends = await valuesOf(
      { ...parameters, starts },
      (tensors) =>
        runChain(
          samplerMethod(spec).build(spec),
          modelOf(buildEnergy(model, 3), tensors, { files: [] }),
          tensors['starts'] as tf.Tensor2D,
          60,
        ).ends,
    );
    const counts = new Array<number>(8).fill(0);
    for (let row = 0; row < count; row++) {
      counts[ends[3 * row]! + 2 * ends[3 * row + 1]! + 4 * ends[3 * row + 2]!]!++;
    }
    // Pearson's statistic with 7 degrees of freedom exceeds 30 once in 10 000 seeds.
    const pearson = counts.reduce((sum, seen, s) => {
      const expected = (count * weights[s]!) / total;
      return sum + (seen - expected) ** 2 / expected;
    }, 0);
    assert.ok(pearson < 30, `${pearson}: ${counts}`);
  });
}
