/** Noise that an experiment chooses: what is read, what is paired, and what is refused where. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { data, energy, experiment, noise, objective, optimizer } from 'ebm-lab';
import { boundsOf } from '../../../../trainer-worker/methods/data/bounds';
import { noiseSpec } from '../../../../trainer-worker/methods/noise-distributions';
import { readyNoise } from '../../../../trainer-worker/methods/noise-distributions/ready-noise';
import { noiseDraws } from '../../../../trainer-worker/methods/objectives/noise-draws';
import { loadExperiment } from '../../../../trainer-worker/trainer/experiment/load';
import { prepareTraining } from '../../../../trainer-worker/trainer/training/prepare';
import { experimentFolder, smallExperiment } from '../../../support/experiment-folder';
import { problemFrom } from '../../../support/problem';
import { fixedNoiseFor } from '../../../support/ready-noise';
import { trainingStep } from '../../../support/training-step';

/** An experiment whose objective tells data from `chosen`. */
function telling(chosen: string, changes: Readonly<Record<string, string>> = {}) {
  return smallExperiment({
    objective: `objective.noiseContrastiveEstimation({ noise: ${chosen} })`,
    ...changes,
  }).replace('objective,', 'noise, objective,');
}

async function load(t: TestContext, text: string, files: Record<string, string> = {}) {
  const folder = await experimentFolder(t, { 'moons.ebm.ts': text, ...files });
  return (overrides = {}) => loadExperiment(path.join(folder, 'moons.ebm.ts'), { overrides });
}

describe('what names stand for', () => {
  const rows = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i * i) + (i % 2));
  const pairs = [
    ['gaussian', noise.gaussian()],
    ['diagonalGaussian', noise.gaussian({ diagonal: true })],
    ['uniform', noise.uniform()],
  ] as const;
  for (const [name, spec] of pairs) {
    test(name, async () => {
      assert.deepEqual(noiseSpec(name), spec);
      const lossOf = async (chosen: typeof name | typeof spec) => {
        const step = await trainingStep({
          energy: energy.mlp({ hidden: [8] }),
          objective: objective.rankingNoiseContrastiveEstimation({ noise: chosen, noiseRatio: 3 }),
          optimizer: optimizer.sgd({ learningRate: 0.1 }),
          rows,
          bounds: boundsOf(rows, 2),
          batchSize: 50,
        });
        const losses = [await step.run(1), await step.run(2)];
        await step.dispose();
        return losses;
      };
      assert.deepEqual(await lossOf(name), await lossOf(spec));
    });
  }
});

describe('is an option like others', () => {
  test('it is in the configuration, can be overridden, and what is wrong is said there', async (t) => {
    const text = telling('noise.studentT({ freedom: 4, scale: [1, 2] })');
    const withOverrides = await load(t, text);
    const chosen = async (overrides = {}) => {
      const { config } = await withOverrides(overrides);
      return (config['objective'] as { readonly noise: unknown }).noise;
    };
    assert.deepEqual(await chosen(), { type: 'studentT', freedom: 4, mean: null, scale: [1, 2] });
    assert.deepEqual(await chosen({ 'objective.noise.freedom': 7, 'objective.noise.scale': 3 }), {
      type: 'studentT',
      freedom: 7,
      mean: null,
      scale: 3,
    });
    assert.equal(await chosen({ 'objective.noise': 'uniform' }), 'uniform');
    assert.deepEqual(await chosen({ 'objective.noise': { type: 'laplace', scale: 2 } }), {
      type: 'laplace',
      mean: null,
      scale: 2,
    });
    const { message } = await problemFrom(withOverrides({ 'objective.noise.freedom': 0 }));
    assert.match(message, /objective\.noise\.freedom=0 is not possible/);
  });

  test('what a function of its own draws is no part of the configuration', async (t) => {
    const own =
      'noise.custom({ sample: (n) => tf.randomNormal([n, 2]), logDensity: (x) => tf.sum(x, 1) })';
    const { config } = await (await load(t, telling(own)))();
    assert.deepEqual((config['objective'] as { readonly noise: unknown }).noise, {
      type: 'custom',
    });
  });
});

describe('is refused where its options are', () => {
  const refused: readonly (readonly [() => unknown, RegExp])[] = [
    [() => noise.gaussian({ deviation: 0 }), /noise\.gaussian: 'deviation' is 0/],
    [() => noise.gaussian({ deviation: [1, -1] }), /noise\.gaussian: 'deviation/],
    [
      () =>
        noise.gaussian({
          covariance: [
            [1, 2],
            [2, 1],
          ],
        }),
      /'covariance' is not symmetric and positive definite/,
    ],
    [
      () =>
        noise.gaussian({
          covariance: [
            [1, 0],
            [0.5, 1],
          ],
        }),
      /not symmetric/,
    ],
    [() => noise.gaussian({ covariance: [[1, 0]] }), /not symmetric/],
    [() => noise.gaussian({ covariance: [[1]], deviation: 1 }), /both say how wide it is/],
    [() => noise.studentT({ freedom: 0.5 }), /noise\.studentT: 'freedom' is 0\.5/],
    [() => noise.bernoulli({ probability: 1 }), /noise\.bernoulli: 'probability' is 1/],
    [() => noise.mixture({ of: [] }), /noise\.mixture: 'of' is \[\]/],
    [() => noise.mixture({ of: [noise.gaussian()], weights: [1, 2] }), /'weights' are not as many/],
    [() => noise.custom({ sample: 1, logDensity: tf.neg } as never), /'sample' is not a function/],
    [
      () => noise.samples({ of: data.npy('q.npy'), logDensity: 'log q' }),
      /'atData' and the name of a column as 'logDensity' go together/,
    ],
    [
      () => objective.noiseContrastiveEstimation({ noise: 'normal' as never }),
      /'noise' is "normal".*which is not allowed/,
    ],
  ];
  for (const [call, message] of refused) {
    test(String(message), () => assert.throws(call, message));
  }

  test('for data of another domain', () => {
    const telling = (of: Parameters<typeof experiment>[0]['data'], chosen?: never) =>
      experiment({
        data: of,
        energy: energy.mlp(),
        objective: objective.noiseContrastiveEstimation(chosen && { noise: chosen }),
      });
    const bits = data.barsAndStripes();
    assert.throws(
      () => telling(bits),
      /noise\.gaussian cannot be used with data\.barsAndStripes, whose values are binary numbers/,
    );
    assert.throws(
      () => telling(data.twoMoons(), noise.bernoulli() as never),
      /noise\.bernoulli cannot be used with data\.twoMoons, whose values are real numbers/,
    );
    const mixed = noise.mixture({ of: [noise.bernoulli(), noise.gaussian()] });
    assert.throws(() => telling(bits, mixed as never), /noise\.mixture cannot be used/);
    const chosen = noise.mixture({
      of: [noise.bernoulli(), noise.bernoulli({ probability: 0.5 })],
    });
    assert.equal(telling(bits, chosen as never).objective.type, 'noiseContrastiveEstimation');
    assert.throws(
      () => telling(data.twoMoons(), noise.mixture({ of: [energy.mlp() as never] }) as never),
      /noise\.mixture: a part is no noise/,
    );
  });

  const ofData: Readonly<Record<string, readonly [string, RegExp]>> = {
    'of another dimension': [
      'noise.gaussian({ mean: [0, 0, 0] })',
      /noise\.gaussian: 'mean' is for 3 columns, but the data have 2/,
    ],
    'with a covariance of another dimension': [
      'noise.gaussian({ covariance: [[1]] })',
      /'covariance' is for 1 column, but the data have 2/,
    ],
    'a box that ends before it begins': [
      'noise.uniform({ low: 9 })',
      /the box ends at .* begins at 9/,
    ],
    'a box that leaves rows out': [
      'noise.uniform({ low: -0.5, high: 0.5 })',
      /noise\.uniform: the log-density is -Infinity at training row \d+, \(/,
    ],
    'a sample of another shape': [
      'noise.custom({ sample: (n) => tf.randomNormal([n, 3]), logDensity: (x) => tf.sum(x, 1) })',
      /noise\.custom: sample returned float32 of shape \[\d+, 3\]; it must be a float32 tensor of shape \[\d+, 2\]/,
    ],
    'a density of another shape': [
      'noise.custom({ sample: (n) => tf.randomNormal([n, 2]), logDensity: (x) => x })',
      /noise\.custom: logDensity returned float32 of shape \[\d+, 2\]; it must be .* \[\d+\]/,
    ],
    'a function that throws': [
      "noise.custom({ sample: (n) => { throw new Error('no dice'); }, logDensity: (x) => tf.sum(x, 1) })",
      /noise\.custom: sample throws: no dice\./,
    ],
    'no density at some rows': [
      'noise.custom({ sample: (n) => tf.randomNormal([n, 2]), logDensity: (x) => tf.log(tf.sum(x, 1)) })',
      /noise\.custom: the log-density is NaN at training row \d+, \(.*\): the odds .* infinite/,
    ],
    'samples of other columns': [
      "noise.samples({ of: data.eightGaussians({ samples: 10 }), logDensity: 'q', atData: data.csv('q.csv') })",
      /noise\.samples: the draws have no column 'q'/,
    ],
    'samples without a density': [
      "noise.samples({ of: data.csv('q.csv') })",
      /noise\.samples: the density of data\.csv is not known/,
    ],
    'samples in a mixture': [
      'noise.mixture({ of: [noise.samples({ of: data.twoMoons() })] })',
      /noise\.samples cannot be a part of it/,
    ],
  };
  for (const [name, [chosen, message]] of Object.entries(ofData)) {
    test(name, async (t) => {
      const text = telling(chosen);
      const loaded = await (await load(t, text, { 'q.csv': 'a,b\n1,2\n3,4\n5,6\n7,8\n' }))();
      const problem = await problemFrom(prepareTraining(loaded));
      assert.match(problem.message, message);
      const lines = text.split('\n');
      const place = lines.findIndex((line) => line.includes('noise: '));
      assert.equal(problem.location?.line, place + 1);
    });
  }
});

test('a density that ends where nobody tried it fails the step at the row, and is said to', async () => {
  // The noise was made ready for other rows.
  const chosen = noise.custom({
    sample: (count) => tf.add(tf.zeros([count, 1]), 1),
    logDensity: (x) => tf.log(tf.sum(x, 1)),
  });
  const rows = Float32Array.of(1, 2, 3, 4, 0, 5);
  const step = await trainingStep({
    energy: energy.mlp({ hidden: [4] }),
    objective: objective.noiseContrastiveEstimation({ noise: chosen }),
    optimizer: optimizer.sgd({ learningRate: 0.1 }),
    noise: await readyNoise(
      { noise: chosen, noiseRatio: 1, fixedNoise: false },
      { rows: Float32Array.of(1, 2), bounds: [[0, 3]], seed: 0, directory: '.' },
    ),
    rows,
    rowNumbers: Uint32Array.from([11, 12, 13, 14, 15, 16]),
    bounds: [[-1, 6]],
    batchSize: 6,
  });
  const { message, remedy } = await problemFrom(step.run(1));
  await step.dispose();
  assert.match(
    message,
    /^The log-density of the noise became infinite at row 15 of the data, \(0\)/,
  );
  assert.match(remedy ?? '', /finite wherever data and draws lie/);
});

describe('samples of a file', () => {
  test('are scaled as the data are, with log-densities from columns', async (t) => {
    // Raw densities of N(10, 5²): what counts is that they come through, scaled.
    const log = (x: number) => -(((x - 10) / 5) ** 2) / 2 - Math.log(5 * Math.sqrt(2 * Math.PI));
    const numbers = Array.from({ length: 30 }, (_, i) => 10 + 7 * Math.sin(i));
    const draws = numbers.map((x) => x + 1);
    const directory = await experimentFolder(t, {
      'q.csv': ['x,log q', ...draws.map((x) => `${x},${log(x)}`)].join('\n'),
      'at.csv': ['log q', ...numbers.map(log)].join('\n'),
    });
    const [mean, scale] = [10.5, 4];
    const rowNumbers = Uint32Array.from([30, 2, 17]);
    const rows = Float32Array.from(rowNumbers, (number) => (numbers[number - 1]! - mean) / scale);
    const chosen = noise.samples({
      of: data.csv('q.csv'),
      logDensity: 'log q',
      atData: data.csv('at.csv'),
    });
    const scaling = { transform: { mean: [mean], scale: [scale] }, logScale: Math.log(scale) };
    const { pool } = await fixedNoiseFor(chosen, rows, 1, { directory, rowNumbers, scaling });
    const close = (found: ArrayLike<number>, expected: readonly number[]) => {
      assert.equal(found.length, expected.length);
      // float32 of numbers below 10.
      for (const [i, value] of expected.entries()) assert.ok(Math.abs(found[i]! - value) < 2e-6);
    };
    close(
      pool!.rows,
      draws.map((x) => (x - mean) / scale),
    );
    close(
      pool!.logDensities!.ofDraws,
      draws.map((x) => log(x) + Math.log(scale)),
    );
    close(
      pool!.logDensities!.ofData,
      [...rowNumbers].map((number) => log(numbers[number - 1]!) + Math.log(scale)),
    );
    assert.deepEqual([...pool!.groups!], [29, 1, 16]);
    assert.deepEqual(
      pool!.files.map(({ file }) => file),
      ['q.csv', 'at.csv'],
    );
    const short = fixedNoiseFor(chosen, rows, 1, {
      directory,
      rowNumbers: Uint32Array.from([30, 31, 2]),
    });
    await assert.rejects(short, /no log-density of row 31 of the data: 'atData' has 30 rows/);
    await assert.rejects(
      fixedNoiseFor(chosen, rows, 1, { directory }),
      /the rows of the data are not numbered/,
    );
  });
});

describe('files that do not belong together are refused', () => {
  const rowsOf = (count: number, row: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => row(i));
  const files = {
    'data.csv': ['x,y', ...rowsOf(20, (i) => `${Math.sin(i)},${Math.cos(3 * i)}`)].join('\n'),
    'gaps.csv': ['x,y', 'NA,1', ...rowsOf(20, (i) => `${Math.sin(i)},${Math.cos(3 * i)}`)].join(
      '\n',
    ),
    'q.csv': ['x,y,log q', ...rowsOf(30, (i) => `${Math.sin(i)},${Math.cos(i)},-1`)].join('\n'),
    'swapped.csv': ['y,x,log q', ...rowsOf(30, (i) => `${Math.sin(i)},${i},-1`)].join('\n'),
    'at.csv': ['log q', ...rowsOf(20, () => '-1')].join('\n'),
    'long.csv': ['log q', ...rowsOf(21, () => '-1')].join('\n'),
    'at-gaps.csv': ['log q', 'NA', ...rowsOf(20, () => '-1')].join('\n'),
  };
  const cases: readonly (readonly [string, string, string, string, RegExp])[] = [
    [
      'columns in another order',
      'data.csv',
      'swapped.csv',
      "'at.csv'",
      /the draws are y, x, those of the data x, y/,
    ],
    [
      'more log-densities than rows',
      'data.csv',
      'q.csv',
      "'long.csv'",
      /'atData' has 21 rows, but the data's file has 20/,
    ],
    [
      'data that leave rows out',
      'gaps.csv',
      'q.csv',
      "'long.csv'",
      /the rows of the data are not numbered/,
    ],
    [
      'log-densities that leave rows out',
      'data.csv',
      'q.csv',
      "'at-gaps.csv', { missing: ['NA'] }",
      /rows of 'atData' are left out/,
    ],
    [
      'log-densities drawn from more',
      'data.csv',
      'q.csv',
      "'long.csv', { rows: 20 }",
      /rows of 'atData' are left out/,
    ],
  ];
  for (const [name, of, draws, at, message] of cases) {
    test(name, async (t) => {
      const chosen = `noise.samples({ of: data.csv('${draws}'), logDensity: 'log q', atData: data.csv(${at}) })`;
      const text = telling(chosen, { data: `data.csv('${of}', { missing: ['NA'] })` });
      const { message: told } = await problemFrom(
        prepareTraining(await (await load(t, text, files))()),
      );
      assert.match(told, message);
    });
  }

  test('a file that does not exist is told where it is named', async (t) => {
    const lineOf = async (text: string) => {
      const { location } = await problemFrom(prepareTraining(await (await load(t, text, files))()));
      return text.split('\n')[(location?.line ?? 0) - 1];
    };
    const ofNoise = await lineOf(
      telling("noise.samples({ of: data.csv('none.csv') })", { data: "data.csv('data.csv')" }),
    );
    assert.match(ofNoise ?? '', /^ {2}objective: /);
    const ofData = await lineOf(smallExperiment({ data: "data.csv('none.csv')" }));
    assert.match(ofData ?? '', /^ {2}data: /);
  });

  test('a column of nearly that name is named', async (t) => {
    const chosen =
      "noise.samples({ of: data.csv('q.csv'), logDensity: 'logq', atData: data.csv('at.csv') })";
    const text = telling(chosen, { data: "data.csv('data.csv')" });
    const { remedy } = await problemFrom(prepareTraining(await (await load(t, text, files))()));
    assert.equal(remedy, "Did you mean 'log q'? Their columns are x, y, log q.");
  });
});

describe('draws of a step', () => {
  const rows = Float32Array.from({ length: 10 }, (_, i) => i);
  const batchSize = 4;
  const rowAt = (step: number, place: number) => (7 * step + 3 * place) % 10;
  const feedOf = async (fixedNoise: boolean, chosen = noise.gaussian()) => {
    const choice = { noise: chosen, noiseRatio: 2, fixedNoise };
    const run = { rows, bounds: [[-5, 15]] as const, seed: 1, directory: '.' };
    const ready = await readyNoise(choice, run);
    const host = noiseDraws(choice, {
      ...run,
      batchSize,
      rowAt,
      domain: 'real',
      noise: ready,
    }).host;
    return { ready, host };
  };

  test('that are fixed stay with their rows, whenever these come', async () => {
    const { ready, host } = await feedOf(true);
    const seen = new Map<number, string>();
    for (let step = 1; step <= 20; step++) {
      const draws = host.feed!(step)['noise draws']!;
      for (let place = 0; place < batchSize; place++) {
        const own = String(draws.slice(2 * place, 2 * place + 2));
        const row = rowAt(step, place);
        assert.equal(own, seen.get(row) ?? own);
        assert.equal(own, String(ready.pool!.rows.slice(2 * row, 2 * row + 2)));
        seen.set(row, own);
      }
    }
    assert.equal(seen.size, 10);
    assert.equal(new Set(seen.values()).size, 10);
    // By the seed alone.
    assert.deepEqual((await feedOf(true)).ready.pool!.rows, ready.pool!.rows);
  });

  test('that are fresh need nothing of the host', async () => {
    assert.deepEqual((await feedOf(false)).host, {});
  });

  test('of samples that are not fixed come each once before any comes again', async () => {
    const known = data.gaussianMixture({ means: [[0]], samples: 13, heldOut: 3 });
    const { ready, host } = await feedOf(false, noise.samples({ of: known }) as never);
    assert.equal(ready.pool!.rows.length, 16);
    for (let step = 1; step < 8; step += 2) {
      const two = [step, step + 1].flatMap((one) => [...host.feed!(one)['noise draws']!]);
      assert.deepEqual(two.sort(), [...ready.pool!.rows].sort());
    }
  });
});
