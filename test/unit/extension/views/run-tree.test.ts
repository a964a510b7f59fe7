import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Run } from '../../../../extension/runs/run';
import { distinctions } from '../../../../extension/runs/run-difference';
import { arrange, sweepKey, sweepProgress } from '../../../../extension/views/run-arrangement';
import { sweepProgressText, timeText } from '../../../../extension/views/run-text';
import type { RunManifest, RunStatus } from '../../../../protocol/run';
import { type Annotations, noAnnotations } from '../../../../run-directory/annotations';
import { runFilter } from '../../../../run-directory/run-filter';
import { manifest } from '../../../support/manifest';

const { group: _, ...alone } = manifest;

function run(
  directory: string,
  change: Partial<RunManifest> = {},
  annotations: Partial<Annotations> = {},
): Run {
  return new Run(directory, { ...alone, ...change }, { ...noAnnotations, ...annotations });
}

const config = {
  objective: { type: 'persistentContrastiveDivergence', sampler: { type: 'langevin', steps: 20 } },
  optimizer: { type: 'adam', learningRate: 0.001 },
  steps: 100,
};
const of = (change: Partial<RunManifest>): RunManifest => ({
  ...alone,
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

const trial = (
  index: number,
  status: RunStatus,
  { id = 'g', of: count = 3, step = 5 }: { id?: string; of?: number; step?: number } = {},
): Partial<RunManifest> => ({
  group: { id, name: 'rates', index, of: count },
  state: { status, step, steps: 10 },
});

test('the runs of a sweep are under one row, in its order, where the newest would be', () => {
  const runs = [
    run('/alone'),
    run('/s2', trial(2, 'running')),
    run('/s0-again', trial(0, 'running')),
    run('/other', trial(0, 'finished', { id: 'h' })),
    run('/s1', trial(1, 'finished'), { tags: ['good'] }),
    run('/s0', trial(0, 'crashed')),
    run('/old'),
  ];
  const [g, h] = [sweepKey('g'), sweepKey('h')];
  const { roots, sweeps } = arrange(runs, [], '');
  assert.deepEqual(roots, ['/alone', g, h, '/old']);
  assert.deepEqual(sweeps.get(g)?.children, ['/s0-again', '/s0', '/s1', '/s2']);
  assert.deepEqual([...sweeps.keys()], [g, h]);
  assert.equal(sweeps.get(g)?.name, 'rates');

  const filtered = arrange(runs, [], 'tag:good');
  assert.deepEqual(filtered.roots, [g]);
  assert.deepEqual(filtered.sweeps.get(g)?.children, ['/s1']);
  assert.equal(filtered.sweeps.get(g)?.runs.length, 4, 'it is counted with what is hidden');
  assert.deepEqual(arrange(runs, [], 'tag:none').roots, []);
});

test('a star puts a run first in its sweep, and the sweep among the starred', () => {
  const runs = [
    run('/alone'),
    run('/s2', trial(2, 'finished'), { starred: true }),
    run('/s1', trial(1, 'finished')),
    run('/starred', {}, { starred: true }),
  ];
  const { roots, sweeps } = arrange(runs, [], '');
  assert.deepEqual(roots, [sweepKey('g'), '/starred', '/alone']);
  assert.deepEqual(sweeps.get(sweepKey('g'))?.children, ['/s2', '/s1']);
});

test('a sweep’s progress: what is done of all, what is in training, no run twice', () => {
  const runs = [
    run('/s2', trial(2, 'running', { of: 8 })),
    run('/s0-again', trial(0, 'finished', { of: 8 })),
    run('/s1', trial(1, 'stopped', { of: 8 })),
    run('/s0', trial(0, 'finished', { of: 8 })),
  ];
  assert.deepEqual(sweepProgress({ runs }), { done: 1, waiting: 0, of: 8, living: 1 });
  // The rows hold the runs themselves, so that what changes is seen.
  runs[0]!.update({ state: { status: 'finished', step: 10, steps: 10 } });
  assert.deepEqual(sweepProgress({ runs }), { done: 2, waiting: 0, of: 8, living: 0 });
  // Only the best of them go on from there.
  const { manifest: left } = runs[2]!;
  runs[2]!.update({
    manifest: {
      ...left,
      group: { ...left.group!, halving: { eta: 3, rungs: [5, 10] } },
      rungs: [{ step: 5, value: 1 }],
      state: { status: 'stopped', step: 5, steps: 10 },
    },
  });
  assert.deepEqual(sweepProgress({ runs }), { done: 2, waiting: 1, of: 8, living: 0 });
  assert.equal(
    sweepProgressText({ ...sweepProgress({ runs }), living: 3 }),
    '2 of 8 done · 1 at rungs · 3 in training',
  );
});

test('all of 2,000 runs of a sweep are arranged', () => {
  const runs = Array.from({ length: 2000 }, (_, k) =>
    run(`/${k}`, trial(1999 - k, 'finished', { of: 2000 })),
  );
  const { roots, sweeps } = arrange(runs, [], '');
  assert.deepEqual(roots, [sweepKey('g')]);
  assert.equal(sweeps.get(sweepKey('g'))?.children.length, 2000);
  assert.equal(sweeps.get(sweepKey('g'))?.children[0], '/1999');
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
  const drawn = { 'optimizer.learningRate': 0.00935288888, 'data.seed': 1234567 };
  assert.deepEqual(distinctions(of({ overrides: drawn }), of({})), [
    'learningRate=0.009353',
    'seed=1234567',
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
