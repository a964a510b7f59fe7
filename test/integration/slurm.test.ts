/** Sweeps on a real Slurm: preempted, killed and queued again, they end like unbroken ones, bit for bit. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import 'vscode-jsonrpc/node';
import { relayThroughSlurm, slurmJobOf } from '../../extension/runs/slurm-relay';
import { Peer } from '../../protocol/peer';
import type { RunManifest } from '../../protocol/run';
import { socketTransport } from '../../protocol/socket-transport';
import type { EditorSide, TrainerSide } from '../../protocol/trainer';
import { listCheckpoints } from '../../run-directory/checkpoints';
import { readManifest } from '../../run-directory/manifest';
import { isSettled } from '../../run-directory/run-group';
import { listSubmissions } from '../../run-directory/slurm-submissions';
import type { SlurmProfile } from '../../trainer-worker/trainer/slurm/profile';
import { until } from '../support/condition';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';
import { result } from '../support/shell-runs';
import { noSlurm, startCluster } from '../support/slurm';
import { ebm, type Program, start } from '../support/trainer';

const trials = 4;
/** A sweep over seeds. The more of them train, the longer it takes; what one ends in is the same. */
function sourceOf(count: number): string {
  const experiment = smallExperiment({
    energy: 'energy.mlp({ hidden: [16] })',
    optimizer: 'optimizer.adamW({ average: 0.99 })',
    steps: '300',
    checkpoint: '{ every: 20 }',
  });
  const seeds = Array.from({ length: count }, (_, seed) => seed).join();
  return `${experiment}\nexport const sweep = { seeds: [${seeds}] };\n`;
}

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

/** What unbroken runs of the sweep end in, by their place in it; trained once for all tests. */
let unbroken: Promise<ReadonlyMap<number, Awaited<ReturnType<typeof result>>>> | undefined;

async function trainUnbroken(t: TestContext) {
  const folder = await experimentFolder(t, { 'moons.ebm.ts': sourceOf(trials) });
  await succeed(shell(t, folder, process.env, 'sweep', 'moons.ebm.ts', '--parallel', '2'));
  const found = await runsOf(folder);
  assert.equal(found.size, trials);
  return new Map(
    await Promise.all([...found].map(async ([index, run]) => [index, await result(run)] as const)),
  );
}

/** A cluster, and a folder with an experiment whose sweep can be handed to it. */
async function clusterWith(t: TestContext, source: string, profile: Partial<SlurmProfile> = {}) {
  const cluster = await startCluster(t);
  const folder = await experimentFolder(t, { 'moons.ebm.ts': source });
  const setup = ['export EBM_HEARTBEAT_SECONDS=0.3'];
  await mkdir(path.join(folder, '.ebm'));
  const said = { cores: 1, time: '10', setup, ...profile };
  await writeFile(path.join(folder, '.ebm/slurm.json'), JSON.stringify(said));
  const call = (...args: string[]) => shell(t, folder, cluster.env, ...args);
  const submit = async (...args: string[]) => {
    const told = await succeed(call('sweep', 'moons.ebm.ts', '--on', 'slurm', ...args));
    const job = /Slurm job (\d+)/.exec(told)?.[1];
    assert.ok(job, told);
    return job;
  };
  return { cluster, folder, call, submit };
}

/** A cluster, and a folder from which the sweep over seeds can be handed to it. */
async function onCluster(t: TestContext, profile: Partial<SlurmProfile> = {}, count = trials) {
  unbroken ??= trainUnbroken(t);
  const expected = await unbroken;
  const { cluster, folder, call, submit } = await clusterWith(t, sourceOf(count), profile);
  const statesOf = async () => {
    const runs = [...(await runsOf(folder)).values()];
    return await Promise.all(runs.map(async (run) => (await readManifest(run)).state.status));
  };
  /** Pauses the run of a place, so that what is to happen to it does so before it is done. */
  const pauseRun = async (index: number) => {
    const run = await until(`run ${index} trains`, async () => (await runsOf(folder)).get(index));
    await until(`run ${index} has a checkpoint`, async () => {
      return (await listCheckpoints(run)).length > 0;
    });
    // A signal of Slurm’s may be faster, and then it is too late until it has begun again.
    await until(`run ${index} is paused`, async () => (await call('pause', run).exited) === 0);
    return run;
  };
  /** Waits until all runs are done, and compares them with unbroken ones. */
  const endsLikeUnbroken = async () => {
    await until('all are done', async () => {
      const states = await statesOf();
      return states.filter((status) => status === 'finished').length === count;
    });
    const found = await runsOf(folder);
    for (const [index, run] of found) {
      assert.deepEqual(await result(run), expected.get(index), `run ${index}`);
    }
    const manifests = await Promise.all([...found.values()].map((one) => readManifest(one)));
    assert.ok(manifests.some(({ resumes }) => (resumes?.length ?? 0) > 0));
    assert.ok(manifests.every(({ worker }) => worker === undefined));
  };
  return { cluster, folder, call, submit, statesOf, pauseRun, endsLikeUnbroken };
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
  const { cluster, folder, call, submit, endsLikeUnbroken } = await onCluster(t);
  const args = ['sweep', 'moons.ebm.ts', '--on', 'slurm', '--trials-per-job', '2'] as const;
  const dry = await succeed(call(...args, '--dry-run'));
  assert.match(dry, /sbatch --array=0-1 job\.sh 0 2/);
  assert.deepEqual(await readdir(path.join(folder, '.ebm')), ['slurm.json']);

  const job = await submit('--trials-per-job', '2');
  const again = call(...args);
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
  await endsLikeUnbroken();
  await until('the queue is empty', async () => {
    return (await cluster.ask('squeue', '--noheader')).trim() === '';
  });
  assert.match(await succeed(call(...args)), /all 4 runs .* are done/);
});

test('what waits is told with its reason; it is held, released, queued again, cancelled', {
  skip: noSlurm,
}, async (t) => {
  // A job has a whole node.
  const { cluster, call, submit, pauseRun, statesOf, folder } = await onCluster(t, { cores: 2 });
  const slurmConf = cluster.env['SLURM_CONF']!;
  const job = await submit();
  const [run] = await Promise.all([pauseRun(0), pauseRun(1)]);
  // By the way of which an editor hears of a run that it shows.
  const manifest = await readManifest(run);
  const program = { node: process.execPath, env: { SLURM_CONF: slurmConf }, script: ebm };
  const stream = relayThroughSlurm(run, slurmJobOf(manifest)!, program);
  const peer = new Peer<EditorSide, TrainerSide>(...socketTransport(stream));
  assert.equal((await peer.request('attach', {})).state.status, 'paused');
  peer.close();
  const status = async () => {
    const [line] = (await succeed(call('slurm', '--json'))).trim().split('\n');
    return line ? JSON.parse(line).slurm : {};
  };
  const act = (action: string) => succeed(call('slurm', action, job));
  const list = await succeed(call('list'));
  assert.match(list, new RegExp(`^${job} .*2 running · 2 wait \\((Resources|Priority)`, 'm'));
  assert.match(await act('hold'), /2 tasks held/);
  assert.deepEqual(await pick(status()), { running: 2, waiting: 0, held: 2 });
  assert.match(await act('release'), /2 tasks released/);
  assert.deepEqual(await pick(status()), { running: 2, waiting: 2, held: 0 });
  assert.match(await act('requeue'), /2 tasks queued again/);
  assert.match(await act('cancel'), /tasks cancelled/);
  await until('none is in training', async () => {
    return (await statesOf()).every((state) => state === 'stopped');
  });
  const nothing = call('slurm', 'hold', job);
  assert.equal(await nothing.exited, 2);
  assert.match(nothing.errors(), /Nothing of .* waits in Slurm/);
  // Whatever is seen of its end, nothing is asked of Slurm any more once that is recorded.
  await until('its end is recorded', async () => {
    await call('slurm', 'cancel', job).exited;
    const [record] = await listSubmissions(path.join(folder, '.ebm/slurm'));
    return record?.ended?.left === trials;
  });
});

test('runs that a higher partition preempts go on when it is through', {
  skip: noSlurm,
}, async (t) => {
  const { cluster, submit, pauseRun, endsLikeUnbroken } = await onCluster(t, { cores: 2 }, 2);
  await submit();
  await Promise.all([pauseRun(0), pauseRun(1)]);
  const high = [
    '--partition=high',
    '--nodes=2',
    '--exclusive',
    '--chdir=/tmp',
    '--output=/dev/null',
  ];
  const other = (await cluster.ask('sbatch', '--parsable', ...high, '--wrap=true')).trim();
  await until('it has run', async () => {
    const ids = await cluster.ask('squeue', '--noheader', '--format=%A');
    return !ids.split('\n').some((id) => id.trim() === other);
  });
  await endsLikeUnbroken();
});

test('a job whose time is nearly over is queued again by itself, and goes on', {
  skip: noSlurm,
}, async (t) => {
  // Slurm may give the signal up to a minute too early.
  const { submit, pauseRun, endsLikeUnbroken, folder } = await onCluster(
    t,
    { time: '1', graceSeconds: 40 },
    1,
  );
  await submit();
  await pauseRun(0);
  await until('Slurm has given its signal', async () => {
    return /SIGUSR2: a checkpoint is written/.test(await logsOf(folder));
  });
  await endsLikeUnbroken();
});

test('runs of a node that is lost go on on another one', { skip: noSlurm }, async (t) => {
  const { cluster, submit, pauseRun, endsLikeUnbroken } = await onCluster(t, { cores: 2 }, 2);
  const job = await submit();
  const run = await pauseRun(0);
  const where = await cluster.ask('squeue', '--noheader', '--format=%N', `--jobs=${job}_0`);
  const node = where.trim() === 'n1' ? 'n1' : 'n2';
  const { worker } = await readManifest(run);
  await cluster.kill(node);
  // All that is lost with a node: the trainer, the job, and what watches it for the daemon.
  for (const pid of (await ancestorsOf(worker!.pid)).reverse()) process.kill(pid, 'SIGKILL');
  await until('Slurm has noticed', async () => {
    const states = await cluster.ask('sinfo', '--noheader', '--Node', '--format=%N %t');
    return new RegExp(`^${node} down`, 'm').test(states);
  });
  await endsLikeUnbroken();
});

test('a sweep of 24 trials that is thinned out: four tasks share them, and promote by the records alone', {
  skip: noSlurm,
}, async (t) => {
  const count = 24;
  const rates = Array.from({ length: count }, (_, k) => 10 ** (-4 + k / 8));
  const experiment = smallExperiment({
    ...{ energy: 'energy.mlp({ hidden: [16] })', steps: '180' },
    optimizer: 'optimizer.adamW({ learningRate: 1e-3, average: 0.99 })',
    checkpoint: '{ every: 20, keep: 9 }',
  });
  const sweep = `{
    parameters: { 'optimizer.learningRate': [${rates}] },
    metric: 'loss',
    goal: 'maximize',
    halving: { minSteps: 20, eta: 3 },
  }`;
  const source = `${experiment}\nexport const sweep = ${sweep};\n`;
  const { cluster, folder, call, submit } = await clusterWith(t, source);
  const args = ['sweep', 'moons.ebm.ts', '--on', 'slurm', '--parallel', '4'] as const;
  const refused = call(...args, '--trials-per-job', '2');
  assert.equal(await refused.exited, 2);
  assert.match(refused.errors(), /takes runs until none is left/);

  const job = await submit('--parallel', '4');
  const records = async () => {
    const found = [...(await runsOf(folder)).values()];
    return await Promise.all(
      found.map(async (run) => ({ run, manifest: await readManifest(run) })),
    );
  };
  await until('some have come to a rung', async () => {
    return (await records()).filter(({ manifest }) => manifest.rungs).length >= 3;
  });
  await cluster.ask('scancel', '--batch', '--signal=USR2', `${job}_0`);
  await until('it is queued again', async () => /queueing job/.test(await logsOf(folder)));
  await until('the queue is empty', async () => {
    return (await cluster.ask('squeue', '--noheader')).trim() === '';
  });

  const all = await records();
  assert.equal(all.length, count);
  assert.ok(all.every(({ manifest }) => isSettled(manifest)));
  const at = (rung: number) => all.filter(({ manifest }) => (manifest.rungs ?? []).length > rung);
  // As many as may be promoted, and no more than one in three of those at each time: 8 of 24, 2 of 8.
  assert.ok(at(1).length >= 8 && at(1).length <= count / 2, `${at(1).length} at the second rung`);
  assert.ok(at(2).length >= Math.floor(at(1).length / 3), `${at(2).length} at the third`);
  const [best] = [...all].sort((a, b) => valueAt(b.manifest) - valueAt(a.manifest));
  assert.ok((best!.manifest.rungs ?? []).length > 1, 'the best went on');
  // One that went to its end is what a run is that never stopped.
  const { run, manifest } = at(2)[0]!;
  assert.equal(manifest.state.status, 'finished');
  const rate = `optimizer.learningRate=${manifest.overrides['optimizer.learningRate']}`;
  await succeed(call('run', 'moons.ebm.ts', '--set', rate, '--runs', 'unbroken'));
  const [whole] = await readdir(path.join(folder, 'unbroken'));
  assert.deepEqual(await result(run), await result(path.join(folder, 'unbroken', whole!)));
  assert.match(await succeed(call(...args)), /all 24 runs .* are done or left behind/);
});

/** What a run measured at the first rung. */
function valueAt({ rungs }: RunManifest): number {
  return rungs?.[0]?.value ?? Number.NEGATIVE_INFINITY;
}

/** A process and those above it up to the watcher of its job, which has a command line of its own. */
async function ancestorsOf(pid: number): Promise<number[]> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const parent = Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1]);
  const isWatcher = /^slurmstepd/.test(await readFile(`/proc/${pid}/cmdline`, 'utf8'));
  assert.ok(isWatcher || parent > 1, 'a trainer in a job has its watcher above it');
  return isWatcher ? [pid] : [pid, ...(await ancestorsOf(parent))];
}

async function pick(status: Promise<{ running: number; waiting: number; held: number }>) {
  const { running, waiting, held } = await status;
  return { running, waiting, held };
}
