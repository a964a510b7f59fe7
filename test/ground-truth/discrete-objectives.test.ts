/** Objectives for binary data on an Ising model of four bits, whose law is enumerated. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { objective } from 'ebm-lab';
import type { Energy } from '../../trainer-worker/methods/energies/energy-method';
import type { ObjectiveSpec } from '../../trainer-worker/methods/objectives';
import { ObjectiveGraph } from '../support/objective-graph';

const bits = 4;
const energy: Energy['energy'] = ({ W, b }, x) =>
  tf.neg(tf.add(tf.sum(tf.mul(tf.matMul(x, W!), x), 1), tf.sum(tf.mul(x, b!), 1)));
const W = Array.from({ length: bits * bits }, (_, i) => Math.sin(i + 1) * 0.6);
const b = [0.3, -0.5, 0.1, 0.4];
const states = Array.from({ length: 2 ** bits }, (_, code) =>
  Array.from({ length: bits }, (_unused, bit) => (code >> bit) & 1),
);

/** -E of one state, by hand. */
function goodness(x: readonly number[]): number {
  return x.reduce(
    (sum, xi, i) =>
      sum + xi * b[i]! + x.reduce((inside, xj, j) => inside + xi * xj * W[i * bits + j]!, 0),
    0,
  );
}

const weights = states.map((x) => Math.exp(goodness(x)));
const total = weights.reduce((sum, weight) => sum + weight, 0);

function graphOf(spec: ObjectiveSpec): ObjectiveGraph {
  return new ObjectiveGraph({
    objective: spec,
    energy,
    parameters: { W: [bits, bits], b: [bits] },
    batchSize: 1,
    dimensions: bits,
    domain: 'binary',
  });
}

/** The loss at each state, in the order of {@link states}. */
function losses(spec: ObjectiveSpec): readonly number[] {
  const graph = graphOf(spec);
  return states.map((data) => graph.evaluate({ data, parameters: { W, b } }).loss);
}

/** The largest slope of the mean loss under the true law, for a model with other biases. */
function slope(spec: ObjectiveSpec, biases: readonly number[]): number {
  const graph = graphOf(spec);
  const sum = new Float64Array(bits * bits + bits);
  states.forEach((data, state) => {
    const { gradients } = graph.evaluate({ data, parameters: { W, b: biases } });
    [...gradients['W']!, ...gradients['b']!].forEach((value, index) => {
      sum[index]! += (value * weights[state]!) / total;
    });
  });
  return Math.max(...sum.map(Math.abs));
}

const flipped = (x: readonly number[], bit: number) => x.map((xi, i) => (i === bit ? 1 - xi : xi));
const near = (measured: number, expected: number) =>
  assert.ok(Math.abs(measured - expected) < 1e-9, `${measured}, not ${expected}`);

describe('at the law of the model itself', () => {
  const cases: readonly ObjectiveSpec[] = [
    objective.ratioMatching(),
    objective.pseudoLikelihood(),
    objective.minimumProbabilityFlow(),
    objective.concreteScoreMatching(),
    objective.klContraction({ blockSize: 1 }),
    objective.klContraction({ blockSize: 2 }),
    objective.klContraction({ blockSize: 4 }),
  ];
  for (const spec of cases) {
    const name = spec.type === 'klContraction' ? `${spec.type} of ${spec.blockSize}` : spec.type;
    test(`${name} has no slope, and one beside it`, () => {
      // Rounding in float64; the moved bias changes every loss in its first digits.
      assert.ok(slope(spec, b) < 1e-9, `${slope(spec, b)}`);
      assert.ok(slope(spec, [0.8, -0.5, 0.1, 0.4]) > 1e-3);
    });
  }
});

test('the pseudo-likelihood is that of each bit given the others', () => {
  for (const [state, loss] of losses(objective.pseudoLikelihood()).entries()) {
    const x = states[state]!;
    const logs = x.map((_, bit) => {
      const other = Math.exp(goodness(flipped(x, bit)));
      return -Math.log(weights[state]! / (weights[state]! + other));
    });
    near(
      loss,
      logs.reduce((sum, log) => sum + log),
    );
  }
});

test('the probability flow is the sum of its rates', () => {
  for (const [state, loss] of losses(objective.minimumProbabilityFlow()).entries()) {
    const x = states[state]!;
    const rates = x.map((_, bit) => Math.exp((goodness(flipped(x, bit)) - goodness(x)) / 2));
    near(
      loss,
      rates.reduce((sum, rate) => sum + rate),
    );
  }
});

test('concrete scores are as far from those of any law as the loss says, but for a constant', () => {
  // Another law than the model's, by hand: the loss in the mean over it, and the distance it stands for.
  const other = states.map((_, state) => 1 + ((7 * state) % 5));
  const whole = other.reduce((sum, weight) => sum + weight);
  const place = (x: readonly number[]) =>
    states.findIndex((each) => each.every((bit, i) => bit === x[i]));
  const mean = (value: (x: readonly number[], state: number) => number) =>
    states.reduce((sum, x, state) => sum + (other[state]! / whole) * value(x, state), 0);
  const of = (biases: readonly number[]) => {
    const graph = graphOf(objective.concreteScoreMatching());
    const loss = mean((data) => graph.evaluate({ data, parameters: { W, b: biases } }).loss);
    const goodnessOf = (x: readonly number[]) =>
      goodness(x) + x.reduce((sum, xi, i) => sum + xi * (biases[i]! - b[i]!), 0);
    const distance = mean((x, state) =>
      x.reduce((sum, _, bit) => {
        const there = flipped(x, bit);
        const model = Math.exp(goodnessOf(there) - goodnessOf(x)) - 1;
        const data = other[place(there)]! / other[state]! - 1;
        return sum + (model - data) ** 2;
      }, 0),
    );
    return { loss, distance };
  };
  const [here, there] = [of(b), of([0.8, -0.5, 0.1, 0.4])];
  near(there.loss - here.loss, there.distance - here.distance);
});

test('energy discrepancy that draws all bits anew is the likelihood, but for the number of states', async () => {
  const graph = graphOf(
    objective.energyDiscrepancy({ redraw: 1, samples: 10_000, stabilization: 0 }),
  );
  const logZ = Math.log(states.reduce((sum, x) => sum + Math.exp(goodness(x)), 0));
  const relative = states.map((x) => Math.exp(goodness(x) - logZ) * states.length);
  // A mean of 10,000 independent ratios with this variance: five standard errors.
  const variance = relative.reduce((sum, p) => sum + (p - 1) ** 2, 0) / states.length;
  for (const data of states.slice(0, 4)) {
    const { loss } = graph.evaluate({ data, parameters: { W, b } });
    const expected = -goodness(data) + logZ - Math.log(states.length);
    assert.ok(Math.abs(loss - expected) < 5 * Math.sqrt(variance / 10_000), `${loss}, ${expected}`);
  }
});

test('the contraction by forgetting one bit is the pseudo-likelihood, by forgetting all the likelihood', () => {
  const one = losses(objective.klContraction({ blockSize: 1 }));
  losses(objective.pseudoLikelihood()).forEach((expected, state) => {
    near(one[state]!, expected);
  });
  // Each of the four windows of four bits is all of them.
  losses(objective.klContraction({ blockSize: bits })).forEach((loss, state) => {
    near(loss, -bits * Math.log(weights[state]! / total));
  });
});
