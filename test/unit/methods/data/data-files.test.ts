import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { data } from 'ebm-lab';
import { writeNpy } from '../../../../run-directory/npy';
import { type DataSpec, dataMethod } from '../../../../trainer-worker/methods/data';
import { experimentFolder } from '../../../support/experiment-folder';
import { problemFrom } from '../../../support/problem';

async function load(t: TestContext, contents: string | Uint8Array, spec: DataSpec, seed = 0) {
  const directory = await experimentFolder(t, { 'data/rows': contents });
  return dataMethod(spec).load(spec, { directory, seed });
}

/** The problem with a data file, its folder cut off. */
async function failure(t: TestContext, contents: string | Uint8Array, spec: DataSpec) {
  const directory = await experimentFolder(t, { 'data/rows': contents });
  const { message, remedy, kind, location } = await problemFrom(
    dataMethod(spec).load(spec, { directory, seed: 0 }),
  );
  assert.equal(kind, 'data');
  return {
    message: message.replaceAll(path.join(directory, 'data', 'rows'), 'FILE'),
    remedy,
    line: location?.line,
  };
}

const file = 'data/rows';
const raw = { standardize: false, heldOut: 0.2 } as const;

function sortedRows(values: Float32Array, dimensions: number): number[][] {
  const rows: number[][] = [];
  for (let i = 0; i < values.length; i += dimensions)
    rows.push([...values.subarray(i, i + dimensions)]);
  return rows.sort((a, b) => a[0]! - b[0]!);
}

function npyOf(values: readonly number[], shape: readonly number[]): Uint8Array {
  return Buffer.concat(writeNpy(Float32Array.from(values), shape));
}

describe('a CSV file', () => {
  const text = 'name,a,b\nx,1,10\ny,2,20\nz,3,30\nw,4,40\nv,5,50\n';

  test('gives the named columns, in that order, each row once', async (t) => {
    const set = await load(t, text, data.csv(file, { columns: ['b', 'a'], ...raw }));
    assert.deepEqual(set.axes, ['b', 'a']);
    assert.equal(set.dimensions, 2);
    assert.equal(set.heldOut.length, 2);
    const all = Float32Array.from([...set.training.subarray(), ...set.heldOut.subarray()]);
    assert.deepEqual(sortedRows(all, 2), [
      [10, 1],
      [20, 2],
      [30, 3],
      [40, 4],
      [50, 5],
    ]);
    // The rows of the file hold their own numbers.
    assert.deepEqual(
      [...set.trainingNumbers!],
      [...set.training.subarray()].filter((_, index) => index % 2 === 1),
    );
    assert.equal(set.transform, undefined);
    const sha256 = createHash('sha256').update(text).digest('hex');
    assert.deepEqual(set.files, [{ file, sha256 }]);
  });

  test('is split by the seed', async (t) => {
    const spec = data.csv(file, { columns: ['a'], ...raw });
    const held = new Set<number>();
    for (let seed = 0; seed < 20; seed++)
      held.add((await load(t, text, spec, seed)).heldOut.subarray()[0]!);
    assert.ok(held.size > 2);
    assert.deepEqual(await load(t, text, spec, 3), await load(t, text, spec, 3));
  });

  test('is standardised with the moments of the training rows, and tells them', async (t) => {
    const set = await load(t, text, data.csv(file, { columns: ['a', 'b'], heldOut: 0.2 }));
    const rows = sortedRows(set.training.subarray(), 2);
    for (const d of [0, 1]) {
      const column = rows.map((row) => row[d]!);
      const mean = column.reduce((sum, x) => sum + x, 0) / column.length;
      const square = column.reduce((sum, x) => sum + x * x, 0) / column.length;
      assert.ok(Math.abs(mean) < 1e-6 && Math.abs(square - 1) < 1e-6);
    }
    const { mean, scale } = set.transform!;
    const held = set.heldOut.subarray()[0]! * scale[0]! + mean[0]!;
    assert.ok(Math.abs(held - Math.round(held)) < 1e-5 && held > 0.5 && held < 5.5);
  });

  test('tells by how much a density in its units is lower than that of the rows', async (t) => {
    const wide = 'x,y\n0,0\n1000,7\n3000,5\n2000,2\n500,3\n4000,4\n';
    const set = await load(t, wide, data.csv(file));
    const { scale } = set.transform!;
    // A normal density of the rows, taken in the file's units: log N(z) - Σ log scale = log N(x; mean, scale).
    const normal = (value: number, mean: number, deviation: number) =>
      -0.5 * ((value - mean) / deviation) ** 2 - Math.log(deviation * Math.sqrt(2 * Math.PI));
    const z = [...set.heldOut.subarray(0, 2)];
    const values = z.map((value, d) => value * scale[d]! + set.transform!.mean[d]!);
    const inFile = values.reduce(
      (sum, v, d) => sum + normal(v, set.transform!.mean[d]!, scale[d]!),
      0,
    );
    const inRows = z.reduce((sum, v) => sum + normal(v, 0, 1), 0);
    // Double precision; z is the only rounded number and the same on both sides.
    assert.ok(Math.abs(inRows - Number(set.logScale) - inFile) < 1e-9);
    assert.ok(Number(set.logScale) > 5);
    assert.equal((await load(t, wide, data.csv(file, raw))).logScale, 0);
    assert.equal((await load(t, '', data.twoMoons({ samples: 3 }))).logScale, 0);
    assert.equal((await load(t, '', data.barsAndStripes())).logScale, 0);
  });

  test('has one class where names are the same number', async (t) => {
    const text = 'x,k\n1,1\n2,1.0\n3,2\n4,02.0\n5,+1e0\n6,other\n7,other\n';
    const set = await load(t, text, data.csv(file, { label: 'k', ...raw }));
    assert.deepEqual(set.labels!.classes, ['1', '2', 'other']);
    const numbers = text
      .split('\n')
      .filter((line) => !line.includes('other'))
      .join('\n');
    const two = await load(t, `${numbers}\n`, data.csv(file, { label: 'k', ...raw }));
    assert.deepEqual(two.labels!.classes, ['1', '2']);
    const all = [...two.labels!.training, ...two.labels!.heldOut];
    assert.deepEqual(all.filter((label) => label === 0).length, 3);
  });

  test('may have a byte-order mark, quotes, blank lines, Windows line ends and another delimiter', async (t) => {
    const odd = '\uFEFFa;"b; c"\r\n1;"2"\r\n\r\n3;4\r\n5; 6 \r\n';
    const set = await load(t, odd, data.csv(file, { delimiter: ';', ...raw }));
    assert.deepEqual(set.axes, ['a', 'b; c']);
    assert.equal(set.training.length + set.heldOut.length, 6);
  });

  const wrong: readonly [string, string, DataSpec, string, RegExp, number][] = [
    [
      'a word',
      'a,b\n1,2\n3,oops\n',
      data.csv(file),
      `FILE, row 3, column 2 ('b') is "oops", not a finite number.`,
      /Correct or remove that row/,
      3,
    ],
    [
      'NaN',
      'a,b\n1,2\nNaN,4\n',
      data.csv(file),
      `FILE, row 3, column 1 ('a') is "NaN", not a finite number.`,
      /missing: \['NaN'\]/,
      3,
    ],
    [
      'an infinite number',
      'a\n1\n-Infinity\n',
      data.csv(file),
      `FILE, row 3, column 1 ('a') is "-Infinity", not a finite number.`,
      /Correct/,
      3,
    ],
    [
      'an empty field',
      'a,b\n1,\n',
      data.csv(file),
      `FILE, row 2, column 2 ('b') is empty.`,
      /missing: \[''\]/,
      2,
    ],
    [
      'a row of another length',
      'a,b\n1,2\n3\n',
      data.csv(file),
      'FILE, row 3 has 1 field, but there are 2 columns.',
      /same number of fields/,
      3,
    ],
    [
      'a quote that never closes',
      'a\n1\n"2\n',
      data.csv(file),
      'FILE, line 3: Quote Not Closed: the parsing is finished with an opening quote.',
      /Close the quotes/,
      3,
    ],
    [
      'an unknown column',
      text,
      data.csv(file, { columns: ['nam', 'a'] }),
      "FILE has no column 'nam'.",
      /^Did you mean 'name'\? Its columns are name, a, b\.$/,
      1,
    ],
    ['nothing', '', data.csv(file), 'FILE is empty.', /a row of names/, 1],
  ];
  for (const [name, contents, spec, message, remedy, line] of wrong) {
    test(`with ${name} is refused`, async (t) => {
      const problem = await failure(t, contents, spec);
      assert.equal(problem.message, message);
      assert.match(problem.remedy ?? '', remedy);
      assert.equal(problem.line, line);
    });
  }

  test('names the line that a row begins on, also after a field of several lines', async (t) => {
    const text = 'name,a\n"two\nlines",1\nx,2\n"three\nmore\nlines",bad\n';
    const problem = await failure(t, text, data.csv(file, { columns: ['a'] }));
    assert.equal(problem.message, `FILE, row 4, column 2 ('a') is "bad", not a finite number.`);
    assert.equal(problem.line, 5);
  });

  test('a blank line moves the row in the file, not the row of the table', async (t) => {
    const problem = await failure(t, 'a\n1\n\n\nx\n', data.csv(file));
    assert.equal(problem.message, `FILE, row 3, column 1 ('a') is "x", not a finite number.`);
    assert.equal(problem.line, 5);
  });

  test('with too few rows, or a column that never varies, is refused', async (t) => {
    assert.match((await failure(t, 'a\n1\n2\n', data.csv(file))).message, /2 rows of data; .* 3/);
    const flat = await failure(t, 'a,b\n1,7\n2,7\n3,7\n4,7\n', data.csv(file));
    assert.match(flat.message, /Column 'b' of FILE has the same value/);
    assert.match(flat.remedy ?? '', /standardize: false/);
  });

  test('that does not exist is refused with the path that was looked at', async (t) => {
    const directory = await experimentFolder(t, {});
    const spec = data.csv('none.csv');
    const problem = await problemFrom(dataMethod(spec).load(spec, { directory, seed: 0 }));
    assert.equal(
      problem.message,
      `The data file ${path.join(directory, 'none.csv')} does not exist.`,
    );
    assert.match(problem.remedy ?? '', /relative to the experiment file/);
  });
});

describe('held-out rows in a file of their own', () => {
  const files = {
    'train.csv': 'a,kind,b\n1,x,2\n3,y,5\n5,x,9\n',
    'test.csv': 'b,a,kind\n7,8,z\n4,2,y\n',
    'other.csv': 'a,c\n1,2\n',
    'train.npy': npyOf([1, 2, 3, 5, 5, 9], [3, 2]),
    'test.npy': npyOf([8, 7, 2, 4], [2, 2]),
    'wide.npy': npyOf([1, 2, 3], [1, 3]),
    'classes.npy': npyOf([3, 1, 3], [3]),
    'theirs.npy': npyOf([2, 1], [2]),
  };
  const loadAll = async (t: TestContext, spec: DataSpec) => {
    const directory = await experimentFolder(t, files);
    return dataMethod(spec).load(spec, { directory, seed: 0 });
  };

  test('are scaled by what was trained on, and have their columns by name', async (t) => {
    const set = await loadAll(t, data.csv('train.csv', { heldOut: 'test.csv', label: 'kind' }));
    assert.deepEqual(set.axes, ['a', 'b']);
    assert.deepEqual(set.labels?.classes, ['x', 'y', 'z']);
    assert.deepEqual([...set.labels!.training], [0, 1, 0]);
    assert.deepEqual([...set.labels!.heldOut], [2, 1]);
    const { mean, scale } = set.transform!;
    assert.deepEqual(mean, [3, 16 / 3]);
    const expected = [8, 7, 2, 4].map((value, i) =>
      Math.fround((value - mean[i % 2]!) / scale[i % 2]!),
    );
    assert.deepEqual([...set.heldOut.subarray()], expected);
    assert.deepEqual(
      set.files?.map((one) => one.file),
      ['train.csv', 'test.csv'],
    );
  });

  test('of arrays have classes of their own too', async (t) => {
    const spec = data.npy('train.npy', {
      ...{ heldOut: 'test.npy', labels: 'classes.npy', heldOutLabels: 'theirs.npy' },
      standardize: false,
    });
    const set = await loadAll(t, spec);
    assert.deepEqual([...set.training.subarray()], [1, 2, 3, 5, 5, 9]);
    assert.deepEqual([...set.heldOut.subarray()], [8, 7, 2, 4]);
    assert.deepEqual(set.labels?.classes, ['1', '2', '3']);
    assert.deepEqual([...set.labels!.training, ...set.labels!.heldOut], [2, 0, 2, 1, 0]);
  });

  test('of other columns are refused', async (t) => {
    const csv = await problemFrom(
      loadAll(t, data.csv('train.csv', { heldOut: 'other.csv', label: 'kind' })),
    );
    assert.match(csv.message, /other\.csv has no column 'b'/);
    const npy = await problemFrom(loadAll(t, data.npy('train.npy', { heldOut: 'wide.npy' })));
    assert.match(npy.message, /wide\.npy has 3 columns that are not the 2 of .*train\.npy/);
  });
});

describe('a NumPy file', () => {
  test('gives its rows; one dimension is one column', async (t) => {
    const set = await load(t, npyOf([1, 2, 3, 4, 5, 6], [3, 2]), data.npy(file, raw));
    assert.deepEqual(set.axes, ['x1', 'x2']);
    assert.match(set.files![0]!.sha256, /^[0-9a-f]{64}$/);
    assert.deepEqual(
      sortedRows(Float32Array.from([...set.training.subarray(), ...set.heldOut.subarray()]), 2),
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    );
    const line = await load(
      t,
      npyOf([1, 2, 3, 4], [4]),
      data.npy(file, { columns: ['u'], ...raw }),
    );
    assert.deepEqual([line.dimensions, ...line.axes], [1, 'u']);
  });

  test('may hold 64-bit integers', async (t) => {
    const text = "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }";
    const header = Buffer.from(
      `\x93NUMPY\x01\x00${String.fromCharCode(text.length + 1)}\x00${text}\n`,
      'latin1',
    );
    const values = Buffer.from(BigInt64Array.of(1n, -2n, 3n).buffer);
    const set = await load(t, Buffer.concat([header, values]), data.npy(file, raw));
    assert.deepEqual(
      sortedRows(Float32Array.from([...set.training.subarray(), ...set.heldOut.subarray()]), 1),
      [[-2], [1], [3]],
    );
  });

  test('that is wrong is refused: what, where, and what would be right', async (t) => {
    const broken = await failure(t, 'hello', data.npy(file));
    assert.match(broken.message, /^FILE is not a NumPy file of numbers: /);
    assert.match(broken.remedy ?? '', /numpy\.save/);
    const deep = await failure(t, npyOf([1, 2, 3, 4], [2, 1, 1, 1, 2]), data.npy(file));
    assert.match(
      deep.message,
      /^FILE holds an array of shape \[2, 1, 1, 1, 2\], of more than four/,
    );
    const scalar = await failure(t, npyOf([1], []), data.npy(file));
    assert.equal(scalar.message, 'FILE holds an array of shape [].');
    const nan = await failure(t, npyOf([1, 2, 3, Number.NaN, 5, 6], [3, 2]), data.npy(file));
    assert.equal(nan.message, "FILE, row 2, column 2 ('x2') is NaN.");
    const names = await failure(
      t,
      npyOf([1, 2, 3, 4, 5, 6], [3, 2]),
      data.npy(file, { columns: ['a'] }),
    );
    assert.equal(names.message, 'FILE has 2 columns, but the option columns names 1.');
  });
});
