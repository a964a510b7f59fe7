/** Files of which not every row can be held: they are read piece by piece, and say what to do. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { data } from 'ebm-lab';
import { writeNpy } from '../../../../run-directory/npy';
import { type DataSpec, dataMethod } from '../../../../trainer-worker/methods/data';
import { RowStore } from '../../../../trainer-worker/methods/data/row-store';
import { experimentFolder } from '../../../support/experiment-folder';
import { problemFrom } from '../../../support/problem';

const count = 100_000;
const numbers = Float32Array.from({ length: 2 * count }, (_, i) => i);
const text = `a,b\n${Array.from({ length: count }, (_, i) => `${2 * i},${2 * i + 1}\n`).join('')}`;
const array = Buffer.concat(writeNpy(numbers, [count, 2]));
/** Column by column: the same rows. */
const fortran = (() => {
  const columns = Float32Array.from({ length: 2 * count }, (_, i) =>
    i < count ? 2 * i : 2 * (i - count) + 1,
  );
  const bytes = Buffer.concat(writeNpy(columns, [count, 2]));
  const [before, after] = ["'fortran_order': False", "'fortran_order': True "];
  const header = bytes.subarray(0, 128).toString('latin1').replace(before, after);
  return Buffer.concat([Buffer.from(header, 'latin1'), bytes.subarray(128)]);
})();

const raw = { standardize: false } as const;
const sources: readonly (readonly [string, string | Buffer, (rows: number | null) => DataSpec])[] =
  [
    ['CSV', text, (rows) => data.csv('rows', { ...raw, rows })],
    ['gzipped CSV', gzipSync(text, { level: 1 }), (rows) => data.csv('rows', { ...raw, rows })],
    ['NumPy', array, (rows) => data.npy('rows', { ...raw, rows })],
    ['NumPy, in Fortran order', fortran, (rows) => data.npy('rows', { ...raw, rows })],
  ];

function firstOf(values: Float32Array): number[] {
  const found: number[] = [];
  for (let i = 0; i < values.length; i += 2) {
    assert.equal(values[i + 1], values[i]! + 1, 'a row is torn');
    found.push(values[i]! / 2);
  }
  return found;
}

async function reads(t: TestContext, contents: string | Buffer, spec: DataSpec, memory?: number) {
  const directory = await experimentFolder(t, { rows: contents });
  const context = { directory, seed: 7, ...(memory === undefined ? {} : { memory }) };
  return { load: () => dataMethod(spec).load(spec, context), directory };
}

for (const [name, contents, spec] of sources) {
  describe(`a large ${name} file`, () => {
    test('gives each row once, and the hash of its bytes', async (t) => {
      const set = await (await reads(t, contents, spec(null))).load();
      const found = [...firstOf(set.training.subarray()), ...firstOf(set.heldOut.subarray())].sort(
        (a, b) => a - b,
      );
      assert.ok(found.length === count && found.every((row, i) => row === i));
      const sha256 = createHash('sha256').update(contents).digest('hex');
      assert.deepEqual(set.files, [{ file: 'rows', sha256 }]);
    });

    test('whose rows cannot be held says how many can, and trains on as many', async (t) => {
      const memory = 400_000;
      const problem = await problemFrom((await reads(t, contents, spec(null), memory)).load());
      assert.equal(problem.kind, 'data');
      assert.match(problem.message, /do not fit into the 0\.381 MiB of memory/);
      const rows = Number(/option rows: (\d+);/.exec(problem.remedy ?? '')?.[1]);
      assert.ok(rows >= 5_000 && rows < count, problem.remedy);
      const set = await (await reads(t, contents, spec(rows), memory)).load();
      const found = [...firstOf(set.training.subarray()), ...firstOf(set.heldOut.subarray())];
      assert.equal(found.length, rows);
      assert.equal(new Set(found).size, rows, 'a row is there twice');
      // Of equal chances: the mean of rows drawn from 0 … n - 1 is off by 6 deviations,
      // n / √(12 rows) each, once in 5e8 seeds.
      const mean = found.reduce((sum, row) => sum + row, 0) / rows;
      assert.ok(Math.abs(mean - (count - 1) / 2) < (6 * count) / Math.sqrt(12 * rows));
    });
  });
}

test('rows are drawn with equal chances', () => {
  const [most, all, seeds] = [20, 200, 400];
  const drawn = new Array<number>(all).fill(0);
  for (let seed = 0; seed < seeds; seed++) {
    const options = { file: 'rows', width: 1, rows: most, seed, memory: 1e6 };
    const store = new RowStore(options);
    for (let row = 0; row < all; row++) {
      const slot = store.next();
      if (slot !== -1) store.setAt(slot, 0, row);
    }
    assert.equal(store.count, most);
    for (let slot = 0; slot < most; slot++) drawn[store.at(slot, 0)]! += 1;
  }
  // Σ (observed - expected)² / variance of binomial counts of a fixed total: χ² with 199 degrees of
  // freedom. It is above 320, six deviations, with a chance below 1e-6; the seeds are fixed.
  const share = most / all;
  const variance = seeds * share * (1 - share);
  const square = drawn.reduce((sum, n) => sum + (n - seeds * share) ** 2, 0) / variance;
  assert.ok(square > 90 && square < 320, `χ² is ${square}`);
});

test('a header that promises more than a file can hold is refused before anything is made ready', async (t) => {
  const lying = Buffer.from(
    array.subarray(0, 4096).toString('latin1').replace('(100000, 2)', '(1000000000000, 2)'),
    'latin1',
  );
  const problem = await problemFrom((await reads(t, lying, data.npy('rows', raw), 1e20)).load());
  assert.match(problem.message, /needs 8000000000000 bytes of data, but there are/);
});

test('a folder in the place of a file names the data files in it', async (t) => {
  const directory = await experimentFolder(t, { 'set/b.csv': 'x\n1\n2\n4\n', 'set/a.npy': array });
  await mkdir(path.join(directory, 'set/empty'));
  const spec = data.csv('set');
  const problem = await problemFrom(dataMethod(spec).load(spec, { directory, seed: 0 }));
  assert.match(problem.message, /set is a folder, no data file\.$/);
  assert.equal(problem.remedy, 'Name a file in it: a.npy, b.csv.');
});
