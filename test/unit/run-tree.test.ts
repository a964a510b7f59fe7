import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Run } from '../../extension/runs/run';
import { distinctions } from '../../extension/runs/run-difference';
import { runFilter } from '../../extension/runs/run-filter';
import { arrange } from '../../extension/views/run-arrangement';
import { timeText } from '../../extension/views/run-text';
import type { RunManifest } from '../../protocol/run';
import { type Annotations, noAnnotations } from '../../run-directory/annotations';
import { manifest } from '../support/manifest';

function run(
  directory: string,
  change: Partial<RunManifest> = {},
  annotations: Partial<Annotations> = {},
): Run {
  return new Run(directory, { ...manifest, ...change }, { ...noAnnotations, ...annotations });
}

const config = {
  objective: { type: 'persistentContrastiveDivergence', sampler: { type: 'langevin', steps: 20 } },
  optimizer: { type: 'adam', learningRate: 0.001 },
  steps: 100,
};
const of = (change: Partial<RunManifest>): RunManifest => ({
  ...manifest,
  config,
  overrides: {},
  ...change,
});

test('the starred runs come first, the broken ones last, each newest first', () => {
  const runs = [
    run('/d'),
    run('/c', {}, { starred: true }),
    run('/b'),
    run('/a', {}, { starred: true }),
  ];
  const problem = { kind: 'storage', message: 'It is gone.' } as const;
  const { roots } = arrange(runs, [{ directory: '/x', problem }], '');
  assert.deepEqual(roots, ['/c', '/a', '/d', '/b', '/x']);
  assert.deepEqual(arrange(runs, [{ directory: '/x', problem }], 'is:starred').roots, ['/c', '/a']);
});

test('each run is told from the one of the same experiment before it', () => {
  const other = { experiment: { ...manifest.experiment, file: '/work/b.ebm.ts' } };
  const { before } = arrange([run('/d'), run('/c', other), run('/b'), run('/a', other)], [], '');
  assert.deepEqual(
    [...before].map(([directory, { directory: earlier }]) => [directory, earlier]).sort(),
    [
      ['/c', '/a'],
      ['/d', '/b'],
    ],
  );
});

test('all of 2,000 runs are arranged', () => {
  const runs = Array.from({ length: 2000 }, (_, k) => run(`/${k}`, of({ seed: k })));
  const { roots, before } = arrange(runs, [], '');
  assert.equal(roots.length, 2000);
  assert.equal(before.size, 1999);
});

test('a run is told by its overrides, then by what its file had changed', () => {
  assert.deepEqual(distinctions(of({}), undefined), ['objective=persistentContrastiveDivergence']);
  assert.deepEqual(distinctions(of({}), of({})), []);
  const steps = { ...config, steps: 500 };
  assert.deepEqual(distinctions(of({ config: steps }), of({})), ['steps=500']);
  const overrides = { 'optimizer.learningRate': 0.01, name: 'other' };
  const changed = { ...steps, optimizer: { ...config.optimizer, learningRate: 0.01 } };
  assert.deepEqual(distinctions(of({ config: changed, overrides }), of({})), [
    'learningRate=0.01',
    'steps=500',
  ]);
  // Two keys that end alike are told by their whole paths.
  const sampler = { ...config.objective, sampler: { type: 'langevin', steps: 5 } };
  assert.deepEqual(distinctions(of({ config: { ...steps, objective: sampler } }), of({})), [
    'objective.sampler.steps=5',
    'steps=500',
  ]);
  const objective = { ...config, objective: { type: 'slicedScoreMatching' } };
  assert.deepEqual(distinctions(of({ config: objective }), of({})), [
    'objective=slicedScoreMatching',
  ]);
  const long = distinctions(of({ overrides: { note: 'x'.repeat(100) } }), of({}));
  assert.equal(long[0]?.length, 'note='.length + 40);
});

test('a filter: every word is to fit', () => {
  const starred = run(
    '/runs/20260203-040506-moons-abc',
    {
      overrides: { 'optimizer.learningRate': 0.01 },
      state: { status: 'failed', step: 1, steps: 2 },
    },
    { name: 'The Good One', tags: ['Baseline'], starred: true },
  );
  const fits = (text: string) => runFilter(text)(starred);
  const right = ['', '  ', 'good', 'GOOD one', 'two moons', '20260203', 'learningrate=0.01'];
  const special = ['tag:baseline', 'status:failed is:starred', 'a.ebm.ts', 'base'];
  for (const text of [...right, ...special]) assert.ok(fits(text), text);
  const wrong = ['bad', 'good bad', 'tag:base', 'status:living', 'is:good', 'tag:', 'toString:x'];
  for (const text of wrong) assert.ok(!fits(text), text);
  assert.ok(runFilter('status:living')(run('/a')), 'a paused run lives');
});

test('a time of today is told without its day', () => {
  const now = new Date(2026, 1, 3, 12, 0);
  assert.equal(timeText(new Date(2026, 1, 3, 4, 5).toISOString(), now.getTime()), '04:05');
  assert.equal(
    timeText(new Date(2026, 1, 2, 4, 5).toISOString(), now.getTime()),
    '2026-02-02 04:05',
  );
  assert.equal(timeText('nonsense', now.getTime()), '');
});
