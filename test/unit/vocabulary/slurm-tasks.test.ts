import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  countByStanding,
  nameOfTasks,
  parseQueue,
  reasonText,
  standingText,
} from '../../../vocabulary/slurm-tasks';

const line = (...cells: readonly string[]) => `${cells.join('\t')}\n`;
const printed =
  line('77', '0', 'RUNNING', '/a b/sweep', 'None') +
  line('77', '1', 'COMPLETING', '/a b/sweep', 'None') +
  line('77', '3-9,12%2', 'PENDING', '/a b/sweep', 'JobArrayTaskLimit') +
  line('77', '20-30:5', 'PENDING', '/a b/sweep', 'JobHeldUser') +
  line('78', 'N/A', 'PENDING', '/elsewhere', 'ReqNodeNotAvail, UnavailableNodes:n[1-2]');

test('what squeue prints is read: tasks, how many, why they wait', () => {
  const rows = parseQueue(printed);
  assert.ok(rows);
  assert.deepEqual(
    rows.map(({ count }) => count),
    [1, 1, 8, 3, 1],
  );
  assert.deepEqual(rows.map(nameOfTasks), ['77_0', '77_1', '77_[3-9,12]', '77_[20-30:5]', '78']);
  assert.deepEqual(countByStanding(rows), {
    ...{ running: 2, waiting: 9, held: 3 },
    reasons: ['JobArrayTaskLimit', 'ReqNodeNotAvail, UnavailableNodes:n[1-2]'],
  });
  assert.equal(standingText(rows.slice(0, 4)), '2 running · 8 wait (JobArrayTaskLimit) · 3 held');
});

test('what is no list of jobs is not taken for an empty one', () => {
  assert.deepEqual(parseQueue('\n'), []);
  assert.equal(parseQueue('slurm_load_jobs: out of order\n'), undefined);
  assert.equal(parseQueue(line('7;rm -rf', '1', 'PENDING', '/a', 'None')), undefined);
});

test('a requeued task that is held waits for somebody; one that begins again does not', () => {
  const rows = parseQueue(
    line('5', '1', 'REQUEUE_HOLD', '/a', 'None') + line('5', '2', 'PENDING', '/a', 'BeginTime'),
  );
  assert.equal(standingText(rows), '1 waits (BeginTime) · 1 held');
});

test('what is not known yet, is ending or has ended is told as that', () => {
  assert.equal(standingText(undefined), 'submitted');
  assert.equal(standingText([]), 'ending');
  const ended = { states: { COMPLETED: 3, FAILED: 2 }, left: 2 };
  assert.equal(standingText([], ended), 'ended, 2 runs not done (3 COMPLETED, 2 FAILED)');
  assert.equal(standingText([], { states: {}, left: 1 }), 'ended, 1 run not done');
});

test('reasons are explained where they have one meaning', () => {
  assert.match(reasonText('ReqNodeNotAvail, UnavailableNodes:n1') ?? '', /down, drained/);
  assert.equal(reasonText('toString'), undefined);
});
