import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { data, energy, experiment, noise, objective, sampler } from 'ebm-lab';
import { writeNpy } from '../../../../run-directory/npy';
import { Random, streams } from '../../../../trainer-worker/compiler/random/random';
import { type DataSpec, dataMethod } from '../../../../trainer-worker/methods/data';
import { boundsOf, uniformIn } from '../../../../trainer-worker/methods/data/bounds';
import { codesOf, levelCounts, oneHot } from '../../../../trainer-worker/methods/data/categories';
import { lawOf, pointsOfLevels, surprise } from '../../../support/categorical-states';
import { experimentFolder } from '../../../support/experiment-folder';
import { problemFrom } from '../../../support/problem';

const load = (spec: DataSpec, directory: string) =>
  dataMethod(spec).load(spec, { directory, seed: 0 });

async function loadText(t: TestContext, text: string, options: Parameters<typeof data.csv>[1]) {
  const directory = await experimentFolder(t, { 'rows.csv': text });
  return load(data.csv('rows.csv', { domain: 'categorical', heldOut: 0.2, ...options }), directory);
}

/** Rows of level names, those to train on before those held out, in the order of the file. */
async function namesOf(spec: DataSpec, directory: string) {
  const {
    categories = [],
    training,
    heldOut,
    trainingNumbers,
    heldOutNumbers,
  } = await load(spec, directory);
  const levels = levelCounts(categories);
  const rows: string[][] = [];
  for (const [values, numbers] of [
    [training, trainingNumbers!],
    [heldOut, heldOutNumbers!],
  ] as const) {
    const codes = codesOf(values.subarray(), levels);
    numbers.forEach((number, row) => {
      rows[number - 1] = levels.map(
        (_, c) => categories[c]!.levels[codes[row * levels.length + c]!]!,
      );
    });
  }
  return rows;
}

describe('codes', () => {
  test('become one-hot rows and back', () => {
    const levels = [2, 3];
    const points = oneHot([0, 2, 1, 0], levels);
    assert.deepEqual([...points], [1, 0, 0, 0, 1, 0, 1, 1, 0, 0]);
    assert.deepEqual([...codesOf(points, levels)], [0, 2, 1, 0]);
  });

  test('begin uniformly over the levels', () => {
    const levels = [2, 3, 4];
    const bounds = boundsOf(new Float32Array(9), 9, 'categorical');
    const starts = uniformIn(bounds, 8000, new Random(0, streams.buffer), 'categorical', levels);
    const points = pointsOfLevels(levels);
    // 23 degrees of freedom; more than 6 deviations come once in 100,000 seeds.
    assert.ok(surprise(points, lawOf(points.map(() => 0)), starts) < 6);
  });
});

describe('columns of texts', () => {
  test('have the levels that they name, and rows those of the file', async (t) => {
    const directory = await experimentFolder(t, {});
    await copyFile(path.resolve('examples/data/penguins.csv'), path.join(directory, 'p.csv'));
    const spec = data.csv('p.csv', {
      columns: ['island', 'sex'],
      domain: 'categorical',
      missing: [''],
    });
    const set = await load(spec, directory);
    assert.deepEqual(set.axes, [
      ...['island=Biscoe', 'island=Dream', 'island=Torgersen'],
      ...['sex=female', 'sex=male'],
    ]);
    assert.equal(set.dimensions, 5);
    const rows = [...set.training.subarray(), ...set.heldOut.subarray()];
    // What the file has: 167 on Biscoe and 51 on Torgersen with those whose sex nobody noted.
    assert.ok(rows.length / 5 > 300);
    for (let row = 0; row < rows.length; row += 5) {
      assert.equal(rows[row]! + rows[row + 1]! + rows[row + 2]!, 1);
      assert.equal(rows[row + 3]! + rows[row + 4]!, 1);
    }
  });

  test('are read row by row', async (t) => {
    const text = 'a,b\nred,2\nblue,10\nred,1\ngreen,2\nblue,1\n';
    const directory = await experimentFolder(t, { 'rows.csv': text });
    const spec = data.csv('rows.csv', { domain: 'categorical', header: true });
    const { categories } = await load(spec, directory);
    assert.deepEqual(categories, [
      { name: 'a', levels: ['blue', 'green', 'red'] },
      // In the order of the numbers, not of the letters.
      { name: 'b', levels: ['1', '2', '10'] },
    ]);
    assert.deepEqual(
      await namesOf(spec, directory),
      text
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(',')),
    );
  });

  test('take the order of levels, and levels that no row has, from the option', async (t) => {
    const levels = { size: ['small', 'middle', 'large', 'huge'] };
    const set = await loadText(t, 'size\nlarge\nsmall\nmiddle\nsmall\nlarge\n', { levels });
    assert.deepEqual(set.categories, [{ name: 'size', levels: levels.size }]);
  });

  test('keep the classes that go with them', async (t) => {
    const text = 'a,b,kind\nx,u,1\ny,v,2\nx,v,1\ny,u,2\nx,u,1\n';
    const set = await loadText(t, text, { label: 'kind' });
    assert.deepEqual(set.labels?.classes, ['1', '2']);
    assert.deepEqual(levelCounts(set.categories!), [2, 2]);
  });

  test('of held-out rows in a file of their own have the same codes', async (t) => {
    const directory = await experimentFolder(t, {
      'rows.csv': 'a\nred\nblue\nred\nblue\n',
      'others.csv': 'a\ngreen\nblue\nred\n',
    });
    const spec = data.csv('rows.csv', { domain: 'categorical', heldOut: 'others.csv' });
    const set = await load(spec, directory);
    assert.deepEqual(set.categories, [{ name: 'a', levels: ['blue', 'green', 'red'] }]);
    assert.deepEqual([...codesOf(set.heldOut.subarray(), [3])], [1, 0, 2]);
  });

  test('warn of levels that differ in capitals alone', async (t) => {
    const set = await loadText(t, 'a\nred\nRed\nblue\nred\n', {});
    assert.match(set.warnings!.join(), /levels of 'a', 'red' and 'Red' .* count as two/);
  });
});

describe('what is no category is refused', () => {
  const cases: readonly (readonly [string, string, Parameters<typeof data.csv>[1], RegExp])[] = [
    ['an empty field', 'a,b\nx,u\n,v\nx,v\ny,u\n', {}, /row 3, column 1 \('a'\) is empty/],
    ['one value', 'a,b\nx,u\nx,v\nx,v\nx,u\n', {}, /Column 'a' .* same value in every row/],
    [
      'a measurement',
      `a\n${Array.from({ length: 300 }, (_, i) => `v${i / 7}`).join('\n')}\n`,
      {},
      /has 300 different values.*256 levels at most/,
    ],
    [
      'a level that is not named',
      'a\nx\ny\nz\nx\n',
      { levels: { a: ['x', 'y'] } },
      /has 'z', which is none of the 2 levels/,
    ],
    [
      'levels of a column that is not there',
      'a\nx\ny\nx\ny\n',
      { levels: { b: ['x', 'y'] } },
      /levels of a column 'b'/,
    ],
    [
      'scaling',
      'a\nx\ny\nx\ny\n',
      { standardize: true },
      /cannot be standardised: its values would not stay categorical/,
    ],
  ];
  for (const [name, text, options, pattern] of cases) {
    test(name, async (t) => {
      const { message } = await problemFrom(loadText(t, text, options));
      assert.match(message, pattern);
    });
  }

  test('levels of numbers that are none', async (t) => {
    const options = { domain: 'real', levels: { a: ['1', '2'] } } as const;
    const { message } = await problemFrom(
      loadText(t, 'a\n1\n2\n1\n2\n', { header: true, ...options }),
    );
    assert.match(message, /whose values are real numbers/);
  });
});

describe('arrays of codes', () => {
  const codes = Float32Array.of(0, 5, 1, 7, 2, 5, 0, 7, 1, 5);
  const files = { 'codes.npy': Buffer.concat(writeNpy(codes, [5, 2])) };

  test('have the levels that they have', async (t) => {
    const directory = await experimentFolder(t, files);
    const spec = data.npy('codes.npy', { domain: 'categorical', columns: ['a', 'b'] });
    assert.deepEqual((await load(spec, directory)).categories, [
      { name: 'a', levels: ['0', '1', '2'] },
      { name: 'b', levels: ['5', '7'] },
    ]);
    assert.deepEqual(
      (await namesOf(spec, directory)).flat(),
      [...codes].map((code) => String(code)),
    );
  });

  test('are the places of levels that are named', async (t) => {
    const directory = await experimentFolder(t, files);
    const levels = { a: ['low', 'middle', 'high'] };
    const spec = data.npy('codes.npy', { domain: 'categorical', columns: ['a', 'b'], levels });
    const rows = await namesOf(spec, directory);
    assert.deepEqual(
      rows.map(([a]) => a),
      ['low', 'middle', 'high', 'low', 'middle'],
    );
  });
});

describe('rows of your own', () => {
  test('are numbers of levels', async () => {
    const spec = data.custom({
      domain: 'categorical',
      levels: [
        ['no', 'yes'],
        ['a', 'b', 'c'],
      ],
      axes: ['first', 'second'],
      draw: (rng) => [rng.integer(2), rng.integer(3)],
      logDensity: () => -Math.log(6),
      samples: 600,
    });
    const set = await load(spec, '');
    assert.deepEqual(set.axes.slice(0, 3), ['first=no', 'first=yes', 'second=a']);
    assert.equal(set.logDensity!([0, 1, 0, 0, 1]), -Math.log(6));
  });

  test('that have no such level are refused', async () => {
    const spec = data.custom({
      domain: 'categorical',
      levels: [['no', 'yes']],
      draw: () => [2],
    });
    await assert.rejects(load(spec, ''), /gave 2 as number 1 .* numbers of levels/);
    assert.throws(
      () => data.custom({ domain: 'categorical', draw: () => [0] }),
      /'levels' and domain: 'categorical' go together/,
    );
  });
});

describe('the Potts toy', () => {
  test('has probabilities that add up to one, and draws with these', async () => {
    const set = await load(data.potts({ size: 2, states: 3, coupling: 0.9, samples: 20_000 }), '');
    const points = pointsOfLevels([3, 3, 3, 3]);
    const law = points.map((point) => Math.exp(set.logDensity!(point)));
    assert.ok(Math.abs(law.reduce((sum, p) => sum + p, 0) - 1) < 1e-12);
    // 80 degrees of freedom; more than 5 deviations come less than once in 10,000 seeds.
    assert.ok(surprise(points, law, set.training.subarray()) < 5);
  });

  test('of two states is the Ising toy of half the coupling', async () => {
    const [potts, ising] = [
      await load(data.potts({ size: 3, states: 2, coupling: 0.7, samples: 1 }), ''),
      await load(data.ising({ size: 3, coupling: 0.35, samples: 1 }), ''),
    ];
    for (const point of pointsOfLevels(new Array<number>(9).fill(2))) {
      const bits = point.filter((_, column) => column % 2 === 1);
      assert.ok(Math.abs(potts.logDensity!(point) - ising.logDensity!(bits)) < 1e-10);
    }
  });

  test('is refused where a row of it has too many states', () => {
    assert.throws(() => data.potts({ size: 7, states: 3 }), /1024 are the most/);
  });
});

describe('parts that do not suit categories are refused before training, with what does', () => {
  const categories = { data: data.potts() };
  const gibbs = objective.contrastiveDivergence({ sampler: sampler.gibbs() });

  test('objectives, energies, samplers and noise of other data', () => {
    const refused = (parts: object, pattern: RegExp) =>
      assert.throws(
        () => experiment({ ...categories, energy: energy.potts(), objective: gibbs, ...parts }),
        pattern,
      );
    refused({ objective: objective.klContraction() }, /klContraction cannot .* categories/);
    refused({ energy: energy.ising() }, /energy\.ising cannot be used with data\.potts/);
    refused(
      { objective: objective.contrastiveDivergence({ sampler: sampler.langevin() }) },
      /sampler\.langevin cannot be used .*categories/,
    );
    refused(
      { objective: objective.noiseContrastiveEstimation({ noise: noise.bernoulli() }) },
      /noise\.bernoulli cannot be used .*categories/,
    );
  });

  test('and shown chains are moved by Gibbs sampling', () => {
    const spec = experiment({
      ...categories,
      energy: energy.potts(),
      objective: objective.pseudoLikelihood(),
    });
    assert.equal(spec.preview.sampler.type, 'gibbs');
  });
});
