import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distinctionOf, type TitledRun, titleOf } from '../../../../extension/runs/run-title';
import type { RunManifest } from '../../../../protocol/run';
import { manifest } from '../../../support/manifest';

const now = Date.parse('2026-02-03T12:00:00.000Z');

function run(minute: number, overrides: RunManifest['overrides'] = {}, name = 'moons'): TitledRun {
  const createdAt = `2026-02-03T04:0${minute}:00.000Z`;
  return {
    directory: `/work/${minute}`,
    name,
    manifest: { ...manifest, name, overrides, createdAt },
  };
}

test('a run that is alone with its name is called by it', () => {
  const only = run(1);
  assert.equal(titleOf(only, [run(2, {}, 'other'), only], now), 'moons');
});

test('two runs of one name are told apart by the values that were changed', () => {
  const runs = [run(2, { 'optimizer.learningRate': 0.01, batchSize: 64 }), run(1)];
  const titles = runs.map((each) => titleOf(each, runs, now));
  assert.equal(titles[0], 'moons (learningRate=0.01, batchSize=64)');
  assert.equal(new Set(titles).size, 2);
});

test('and by their time, where nothing was changed', () => {
  const runs = [run(3), run(2), run(1)];
  const titles = runs.map((each) => distinctionOf(each, runs, now));
  assert.equal(new Set(titles).size, 3, String(titles));
  assert.ok(titles.every((title) => /\d\d:\d\d$/.test(title) || title.includes('=')));
});

test('a title has room for two changes, and says how many there are more', () => {
  const changed = run(2, { a: 1, b: 2, c: 3, d: 4 });
  assert.equal(distinctionOf(changed, [changed, run(1)], now), 'a=1, b=2, 2 more');
});
