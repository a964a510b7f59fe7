/** Tasks that share the trials of a sweep with rungs: each is taken once, and none is forgotten. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RunManifest } from '../../../protocol/run';
import { listMarks, ownerOf, resetMarks, takeMark } from '../../../run-directory/trial-marks';
import type { TrialTable } from '../../../run-directory/trial-table';
import { HalvingQueue, type TakenTrial } from '../../../trainer-worker/cli/slurm-halving';
import { manifest } from '../../support/manifest';
import { temporaryFolder } from '../../support/temporary';

const rungs = [10, 30, 90];
const count = 27;

/** A table of runs that are trained by writing down what they measure. */
async function shared(t: TestContext) {
  const folder = await temporaryFolder(t);
  await resetMarks(folder);
  const group = (index: number) => ({
    ...{ id: 'a1', name: 'thinned', index, of: count, metric: 'loss', goal: 'minimize' as const },
    halving: { eta: 3, rungs },
  });
  const table: TrialTable = {
    runs: path.join(folder, 'runs'),
    trials: Array.from({ length: count }, (_, index) => ({
      directoryName: `run-${index}`,
      task: { kind: 'begin', experiment: '/moons.ebm.ts', overrides: {}, group: group(index) },
    })),
  };
  const records = new Map<string, RunManifest>();
  /** Trains to where a trial was sent, or to some steps before that. */
  const train = ({ trial, until = 90 }: TakenTrial, missing = 0) => {
    const index = Number(trial.directoryName.slice(4));
    const step = until - missing;
    const passed = rungs.filter((rung) => rung <= step);
    const status = missing > 0 ? 'crashed' : step === 90 ? 'finished' : 'stopped';
    records.set(trial.directoryName, {
      ...manifest,
      group: group(index),
      state: { status, step, steps: 90 },
      // The best are spread over the table.
      rungs: passed.map((rung) => ({ step: rung, value: (index * 7) % count })),
    });
  };
  const queue = (owner: string) =>
    new HalvingQueue({
      ...{ folder, table, owner },
      recorded: async (directory) => records.get(path.basename(directory)),
    });
  return { folder, queue, train, records };
}

const nameOf = (taken: TakenTrial | undefined) => [taken?.trial.directoryName, taken?.until];

test('four tasks at once take every trial to a rung once, and promote a third each time', async (t) => {
  const { queue, train, folder, records } = await shared(t);
  const taken: string[] = [];
  const task = async (owner: string) => {
    const mine = queue(owner);
    for (let next = await mine.next(); next; next = await mine.next()) {
      taken.push(nameOf(next).join(' to '));
      train(next);
    }
  };
  await Promise.all(['9_0', '9_1', '9_2', '9_3'].map(task));
  assert.equal(new Set(taken).size, taken.length, 'none twice');
  assert.equal((await listMarks(folder)).length, taken.length);
  assert.equal(records.size, count);
  const at = (rung: number) =>
    [...records.values()].filter(({ rungs: passed = [] }) => passed.length > rung).length;
  assert.equal(at(0), count);
  // A third of all at the end, and who was among the best of fewer before.
  assert.ok(at(1) >= 9 && at(1) < count, `${at(1)} at the second rung`);
  assert.ok(at(2) >= Math.floor(at(1) / 3), `${at(2)} at the third`);
  const finished = [...records].filter(([, { state }]) => state.status === 'finished');
  assert.ok(
    finished.some(([name]) => name === 'run-0'),
    'the best of all is trained to its end',
  );
});

test('a task that comes again goes on with its own; what another one has it leaves to it', async (t) => {
  const { queue, train, folder } = await shared(t);
  const first = (await queue('9_0').next())!;
  const second = (await queue('9_1').next())!;
  assert.deepEqual(
    [nameOf(first), nameOf(second)],
    [
      ['run-0', 10],
      ['run-1', 10],
    ],
  );
  assert.equal(await ownerOf(folder, { index: 1, rung: 0 }), '9_1');
  assert.equal(await takeMark(folder, { index: 1, rung: 0 }, '9_0'), false);
  train(second, 4);
  const again = queue('9_1');
  assert.deepEqual(nameOf(await again.next()), ['run-1', 10]);
  // Once in a process is enough, however it ended.
  assert.deepEqual(nameOf(await again.next()), ['run-2', 10]);
  // A new submission knows no marks, and goes on with what was broken off.
  await resetMarks(folder);
  const anew = queue('10_0');
  assert.deepEqual(nameOf(await anew.next()), ['run-1', 10]);
  assert.deepEqual(nameOf(await anew.next()), ['run-0', 10]);
});
