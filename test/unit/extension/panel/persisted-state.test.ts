import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { restoredRunDirectory } from '../../../../extension/panel/persisted-state';

const runs = path.resolve('/work/moons/.ebm/runs');
const contains = (directory: string) => path.dirname(directory) === runs;
const run = path.join(runs, '20260101-000000-moons-abc');

test('names the run directory that the page kept', () => {
  const state = { version: 1, runDirectory: run, step: 5 };
  assert.equal(restoredRunDirectory(state, contains), run);
});

test('refuses what is not a run directory of the workspace', () => {
  for (const state of [
    undefined,
    null,
    'text',
    [],
    {},
    { version: 2, runDirectory: run },
    { version: 1, runDirectory: 7 },
    { version: 1, runDirectory: '' },
    { version: 1, runDirectory: '/etc' },
    { version: 1, runDirectory: runs },
    { version: 1, runDirectory: path.join(run, 'source') },
    { version: 1, runDirectory: `${runs}/../../../../../etc` },
    { version: 1, runDirectory: `${runs}/..` },
    { version: 1, runDirectory: `${runs}//double` },
    { version: 1, runDirectory: `${run}\0` },
    { version: 1, runDirectory: path.relative(process.cwd(), run) },
  ]) {
    assert.equal(restoredRunDirectory(state, contains), undefined, JSON.stringify(state));
  }
});

test('never lets out a path that is not directly inside the runs folder', () => {
  void fc.assert(
    fc.property(fc.array(fc.constantFrom('..', '.', '/', '\\', 'x', '\0', run, runs)), (parts) => {
      const found = restoredRunDirectory({ version: 1, runDirectory: parts.join('') }, contains);
      if (found !== undefined) assert.equal(path.dirname(path.resolve(found)), runs);
    }),
  );
});
