import assert from 'node:assert/strict';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RunState } from '../../../protocol/run';
import {
  answerRequest,
  askTrainer,
  type ControlAnswer,
  takeRequests,
} from '../../../run-directory/control-requests';
import { claimText } from '../../../run-directory/heartbeat';
import { until } from '../../support/condition';
import { temporaryFolder } from '../../support/temporary';

const token = 'a'.repeat(32);
const times = { patience: 60_000, poll: 10 };
const state: RunState = { status: 'paused', step: 7, steps: 9 };

/** A run directory that a trainer has claimed. */
async function claimed(t: TestContext): Promise<string> {
  const directory = await temporaryFolder(t);
  await mkdir(path.join(directory, 'control'));
  const claim = { token, everyMs: 4_000, pid: 1, socket: '/s', host: { name: 'node' } };
  await writeFile(path.join(directory, 'control/trainer.json'), claimText(claim));
  return directory;
}

const inControl = (directory: string) => readdir(path.join(directory, 'control'));

test('what is asked is taken once, and answered; nothing is left of it', async (t) => {
  for (const answer of [
    { state },
    { problem: { kind: 'environment', message: 'Another window controls this run.' } },
  ] satisfies ControlAnswer[]) {
    const directory = await claimed(t);
    const asked = askTrainer(directory, 'moons', { action: 'pause' }, times).then(
      (value) => ({ state: value }),
      (thrown: Error) => ({ problem: thrown.message }),
    );
    const [request] = await until('it is asked', async () => {
      const requests = await takeRequests(directory);
      return requests.length > 0 && requests;
    });
    assert.deepEqual(request?.request, { action: 'pause' });
    assert.equal(request.to, token);
    assert.deepEqual(await takeRequests(directory), []);
    await answerRequest(directory, request, answer);
    const expected = 'problem' in answer ? { problem: answer.problem.message } : answer;
    assert.deepEqual(await asked, expected);
    assert.deepEqual(await inControl(directory), ['trainer.json']);
  }
});

test('a change says of what, and what it is to be', async (t) => {
  const directory = await claimed(t);
  const change = { action: 'change', option: 'optimizer.learningRate', value: 1e-4 } as const;
  const asked = askTrainer(directory, 'moons', change, times);
  const [request] = await until('it is asked', async () => {
    const requests = await takeRequests(directory);
    return requests.length > 0 && requests;
  });
  assert.deepEqual(request?.request, change);
  await answerRequest(directory, request!, { state });
  await asked;
  // Half a change is none.
  const half = { formatVersion: 1, to: token, action: 'change', option: 'optimizer.learningRate' };
  const file = path.join(directory, 'control', `${'a'.repeat(24)}.request.json`);
  await writeFile(file, JSON.stringify(half));
  assert.deepEqual(await takeRequests(directory), []);
  assert.deepEqual(await inControl(directory), ['trainer.json']);
});

test('what is not taken in time is not done later', async (t) => {
  const directory = await claimed(t);
  await assert.rejects(
    askTrainer(directory, 'moons', { action: 'stop' }, { patience: 50, poll: 10 }),
    /‘moons’ did not answer/,
  );
  assert.deepEqual(await takeRequests(directory), []);
});

test('where nobody trains, nobody is asked', async (t) => {
  const directory = await temporaryFolder(t);
  await assert.rejects(
    askTrainer(directory, 'moons', { action: 'stop' }, times),
    /not in training/,
  );
  assert.deepEqual(await readdir(directory), []);
  assert.deepEqual(await takeRequests(directory), []);
});

test('what is no request is removed and does nothing, links and folders among it', async (t) => {
  const directory = await claimed(t);
  const other = path.join(directory, 'other.json');
  const request = JSON.stringify({ formatVersion: 1, to: token, action: 'stop' });
  await writeFile(other, request);
  const at = (digit: string) => path.join(directory, 'control', `${digit.repeat(24)}.request.json`);
  await symlink(other, at('0'));
  await mkdir(at('1'));
  await writeFile(at('2'), '{');
  await writeFile(at('3'), JSON.stringify({ formatVersion: 1, to: token, action: 'delete' }));
  await writeFile(at('4'), 'x'.repeat(2 ** 17));
  await writeFile(path.join(directory, 'control', 'stop.request.json'), request);
  assert.deepEqual(await takeRequests(directory), []);
  assert.deepEqual(await inControl(directory), ['stop.request.json', 'trainer.json']);
  assert.deepEqual((await readdir(directory)).includes('other.json'), true);
});
