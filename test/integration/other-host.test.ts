/** A run whose trainer is on another host, as far as this one can tell. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { RunStore } from '../../extension/runs/run-store';
import { listCheckpoints } from '../../run-directory/checkpoints';
import { thisHost } from '../../run-directory/host';
import { readManifest } from '../../run-directory/manifest';
import { isSameHost } from '../../vocabulary/presence';
import { until } from '../support/condition';
import { elsewhere, environmentElsewhere, noElsewhere } from '../support/elsewhere';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';
import { silentLog } from '../support/fake-trainer';
import { refuse, result, runsIn, succeed } from '../support/shell-runs';
import { ebm, start } from '../support/trainer';

const skip = noElsewhere;

const source = smallExperiment({
  energy: 'energy.mlp({ hidden: [16] })',
  optimizer: 'optimizer.adamW({ average: 0.99 })',
  steps: '1500',
  checkpoint: '{ every: 100 }',
});

/** Beats so often that a test need not wait long for what is late. */
const beats = { EBM_HEARTBEAT_SECONDS: '0.25' };

function here(t: TestContext, folder: string, ...args: string[]) {
  const env = { ...process.env, ...beats };
  return start(t, [process.execPath, ebm, ...args, '--runs', 'runs'], { cwd: folder, env });
}

async function there(t: TestContext, folder: string, ...args: string[]) {
  const env = await environmentElsewhere(folder);
  return start(t, [...elsewhere, process.execPath, ebm, ...args, '--runs', 'runs'], {
    cwd: folder,
    env,
  });
}

async function begun(folder: string): Promise<string> {
  return await until('the run has a checkpoint', async () => {
    const [directory] = await runsIn(folder).catch(() => []);
    return directory !== undefined && (await listCheckpoints(directory)).length > 0 && directory;
  });
}

const statusOf = async (directory: string) => (await readManifest(directory)).state.status;

test('is asked by files: paused, resumed, has a checkpoint, changed, stopped', {
  skip,
}, async (t) => {
  const folder = await experimentFolder(t, {
    'moons.ebm.ts': source.replace('steps: 1500', 'steps: 1_000_000'),
  });
  const trainer = await there(t, folder, 'run', 'moons.ebm.ts');
  const directory = await begun(folder);
  const { id, worker } = await readManifest(directory);
  assert.ok(!isSameHost(worker?.host, thisHost()));
  await succeed(here(t, folder, 'pause', id));
  await until('it is recorded', async () => (await statusOf(directory)) === 'paused');
  await succeed(here(t, folder, 'resume', id));
  await until('it is recorded', async () => (await statusOf(directory)) === 'running');
  const asked = here(t, folder, 'checkpoint', id);
  await succeed(asked);
  const step = Number(/step ([\d,]+)/.exec(asked.out())?.[1]?.replaceAll(',', ''));
  assert.ok((await listCheckpoints(directory)).some((one) => one >= step));
  const changed = here(t, folder, 'set', id, 'learningRate=1e-4');
  await succeed(changed);
  assert.match(changed.out(), /learning rate of ‘moons’ is 0\.0001 from step [\d,]+ on/);
  const { changes = [] } = await readManifest(directory);
  assert.deepEqual([changes[0]?.option, changes[0]?.to], ['optimizer.learningRate', 1e-4]);
  await refuse(here(t, folder, 'set', id, 'learningRate=1e-4'), /is 0\.0001 already/);
  const store = new RunStore({ log: silentLog, mayAttach: () => true });
  t.after(() => store.dispose());
  await store.load([path.join(folder, 'runs')]);
  const run = store.find(directory)!;
  await run.controller!.change('optimizer.learningRate', 1e-5);
  assert.equal(run.manifest.changes?.[1]?.to, 1e-5, 'known as soon as it is told as made');
  await refuse(here(t, folder, 'archive', id), /is in training/);
  await succeed(here(t, folder, 'stop', id));
  await succeed(trainer);
  assert.equal(await statusOf(directory), 'stopped');
  await refuse(here(t, folder, 'pause', id), /not in training/);
});

test('is never called crashed; lost when it beats no more; resumed here, it ends like an unbroken one', {
  skip,
}, async (t) => {
  const folder = await experimentFolder(t, { 'moons.ebm.ts': source });
  await succeed(here(t, folder, 'run', 'moons.ebm.ts'));
  const [unbroken] = await runsIn(folder);
  const expected = await result(unbroken!);

  const other = await experimentFolder(t, { 'moons.ebm.ts': source });
  const trainer = await there(t, other, 'run', 'moons.ebm.ts');
  const directory = await begun(other);
  await succeed(here(t, other, 'pause', (await readManifest(directory)).id));

  const store = new RunStore({ log: silentLog, mayAttach: () => true });
  t.after(() => store.dispose());
  await store.load([path.join(other, 'runs')]);
  const run = store.find(directory)!;
  await until('the window sees that it stands still', () => run.state.status === 'paused');
  assert.equal(run.contact, 'heard');
  await run.controller!.resume();
  await until('the window sees that it goes on', () => run.state.status === 'running');
  await refuse(here(t, other, 'resume', run.id), /in training already/);
  await run.controller!.pause();

  trainer.process.kill('SIGKILL');
  await trainer.exited;
  await run.controller!.attach();
  const watching = run.controller!.onSeries(() => undefined);
  t.after(() => watching.dispose());
  await until('the window calls it lost', () => run.contact === 'lost');
  assert.ok(!run.isLiving);
  assert.equal(await statusOf(directory), 'paused', 'nobody records what nobody knows');

  await succeed(here(t, other, 'resume', run.id, '--steps', '1500'));
  assert.deepEqual(await result(directory), expected);
  await until('the window sees its end', () => run.state.status === 'finished');
});

test('of two hosts that go on with a lost run at once, one does', { skip }, async (t) => {
  const folder = await experimentFolder(t, { 'moons.ebm.ts': source });
  const first = await there(t, folder, 'run', 'moons.ebm.ts');
  const directory = await begun(folder);
  const { id } = await readManifest(directory);
  await succeed(here(t, folder, 'pause', id));
  first.process.kill('SIGKILL');
  await first.exited;
  const both = [
    here(t, folder, 'resume', id, '--steps', '1500'),
    await there(t, folder, 'resume', id, '--steps', '1500'),
  ];
  const codes = await Promise.all(both.map(({ exited }) => exited));
  assert.deepEqual(codes.toSorted(), [0, 2], both.map((one) => one.errors()).join('\n'));
  const { state, resumes } = await readManifest(directory);
  assert.equal(state.status, 'finished');
  assert.equal(resumes?.length, 1);
  const claim = path.join(directory, 'control', 'trainer.json');
  await assert.rejects(readFile(claim), /ENOENT/);
});
