import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy, sampler } from 'ebm-lab';
import { buildEnergy, type EnergySpec } from '../../trainer-worker/methods/energies';
import { modelOf } from '../../trainer-worker/methods/energies/model';
import { samplerMethod } from '../../trainer-worker/methods/samplers';
import { runChain } from '../../trainer-worker/methods/samplers/chain';
import { numbersFrom } from '../graph-numbers';
import { energiesOf, type Values, valuesOf } from '../support/energies';

const spec = sampler.gibbs({ scan: 'sweep' });

/** Where chains end that begin at zero. */
function endsOf(
  model: EnergySpec,
  parameters: Values,
  dimensions: number,
  count: number,
  sweeps: number,
): Promise<Float32Array> {
  const starts = { shape: [count, dimensions], data: new Float32Array(count * dimensions) };
  return valuesOf(
    { ...parameters, starts },
    (tensors) =>
      runChain(
        samplerMethod(spec).build(spec),
        modelOf(buildEnergy(model, dimensions), tensors, { files: [] }),
        tensors['starts'] as tf.Tensor2D,
        sweeps,
      ).ends,
  );
}

const random = numbersFrom(23);
const some = (shape: readonly number[], scale: number) => ({
  shape,
  data: Float32Array.from(random([...shape], scale)),
});

/** All points of so many bits. */
const statesOf = (dimensions: number) =>
  Array.from({ length: 2 ** dimensions }, (_, s) =>
    Array.from({ length: dimensions }, (_, bit) => (s >> bit) & 1),
  );

interface Case {
  readonly model: EnergySpec;
  readonly dimensions: number;
  readonly parameters: Values;
}

const cases: Readonly<Record<string, Case>> = {
  'rbm, layer by layer': {
    model: energy.rbm({ hidden: 3 }),
    dimensions: 4,
    parameters: { weight: some([4, 3], 1.5), visible: some([4], 0.7), hidden: some([3], 0.7) },
  },
  'convolutional rbm, layer by layer': {
    model: energy.convolutionalRbm({ shape: [3, 2, 1], filters: 2, filter: 2 }),
    dimensions: 6,
    parameters: {
      filter: some([2, 2, 1, 2], 1.2),
      visible: some([1], 0.5),
      hidden: some([2], 0.5),
    },
  },
  'ising of all pairs, spin by spin': {
    model: energy.ising(),
    dimensions: 4,
    parameters: { coupling: some([4, 4], 0.6), field: some([4], 0.5) },
  },
  'ising on a ring of five, which takes three colours, and a spin alone': {
    model: energy.ising({
      edges: [
        [0, 1],
        [1, 2],
        [3, 2],
        [3, 4],
        [0, 4],
      ],
    }),
    dimensions: 6,
    parameters: { coupling: some([5], 0.6), field: some([6], 0.4) },
  },
  'ising on a star, whose middle has more neighbours than are summed at once': {
    model: energy.ising({ edges: Array.from({ length: 9 }, (_, leaf) => [0, leaf + 1] as const) }),
    dimensions: 10,
    parameters: { coupling: some([9], 0.3), field: some([10], 0.3) },
  },
  'ising on a lattice of 3 x 2 around its sides': {
    model: energy.ising({ lattice: [3, 2], periodic: true }),
    dimensions: 6,
    // Three columns of pairs in rows, and around the sides of three rows: 3 + 6.
    parameters: { coupling: some([9], 0.5), field: some([6], 0.3) },
  },
  'a network that knows nothing of blocks, number by number': {
    model: energy.custom({
      init: (rng) => ({ pairs: rng.normal([3, 3]) }),
      energy: ({ pairs }, x) => tf.sum(tf.mul(tf.matMul(x, pairs as tf.Tensor2D), x), 1),
    }),
    dimensions: 3,
    parameters: { pairs: some([3, 3], 1) },
  },
};

describe('a sweep of Gibbs sampling visits states as often as enumeration says', () => {
  for (const [name, { model, dimensions, parameters }] of Object.entries(cases)) {
    test(name, async () => {
      const states = statesOf(dimensions);
      const energies = await energiesOf(model, states, parameters);
      const weights = [...energies].map((value) => Math.exp(-value));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const count = 8000;
      const ends = await endsOf(model, parameters, dimensions, count, 30);
      const counts = new Array<number>(states.length).fill(0);
      for (let row = 0; row < count; row++) {
        const bits = ends.subarray(row * dimensions, (row + 1) * dimensions);
        counts[bits.reduce((sum, bit, place) => sum + bit * 2 ** place, 0)]! += 1;
      }
      // Pearson's statistic has a mean of k and a deviation of sqrt(2k), k one less than there are
      // states; five deviations and 10 more are exceeded less than once in 10,000 seeds.
      const freedom = states.length - 1;
      const pearson = counts.reduce((sum, seen, s) => {
        const expected = (count * weights[s]!) / total;
        return sum + (seen - expected) ** 2 / expected;
      }, 0);
      assert.ok(pearson < freedom + 5 * Math.sqrt(2 * freedom) + 10, `${pearson}: ${counts}`);
    });
  }
});

test('a Gauss-Bernoulli machine is the mixture of Gaussians that its hidden units make', async () => {
  const [dimensions, hidden, deviation] = [2, 2, 0.7];
  const parameters = {
    weight: some([dimensions, hidden], 1.2),
    visible: some([dimensions], 0.8),
    hidden: some([hidden], 0.6),
  };
  // Given h, v is Gaussian around a + σ W h; h has the weight exp(b·h + |W h|²/2 + a·W h/σ).
  const W = (i: number, j: number) => parameters.weight.data[i * hidden + j]!;
  const components = statesOf(hidden).map((h) => {
    const pull = [0, 1].map((i) => h.reduce((sum, on, j) => sum + on * W(i, j), 0));
    const bias = h.reduce((sum, on, j) => sum + on * parameters.hidden.data[j]!, 0);
    const log = pull.reduce(
      (sum, value, i) => sum + value ** 2 / 2 + (parameters.visible.data[i]! * value) / deviation,
      bias,
    );
    const mean = pull.map((value, i) => parameters.visible.data[i]! + deviation * value);
    return { weight: Math.exp(log), mean };
  });
  const total = components.reduce((sum, { weight }) => sum + weight, 0);
  const expectation = (f: (mean: readonly number[]) => number) =>
    components.reduce((sum, { weight, mean }) => sum + (weight / total) * f(mean), 0);
  const count = 20_000;
  const model = energy.gaussBernoulliRbm({ hidden, deviation });
  const ends = await endsOf(model, parameters, dimensions, count, 30);
  for (const axis of [0, 1]) {
    const mean = expectation((at) => at[axis]!);
    const variance = expectation((at) => at[axis]! ** 2) - mean ** 2 + deviation ** 2;
    const values = Array.from({ length: count }, (_, row) => ends[row * dimensions + axis]!);
    const seen = values.reduce((sum, value) => sum + value, 0) / count;
    const spread = values.reduce((sum, value) => sum + (value - seen) ** 2, 0) / count;
    // Standard errors of a mean and of a variance (of a law whose kurtosis is below 4); 4.5 of them are
    // exceeded once in 100,000 seeds.
    assert.ok(Math.abs(seen - mean) < 4.5 * Math.sqrt(variance / count));
    assert.ok(Math.abs(spread - variance) < 4.5 * variance * Math.sqrt(3 / count));
  }
});

test('a sparse energy is that of all pairs with the couplings of its edges', async () => {
  const edges = [
    [0, 3],
    [2, 1],
    [3, 1],
  ] as const;
  const coupling = some([3], 1);
  const field = some([4], 1);
  const dense = new Float32Array(16);
  edges.forEach(([a, b], index) => {
    dense[4 * Math.min(a, b) + Math.max(a, b)] = coupling.data[index]!;
  });
  const states = statesOf(4);
  const sparse = await energiesOf(energy.ising({ edges: edges.map(([a, b]) => [a, b]) }), states, {
    coupling,
    field,
  });
  const whole = await energiesOf(energy.ising(), states, {
    coupling: { shape: [4, 4], data: dense },
    field,
  });
  sparse.forEach((value, index) => {
    // Seven terms of at most one each.
    assert.ok(Math.abs(value - whole[index]!) < 7 * 2 ** -22);
  });
});

/** The complete elliptic integral of the first kind by the arithmetic-geometric mean. */
function ellipticK(k: number): number {
  let [a, b] = [1, Math.sqrt(1 - k * k)];
  for (let i = 0; i < 40; i++) [a, b] = [(a + b) / 2, Math.sqrt(a * b)];
  return Math.PI / (2 * a);
}

test('the mean bond of the Ising model on a square lattice is as Onsager found it', async () => {
  const [side, coupling, count] = [24, 0.3, 200];
  const dimensions = side * side;
  const model = energy.ising({ lattice: [side, side], periodic: true });
  const parameters = {
    coupling: {
      shape: [2 * dimensions],
      data: new Float32Array(2 * dimensions).fill(coupling),
    },
    field: { shape: [dimensions], data: new Float32Array(dimensions) },
  };
  // Correlations reach over 2 sites (Onsager 1944), so that a torus of 24 differs by exp(-24/2) from the
  // plane, and some tens of sweeps forget the start.
  const ends = await endsOf(model, parameters, dimensions, count, 100);
  const k = (2 * Math.sinh(2 * coupling)) / Math.cosh(2 * coupling) ** 2;
  const inner = 1 + (2 / Math.PI) * (2 * Math.tanh(2 * coupling) ** 2 - 1) * ellipticK(k);
  // Energy for each site over -J: two bonds.
  const expected = inner / Math.tanh(2 * coupling) / 2;
  const bonds = Array.from({ length: count }, (_, row) => {
    const spin = (i: number, j: number) =>
      2 * ends[row * dimensions + (i % side) * side + (j % side)]! - 1;
    let sum = 0;
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) sum += spin(i, j) * (spin(i + 1, j) + spin(i, j + 1));
    }
    return sum / (2 * dimensions);
  });
  const mean = bonds.reduce((sum, bond) => sum + bond, 0) / count;
  const variance = bonds.reduce((sum, bond) => sum + (bond - mean) ** 2, 0) / (count - 1);
  const error = Math.sqrt(variance / count);
  // Chains are independent; 4.5 standard errors are exceeded once in 100,000 seeds.
  assert.ok(error < 0.003);
  assert.ok(Math.abs(mean - expected) < 4.5 * error, `${mean} ± ${error} for ${expected}`);
});
