/** What is asked of Slurm, counted by programs of its names that answer as it does. */
import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { readTable } from '../../run-directory/trial-table';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';
import { ebm, start } from '../support/trainer';

const trials = 1_000;
const source = `${smallExperiment()}
export const sweep = { seeds: Array.from({ length: ${trials} }, (_, seed) => seed) };
`;

/** A folder with the experiment and, of these, programs that note how they are called. */
async function withPrograms(t: TestContext, programs: Readonly<Record<string, string>>) {
  const folder = await experimentFolder(t, { 'moons.ebm.ts': source });
  const bin = path.join(folder, 'bin');
  const calls = path.join(folder, 'calls');
  await mkdir(bin);
  await writeFile(calls, '');
  for (const [name, body] of Object.entries(programs)) {
    const file = path.join(bin, name);
    await writeFile(file, `#!/bin/sh\necho "${name} $*" >> '${calls}'\n${body}\n`);
    await chmod(file, 0o755);
  }
  // Nothing of the machine’s own Slurm; what the stubs need is built into their shell.
  const env = { ...process.env, PATH: bin };
  const run = async (...args: string[]) => {
    const program = start(t, [process.execPath, ebm, ...args], { cwd: folder, env });
    return { code: await program.exited, out: program.out(), errors: program.errors() };
  };
  const called = async () =>
    (await readFile(calls, 'utf8')).split('\n').filter((line) => line !== '');
  return { folder, run, called };
}

const submit = ['sweep', 'moons.ebm.ts', '--on', 'slurm', '--parallel', '16'] as const;

test('a thousand runs are handed over by a handful of commands', async (t) => {
  const { folder, run, called } = await withPrograms(t, {
    scontrol: 'echo "MaxArraySize            = 401"',
    sbatch: "echo '77;cluster'",
    squeue: "printf '77\\t5-9\\tPENDING\\t/somewhere\\tPriority\\n'",
  });
  const first = await run(...submit);
  assert.equal(first.code, 0, first.errors);
  assert.match(first.out, /1000 runs in 1000 tasks of Slurm job 77/);
  assert.deepEqual(await called(), [
    'scontrol show config',
    'sbatch --parsable --array=0-400%16 job.sh 0 1',
    'sbatch --parsable --array=0-400%16 job.sh 401 1',
    'sbatch --parsable --array=0-197%16 job.sh 802 1',
  ]);
  const slurm = path.join(folder, '.ebm/slurm');
  const [key] = await readdir(slurm);
  const made = path.join(slurm, key!);
  assert.deepEqual((await readdir(made)).sort(), [
    ...['job.sh', 'log', 'source', 'submitted.json', 'trials.json'],
  ]);
  const table = await readTable(made);
  assert.equal(new Set(table.trials.map(({ directoryName }) => directoryName)).size, trials);
  assert.ok(table.trials.every(({ task }) => task.copy?.startsWith(path.join(made, 'source'))));

  const again = await run(...submit);
  assert.equal(again.code, 2);
  assert.match(again.errors, /with Slurm already: job 77/);
  assert.deepEqual(await readTable(made), table, 'what waits relies on it');
  assert.equal((await called()).length, 6);
});

test('without Slurm it says what is missing, and nothing is left', async (t) => {
  const { folder, run } = await withPrograms(t, {});
  const { code, errors } = await run(...submit);
  assert.equal(code, 2);
  assert.match(errors, /There is no ‘scontrol’ here/);
  assert.deepEqual((await readdir(folder)).sort(), ['bin', 'calls', 'moons.ebm.ts']);
});

test('what Slurm refuses is told in its words', async (t) => {
  const { run } = await withPrograms(t, {
    scontrol: 'echo "MaxArraySize = 1001"',
    sbatch: "echo 'sbatch: error: invalid partition specified: gpu' >&2; exit 1",
  });
  const { code, errors } = await run(...submit);
  assert.equal(code, 2);
  assert.match(errors, /invalid partition specified: gpu/);
});

test('programs without a cluster, and a command that there is not, are told as such', async (t) => {
  const { run } = await withPrograms(t, {
    scontrol: `echo 'scontrol: error: fetch_config: DNS SRV lookup failed' >&2; exit 1`,
  });
  const { code, errors } = await run(...submit);
  assert.equal(code, 2);
  assert.match(errors, /no cluster answers them \(scontrol: fetch_config: DNS SRV lookup failed\)/);
  assert.match((await run('slurm', 'nope')).errors, /unknown command 'nope' of ebm slurm/);
});

test('a run is handed over like a sweep of one', async (t) => {
  const { folder, run, called } = await withPrograms(t, {
    scontrol: 'echo "MaxArraySize = 1001"',
    sbatch: 'echo 5',
  });
  const { code, out, errors } = await run('run', 'moons.ebm.ts', '--on', 'slurm', '--seed', '7');
  assert.equal(code, 0, errors);
  assert.match(out, /1 run in 1 task of Slurm job 5/);
  assert.deepEqual((await called()).slice(1), ['sbatch --parsable --array=0 job.sh 0 1']);
  const slurm = path.join(folder, '.ebm/slurm');
  const { trials: tabled } = await readTable(path.join(slurm, (await readdir(slurm))[0]!));
  assert.deepEqual(
    tabled.map(({ task }) => task.overrides),
    [{ seed: 7 }],
  );
});
