import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { diagnostics } from '../../trainer-worker/methods/diagnostics';
import { type Estimate, isKnown } from '../../trainer-worker/methods/diagnostics/estimate';
import { buildEnergy } from '../../trainer-worker/methods/energies';
import { AnnealedChains } from '../../trainer-worker/trainer/training/annealed-chains';
import {
  annealedWay,
  annealingProgram,
  parameterName,
} from '../../trainer-worker/trainer/training/model-programs';
import { numbersFrom } from '../graph-numbers';
import { energiesOf, type Values, valuesOf } from '../support/energies';

function machine(dimensions: number, hidden: number, scale: number, seed = 3): Values {
  const random = numbersFrom(seed);
  const some = (shape: number[]) => ({ shape, data: Float32Array.from(random(shape, scale)) });
  return {
    weight: some([dimensions, hidden]),
    visible: some([dimensions]),
    hidden: some([hidden]),
  };
}

const statesOf = (dimensions: number) =>
  Array.from({ length: 2 ** dimensions }, (_, s) =>
    Array.from({ length: dimensions }, (_, bit) => (s >> bit) & 1),
  );

const logSumExp = (logs: readonly number[]) => {
  const most = Math.max(...logs);
  return most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0));
};

async function exactly(dimensions: number, hidden: number, parameters: Values): Promise<number> {
  const built = buildEnergy(energy.rbm({ hidden }), dimensions);
  const [logZ] = await valuesOf(parameters, (tensors) => built.logPartition!(tensors));
  return logZ!;
}

describe('log Z of a restricted Boltzmann machine', () => {
  for (const [dimensions, hidden] of [
    [6, 3],
    [4, 9],
    [13, 12],
  ] as const) {
    test(`over the smaller of ${dimensions} and ${hidden} units, is that over all rows`, async () => {
      const parameters = machine(dimensions, hidden, 1.5);
      const all = await energiesOf(energy.rbm({ hidden }), statesOf(dimensions), parameters);
      const expected = logSumExp([...all].map((value) => -value));
      const found = await exactly(dimensions, hidden, parameters);
      // Energies of some tens in float32, each of a dozen terms.
      assert.ok(Math.abs(found - expected) < 1e-5 * Math.abs(expected), `${found} for ${expected}`);
    });
  }

  test('is not summed over too many states', () => {
    assert.equal(buildEnergy(energy.rbm({ hidden: 21 }), 21).logPartition, undefined);
  });

  test('annealed, lies within its stated error as often as that says: 100 seeds', async () => {
    const [dimensions, hidden] = [12, 20];
    const parameters = machine(dimensions, hidden, 1);
    const exact = await exactly(dimensions, hidden, parameters);
    const states = statesOf(dimensions);
    const energies = await energiesOf(energy.rbm({ hidden }), states, parameters);
    const sums: number[] = [];
    energies.forEach((value, index) => {
      sums.push((sums[index - 1] ?? 0) + Math.exp(-value - exact));
    });
    const draw = (random: Random, count: number) =>
      Float32Array.from(
        Array.from({ length: count }, () => {
          const level = random.uniform() * sums.at(-1)!;
          return states[sums.findIndex((sum) => sum > level)]!;
        }).flat(),
      );
    const built = buildEnergy(energy.rbm({ hidden }), dimensions);
    const definition = {
      energy: built,
      origin: { files: [] },
      dimensions,
      domain: 'binary' as const,
      parameters: Object.entries(parameters).map(([name, { shape, data }]) => ({
        name,
        shape,
        data,
      })),
    };
    const feeds = Object.fromEntries(
      Object.entries(parameters).map(([name, { data }]) => [parameterName(name), data]),
    );
    // The path begins at other chances than the model's.
    const means = Array.from({ length: dimensions }, (_, i) => 0.2 + 0.05 * i);
    const way = annealedWay(built)!;
    // Coarser and with fewer chains than a run has: errors are larger, and have to say so.
    const size = { temperatures: 150, chains: 100 };
    const chains = new AnnealedChains(
      {
        size,
        program: (direction) => annealingProgram(definition, means, way, direction, size),
      },
      { name: 'onnx-cpu', reason: 'a test', start: (program) => runOnOnnx(program) },
    );
    const dataset = {
      dimensions,
      axes: [],
      domain: 'binary' as const,
      training: draw(new Random(0, streams.trainingData), 100),
      heldOut: new Float32Array(0),
    };
    const nothing = () => Promise.reject(new Error('It needs nothing else.'));
    let told = 0;
    const outside: Record<string, number> = {};
    for (let seed = 0; seed < 100; seed++) {
      const points = draw(new Random(seed, streams.heldOutData), size.chains);
      const diagnostic = diagnostics.annealedImportanceSampling.prepare({
        dataset,
        bounds: [],
        seed,
      })!;
      const values = await diagnostic.measure({
        samples: points,
        anneal: () => chains.run(points, feeds, { seed, step: 0 }),
        energy: nothing,
        heldOutEnergies: nothing,
        inSpace: nothing,
        score: nothing,
        record: nothing,
        flowLogDensity: nothing,
        logPartition: nothing,
      });
      for (const name of ['log Z/from the base', 'log Z/from samples', 'log Z/annealed']) {
        const estimate = values[name] as Estimate;
        if (!isKnown(estimate)) continue;
        told += name === 'log Z/annealed' ? 1 : 0;
        const isOutside = Math.abs(estimate.value - exact) > 1.96 * estimate.error;
        outside[name] = (outside[name] ?? 0) + Number(isOutside);
        assert.ok(
          Math.abs(estimate.value - exact) < 0.5,
          `${name}: ${estimate.value} for ${exact}`,
        );
      }
    }
    await chains.dispose();
    // They agree but once in a thousand.
    assert.ok(told >= 97, `${told} told`);
    // 5 of 100 are expected; more than 13 come once in 1,000 (binomial), of three counts.
    for (const [name, times] of Object.entries(outside))
      assert.ok(times <= 13, `${name}: ${times}`);
  });
});

describe('a convolutional restricted Boltzmann machine', () => {
  const [height, width, channels, filters, filter] = [4, 3, 2, 3, 2];
  const shape = [height, width, channels] as const;
  const spec = energy.convolutionalRbm({ shape, filters, filter });
  const random = numbersFrom(11);
  const some = (of: number[]) => ({ shape: of, data: Float32Array.from(random(of, 0.8)) });
  const parameters = {
    filter: some([filter, filter, channels, filters]),
    visible: some([channels]),
    hidden: some([filters]),
  };
  const dimensions = height * width * channels;

  test('is a machine whose weights are the same at all places', async () => {
    const places = [height - filter + 1, width - filter + 1] as const;
    const units = places[0] * places[1] * filters;
    const weight = new Float32Array(dimensions * units);
    let unit = 0;
    const hidden: number[] = [];
    for (let top = 0; top < places[0]; top++) {
      for (let left = 0; left < places[1]; left++) {
        for (let k = 0; k < filters; k++) {
          for (let i = 0; i < filter; i++) {
            for (let j = 0; j < filter; j++) {
              for (let c = 0; c < channels; c++) {
                const pixel = ((top + i) * width + left + j) * channels + c;
                const at = ((i * filter + j) * channels + c) * filters + k;
                weight[pixel * units + unit] = parameters.filter.data[at]!;
              }
            }
          }
          hidden.push(parameters.hidden.data[k]!);
          unit += 1;
        }
      }
    }
    const visible = Float32Array.from(
      { length: dimensions },
      (_, pixel) => parameters.visible.data[pixel % channels]!,
    );
    const points = Array.from({ length: 20 }, () =>
      Array.from(random([dimensions], 1), (value) => Number(value > 0)),
    );
    const expected = await energiesOf(energy.rbm({ hidden: units }), points, {
      weight: { shape: [dimensions, units], data: weight },
      visible: { shape: [dimensions], data: visible },
      hidden: { shape: [units], data: Float32Array.from(hidden) },
    });
    const measured = await energiesOf(spec, points, parameters);
    // Sums of some forty terms below 4 in float32.
    measured.forEach((value, index) => {
      assert.ok(Math.abs(value - expected[index]!) < 1e-5 * 40, `${value}, not ${expected[index]}`);
    });
  });

  test('begins its annealing at a law whose log Z is known', async () => {
    const small = energy.convolutionalRbm({ shape: [3, 3, 1], filters: 2, filter: 2 });
    const built = buildEnergy(small, 9);
    const given = { filter: some([2, 2, 1, 2]), visible: some([1]), hidden: some([2]) };
    const means = { shape: [9], data: Float32Array.from(random([9], 0.5), (x) => x + 0.5) };
    const flat = await valuesOf({ ...given, means }, ({ means: m, ...tensors }) => {
      const { filter: f, visible: v, hidden: h } = built.path!.at(tensors, tf.scalar(0), m!);
      return tf.concat([f!, v!, h!].map((each) => tf.reshape(each, [-1])));
    });
    const start = {
      filter: { shape: [2, 2, 1, 2], data: flat.subarray(0, 8) },
      visible: { shape: [1], data: flat.subarray(8, 9) },
      hidden: { shape: [2], data: flat.subarray(9) },
    };
    const all = await energiesOf(small, statesOf(9), start);
    const [told] = await valuesOf({ ...given, means }, ({ means: m, ...tensors }) =>
      built.path!.logPartition(tensors, m!),
    );
    const expected = logSumExp([...all].map((value) => -value));
    assert.ok(Math.abs(told! - expected) < 1e-5 * Math.abs(expected), `${told}, not ${expected}`);
  });

  test('a filter larger than the images is refused', () => {
    assert.throws(
      () => energy.convolutionalRbm({ shape: [4, 4, 1], filter: 5 }),
      /'filter' is larger than the images/,
    );
  });
});
