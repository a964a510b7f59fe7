import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { restoredComparison } from '../../../../extension/compare/restored-comparison';

const runs = path.resolve('/work/moons/.ebm/runs');
const contains = (directory: string) => path.dirname(directory) === runs;
const [one, other] = ['a', 'b'].map((name) => path.join(runs, name)) as [string, string];

test('names the runs that the page kept, each once', () => {
  assert.deepEqual(
    restoredComparison({ version: 1, title: 'rates', directories: [one, other, one] }, contains),
    { title: 'rates', directories: [one, other] },
  );
});

test('refuses what are not two runs of the workspace', () => {
  for (const state of [
    undefined,
    'text',
    {},
    { version: 2, title: 'x', directories: [one, other] },
    { version: 1, directories: [one, other] },
    { version: 1, title: 'x', directories: 'ab' },
    { version: 1, title: 'x', directories: [one] },
    { version: 1, title: 'x', directories: [one, 7, null, '/etc/passwd', `${runs}/../x`] },
    { version: 1, title: 'x', directories: [one, `${other}\0`] },
  ]) {
    assert.equal(restoredComparison(state, contains), undefined, JSON.stringify(state));
  }
});

test('compares no more than a page holds, however many are named', () => {
  const directories = Array.from({ length: 5000 }, (_, k) => path.join(runs, String(k)));
  const restored = restoredComparison({ version: 1, title: 'x', directories }, contains);
  assert.equal(restored?.directories.length, 1000);
});
