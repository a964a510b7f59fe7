import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject } from '../../../../protocol/run';
import { type Gauge, healthOf } from '../../../../webview/store/health';

/** What gauges say of these values, by name. */
function read(
  metrics: Readonly<Record<string, number>>,
  config: JsonObject = {},
  energies?: Parameters<typeof healthOf>[0]['energies'],
): Readonly<Record<string, Gauge>> {
  const gauges = healthOf({ config, metric: (name) => metrics[name], energies });
  return Object.fromEntries(gauges.map((gauge) => [gauge.name, gauge]));
}

const config = {
  batchSize: 64,
  steps: 5000,
  objective: {
    bufferSize: 640,
    reinitialize: 0.05,
    sampler: {
      type: 'metropolisAdjustedLangevin',
      stepSize: 0.2,
      steps: 20,
      targetAcceptance: null,
      temperature: 0.5,
    },
  },
  preview: { chainSteps: 60, sampler: { stepSize: 0.2 } },
};

describe('a gauge', () => {
  test('is there where its measure was recorded and is a number, and only there', () => {
    assert.deepEqual(read({}), {});
    assert.deepEqual(read({ 'chains/r-hat': Number.NaN }), {});
    const all = {
      'chains/r-hat': 1,
      'chains/effective-sample-size': 1000,
      'sampler/acceptance': 0.6,
      'sampler/exchange rate': 0.23,
      'buffer/mean age': 100,
      'sampler/temperature': 1,
      'memorization/ratio': 1,
    };
    const energies = { samples: Float32Array.of(0, 1, 2), data: Float32Array.of(0, 1, 2) };
    const gauges = Object.values(read(all, config, energies));
    assert.equal(gauges.length, 8);
    for (const { name, verdict, remedies } of gauges) {
      assert.deepEqual([verdict, remedies], ['good', []], name);
    }
  });

  test('says where all is well, where to look, and where it is not', () => {
    const verdict = (name: string, metric: string, values: readonly number[], of = config) =>
      values.map((value) => read({ [metric]: value }, of)[name]?.verdict);
    const three = ['good', 'attention', 'bad'];
    assert.deepEqual(verdict('R-hat', 'chains/r-hat', [1.01, 1.1, 1.11]), three);
    const size = 'chains/effective-sample-size';
    assert.deepEqual(verdict('Effective sample size', size, [400, 399, 99]), three);
    // MALA is best at 0.574, and most of its speed is there from 0.4 to 0.8.
    const acceptance = [0.574, 0.4, 0.39, 0.95, 0.19];
    assert.deepEqual(verdict('Acceptance', 'sampler/acceptance', acceptance), [
      ...['good', 'good', 'attention', 'attention', 'bad'],
    ]);
    const turns = { ...config, objective: { sampler: { type: 'noUTurn' } } } as never;
    assert.deepEqual(verdict('Acceptance', 'sampler/acceptance', [0.8, 0.5], turns), [
      ...['good', 'attention'],
    ]);
    assert.deepEqual(verdict('Exchange rate', 'sampler/exchange rate', [0.1, 0.05, 0.01]), three);
    // A step moves a tenth of the buffer: after 50, 49 and 9 steps chains were moved 5, 4.9 and 0.9 times.
    assert.deepEqual(verdict('Age of the buffer', 'buffer/mean age', [50, 49, 9]), three);
    assert.deepEqual(verdict('Temperature', 'sampler/temperature', [1, 0.1]), three.slice(0, 2));
    assert.deepEqual(verdict('Memorisation', 'memorization/ratio', [0.8, 0.7, 0.4]), three);
  });

  test('tells in a sentence what is wrong, and offers options that the experiment has', () => {
    const gauge = read({ 'chains/r-hat': 3.3 }, config)['R-hat']!;
    assert.equal(gauge.sentence, 'R-hat 3.3: the chains have not met.');
    assert.deepEqual(gauge.remedies, [
      'More preview.chainSteps (now 60).',
      'Another preview.sampler.stepSize (now 0.2).',
      'More objective.sampler.steps (now 20): the shown chains are those of the buffer.',
    ]);
    assert.deepEqual(read({ 'chains/r-hat': 3.3 })['R-hat']!.remedies, []);
    const low = read({ 'sampler/acceptance': 0.1 }, config)['Acceptance']!;
    assert.deepEqual(low.remedies, [
      'Set objective.sampler.targetAcceptance to 0.574: the step adapts itself.',
      'A smaller objective.sampler.stepSize (now 0.2).',
    ]);
    const high = read({ 'sampler/acceptance': 0.99 }, config)['Acceptance']!;
    assert.match(high.sentence, /99 % .* so small that chains hardly move/);
    assert.match(high.remedies[1]!, /^A larger /);
    const adapting = { objective: { sampler: { targetAcceptance: 0.574, stepSize: {} } } };
    assert.deepEqual(read({ 'sampler/acceptance': 0.1 }, adapting)['Acceptance']!.remedies, []);
  });

  test('of the energy gap goes by its error and by how energies deviate', () => {
    const spread = (mean: number, deviation: number, count: number) =>
      Float32Array.from({ length: count }, (_, row) => mean + (row % 2 === 0 ? 1 : -1) * deviation);
    const gap = (samples: Float32Array, heldOut: Float32Array) =>
      read({}, config, { samples, heldOut, data: Float32Array.of(100, 200) })['Energy gap']!;
    // n/2 values a deviation up and as many down: the standard error is that by √(n - 1).
    const found = gap(spread(2, 1, 101), spread(0, 4, 401));
    assert.ok(Math.abs(found.value - (2 + 1 / 101 - 4 / 401)) < 1e-6);
    const [, error] = /± ([\d.]+) nats$/.exec(found.text) ?? [];
    assert.ok(Math.abs(Number(error) - Math.hypot(1 / 10, 4 / 20)) < 0.01, error);
    assert.equal(found.verdict, 'good', 'half of the deviation is little');
    const above = gap(spread(5, 1, 101), spread(0, 4, 401));
    assert.equal(above.verdict, 'attention');
    assert.match(above.sentence, /nats above held-out rows: chains have not come down/);
    const below = gap(spread(-20, 1, 101), spread(0, 4, 401));
    assert.equal(below.verdict, 'bad');
    assert.match(below.sentence, /nats below held-out rows: the model likes other points/);
    assert.deepEqual(below.remedies, [
      'More objective.sampler.steps (now 20), so that it sees these points.',
    ]);
    const broken = Float32Array.of(1, Number.POSITIVE_INFINITY);
    assert.deepEqual(read({}, config, { samples: broken, data: broken }), {});
  });
});
