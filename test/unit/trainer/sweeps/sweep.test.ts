/** Sweeps: what a file exports becomes runs, or a problem at its place. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../../../protocol/run';
import { readExperiment } from '../../../../trainer-worker/trainer/experiment/load';
import { expandSweep } from '../../../../trainer-worker/trainer/sweeps/expand';
import { loadSweep, type SweepRequest } from '../../../../trainer-worker/trainer/sweeps/load-sweep';
import { requireMetric } from '../../../../trainer-worker/trainer/sweeps/require-metric';
import { resolveSweep, type SweepOptions } from '../../../../trainer-worker/trainer/sweeps/sweep';
import { experimentFolder, smallExperiment } from '../../../support/experiment-folder';
import { problemFrom } from '../../../support/problem';

const expanded = (options: SweepOptions) => expandSweep(resolveSweep(options));

describe('a grid', () => {
  test('has all combinations, each with all seeds, the last parameter changing first', () => {
    const runs = expanded({
      parameters: { batchSize: [16, 32], 'energy.hidden': [[8], [8, 8]] },
      seeds: [3, 1],
    });
    assert.deepEqual(runs, [
      { batchSize: 16, 'energy.hidden': [8], seed: 3 },
      { batchSize: 16, 'energy.hidden': [8], seed: 1 },
      { batchSize: 16, 'energy.hidden': [8, 8], seed: 3 },
      { batchSize: 16, 'energy.hidden': [8, 8], seed: 1 },
      { batchSize: 32, 'energy.hidden': [8], seed: 3 },
      { batchSize: 32, 'energy.hidden': [8], seed: 1 },
      { batchSize: 32, 'energy.hidden': [8, 8], seed: 3 },
      { batchSize: 32, 'energy.hidden': [8, 8], seed: 1 },
    ]);
  });

  test('divides ranges evenly, linear or logarithmic, with both ends as they are written', () => {
    const values = (range: object) =>
      expanded({ parameters: { x: range as never } }).map(({ x }) => x as number);
    assert.deepEqual(values({ low: 1, high: 2, points: 5 }), [1, 1.25, 1.5, 1.75, 2]);
    const rates = values({ low: 1e-4, high: 1e-1, scale: 'log', points: 4 });
    assert.deepEqual([rates[0], rates[3]], [1e-4, 1e-1]);
    // A few roundings of a logarithm and its exponential.
    for (const [i, rate] of rates.entries()) assert.ok(Math.abs(rate / 10 ** (i - 4) - 1) < 1e-12);
    // Whole numbers that round to the same are tried once.
    assert.deepEqual(values({ low: 1, high: 3, integer: true, points: 7 }), [1, 2, 3]);
  });

  test('of seeds alone repeats the experiment', () => {
    assert.deepEqual(expanded({ seeds: [0, 1] }), [{ seed: 0 }, { seed: 1 }]);
  });
});

const parameters = {
  rate: { low: 1e-5, high: 10, scale: 'log' },
  step: { low: -2, high: 3 },
  size: { low: 4, high: 11, integer: true },
  width: { low: 1, high: 64, integer: true, scale: 'log' },
  kind: ['a', 'b', 'c', 'd'],
} as const;

describe('draws', () => {
  for (const method of ['random', 'sobol'] as const) {
    test(`${method}: as many different ones as asked for, in their ranges, by drawSeed alone`, () => {
      fc.assert(
        fc.property(fc.nat(2 ** 40), fc.integer({ min: 1, max: 64 }), (drawSeed, trials) => {
          const options: SweepOptions = { method, parameters, trials, drawSeed };
          const runs = expanded(options);
          assert.deepEqual(runs, expanded(options));
          assert.equal(new Set(runs.map((run) => JSON.stringify(run))).size, trials);
          for (const { rate, step, size, width, kind } of runs as readonly (JsonObject & {
            readonly [path: string]: number;
          })[]) {
            assert.ok(rate! >= 1e-5 && rate! <= 10 && step! >= -2 && step! <= 3);
            assert.ok(Number.isInteger(size) && size! >= 4 && size! <= 11);
            assert.ok(Number.isInteger(width) && width! >= 1 && width! <= 64);
            assert.ok('abcd'.includes(String(kind)));
          }
        }),
        { numRuns: 50 },
      );
      const other = expanded({ method, parameters, trials: 4, drawSeed: 1 });
      assert.notDeepEqual(other, expanded({ method, parameters, trials: 4 }));
      // More trials are the same ones and others.
      const few = expanded({ method, parameters, trials: 4 });
      assert.deepEqual(expanded({ method, parameters, trials: 9 }).slice(0, 4), few);
    });
  }

  test('sobol: 16 trials have one in each sixteenth of a range, and a quarter of each value', () => {
    const runs = expanded({ method: 'sobol', parameters, trials: 16, drawSeed: 7 });
    const sixteenths = (unit: (run: JsonObject) => number) =>
      new Set(runs.map((run) => Math.floor(16 * unit(run)))).size;
    assert.equal(
      sixteenths(({ step }) => ((step as number) + 2) / 5),
      16,
    );
    assert.equal(
      sixteenths(({ rate }) => (Math.log10(rate as number) + 5) / 6),
      16,
    );
    for (const kind of parameters.kind) {
      assert.equal(runs.filter((run) => run['kind'] === kind).length, 4);
    }
    for (let size = 4; size <= 11; size++) {
      assert.equal(runs.filter((run) => run['size'] === size).length, 2);
    }
  });
});

const rates = { 'optimizer.learningRate': [1e-3, 1e-2] };

describe('a sweep of a file', () => {
  async function load(t: TestContext, sweep: string, request: SweepRequest = { set: {} }) {
    const text = `${smallExperiment()}export const sweep = ${sweep};\n`;
    const folder = await experimentFolder(t, { 'moons.ebm.ts': text });
    return loadSweep(await readExperiment(path.join(folder, 'moons.ebm.ts')), request);
  }

  test('becomes runs of one group, which the same file, changes and combinations have', async (t) => {
    const sweep = `${JSON.stringify({ name: 'rates', parameters: rates, metric: 'loss' })}`;
    const loaded = await load(t, sweep, { set: { steps: 5 } });
    assert.deepEqual(loaded.runs, [
      {
        overrides: { steps: 5, 'optimizer.learningRate': 1e-3 },
        group: { id: loaded.id, name: 'rates', of: 2, metric: 'loss', index: 0 },
      },
      {
        overrides: { steps: 5, 'optimizer.learningRate': 1e-2 },
        group: { id: loaded.id, name: 'rates', of: 2, metric: 'loss', index: 1 },
      },
    ]);
    assert.equal((await load(t, sweep, { set: { steps: 5 } })).id, loaded.id);
    assert.notEqual((await load(t, sweep)).id, loaded.id);
    assert.notEqual((await load(t, sweep, { set: { steps: 5 }, again: 'now' })).id, loaded.id);
  });

  const wrong: [sweep: string, message: RegExp, place: string][] = [
    ["{ parameters: { 'optimizer.lerningRate': [1] } }", /has no option 'optimizer.lerni/, "'opt"],
    ['{ parameters: { batchSize: [16, -1] } }', /batchSize=-1 is not possible/, 'batchSize'],
    ['{ parameters: { batchSize: [16, 512] } }', /batchSize=512 is not possible/, 'batchSize'],
    ['{ parameters: { batchSize: { low: 8, high: 4, points: 2 } } }', /from 8 to 4/, 'low: 8'],
    [
      "{ method: 'random', trials: 2, parameters: { batchSize: { low: 0, high: 4, scale: 'log' } } }",
      /from 0 on a logarithmic/,
      'low: 0',
    ],
    [
      "{ method: 'random', trials: 2, parameters: { batchSize: { low: 1.5, high: 4, integer: true } } }",
      /1.5 as its low/,
      'low: 1.5',
    ],
    ['{ parameters: { batchSize: { low: 1, high: 4 } } }', /a grid cannot try all/, 'batchSize'],
    ['{ parameters: { batchSize: { lo: 1, high: 4 } } }', /has no option 'lo'/, 'lo:'],
    ['{ parameters: { batchSize: [] } }', /has no values/, 'batchSize'],
    ['{ parameters: { batchSize: 3 } }', /neither a list of values nor a range/, 'batchSize'],
    ['{ parameters: { energy: [() => 1] } }', /a value that is no data/, '() => 1'],
    ['{ trails: 3 }', /has no option 'trails'/, 'trails'],
    ['{ trials: 3, parameters: { batchSize: [1] } }', /a grid tries all/, 'trials'],
    ["{ method: 'sobol', parameters: { batchSize: [1] } }", /'trials' is missing/, 'method'],
    [
      "{ method: 'sobol', trials: 3, parameters: { batchSize: [1, 2] } }",
      /only 2 different/,
      'trials',
    ],
    ['{ parameters: { seed: [1, 2] } }', /'seed' is no parameter/, 'seed'],
    ['{ seeds: [1, 1] }', /has 1 twice/, 'seeds'],
    ["{ parameters: { 'batchSize': [8, 16, 8] } }", /has 8 twice/, '8] }'],
    ['{ seeds: [-1] }', /'seeds.0' is -1/, '-1'],
    [
      '{ parameters: { batchSize: [8, 16] }, halving: { minSteps: 1 } }',
      /'halving' needs a 'metric'/,
      'halving',
    ],
    [
      "{ parameters: { steps: [8, 16] }, metric: 'loss', halving: { minSteps: 1 } }",
      /'steps' varies, and 'halving' compares runs of one length/,
      'steps',
    ],
    [
      "{ parameters: { batchSize: [8, 16] }, seeds: [1, 2], metric: 'loss', halving: { minSteps: 1 } }",
      /each combination takes one seed/,
      'seeds',
    ],
    [
      "{ parameters: { batchSize: [8, 16] }, metric: 'loss', halving: { minSteps: 1000 } }",
      /have no rung from 1000 steps on/,
      'minSteps',
    ],
    [
      "{ parameters: { batchSize: [8, 16] }, metric: 'loss', halving: { minSteps: 1, eta: 1 } }",
      /'halving.eta' is 1/,
      'eta',
    ],
    ['{}', /there are no parameters/, 'export const sweep'],
    ['3', /The argument is 3/, 'export const sweep'],
    [
      "{ parameters: { optimizer: [{ type: 'sgd' }], 'optimizer.learningRate': [1] } }",
      /is a part of 'optimizer'/,
      "'optimizer.learningRate'",
    ],
    [
      '{ parameters: { batchSize: { low: 1, high: 100, points: 100 } }, seeds: Array.from({ length: 101 }, (_, i) => i) }',
      /it has 10100 runs/,
      'parameters',
    ],
  ];
  for (const [sweep, message, place] of wrong) {
    test(`that is wrong says so at its place: ${sweep}`, async (t) => {
      const { location, ...problem } = await problemFrom(load(t, sweep));
      assert.equal(problem.kind, 'experiment');
      assert.match(problem.message, message);
      assert.ok(problem.remedy);
      const line = `export const sweep = ${sweep};`;
      assert.ok(location);
      assert.equal(location.line, smallExperiment().split('\n').length);
      assert.ok(line.slice(location.column - 1).startsWith(place), line.slice(location.column - 1));
    });
  }

  test('what the command line changes wrongly has no place in the file', async (t) => {
    const sweep = JSON.stringify({ parameters: rates });
    const problem = await problemFrom(load(t, sweep, { set: { stepz: 1 } }));
    assert.match(problem.message, /no option 'stepz'/);
    assert.equal(problem.location, undefined);
  });

  test('is not begun where no run records its metric', async (t) => {
    const told = async (sweep: object) => {
      const text = `${smallExperiment()}export const sweep = ${JSON.stringify(sweep)};\n`;
      const folder = await experimentFolder(t, { 'moons.ebm.ts': text });
      const read = await readExperiment(path.join(folder, 'moons.ebm.ts'));
      return requireMetric(read, loadSweep(read, { set: {} }));
    };
    await told({ parameters: rates });
    await told({ parameters: rates, metric: 'loss' });
    // One of them measures it.
    const diagnostics = { 'preview.diagnostics': [[], ['energyGap']] };
    const misspelt = await problemFrom(told({ parameters: rates, metric: 'losss' }));
    assert.match(misspelt.message, /'metric' is 'losss', which no run of it records/);
    assert.match(misspelt.remedy ?? '', /^Did you mean 'loss'\? They record 'loss', /);
    assert.equal(misspelt.location?.line, 13);
    const unmeasured = await problemFrom(told({ parameters: rates, metric: 'nothing' }));
    const measured = await problemFrom(told({ parameters: diagnostics, metric: 'none' }));
    assert.match(measured.remedy ?? '', /'energy\/gap'/);
    assert.doesNotMatch(unmeasured.remedy ?? '', /'energy\/gap'/);
    await told({ parameters: diagnostics, metric: 'energy/gap' });
  });

  test('what the command line sets for all is not what it varies', async (t) => {
    const sweep = JSON.stringify({ parameters: rates });
    const set = { steps: 1, 'optimizer.learningRate': 1 };
    const problem = await problemFrom(load(t, sweep, { set }));
    assert.match(problem.message, /'optimizer\.learningRate' is set for all runs, but .* varies/);
    assert.match(problem.remedy ?? '', /^Leave out --set optimizer\.learningRate/);
  });

  test('that is not there is told', async (t) => {
    const folder = await experimentFolder(t, { 'moons.ebm.ts': smallExperiment() });
    const read = await readExperiment(path.join(folder, 'moons.ebm.ts'));
    const problem = await problemFrom((async () => loadSweep(read, { set: {} }))());
    assert.match(problem.message, /moons.ebm.ts has no sweep/);
  });
});
