import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, RunManifest, RunStatus } from '../../../protocol/run';
import { groupRuns, isDone, metricOfGroup, summarizeGroup } from '../../../run-directory/run-group';
import { manifest } from '../../support/manifest';

const group = { id: 'g', name: 'rates', index: 0, of: 4 };

function run(
  index: number,
  {
    status = 'finished',
    overrides = {},
    last = {},
    seed = 0,
    step = 10,
  }: {
    status?: RunStatus;
    overrides?: JsonObject;
    last?: Record<string, number>;
    seed?: number;
    step?: number;
  } = {},
) {
  const made: RunManifest = {
    ...manifest,
    id: `run${index}`,
    overrides,
    seed,
    group: { ...group, index },
    state: { status, step, steps: 10 },
  };
  return { directory: `/runs/${index}`, manifest: made, last };
}

test('runs of one sweep are together, in its order, of repetitions the one that is done', () => {
  const { group: _, ...alone } = manifest;
  const crashed = run(1, { status: 'crashed', step: 4 });
  const groups = groupRuns([run(2), crashed, { ...run(0), manifest: alone }, run(1), run(0)]);
  assert.deepEqual(
    groups.map(({ runs, ...rest }) => ({ ...rest, runs: runs.map(({ directory }) => directory) })),
    [{ id: 'g', name: 'rates', of: 4, runs: ['/runs/0', '/runs/1', '/runs/2'] }],
  );
  assert.equal(groups[0]?.runs[1]?.manifest.state.status, 'finished');
  const further = groupRuns([
    run(0, { status: 'stopped', step: 3 }),
    run(0, { status: 'stopped' }),
  ]);
  assert.equal(further[0]?.runs[0]?.manifest.state.step, 10);
});

test('what would fail again is done; what was stopped or died is not', () => {
  assert.ok(isDone(run(0).manifest));
  assert.ok(!isDone(run(0, { status: 'stopped' }).manifest));
  assert.ok(!isDone(run(0, { status: 'crashed' }).manifest));
  const failed = (kind: 'training' | 'storage'): RunManifest => ({
    ...manifest,
    state: { status: 'failed', step: 1, steps: 2, problem: { kind, message: 'x' } },
  });
  assert.ok(isDone(failed('training')));
  assert.ok(!isDone(failed('storage')), 'a full disk is no property of the run');
});

test('the metric is the sweep’s own, else the best that all record', () => {
  const all = { loss: 1, 'log-likelihood/held-out': -2, 'divergence/data-model': 0.1 };
  const { 'divergence/data-model': _, ...less } = all;
  assert.equal(metricOfGroup([run(0, { last: all })]).metric, 'divergence/data-model');
  assert.deepEqual(metricOfGroup([run(0, { last: all }), run(1, { last: less }), run(2)]), {
    metric: 'log-likelihood/held-out',
    goal: 'maximize',
  });
  // One that no run knows, since no model can be normalised, compares nothing.
  const unknown = { ...all, 'divergence/data-model': Number.NaN };
  assert.equal(metricOfGroup([run(0, { last: unknown })]).metric, 'log-likelihood/held-out');
  const own = run(0, { last: all });
  own.manifest = { ...own.manifest, group: { ...group, metric: 'auroc', goal: 'maximize' } };
  assert.deepEqual(metricOfGroup([own]), { metric: 'auroc', goal: 'maximize' });
});

test('ranks runs, unknown and infinite values last, and means over seeds', () => {
  const rate = (learningRate: number, seed: number, loss?: number) => ({
    overrides: { steps: 10, 'optimizer.learningRate': learningRate, seed },
    seed,
    last: loss === undefined ? {} : { loss },
  });
  const summary = summarizeGroup([
    run(0, rate(0.1, 0, 3)),
    run(1, rate(0.1, 1, 1)),
    run(2, rate(0.2, 0, Number.NaN)),
    run(3, { ...rate(0.2, 1, 1.5), status: 'stopped' }),
    run(4, rate(0.3, 0)),
  ]);
  assert.deepEqual([summary.metric, summary.goal], ['loss', 'minimize']);
  assert.deepEqual(summary.parameters, ['optimizer.learningRate'], 'not what all share');
  assert.deepEqual(
    summary.rows.map(({ run: { directory }, values, value }) => [directory, values[0], value]),
    [
      ['/runs/1', 0.1, 1],
      ['/runs/3', 0.2, 1.5],
      ['/runs/0', 0.1, 3],
      ['/runs/2', 0.2, undefined],
      ['/runs/4', 0.3, undefined],
    ],
  );
  // (3 + 1) / 2, with the sample's deviation sqrt((1 + 1) / 1).
  assert.deepEqual(summary.combinations, [
    { values: [0.2], count: 1, mean: 1.5, deviation: undefined },
    { values: [0.1], count: 2, mean: 2, deviation: Math.SQRT2 },
  ]);
  const large = [run(0, { last: { loss: 1 } }), run(1, { last: { loss: 2 } })].map((one) => ({
    ...one,
    manifest: { ...one.manifest, group: { ...group, metric: 'loss', goal: 'maximize' as const } },
  }));
  assert.equal(summarizeGroup(large).rows[0]?.value, 2);
  assert.deepEqual(summarizeGroup(large).combinations, []);
});
