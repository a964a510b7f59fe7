/** Tree, panel, status bar and shell are asked for every status: one word, one set of actions. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { canBeAsked } from '../../../extension/commands/applicable-runs';
import { Run } from '../../../extension/runs/run';
import type { RunController } from '../../../extension/runs/run-controller';
import { statusBarActions, treeContext } from '../../../extension/views/offered-actions';
import { statusName } from '../../../extension/views/run-text';
import type { PanelAction } from '../../../protocol/panel';
import type { RunStatus } from '../../../protocol/run';
import { trainerSocketPath } from '../../../protocol/socket-transport';
import { conditionNow } from '../../../trainer-worker/cli/list-command';
import { closingText } from '../../../trainer-worker/cli/run-reporter';
import { isPossible, type RunAction } from '../../../vocabulary/run-actions';
import { factsOf, isLiving, runStatuses, silenceLimitMs } from '../../../vocabulary/run-status';
import { buttonDisplay, runDisplay } from '../../../webview/store/run-display';
import { manifest } from '../../support/manifest';

/** What each status is called, and what can be done in it by who controls the run and by who only watches. */
const expected: Readonly<
  Record<RunStatus, readonly [word: string, mine: string, watched: string]>
> = {
  starting: ['starting', 'rerun', 'takeOver rerun'],
  running: ['running', 'pause stop checkpoint change rerun', 'checkpoint takeOver rerun'],
  paused: ['paused', 'resume step stop checkpoint change rerun', 'checkpoint takeOver rerun'],
  stopping: ['stopping', 'rerun', 'takeOver rerun'],
  stopped: ['stopped', 'resume rerun archive', 'resume rerun archive'],
  finished: ['finished', 'rerun archive', 'rerun archive'],
  failed: ['failed', 'resume rerun archive', 'resume rerun archive'],
  crashed: ['crashed', 'resume rerun archive', 'resume rerun archive'],
};

const actions = [
  ...([
    'pause',
    'resume',
    'step',
    'stop',
    'checkpoint',
    'change',
    'takeOver',
    'rerun',
    'archive',
  ] as const),
] satisfies readonly RunAction[];

/** A run of this status as a window has it that controls it, or only watches. */
function runIn(status: RunStatus, isWatchedOnly: boolean): Run {
  const run = new Run('a', { ...manifest, state: { status, step: 1, steps: 2 } });
  // What it can do is not asked here, only that it is there.
  run.setController({} as RunController);
  run.update({ control: isWatchedOnly ? 'others' : 'mine' });
  return run;
}

test('the table has every status', () => {
  assert.deepEqual(Object.keys(expected), runStatuses);
});

for (const status of runStatuses) {
  const [word, mine, watched] = expected[status];
  const state = { status, step: 1, steps: 2 };

  test(`${status} is called the same everywhere`, async (t) => {
    assert.equal(statusName(state, 'heard'), word, 'tree and status bar');
    assert.equal(runDisplay(state, 0).status.toLowerCase(), word, 'panel');
    assert.match(closingText('a', manifest, state, {}), new RegExp(`^${word} after 1 of 2`));
    // The shell asks whether a trainer listens before it believes that a run lives.
    const socket = trainerSocketPath(`words-${process.pid}-${status}`);
    const server = createServer().listen(socket);
    t.after(() => server.close());
    await once(server, 'listening');
    const listed = await conditionNow('nowhere', {
      ...{ ...manifest, state },
      worker: { pid: process.pid, socket },
    });
    assert.equal(factsOf(listed).word, word, 'shell');
  });

  for (const [isWatchedOnly, allowed] of [
    [false, mine],
    [true, watched],
  ] as const) {
    test(`${status}${isWatchedOnly ? ', controlled by another window,' : ''} allows: ${allowed}`, () => {
      const run = runIn(status, isWatchedOnly);
      const possible = allowed.split(' ');
      const asked = (isOffered: (action: RunAction) => boolean) => actions.filter(isOffered);
      assert.deepEqual(
        asked((action) => isPossible(action, status, isWatchedOnly)),
        possible,
      );
      assert.deepEqual(
        asked((action) => canBeAsked(run, action)),
        possible,
        'palette',
      );
      const words = treeContext(run).split(' ');
      assert.deepEqual(
        asked((action) => words.includes(`can-${action}`)),
        possible,
        'tree',
      );
      assert.equal(words.includes('living'), isLiving(status));
      // These two have no button for everything.
      const buttons = ['pause', 'resume', 'step', 'stop', 'takeOver', 'rerun'] as const;
      const shown = possible.filter((action) => (buttons as readonly string[]).includes(action));
      assert.deepEqual(
        buttons.filter(
          (action: PanelAction) => buttonDisplay(action, status, isWatchedOnly).isEnabled,
        ),
        shown,
        'panel',
      );
      assert.deepEqual(
        statusBarActions(run).map(({ action }) => action),
        [...shown, 'showLog'],
        'status bar',
      );
    });
  }

  test(`${status}: a silent trainer is told in the same words`, () => {
    const word = statusName(state, 'silent');
    assert.equal(runDisplay(state, silenceLimitMs + 1).status.toLowerCase(), word);
    assert.equal(word === 'not responding', isLiving(status) && status !== 'starting');
  });
}

test('the shell says of a run that should live, and whose trainer does not answer, that it is gone', async () => {
  const worker = { pid: 1, socket: trainerSocketPath(`words-${process.pid}-nobody`) };
  const state = { status: 'running', step: 1, steps: 2 } as const;
  assert.equal(factsOf(await conditionNow('nowhere', { ...manifest, state, worker })).word, 'gone');
});

for (const contact of ['late', 'lost'] as const) {
  test(`a trainer on another host that is ${contact} is called so everywhere, and what can be done follows`, () => {
    for (const status of runStatuses) {
      const state = { status, step: 1, steps: 2 };
      const word = statusName(state, contact);
      assert.equal(runDisplay(state, 0, contact).status.toLowerCase(), word);
      assert.equal(word, isLiving(status) ? contact : factsOf(status).word);
    }
    const run = runIn('running', false);
    run.update({ contact });
    const able = actions.filter((action) => canBeAsked(run, action));
    assert.equal(able.includes('resume'), contact === 'lost');
    assert.equal(able.includes('archive'), contact === 'lost');
    assert.ok(!able.includes('pause') && !able.includes('stop'));
    assert.equal(treeContext(run).split(' ').includes('living'), contact === 'late');
    const shown = buttonDisplay('resume', run.standing, false).isEnabled;
    assert.equal(shown, contact === 'lost', 'panel');
  });
}
