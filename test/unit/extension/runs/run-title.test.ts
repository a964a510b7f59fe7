import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distinctions } from '../../../../extension/runs/run-difference';
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

test('thousands of one name, of one moment and in any order, are told as each by itself', () => {
  const many = Array.from({ length: 2000 }, (_, k) => {
    const at = new Date(now - 60_000 * ((k * 7919) % 500)).toISOString();
    const overrides = { 'optimizer.learningRate': (k % 40) / 1000 };
    const { manifest: of } = run(1, overrides);
    const config = { ...of.config, batchSize: 8 * (1 + (k % 3)) };
    return { ...run(1), directory: `/work/${k}`, manifest: { ...of, config, createdAt: at } };
  });
  for (const each of many.filter((_, k) => k % 97 === 0)) {
    const { createdAt } = each.manifest;
    const before = many
      .filter(({ manifest: other }) => other.createdAt < createdAt)
      .reduce<TitledRun | undefined>(
        (best, other) =>
          best === undefined || other.manifest.createdAt >= best.manifest.createdAt ? other : best,
        undefined,
      );
    const told = distinctionOf(each, many, now);
    const changes = distinctions(each.manifest, before?.manifest).slice(0, 2).join(', ');
    assert.ok(told.startsWith(changes), `${told}, not ${changes}`);
  }
});
