/** Sweeps on a real Slurm: preempted, killed and queued again, they end like unbroken ones, bit for bit. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { listCheckpoints } from '../../run-directory/checkpoints';
import { readManifest } from '../../run-directory/manifest';
import { until } from '../support/condition';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';
import { result } from '../support/shell-runs';
import { noSlurm, startCluster } from '../support/slurm';
import { ebm, type Program, start } from '../support/trainer';

const trials = 4;
const source = `${smallExperiment({
  energy: 'energy.mlp({ hidden: [16] })',
  optimizer: 'optimizer.adamW({ average: 0.99 })',
  steps: '300',
  checkpoint: '{ every: 20 }',
})}
export const sweep = { seeds: [${Array.from({ length: trials }, (_, seed) => seed).join()}] };
`;

function shell(t: TestContext, cwd: string, env: NodeJS.ProcessEnv, ...args: string[]): Program {
  return start(t, [process.execPath, ebm, ...args], { cwd, env });
}

async function succeed(program: Program): Promise<string> {
  assert.equal(await program.exited, 0, program.errors() + program.out());
  return program.out();
}

/** Directories of the runs in a folder, by their place in the sweep. */
async function runsOf(folder: string): Promise<Map<number, string>> {
  const runs = path.join(folder, '.ebm/runs');
  const found = new Map<number, string>();
  for (const name of await readdir(runs).catch(() => [])) {
    const manifest = await readManifest(path.join(runs, name)).catch(() => undefined);
    if (manifest?.group) found.set(manifest.group.index, path.join(runs, name));
  }
  return found;
}

async function logsOf(folder: string): Promise<string> {
  const slurm = path.join(folder, '.ebm/slurm');
  const texts: string[] = [];
  for (const name of await readdir(slurm, { recursive: true })) {
    if (/log.*\.txt$/.test(name)) texts.push(await readFile(path.join(slurm, name), 'utf8'));
  }
  return texts.join('\n');
}

test('a sweep on two nodes, signalled and queued again, ends like an unbroken one', {
  skip: noSlurm,
}, async (t) => {
  const unbroken = await experimentFolder(t, { 'moons.ebm.ts': source });
  await succeed(shell(t, unbroken, process.env, 'sweep', 'moons.ebm.ts', '--parallel', '2'));
  const expected = await runsOf(unbroken);
  assert.equal(expected.size, trials);

  const cluster = await startCluster(t);
  const folder = await experimentFolder(t, { 'moons.ebm.ts': source });
  const profile = { cores: 1, time: '10', setup: ['export EBM_HEARTBEAT_SECONDS=0.3'] };
  await mkdir(path.join(folder, '.ebm'));
  await writeFile(path.join(folder, '.ebm/slurm.json'), JSON.stringify(profile));
  const args = ['sweep', 'moons.ebm.ts', '--on', 'slurm', '--trials-per-job', '2'] as const;
  const dry = await succeed(shell(t, folder, cluster.env, ...args, '--dry-run'));
  assert.match(dry, /sbatch --array=0-1 job\.sh 0 2/);
  assert.deepEqual(await readdir(path.join(folder, '.ebm')), ['slurm.json']);

  const told = await succeed(shell(t, folder, cluster.env, ...args));
  const job = /Slurm job (\d+)/.exec(told)?.[1];
  assert.ok(job, told);
  const again = shell(t, folder, cluster.env, ...args);
  assert.equal(await again.exited, 2);
  assert.match(again.errors(), new RegExp(`with Slurm already: job ${job}`));

  const training = async (count: number) => {
    const runs = [...(await runsOf(folder)).values()];
    const states = await Promise.all(
      runs.map(async (run) => {
        const { state } = await readManifest(run);
        return state.status === 'running' && (await listCheckpoints(run)).length > 0;
      }),
    );
    return states.filter(Boolean).length >= count;
  };
  await until('two runs train and have a checkpoint', () => training(2));
  // As Slurm does some time before a job’s time is over.
  await cluster.ask('scancel', '--batch', '--signal=USR2', `${job}_0`);
  await until('it is queued again', async () => /queueing job/.test(await logsOf(folder)));
  await cluster.ask('scontrol', 'requeue', `${job}_1`);
  for (const task of [`${job}_0`, `${job}_1`]) {
    await until('it waits', async () => {
      return /PD/.test(await cluster.ask('squeue', '--noheader', '--format=%t', `--jobs=${task}`));
    });
    await cluster.hurry(task);
  }
  await until('all are done', async () => {
    const runs = [...(await runsOf(folder)).values()];
    const states = await Promise.all(runs.map(async (run) => (await readManifest(run)).state));
    return states.filter(({ status }) => status === 'finished').length === trials;
  });
  const found = await runsOf(folder);
  for (const [index, directory] of expected) {
    assert.deepEqual(await result(found.get(index)!), await result(directory), `run ${index}`);
  }
  const manifests = await Promise.all([...found.values()].map((one) => readManifest(one)));
  assert.ok(manifests.some(({ resumes }) => (resumes?.length ?? 0) > 0));
  assert.ok(manifests.every(({ worker }) => worker === undefined));
  await until('the queue is empty', async () => {
    return (await cluster.ask('squeue', '--noheader')).trim() === '';
  });
  assert.match(await succeed(shell(t, folder, cluster.env, ...args)), /all 4 runs .* are done/);
});
