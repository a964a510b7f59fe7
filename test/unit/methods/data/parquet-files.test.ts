/** Parquet files that are broken, or are not what an option says; what they hold is checked in test/python. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { data } from 'ebm-lab';
import { Random, streams } from '../../../../trainer-worker/compiler/random/random';
import { type DataSpec, dataMethod } from '../../../../trainer-worker/methods/data';
import made from '../../../fixtures/data-files/data-files.json';
import { experimentFolder } from '../../../support/experiment-folder';
import { problemFrom } from '../../../support/problem';

/** Two columns of ten numbers, `x` and `y`, as pandas writes them. */
const sound = Buffer.from(made.files['frame.parquet'].bytes, 'base64');

test('a Parquet file is refused where it has no such column, or another kind of one', async (t) => {
  const directory = await experimentFolder(t, { 'x.parquet': sound, 'x.csv': 'a,b\n1,2\n' });
  const refused = async (spec: DataSpec) => {
    const problem = await problemFrom(dataMethod(spec).load(spec, { directory, seed: 0 }));
    assert.equal(problem.kind, 'data');
    return `${problem.message} ${problem.remedy}`.replaceAll(`${directory}${path.sep}`, '');
  };
  assert.match(
    await refused(data.parquet('x.parquet', { columns: ['X'] })),
    /^x.parquet has no column 'X'. Did you mean 'x'\? Its columns are x, y\.$/,
  );
  assert.match(
    await refused(data.parquet('x.parquet', { image: 'x' })),
    /^x.parquet, row 1: the image cannot be used: its column has no bytes\./,
  );
  assert.match(await refused(data.parquet('x.csv')), /^x.csv is not a Parquet file\./);
  assert.throws(() => data.parquet('x', { range: [0, 1] }), /'range' is for images/);
  assert.throws(
    () => data.parquet('x', { image: 'a', columns: ['b'] }),
    /'columns' is for rows of numbers/,
  );
});

test('a broken Parquet file is refused or read, and nothing else', async (t) => {
  const random = new Random(31, streams.trainingData);
  const directory = await experimentFolder(t, {});
  const spec = data.parquet('x.parquet');
  let refused = 0;
  for (let trial = 0; trial < 400; trial++) {
    const broken = Buffer.from(sound);
    for (let change = 0; change < random.integer(5); change++) {
      broken[random.integer(broken.length)] = random.integer(256);
    }
    const end = random.integer(3) === 0 ? random.integer(broken.length) : undefined;
    await writeFile(path.join(directory, 'x.parquet'), broken.subarray(0, end));
    try {
      const set = await dataMethod(spec).load(spec, { directory, seed: 0 });
      assert.ok(set.training.subarray().every(Number.isFinite));
    } catch (error) {
      assert.equal((error as Error).name, 'ProblemError', String((error as Error).stack));
      refused += 1;
    }
  }
  // A third of them is cut short.
  assert.ok(refused > 100 && refused < 400, `${refused}`);
});
