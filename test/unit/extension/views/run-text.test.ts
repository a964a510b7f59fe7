import assert from 'node:assert/strict';
import { test } from 'node:test';
import { experimentLine } from '../../../../extension/views/experiment-line';
import {
  ageText,
  progressText,
  statusIcon,
  statusName,
  timeLeftText,
} from '../../../../extension/views/run-text';
import type { RunState } from '../../../../protocol/run';

const state: RunState = { status: 'running', step: 1200, steps: 5000 };

test('progress: counts with separators, whole per cent rounded down', () => {
  assert.equal(progressText(state), '1,200/5,000 · 24 %');
  assert.equal(progressText({ ...state, step: 4999 }), '4,999/5,000 · 99 %');
  assert.equal(progressText({ ...state, step: 0, steps: 0 }), '0/0');
});

test('a silent trainer shows as that, whatever its last status was', () => {
  assert.equal(statusName(state, 'heard'), 'running');
  assert.equal(statusName(state, 'silent'), 'not responding');
  assert.equal(statusIcon(state, 'silent'), '$(warning)');
});

test('time left: in the largest units that say something', () => {
  const left = (secondsLeft: number) => timeLeftText({ ...state, secondsLeft });
  assert.equal(left(34.2), '35 s left');
  assert.equal(left(250), '4 min 10 s left');
  assert.equal(left(7800), '2 h 10 min left');
  assert.equal(timeLeftText(state), '');
});

test('age: from just now to days', () => {
  const now = Date.parse('2026-03-10T12:00:00Z');
  for (const [createdAt, text] of [
    ['2026-03-10T11:59:30Z', 'just now'],
    ['2026-03-10T11:55:00Z', '5 min ago'],
    ['2026-03-10T09:00:00Z', '3 h ago'],
    ['2026-03-09T11:00:00Z', 'yesterday'],
    ['2026-03-01T12:00:00Z', '9 days ago'],
    // A clock that was set back.
    ['2026-03-10T13:00:00Z', 'just now'],
    ['nonsense', ''],
  ] as const) {
    assert.equal(ageText(createdAt, now), text);
  }
});

test('experimentLine finds the experiment, and only where it is', () => {
  assert.equal(experimentLine("import x from 'y';\n\nexport default experiment({"), 2);
  assert.equal(experimentLine('export  default\nexperiment ({'), 0);
  assert.equal(experimentLine('// export default experiment({'), undefined);
  assert.equal(experimentLine('export default experiments({'), undefined);
  assert.equal(experimentLine(''), undefined);
});
