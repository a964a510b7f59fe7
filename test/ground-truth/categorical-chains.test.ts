/** Samplers of categorical points against enumeration of all of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy, sampler } from 'ebm-lab';
import { buildEnergy, type EnergySpec } from '../../trainer-worker/methods/energies';
import { modelOf } from '../../trainer-worker/methods/energies/model';
import { type SamplerSpec, samplerMethod } from '../../trainer-worker/methods/samplers';
import { runChain } from '../../trainer-worker/methods/samplers/chain';
import { numbersFrom } from '../graph-numbers';
import { lawOf, pointsOfLevels, surprise } from '../support/categorical-states';
import { type Values, valuesOf } from '../support/energies';

const random = numbersFrom(29);
const some = (shape: readonly number[], scale: number) => ({
  shape,
  data: Float32Array.from(random([...shape], scale)),
});

/** Where chains end that begin at the first level of every category. */
function endsOf(
  spec: SamplerSpec,
  model: EnergySpec,
  levels: readonly number[],
  parameters: Values,
  [count, iterations]: readonly [number, number],
): Promise<Float32Array> {
  const first = pointsOfLevels(levels)[0]!;
  const starts = {
    shape: [count, first.length],
    data: Float32Array.from({ length: count * first.length }, (_, i) => first[i % first.length]!),
  };
  return valuesOf(
    { ...parameters, starts },
    (tensors) =>
      runChain(
        samplerMethod(spec).build(spec),
        modelOf(
          buildEnergy(model, first.length, levels),
          tensors,
          { files: [] },
          undefined,
          levels,
        ),
        tensors['starts'] as tf.Tensor2D,
        iterations,
      ).ends,
  );
}

/** Energies of all points, in the order of the points. */
function energiesOf(model: EnergySpec, levels: readonly number[], parameters: Values) {
  const points = pointsOfLevels(levels);
  const shape = [points.length, points[0]!.length];
  return valuesOf(
    { ...parameters, points: { shape, data: Float32Array.from(points.flat()) } },
    (tensors) =>
      buildEnergy(model, shape[1]!, levels).energy(tensors, tensors['points'] as tf.Tensor2D),
  );
}

/** Pairs of columns, in no way special to any sampler. */
const pairs = (dimensions: number) =>
  energy.custom({
    init: (rng) => ({ pairs: rng.normal([dimensions, dimensions]) }),
    energy: ({ pairs: all }, x) => tf.sum(tf.mul(tf.matMul(x, all as tf.Tensor2D), x), 1),
  });

interface Case {
  readonly spec: SamplerSpec;
  readonly model: EnergySpec;
  readonly levels: readonly number[];
  readonly parameters: Values;
  /** Iterations that forget the start: some thirty sweeps. */
  readonly iterations: number;
}

const uneven = { model: pairs(9), levels: [2, 3, 4], parameters: { pairs: some([9, 9], 0.8) } };
const even = { model: pairs(6), levels: [3, 3], parameters: { pairs: some([6, 6], 0.8) } };
const sweep = sampler.gibbs({ scan: 'sweep' });

const cases: Readonly<Record<string, Case>> = {
  'gibbs, categories of 2, 3 and 4 levels': { spec: sampler.gibbs(), ...uneven, iterations: 90 },
  'gibbs, equal categories': { spec: sampler.gibbs(), ...even, iterations: 60 },
  'gibbs with gradients, categories of 2, 3 and 4 levels': {
    ...{ spec: sampler.gibbsWithGradients(), ...uneven, iterations: 120 },
  },
  'gibbs with gradients, equal categories': {
    ...{ spec: sampler.gibbsWithGradients(), ...even, iterations: 80 },
  },
  'sweeps, category by category': { spec: sweep, ...uneven, iterations: 30 },
  'sweeps of a restricted Boltzmann machine, layer by layer': {
    spec: sweep,
    model: energy.rbm({ hidden: 3 }),
    levels: [2, 3, 4],
    parameters: { weight: some([9, 3], 1.5), visible: some([9], 0.7), hidden: some([3], 0.7) },
    iterations: 30,
  },
  'sweeps of a Potts model of all pairs, site by site': {
    spec: sweep,
    model: energy.potts(),
    levels: [3, 3, 3, 3],
    parameters: { coupling: some([4, 4], 0.8), field: some([4, 3], 0.5) },
    iterations: 30,
  },
  'sweeps of a Potts model on a triangle and a tail, by three colours': {
    spec: sweep,
    model: energy.potts({
      edges: [
        [0, 1],
        [2, 1],
        [0, 2],
        [2, 3],
      ],
    }),
    levels: [3, 3, 3, 3],
    parameters: { coupling: some([4], 0.8), field: some([4, 3], 0.5) },
    iterations: 30,
  },
};

describe('states are visited as often as enumeration says', () => {
  for (const [name, { spec, model, levels, parameters, iterations }] of Object.entries(cases)) {
    test(name, async () => {
      const points = pointsOfLevels(levels);
      const law = lawOf(await energiesOf(model, levels, parameters));
      const ends = await endsOf(spec, model, levels, parameters, [8000, iterations]);
      // Rare states make the statistic skew; its tail is exp(-x/2) at worst, so that 5 deviations and 10
      // more by itself are exceeded less than once in 1,000 seeds.
      const freedom = points.length - 1;
      const most = 5 + 10 / Math.sqrt(2 * freedom);
      const seen = surprise(points, law, ends);
      assert.ok(seen < most, `${seen} deviations, of ${most}`);
    });
  }
});

test('a Potts model of three states on 3 x 3 sites has the pairs and states that enumeration says', async () => {
  const levels = new Array<number>(9).fill(3);
  const model = energy.potts({ lattice: [3, 3] });
  const parameters = { coupling: some([12], 1), field: some([9, 3], 0.5) };
  const points = pointsOfLevels(levels);
  const law = lawOf(await energiesOf(model, levels, parameters));
  const count = 20_000;
  const ends = await endsOf(sweep, model, levels, parameters, [count, 30]);
  const dimensions = 27;
  // Each level of each site, and each pair of levels of neighbouring sites.
  const statistics: (readonly number[])[] = Array.from({ length: dimensions }, (_, d) => [d]);
  for (let site = 0; site < 9; site++) {
    for (const other of [site % 3 < 2 ? site + 1 : 9, site + 3].filter((at) => at < 9)) {
      for (let state = 0; state < 9; state++) {
        statistics.push([3 * site + (state % 3), 3 * other + Math.floor(state / 3)]);
      }
    }
  }
  assert.equal(statistics.length, 27 + 12 * 9);
  for (const columns of statistics) {
    const expected = points.reduce(
      (sum, point, place) => sum + law[place]! * Number(columns.every((d) => point[d] === 1)),
      0,
    );
    let seen = 0;
    for (let row = 0; row < count; row++) {
      seen += Number(columns.every((d) => ends[row * dimensions + d] === 1));
    }
    // Chains are independent: a share has the deviation of a coin. 135 of them are all within 5 of these
    // in all but 1 of 10,000 seeds.
    const deviation = Math.sqrt((expected * (1 - expected)) / count);
    assert.ok(
      Math.abs(seen / count - expected) < 5 * deviation,
      `${columns}: ${seen / count} for ${expected} ± ${deviation}`,
    );
  }
});

test('a Potts model of two states is an Ising model of half the coupling', async () => {
  const levels = new Array<number>(6).fill(2);
  const edges = { lattice: [2, 3] as [number, number] };
  const coupling = some([7], 1);
  const field = some([6, 2], 1);
  const ofPotts = await energiesOf(energy.potts(edges), levels, { coupling, field });
  const half = (values: Float32Array) => values.map((value) => value / 2);
  const up = Float32Array.from(
    { length: 6 },
    (_, i) => field.data[2 * i + 1]! - field.data[2 * i]!,
  );
  const bits = pointsOfLevels(levels).map((point) => point.filter((_, column) => column % 2 === 1));
  const ofIsing = await valuesOf(
    {
      coupling: { shape: [7], data: half(coupling.data) },
      field: { shape: [6], data: half(up) },
      points: { shape: [64, 6], data: Float32Array.from(bits.flat()) },
    },
    (tensors) =>
      buildEnergy(energy.ising(edges), 6).energy(tensors, tensors['points'] as tf.Tensor2D),
  );
  // δ = (1 + s s')/2, and h(s) = (h_0 + h_1)/2 + s (h_1 - h_0)/2.
  const constant = -[...coupling.data, ...field.data].reduce((sum, value) => sum + value, 0) / 2;
  ofPotts.forEach((value, state) => {
    // Some twenty terms of one or so in float32.
    assert.ok(Math.abs(value - ofIsing[state]! - constant) < 20 * 2 ** -22);
  });
});

test('a Potts model of all pairs with the couplings of edges is that of the edges', async () => {
  const levels = [4, 4, 4];
  const field = some([3, 4], 1);
  const coupling = some([2], 1);
  const [a, b] = coupling.data as unknown as [number, number];
  const sparse = await energiesOf(
    energy.potts({
      edges: [
        [2, 0],
        [1, 2],
      ],
      states: 4,
    }),
    levels,
    { coupling, field },
  );
  const whole = await energiesOf(energy.potts(), levels, {
    // Below the diagonal nothing counts.
    coupling: { shape: [3, 3], data: Float32Array.of(7, 0, a, 5, 7, b, 5, 5, 7) },
    field,
  });
  sparse.forEach((value, state) => {
    assert.ok(Math.abs(value - whole[state]!) < 5 * 2 ** -22);
  });
});

test('a restricted Boltzmann machine of categories sums over its hidden units, and knows its log Z', async () => {
  const levels = [3, 2, 4];
  const hidden = 3;
  const weight = some([9, hidden], 1.5);
  const visible = some([9], 0.7);
  const bias = some([hidden], 0.7);
  const parameters = { weight, visible, hidden: bias };
  const model = energy.rbm({ hidden });
  const energies = await energiesOf(model, levels, parameters);
  const weights = pointsOfLevels(levels).map((point) => {
    let sum = 0;
    for (let h = 0; h < 2 ** hidden; h++) {
      let log = 0;
      for (let j = 0; j < hidden; j++) if ((h >> j) & 1) log += bias.data[j]!;
      point.forEach((on, i) => {
        if (!on) return;
        log += visible.data[i]!;
        for (let j = 0; j < hidden; j++) {
          if ((h >> j) & 1) log += weight.data[i * hidden + j]!;
        }
      });
      sum += Math.exp(log);
    }
    return sum;
  });
  weights.forEach((expected, state) => {
    assert.ok(
      Math.abs(energies[state]! + Math.log(expected)) < 2e-6 * (1 + Math.abs(energies[state]!)),
    );
  });
  const built = buildEnergy(model, 9, levels);
  const [logZ] = await valuesOf(parameters, (tensors) => built.logPartition!(tensors));
  const exact = Math.log(weights.reduce((sum, value) => sum + value, 0));
  assert.ok(Math.abs(logZ! - exact) < 1e-5 * Math.abs(exact), `${logZ} for ${exact}`);
});

test('a Potts model refuses categories that it is not of', () => {
  assert.throws(
    () => buildEnergy(energy.potts(), 5, [3, 2]),
    /category 2 of the data has 2 levels/,
  );
  assert.throws(() => buildEnergy(energy.potts({ states: 3 }), 4, [2, 2]), /have 3 states/);
  assert.throws(
    () => buildEnergy(energy.potts({ lattice: [2, 2] }), 9, [3, 3, 3]),
    /lattice of 2 x 2 has 4 sites, and the data have 3 categories/,
  );
  assert.throws(
    () => buildEnergy(energy.potts({ edges: [[0, 3]] }), 9, [3, 3, 3]),
    /energy\.potts: edges\[0\]/,
  );
});
