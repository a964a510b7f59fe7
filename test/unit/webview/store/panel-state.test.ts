import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PreviewFrame, RunState } from '../../../../protocol/run';
import {
  type Navigation,
  persistedState,
  restoredNavigation,
  startOfNavigation,
  validAxes,
} from '../../../../webview/store/navigation';
import { fromSnapshot, previewIndex, withUpdate } from '../../../../webview/store/panel-state';
import { PreviewSelection } from '../../../../webview/store/preview-selection';
import { buttonDisplay, runDisplay } from '../../../../webview/store/run-display';
import { fakeSnapshot, fakeState } from '../../../fixtures/fake-run';

const frame = (step: number): PreviewFrame => ({ step, samples: new Float32Array(2), count: 1 });
const chunk = (steps: number[], values: number[]) => ({
  steps: Float64Array.from(steps),
  values: Float32Array.from(values),
});

describe('panel state', () => {
  test('appends the curves of updates', () => {
    const first = fromSnapshot(fakeSnapshot({ generation: 3 }));
    const second = withUpdate(first, { generation: 3, series: { loss: chunk([1, 2], [5, 4]) } });
    const third = withUpdate(second, {
      generation: 3,
      series: { loss: chunk([3], [3]), other: chunk([1], [1]) },
    });
    assert.equal(third.series.get('loss')?.length, 3);
    assert.equal(third.series.get('other')?.length, 1);
    assert.equal(third.state, first.state);
  });

  test('ignores updates of another generation', () => {
    const state = fromSnapshot(fakeSnapshot({ generation: 3 }));
    for (const generation of [2, 4]) {
      const update = {
        generation,
        state: fakeState({ step: 9 }),
        series: { loss: chunk([1], [1]) },
        preview: frame(9999),
      };
      assert.equal(withUpdate(state, update), state);
    }
    assert.equal(state.series.size, 0);
  });

  test('begins with no curves after a new snapshot', () => {
    const state = withUpdate(fromSnapshot(fakeSnapshot()), {
      generation: 1,
      series: { loss: chunk([1], [1]) },
    });
    assert.equal(state.series.size, 1);
    assert.equal(fromSnapshot(fakeSnapshot({ generation: 2 })).series.size, 0);
  });

  test('keeps the steps of previews ascending and without repetition', () => {
    let state = fromSnapshot(fakeSnapshot({ previewSteps: [50, 150], preview: frame(150) }));
    for (const step of [200, 100, 200, 10]) {
      state = withUpdate(state, { generation: 1, preview: frame(step) });
    }
    assert.deepEqual(state.previewSteps, [10, 50, 100, 150, 200]);
    assert.equal(state.latest?.step, 200);
  });

  test('finds the preview that is nearest before a step', () => {
    assert.equal(previewIndex([], 5), -1);
    assert.deepEqual(
      [5, 10, 15, 99].map((step) => previewIndex([10, 20, 30], step)),
      [0, 0, 0, 2],
    );
  });
});

describe('navigation', () => {
  test('survives a reload', () => {
    const navigation: Navigation = {
      step: 350,
      axes: [2, 0],
      isPrincipal: true,
      isPaired: true,
      pairColumns: [0, 3, 4],
      energyRange: { low: -3, high: 4.5 },
      smoothing: 0.9,
      logScale: true,
      curveAxis: 'metric:energy/data',
    };
    const stored: unknown = JSON.parse(JSON.stringify(persistedState(navigation, '/runs/a')));
    assert.deepEqual(restoredNavigation(stored, '/runs/a'), navigation);
    const live = persistedState(startOfNavigation, '/runs/a');
    assert.ok(!('step' in live));
    assert.deepEqual(restoredNavigation(live, '/runs/a'), startOfNavigation);
  });

  test('of another run, version or program counts for nothing', () => {
    const kept = persistedState({ ...startOfNavigation, step: 5 }, '/runs/a');
    for (const stored of [undefined, null, 7, 'x', {}, { ...kept, version: 2 }]) {
      assert.deepEqual(restoredNavigation(stored, '/runs/a'), startOfNavigation);
    }
    assert.deepEqual(restoredNavigation(kept, '/runs/b'), startOfNavigation);
  });

  test('takes each part only if it makes sense', () => {
    const spoilt = {
      version: 1,
      runDirectory: '/runs/a',
      step: -1,
      axes: [0, 'y'],
      pairColumns: [1, 'x'],
      energyRange: { low: 2, high: 2 },
      smoothing: 1,
      logScale: 'yes',
    };
    assert.deepEqual(restoredNavigation(spoilt, '/runs/a'), startOfNavigation);
  });

  test('falls back to the first axes where a sample has too few', () => {
    assert.deepEqual(validAxes([2, 3], 4), [2, 3]);
    assert.deepEqual(validAxes([2, 4], 4), [0, 1]);
    assert.deepEqual(validAxes([1, 1], 4), [0, 1]);
    assert.deepEqual(validAxes([0, 1], 1), [0, 0]);
  });
});

describe('PreviewSelection', () => {
  const shownStep = ({ frame: shown }: PreviewSelection) => shown?.step;

  /** A host whose answers come when the test says so. */
  function host() {
    const asked: number[] = [];
    const pending = new Map<number, { resolve(): void; reject(reason: Error): void }>();
    const selection = new PreviewSelection({
      fetch: (step) =>
        new Promise((resolve, reject) => {
          asked.push(step);
          pending.set(step, { resolve: () => resolve(frame(step)), reject });
        }),
      changed: () => undefined,
    });
    const settle = async (act: () => void) => {
      act();
      // The replies' own promises are settled before this one.
      await new Promise((done) => {
        setImmediate(done);
      });
    };
    return {
      asked,
      selection,
      answer: (step: number) => settle(() => pending.get(step)!.resolve()),
      refuse: (step: number) => settle(() => pending.get(step)!.reject(new Error('gone'))),
    };
  }

  test('shows the selected frame once it has come', async () => {
    const { selection, answer, asked } = host();
    selection.select(50);
    assert.equal(selection.isLoading, true);
    assert.equal(shownStep(selection), undefined);
    await answer(50);
    assert.equal(selection.isLoading, false);
    assert.equal(shownStep(selection), 50);
    assert.deepEqual(asked, [50]);
  });

  test('asks for one at a time, and then for the last wish only', async () => {
    const { selection, answer, asked } = host();
    for (const step of [50, 100, 150, 200]) selection.select(step);
    assert.deepEqual(asked, [50]);
    await answer(50);
    assert.deepEqual(asked, [50, 200]);
    assert.equal(shownStep(selection), 50);
    assert.equal(selection.isLoading, true);
    await answer(200);
    assert.equal(shownStep(selection), 200);
  });

  test('ignores a reply that a frame shown since has overtaken', async () => {
    const { selection, answer, asked } = host();
    selection.select(100);
    await answer(100);
    selection.select(50);
    selection.select(100);
    assert.equal(shownStep(selection), 100);
    await answer(50);
    assert.equal(shownStep(selection), 100);
    assert.deepEqual(asked, [100, 50]);
  });

  test('ignores a reply after the return to the newest', async () => {
    const { selection, answer } = host();
    selection.select(50);
    selection.select(undefined);
    await answer(50);
    assert.equal(shownStep(selection), undefined);
    assert.equal(selection.step, undefined);
    assert.equal(selection.isLoading, false);
  });

  test('ignores a reply that belongs to the state before a reset', async () => {
    const { selection, answer, asked } = host();
    selection.select(50);
    selection.reset(100);
    await answer(50);
    assert.equal(shownStep(selection), undefined);
    assert.deepEqual(asked, [50, 100]);
    await answer(100);
    assert.equal(shownStep(selection), 100);
  });

  test('asks for nothing that it has', async () => {
    const { selection, asked } = host();
    selection.offer(frame(50));
    selection.select(50);
    assert.equal(shownStep(selection), 50);
    assert.deepEqual(asked, []);
  });

  test('tells why a frame cannot be shown, until another is selected', async () => {
    const { selection, refuse } = host();
    selection.select(50);
    await refuse(50);
    assert.equal(selection.isLoading, false);
    assert.match(String(selection.error), /gone/);
    selection.select(100);
    assert.equal(selection.error, undefined);
  });

  test('keeps a bounded number of frames', async () => {
    const { selection, asked } = host();
    for (let step = 1; step <= 100; step++) selection.offer(frame(step));
    selection.select(100);
    assert.deepEqual(asked, []);
    selection.select(1);
    assert.deepEqual(asked, [1]);
  });
});

describe('run display', () => {
  test('says how a run stands', () => {
    const display = runDisplay(fakeState(), 0);
    assert.deepEqual(display, {
      status: 'Running',
      explanation: undefined,
      tone: 'busy',
      step: '1,250',
      steps: '5,000',
      progress: 0.25,
      percent: '25 %',
      speed: '142',
      timeLeft: '27 s',
    });
  });

  test('says what a start is busy with', () => {
    const state = fakeState({ status: 'starting', step: 0, phase: 'loading the data' });
    assert.equal(runDisplay(state, 0).status, 'Starting: loading the data');
  });

  test('gives no speed where nothing moves', () => {
    const waiting = runDisplay(fakeState({ status: 'stopped' }), 0, 'heard', 'at rung 1 of 3');
    assert.equal(waiting.status, 'At rung 1 of 3');
    const paused = runDisplay(fakeState({ status: 'paused' }), 0);
    assert.equal(paused.speed, undefined);
    assert.equal(paused.timeLeft, undefined);
  });

  test('calls 100 % nothing that is less', () => {
    assert.equal(runDisplay(fakeState({ step: 4999 }), 0).percent, '99 %');
    assert.equal(runDisplay(fakeState({ step: 0, steps: 0 }), 0).percent, '0 %');
  });

  test('notices a trainer that has fallen silent, but only one that should speak', () => {
    assert.equal(runDisplay(fakeState(), 60_000).status, 'Not responding');
    assert.equal(runDisplay(fakeState(), 60_000).speed, undefined);
    assert.equal(runDisplay(fakeState({ status: 'paused' }), 60_000).status, 'Not responding');
    assert.equal(runDisplay(fakeState(), 9_000).status, 'Running');
    for (const status of ['starting', 'stopped', 'finished', 'failed', 'crashed'] as const) {
      assert.notEqual(runDisplay(fakeState({ status }), 60_000).status, 'Not responding');
    }
  });

  test('enables exactly the actions that make sense', () => {
    const actions = ['pause', 'resume', 'stop', 'takeOver', 'rerun', 'openSource'] as const;
    const enabled = (status: RunState['status'], isWatchedOnly = false) =>
      [...actions, 'showLog' as const].filter(
        (action) => buttonDisplay(action, status, isWatchedOnly).isEnabled,
      );
    assert.deepEqual(enabled('running'), ['pause', 'stop', 'rerun', 'openSource', 'showLog']);
    assert.deepEqual(enabled('paused'), ['resume', 'stop', 'rerun', 'openSource', 'showLog']);
    assert.deepEqual(enabled('starting'), ['rerun', 'openSource', 'showLog']);
    assert.deepEqual(enabled('stopping'), ['rerun', 'openSource', 'showLog']);
    assert.deepEqual(enabled('failed'), ['resume', 'rerun', 'openSource', 'showLog']);
    assert.deepEqual(enabled('finished'), ['rerun', 'openSource', 'showLog']);
    assert.deepEqual(enabled('running', true), ['takeOver', 'rerun', 'openSource', 'showLog']);
    assert.deepEqual(enabled('paused', true), ['takeOver', 'rerun', 'openSource', 'showLog']);
  });
});
