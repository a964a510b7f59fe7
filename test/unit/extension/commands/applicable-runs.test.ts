import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidates, type RunVerb } from '../../../../extension/commands/applicable-runs';
import { Run } from '../../../../extension/runs/run';
import type { RunController } from '../../../../extension/runs/run-controller';
import type { RunStatus } from '../../../../protocol/run';
import { manifest } from '../../../support/manifest';

function run(directory: string, status: RunStatus, reachable = true): Run {
  const made = new Run(directory, { ...manifest, state: { status, step: 1, steps: 2 } });
  // What it can do is not asked here, only that it is there.
  if (reachable) made.setController({} as RunController);
  return made;
}

test('the active panel’s run is meant, if it can be asked', () => {
  const [a, b] = [run('a', 'running'), run('b', 'running')];
  assert.deepEqual(candidates([a, b], b, 'pause'), [b]);
  assert.deepEqual(candidates([a, b], undefined, 'pause'), [a, b]);
});

test('a run that cannot be asked is not meant, though its panel is active', () => {
  const [a, b] = [run('a', 'running'), run('b', 'finished')];
  assert.deepEqual(candidates([a, b], b, 'stop'), [a]);
});

test('each verb has its states', () => {
  const runs = (['starting', 'running', 'paused', 'stopping', 'stopped', 'crashed'] as const).map(
    (status) => run(status, status),
  );
  const able = (verb: RunVerb) =>
    candidates(runs, undefined, verb).map(({ directory }) => directory);
  assert.deepEqual(able('pause'), ['running']);
  assert.deepEqual(able('resume'), ['paused']);
  assert.deepEqual(able('stop'), ['running', 'paused']);
  assert.deepEqual(able('checkpoint'), ['running', 'paused']);
  assert.deepEqual(able('takeOver'), []);
});

test('a run that another window controls can only be taken over, or asked for a checkpoint', () => {
  const watched = run('a', 'running');
  watched.update({ control: 'others' });
  const able = (['pause', 'resume', 'stop', 'checkpoint', 'takeOver'] as const).filter(
    (verb) => candidates([watched], undefined, verb).length > 0,
  );
  assert.deepEqual(able, ['checkpoint', 'takeOver']);
});

test('a run whose trainer cannot be reached is nobody to ask', () => {
  assert.deepEqual(candidates([run('a', 'running', false)], undefined, 'pause'), []);
});

test('a run that ended before its time can be resumed, but one that only stands still is meant first', () => {
  const ended = (['stopped', 'failed', 'crashed', 'finished'] as const).map((status) =>
    run(status, status, false),
  );
  const able = (runs: readonly Run[]) =>
    candidates(runs, undefined, 'resume').map(({ directory }) => directory);
  assert.deepEqual(able(ended), ['stopped', 'failed', 'crashed']);
  assert.deepEqual(able([...ended, run('paused', 'paused')]), ['paused']);
  assert.deepEqual(candidates([...ended, run('paused', 'paused')], ended[0], 'resume'), [ended[0]]);
});
