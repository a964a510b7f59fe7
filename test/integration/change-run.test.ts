/**
 * Options that are changed while a run trains: from which step they hold, that they outlive whatever
 * becomes of the process, and that a run with changes is repeated to the bit.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Peer } from '../../protocol/peer';
import type { EditorSide, TrainerSide } from '../../protocol/trainer';
import { listCheckpoints } from '../../run-directory/checkpoints';
import { readManifest } from '../../run-directory/manifest';
import { knobNamed } from '../../vocabulary/knobs';
import { until } from '../support/condition';
import { smallExperiment } from '../support/experiment-folder';
import { refuse, result, succeed } from '../support/shell-runs';
import { temporaryFolder } from '../support/temporary';
import { ebm, readCurve, type ServedTrainer, serve, start } from '../support/trainer';

const steps = 120;

/** An experiment whose objective has this sampler. */
const sampledBy = (sampler: string, changes: Readonly<Record<string, string>> = {}) =>
  smallExperiment({
    objective: `objective.persistentContrastiveDivergence({ sampler: ${sampler}, bufferSize: 64 })`,
    steps: String(steps),
    checkpoint: '{ every: 20 }',
    preview: '{ every: 30, samples: 32, resolution: 16 }',
    ...changes,
  });

const langevin = sampledBy('sampler.langevin({ steps: 2, stepSize: 0.1 })');

/** What `ebm` makes of arguments. */
const shell = (t: TestContext, ...args: string[]) => start(t, [process.execPath, ebm, ...args]);

/** A run of what another was made of, in a folder of its own. */
async function repeated(t: TestContext, directory: string, ...more: string[]): Promise<string> {
  const runs = await temporaryFolder(t);
  await succeed(shell(t, 'run', '--exactly', directory, '--runs', runs, ...more));
  return path.join(runs, (await readdir(runs))[0]!);
}

type Connection = Peer<EditorSide, TrainerSide>;

/** A trainer that stands still after so many steps. */
async function standing(t: TestContext, source: string, taken = 3) {
  const trainer = await serve(t, source);
  const peer = await trainer.connect();
  let { step } = await peer.request('pause', {});
  for (let more = 0; more < taken; more += 1) ({ step } = await peer.request('step', {}));
  assert.ok(step < 60, 'a pause that is asked for before it begins comes early');
  return { trainer, peer, step };
}

/** Turns a knob by its name. */
async function turn({ directory }: ServedTrainer, peer: Connection, name: string, value: number) {
  const { knobs = [] } = await readManifest(directory);
  const knob = knobNamed(knobs, name);
  assert.ok(knob, `${name} is among ${knobs.map((one) => one.name)}`);
  return await peer.request('change', { option: knob.option, value });
}

async function killed(trainer: ServedTrainer): Promise<void> {
  trainer.process.kill('SIGKILL');
  await trainer.exited;
}

for (const [name, from, to, source] of [
  ['learningRate', 1e-3, 1e-2, langevin],
  [
    'learningRate.peak',
    1e-3,
    5e-3,
    sampledBy('sampler.langevin({ steps: 2, stepSize: 0.1 })', {
      optimizer: 'optimizer.sgd({ learningRate: schedule.cosine({ peak: 1e-3, warmup: 10 }) })',
    }),
  ],
  ['stepSize', 0.1, 0.2, langevin],
  ['noise', 1, 0.5, langevin],
  [
    'temperature',
    1,
    2,
    sampledBy('sampler.metropolisAdjustedLangevin({ steps: 2, stepSize: 0.1 })'),
  ],
] as const) {
  test(`${name} holds from the next step on, also when the run is killed, and is repeated to the bit`, async (t) => {
    const { trainer, peer, step } = await standing(t, source);
    const { directory } = trainer;
    const state = await turn(trainer, peer, name, to);
    assert.deepEqual([state.status, state.step], ['paused', step]);
    const { changes = [], knobs = [] } = await readManifest(directory);
    const { option } = knobNamed(knobs, name)!;
    const [{ at: _, ...change }] = changes as [(typeof changes)[number]];
    assert.deepEqual(change, { step, option, from, to });
    await peer.request('resume', {});
    await until('a checkpoint after it is written', async () => {
      const last = (await listCheckpoints(directory)).at(-1);
      return last !== undefined && last > step;
    });
    await killed(trainer);
    await succeed(shell(t, 'resume', directory));
    const ended = await result(directory);
    assert.equal(ended.step, steps);
    const again = await repeated(t, directory);
    assert.deepEqual(await result(again), ended);
    assert.deepEqual((await readManifest(again)).changes, changes);
    const { metrics } = await readManifest(directory);
    assert.deepEqual((await readManifest(again)).metrics, metrics);
    // The loss of the next step is from before that changed anything, but where its chains differ already.
    const chains = name === 'learningRate' || name === 'learningRate.peak' ? 1 : 0;
    const before = await repeated(t, directory, '--set', `${option}=${from}`);
    assert.equal((await readManifest(before)).changes, undefined);
    const unchanged = (await result(before)).values;
    const same = step + chains;
    assert.deepEqual(ended.values.slice(0, same), unchanged.slice(0, same));
    assert.notEqual(ended.values[same], unchanged[same]);
  });
}

test('what was changed is different from what was not, and several changes come in their order', async (t) => {
  const { trainer, peer, step } = await standing(t, langevin);
  const { directory } = trainer;
  await turn(trainer, peer, 'learningRate', 0.01);
  await turn(trainer, peer, 'learningRate', 0.02);
  await peer.request('step', {});
  // While it runs: the change comes between two steps.
  await peer.request('resume', {});
  const { step: later } = await turn(trainer, peer, 'stepSize', 0.05);
  assert.equal(await trainer.exited, 0, trainer.errors());
  const { changes = [] } = await readManifest(directory);
  assert.deepEqual(
    changes.map(({ option, from, to }) => [option, from, to]),
    [
      ['optimizer.learningRate', 0.001, 0.01],
      ['optimizer.learningRate', 0.01, 0.02],
      ['objective.sampler.stepSize', 0.1, 0.05],
    ],
  );
  assert.deepEqual([changes[0]?.step, changes[1]?.step], [step, step]);
  assert.ok(changes[2]!.step > step && changes[2]!.step <= later);
  const ended = await result(directory);
  const again = await repeated(t, directory);
  assert.deepEqual(await result(again), ended);
  // What a rerun is told to have from the start, it has to the end.
  const made = await repeated(t, directory, '--set', 'optimizer.learningRate=0.002');
  const told = await readManifest(made);
  assert.deepEqual(told.changes, [changes[2]]);
  assert.notDeepEqual((await result(made)).values, ended.values);
});

test('a change that is told as made outlives a kill at once; a rerun that is killed makes it all the same', async (t) => {
  const source = sampledBy('sampler.langevin({ steps: 2, stepSize: 0.1 })', {
    optimizer: 'optimizer.adam({ learningRate: schedule.constant({ value: 1e-3, warmup: 2 }) })',
  });
  const { trainer, peer, step } = await standing(t, source);
  const { directory } = trainer;
  await turn(trainer, peer, 'learningRate.value', 0.01);
  await killed(trainer);
  assert.equal((await listCheckpoints(directory)).length, 0);
  await succeed(shell(t, 'resume', directory));
  const ended = await result(directory);
  const { values, steps: at } = await readCurve(directory, undefined, 0, 'learning rate');
  assert.equal(values[at.indexOf(step + 1)], Math.fround(0.01));
  assert.equal(values[at.indexOf(step)], Math.fround(0.001));
  // The rerun ends before the change and has it made by the process after.
  const short = await repeated(t, directory, '--steps', String(step));
  assert.equal((await readManifest(short)).changes, undefined, 'it comes after its last step');
  const { trainer: rerun, peer: other } = await exactlyStanding(t, directory);
  assert.ok((await readManifest(rerun.directory)).changes, 'known from the start');
  other.close();
  await killed(rerun);
  await succeed(shell(t, 'resume', rerun.directory));
  assert.deepEqual(await result(rerun.directory), ended);
});

/** A trainer of an exact rerun that stands still at its beginning. */
async function exactlyStanding(t: TestContext, directory: string) {
  const { experiment } = await readManifest(directory);
  const task = JSON.stringify({
    ...{ kind: 'begin', experiment: experiment.file, overrides: {}, exactly: directory },
  });
  const trainer = await serve(t, langevin, { task });
  const peer = await trainer.connect();
  await peer.request('pause', {});
  return { trainer, peer };
}

test('steps that are recorded already are not changed by going back', async (t) => {
  // Long enough not to be over before it is stopped.
  const source = sampledBy('sampler.langevin({ steps: 2, stepSize: 0.1 })', { steps: '1_000_000' });
  const { trainer, peer } = await standing(t, source);
  const { directory } = trainer;
  await peer.request('resume', {});
  await until(
    'it has come far',
    async () => ((await listCheckpoints(directory)).at(-1) ?? 0) >= 80,
  );
  await peer.request('stop', {});
  await trainer.exited;
  const [from] = await listCheckpoints(directory);
  const task = JSON.stringify({ kind: 'resume', from });
  const again = await serve(t, source, { task, directory });
  const resumed = await again.connect();
  await resumed.request('pause', {});
  await assert.rejects(turn(again, resumed, 'learningRate', 0.01), /are recorded already/);
  assert.equal((await readManifest(directory)).changes, undefined);
  await resumed.request('stop', {});
  assert.equal(await again.exited, 0);
});

test('what means something else is refused, and changes nothing', async (t) => {
  const { trainer, peer, step } = await standing(t, langevin);
  const { directory } = trainer;
  const ask = (option: string, value: number) => peer.request('change', { option, value });
  const rate = 'optimizer.learningRate';
  await assert.rejects(ask('optimizer.momentum', 0.9), /'optimizer.momentum' cannot be changed/);
  await assert.rejects(ask('objective.bufferSize', 32), /cannot be changed while the run trains/);
  await assert.rejects(ask(rate, 0), /learning rate cannot be 0/);
  await assert.rejects(ask(rate, 11), /learning rate cannot be 11/);
  await assert.rejects(ask(rate, 0.001), /is 0\.001 already/);
  await assert.rejects(ask(rate, '0.1' as never), /expected number/);
  assert.equal((await readManifest(directory)).changes, undefined);
  const set = (...changes: string[]) =>
    start(t, [process.execPath, ebm, 'set', directory, ...changes]);
  await refuse(
    set('learningRate=1e-4', 'temperature=2'),
    /no 'temperature'.*\n.*learningRate=0\.001/,
  );
  await refuse(set('learningRate=small'), /takes a number/);
  await refuse(set('learningRate'), /takes a number/);
  await refuse(set('learningRate=-1'), /cannot be -1/);
  assert.equal((await readManifest(directory)).changes, undefined);
  const changed = set('learningRate=1e-4', 'objective.sampler.stepSize=0.2');
  await succeed(changed);
  assert.match(
    changed.out(),
    new RegExp(`learning rate of ‘quick’ is 0.0001 from step ${step + 1} on`),
  );
  assert.match(changed.out(), /step size of ‘quick’ is 0.2 from/);
  const shown = shell(t, 'show', directory);
  await succeed(shown);
  assert.match(shown.out(), new RegExp(`changed +learning rate 0.001 → 0.0001 after step ${step}`));
  await peer.request('stop', {});
  await trainer.exited;
  await refuse(set('learningRate=1e-3'), /not in training/);
});
