/**
 * The gradient that a training step follows, for every activation, against central differences of
 * the same loss written out in float64.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { energy, objective, optimizer, sampler } from 'ebm-lab';
import type { NamedTensor } from '../../trainer-worker/compiler/graph/named-tensor';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { type Activation, activations } from '../../trainer-worker/methods/energies/activation';
import { trainingStep } from '../support/training-step';

const logistic = (x: number) => 1 / (1 + Math.exp(-x));

/** erf by its Taylor series, exact to rounding for the |x| < 4 that occur here. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 120; n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const references: Readonly<Record<Activation, (x: number) => number>> = {
  swish: (x) => x * logistic(x),
  softplus: (x) => Math.log1p(Math.exp(x)),
  tanh: Math.tanh,
  sigmoid: logistic,
  relu: (x) => Math.max(0, x),
  leakyRelu: (x) => (x < 0 ? 0.2 * x : x),
  elu: (x) => (x < 0 ? Math.expm1(x) : x),
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
};

const hidden = [5, 4];
const widths = [2, ...hidden, 1];
const batch = 6;
const energyPenalty = 0.3;

type Weights = ReadonlyMap<string, readonly number[]>;

function energyOf(x: readonly number[], weights: Weights, activation: (x: number) => number) {
  let values = x;
  for (let layer = 1; layer < widths.length; layer++) {
    const outputs = widths[layer]!;
    const weight = weights.get(`weight${layer}`)!;
    const bias = weights.get(`bias${layer}`);
    const sums = Array.from({ length: outputs }, (_, o) =>
      values.reduce((sum, value, i) => sum + value * weight[i * outputs + o]!, bias?.[o] ?? 0),
    );
    values = layer < widths.length - 1 ? sums.map(activation) : sums;
  }
  return values[0]!;
}

function lossOf(
  data: Float32Array,
  samples: Float32Array,
  weights: Weights,
  activation: (x: number) => number,
) {
  const moments = (points: Float32Array) => {
    const energies = Array.from({ length: batch }, (_, i) =>
      energyOf([points[2 * i]!, points[2 * i + 1]!], weights, activation),
    );
    const mean = (of: (e: number) => number) => energies.reduce((sum, e) => sum + of(e), 0) / batch;
    return { first: mean((e) => e), second: mean((e) => e * e) };
  };
  const plus = moments(data);
  const minus = moments(samples);
  return plus.first - minus.first + energyPenalty * (plus.second + minus.second);
}

function parametersOf(tensors: readonly NamedTensor[]): Map<string, number[]> {
  const prefix = 'parameters/';
  return new Map(
    tensors
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, data }) => [name.slice(prefix.length), [...data]]),
  );
}

describe('the gradient of the contrastive loss of a perceptron', () => {
  for (const activation of Object.keys(activations) as Activation[]) {
    test(`with ${activation} is that of central differences`, async () => {
      const rows = new Random(3, streams.trainingData).normals(batch * 2);
      const step = await trainingStep({
        energy: energy.mlp({ hidden, activation }),
        // Chains that stand still, and a buffer that a batch takes whole: the samples are known.
        objective: objective.persistentContrastiveDivergence({
          sampler: sampler.langevin({ steps: 1, stepSize: 1e-10, noise: 0 }),
          bufferSize: batch,
          reinitialize: 0,
          energyPenalty,
        }),
        // A plain step of rate 1 subtracts the gradient itself.
        optimizer: optimizer.sgd({ learningRate: 1 }),
        rows,
        bounds: [
          [-2, 2],
          [-2, 2],
        ],
        batchSize: batch,
      });
      const samples = await step.sample();
      const before = parametersOf((await step.checkpoint(0)).tensors);
      const { loss } = await step.run(1);
      const after = parametersOf((await step.checkpoint(1)).tensors);
      const reference = references[activation];
      const exact = lossOf(rows, samples, before, reference);
      assert.ok(Math.abs(loss! - exact) < 1e-5 * Math.max(1, Math.abs(exact)), `loss ${loss}`);

      const h = 1e-5;
      for (const [name, values] of before) {
        for (const [i, value] of values.entries()) {
          const at = (changed: number) =>
            lossOf(rows, samples, new Map(before).set(name, values.with(i, changed)), reference);
          const slope = (at(value + h) - at(value - h)) / (2 * h);
          const gradient = value - after.get(name)![i]!;
          // float32: 24 bits through three layers and a difference of parameters of size 1.
          assert.ok(
            Math.abs(gradient - slope) < 2e-5 * Math.max(1, Math.abs(slope)),
            `${name}[${i}]: ${gradient}, not ${slope}`,
          );
        }
      }
    });
  }
});
