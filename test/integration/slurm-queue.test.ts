/** How often Slurm is asked, and what is made of its answers: counted by programs of its names. */
import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { actOnSubmission, lookAtQueue } from '../../run-directory/slurm-queue';
import { readSubmission, writeSubmission } from '../../run-directory/slurm-submissions';
import { writeTable } from '../../run-directory/trial-table';
import { makeFolder, removeAfter } from '../support/temporary';

const trials = 1_000;

/** A folder of what was handed to Slurm, and programs that answer with what a file has and are counted. */
async function withSlurm(t: TestContext) {
  const base = await realpath(await makeFolder());
  removeAfter(t, base);
  const slurm = path.join(base, '.ebm/slurm');
  const bin = path.join(base, 'bin');
  const calls = path.join(base, 'calls');
  await mkdir(bin);
  await writeFile(calls, '');
  const stub = async (name: string, body: string) => {
    const file = path.join(bin, name);
    await writeFile(file, `#!/bin/sh\necho "${name} $*" >> '${calls}'\n${body}\n`);
    await chmod(file, 0o755);
  };
  const before = process.env['PATH'];
  process.env['PATH'] = bin;
  t.after(() => {
    process.env['PATH'] = before;
  });
  // `while read` is the shell’s own, so nothing else has to be found.
  const answers = path.join(base, 'queue');
  await stub('squeue', `while IFS= read -r line; do printf '%s\\n' "$line"; done < '${answers}'`);
  const answer = (...rows: readonly (readonly string[])[]) =>
    writeFile(answers, rows.map((cells) => `${cells.join('\t')}\n`).join(''));
  await answer();
  const submit = async (key: string, ...jobs: string[]) => {
    const folder = path.join(slurm, key);
    await mkdir(folder, { recursive: true });
    await writeSubmission(folder, { name: `sweep of ${key}`, jobs });
    return folder;
  };
  const called = async (name: string) =>
    (await readFile(calls, 'utf8')).split('\n').filter((line) => line.startsWith(`${name} `));
  return { base, slurm, stub, answer, submit, called };
}

test('a thousand trials that wait for an hour, looked at by three, cost some sixty questions', async (t) => {
  const { slurm, answer, submit, called, stub } = await withSlurm(t);
  await stub('sacct', 'exit 1');
  const folder = await submit('abc', '77');
  await submit('other', '78', '79');
  const waiting = `16-${trials - 1}%16`;
  await answer(
    ...Array.from({ length: 16 }, (_, k) => ['77', `${k}`, 'RUNNING', folder, 'None']),
    ['77', waiting, 'PENDING', folder, 'Priority'],
    ['78', '0-9', 'PENDING', path.join(slurm, 'other'), 'Resources'],
  );
  const start = Date.now();
  const hour = 3_600_000;
  for (let now = start; now < start + hour; now += 10_000) {
    // Two windows and a shell that somebody has repeat `ebm list`.
    const views = await Promise.all([1, 2, 3].map((who) => lookAtQueue(slurm, now + 10 * who)));
    for (const { standings } of views) assert.equal(standings.length, 2);
  }
  const asked = (await called('squeue')).length;
  assert.ok(asked >= 59 && asked <= 61, `${asked} questions`);
  assert.deepEqual(await called('sacct'), []);
  const { standings } = await lookAtQueue(slurm, start + hour - 1);
  const rows = standings.find((one) => one.folder === folder)?.rows ?? [];
  assert.equal(
    rows.reduce((sum, { count }) => sum + count, 0),
    trials,
  );
});

test('what Slurm has forgotten is asked of its accounts once, and then of nobody', async (t) => {
  const { slurm, submit, called, stub } = await withSlurm(t);
  await stub('sacct', "printf 'COMPLETED\\nCANCELLED by 0\\nCANCELLED by 0\\n'");
  const folder = await submit('abc', '77');
  await writeTable(folder, { runs: path.join(slurm, '../runs'), trials: [trial('never-began')] });
  const first = await lookAtQueue(slurm);
  const ended = { states: { COMPLETED: 1, CANCELLED: 2 }, left: 1 };
  assert.deepEqual(
    first.standings.map((one) => ({ ...one.ended, at: 0 })),
    [{ ...ended, at: 0 }],
  );
  const later = Date.now() + 3_600_000;
  assert.equal((await lookAtQueue(slurm, later)).standings.length, 1);
  assert.equal((await lookAtQueue(slurm, later + 86_400_000)).standings.length, 0, 'a day later');
  assert.equal((await called('squeue')).length, 1);
  assert.equal((await called('sacct')).length, 1);
});

test('whatever lies there, runs can be listed', async (t) => {
  const { slurm, submit } = await withSlurm(t);
  const folder = await submit('abc', '77');
  await writeFile(path.join(folder, 'trials.json'), '{');
  assert.deepEqual(await lookAtQueue(slurm), { standings: [] }, 'a broken table');
  await submit('abc', '78');
  await rm(path.join(slurm, 'queue.json'));
  await mkdir(path.join(slurm, 'queue.json'));
  const { standings, problem } = await lookAtQueue(slurm);
  assert.equal(standings.length, 1);
  assert.match(problem ?? '', /queue\.json/, 'no answer can be kept, so none is asked for');
});

test('a cluster without accounts is a normal one', async (t) => {
  const { slurm, submit } = await withSlurm(t);
  const folder = await submit('abc', '77');
  const { standings, problem } = await lookAtQueue(slurm);
  assert.deepEqual(standings, [], 'no run is left');
  assert.equal(problem, undefined);
  assert.deepEqual((await readSubmission(folder))?.ended?.states, {});
});

test('trouble of the cluster ends nothing, and is not asked again within the minute', async (t) => {
  const { slurm, submit, answer, called, stub } = await withSlurm(t);
  const folder = await submit('abc', '77');
  await answer(['77', '1-3', 'PENDING', folder, 'Priority']);
  const now = Date.now();
  await lookAtQueue(slurm, now);
  for (const trouble of ["echo 'slurm_load_jobs error: Unable to contact' >&2; exit 1", 'echo ?']) {
    await stub('squeue', trouble);
    const minute = now + 61_000 * (await called('squeue')).length;
    for (const at of [minute, minute + 1, minute + 59_000]) {
      const { standings, problem } = await lookAtQueue(slurm, at);
      assert.match(problem ?? '', /Unable to contact|is no list of jobs/);
      assert.equal(standings[0]?.rows?.[0]?.count, 3, 'what was known before');
    }
  }
  assert.equal((await called('squeue')).length, 3);
  assert.equal((await readSubmission(folder))?.ended, undefined);
});

test('only what was submitted from its folder is acted on, whatever the folder says', async (t) => {
  const { base, submit, answer, called, stub } = await withSlurm(t);
  await stub('scancel', ':');
  await stub('scontrol', ':');
  const folder = await submit('abc', '77', '5');
  await answer(
    ['77', '0', 'RUNNING', folder, 'None'],
    ['77', '1-3%2', 'PENDING', folder, 'Priority'],
    ['77', '4', 'PENDING', folder, 'JobHeldUser'],
    ['5', 'N/A', 'RUNNING', base, 'None'],
  );
  assert.equal(await actOnSubmission(folder, 'hold'), 3);
  assert.equal(await actOnSubmission(folder, 'release'), 1);
  assert.equal(await actOnSubmission(folder, 'requeue'), 1);
  assert.equal(await actOnSubmission(folder, 'cancel'), 5);
  assert.deepEqual(await called('scontrol'), [
    'scontrol hold 77_[1-3]',
    'scontrol release 77_4',
    'scontrol requeue 77_0',
  ]);
  assert.deepEqual(await called('scancel'), ['scancel 77_0 77_[1-3] 77_4']);
  await answer(['5', 'N/A', 'RUNNING', base, 'None']);
  assert.equal(await actOnSubmission(folder, 'cancel'), 0, 'a stranger’s job of the same id');
  assert.equal((await called('scancel')).length, 1);
});

test('where nothing was submitted nothing is asked, and nothing is written', async (t) => {
  const { slurm, called } = await withSlurm(t);
  assert.deepEqual(await lookAtQueue(slurm), { standings: [] });
  await mkdir(slurm, { recursive: true });
  await writeFile(path.join(slurm, 'queue.json'), '{');
  assert.deepEqual(await lookAtQueue(slurm), { standings: [] });
  assert.deepEqual(await called('squeue'), []);
  await rm(slurm, { recursive: true });
});

function trial(directoryName: string) {
  const task = { kind: 'begin', experiment: '/a.ebm.ts', overrides: {}, backend: 'auto' } as const;
  return { directoryName, task };
}
