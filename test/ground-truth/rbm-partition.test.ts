import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { energy } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { diagnostics } from '../../trainer-worker/methods/diagnostics';
import { type Estimate, isKnown } from '../../trainer-worker/methods/diagnostics/estimate';
import { buildEnergy } from '../../trainer-worker/methods/energies';
import { AnnealedChains } from '../../trainer-worker/trainer/training/annealed-chains';
import {
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
    const { path, sweep } = built as Required<typeof built>;
    // Coarser and with fewer chains than a run has: errors are larger, and have to say so.
    const size = { temperatures: 150, chains: 100 };
    const chains = new AnnealedChains(
      {
        size,
        program: (direction) =>
          annealingProgram(definition, means, { path, sweep }, direction, size),
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
