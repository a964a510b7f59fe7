/** `ebm sweep` with real trainer processes. Needs `dist/ebm.js`. */
import assert from 'node:assert/strict';
import { readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { connectToTrainer, isTrainerListening } from '../../protocol/socket-transport';
import { stopSweepAt, sweepSocketPath } from '../../protocol/sweep';
import { listCheckpoints, readCheckpoint } from '../../run-directory/checkpoints';
import { listRuns } from '../../run-directory/listing';
import { until } from '../support/condition';
import { makeFolder, removeAfter } from '../support/temporary';
import { ebm, experimentSource, readCurve, start } from '../support/trainer';

type Line = { event: string; [field: string]: unknown };

async function sweepFolder(t: TestContext, sweep: string, fields: { [name: string]: string } = {}) {
  const folder = await makeFolder();
  const file = path.join(folder, 'quick.ebm.ts');
  await writeFile(file, `${experimentSource(fields)}export const sweep = ${sweep};\n`);
  const runs = path.join(folder, '.ebm/runs');
  const run = (...args: string[]) => {
    const program = start(t, [process.execPath, ebm, 'sweep', 'quick.ebm.ts', '--json', ...args], {
      cwd: folder,
    });
    const said = () =>
      program
        .out()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Line);
    return {
      ...program,
      said,
      events: (event: string) => said().filter((one) => one.event === event),
    };
  };
  const manifests = async () =>
    (await listRuns(runs)).flatMap((listing) =>
      'manifest' in listing ? [{ ...listing.manifest, directory: listing.directory }] : [],
    );
  return { file, run, runs, manifests, cleanUp: () => removeAfter(t, folder) };
}

describe('ebm sweep', () => {
  test('trains every run with its changes in one group, and ranks them by the metric', async (t) => {
    const { file, run, manifests, cleanUp } = await sweepFolder(
      t,
      "{ name: 'rates', parameters: { 'optimizer.learningRate': [1e-3, 1e-2] }, seeds: [1, 2], metric: 'loss', goal: 'maximize' }",
    );
    const source = await readFile(file, 'utf8');
    const program = run('--set', 'steps=3', '--parallel', '2');
    cleanUp();
    // What is edited while it trains concerns none of its runs.
    await until('it has begun', () => program.events('trial').length >= 2);
    await writeFile(file, 'export default 3;');
    assert.equal(await program.exited, 0, program.errors());
    const all = (await manifests()).sort((a, b) => a.group!.index - b.group!.index);
    assert.deepEqual(
      all.map(({ overrides, seed, state, group, name, experiment, ...rest }) => ({
        ...{ overrides, seed, name, status: state.status, index: group?.index, of: group?.of },
        ...{ group: group?.name, file: experiment.file, parent: rest.parent },
      })),
      [
        [1e-3, 1],
        [1e-3, 2],
        [1e-2, 1],
        [1e-2, 2],
      ].map(([rate, seed], index) => ({
        overrides: { steps: 3, 'optimizer.learningRate': rate, seed },
        ...{ seed, name: 'quick', status: 'finished', index, of: 4, group: 'rates', file },
        parent: undefined,
      })),
    );
    for (const { directory, experiment } of all) {
      assert.equal(await readFile(path.join(directory, experiment.source), 'utf8'), source);
    }
    const [end] = program.events('end');
    assert.deepEqual([end?.['metric'], end?.['goal']], ['loss', 'maximize']);
    const ranking = (end?.['runs'] ?? []) as { id: string; value: number }[];
    const losses = await Promise.all(
      all.map(async ({ directory, id }) => ({
        id,
        value: (await readCurve(directory)).values.at(-1)!,
      })),
    );
    losses.sort((a, b) => b.value - a.value);
    assert.deepEqual(
      ranking.map(({ id, value }) => ({ id, value })),
      losses,
    );
    assert.equal(((end?.['combinations'] ?? []) as unknown[]).length, 2);
  });

  test('killed in the midst goes on: what has finished stays, what has begun is resumed', async (t) => {
    const { run, manifests, cleanUp } = await sweepFolder(
      t,
      "{ parameters: { batchSize: [4, 5, 6] }, metric: 'loss' }",
      // Long enough to be in its midst when it is killed.
      { steps: '4_000', checkpoint: '{ every: 100 }' },
    );
    const first = run();
    cleanUp();
    await until('its second run has a checkpoint', async () => {
      const second = (await manifests()).find(({ group }) => group?.index === 1);
      return second && (await listCheckpoints(second.directory)).length > 0;
    });
    const before = await manifests();
    const second = before.find(({ group }) => group?.index === 1)!;
    first.process.kill('SIGKILL');
    assert.equal(await first.exited, 'SIGKILL');
    // The machine goes down with both: the trainer too.
    process.kill(second.worker!.pid, 'SIGKILL');
    await until(
      'its trainer is gone',
      async () => !(await isTrainerListening(second.worker!.socket)),
    );
    const again = run();
    assert.equal(await again.exited, 0, again.errors());
    assert.equal(again.events('sweep')[0]?.['done'], 1);
    assert.deepEqual(
      again.events('trial').map(({ index, goesOn }) => [index, goesOn]),
      [
        [1, true],
        [2, false],
      ],
    );
    const after = await manifests();
    assert.equal(after.length, 3);
    for (const { state } of after) assert.equal(state.status, 'finished');
    const finished = before.find(({ group }) => group?.index === 0)!;
    const kept = after.find(({ group }) => group?.index === 0)!;
    assert.deepEqual(kept, finished, 'the first was not touched');
    const resumed = after.find(({ group }) => group?.index === 1)!;
    assert.equal(resumed.id, second.id);
    assert.equal(resumed.resumes?.length, 1);
    assert.equal((await readCurve(resumed.directory)).steps.length, 4_000);
    // Once more there is nothing left to do.
    const third = run();
    assert.equal(await third.exited, 0, third.errors());
    assert.deepEqual(third.events('trial'), []);
    assert.equal((await manifests()).length, 3);
  });

  test('killed alone, it waits for the trainer that lives on instead of beginning another', async (t) => {
    const { run, manifests, cleanUp } = await sweepFolder(t, '{ seeds: [1] }', { steps: '3_000' });
    const first = run();
    cleanUp();
    await until('it trains', async () => (await manifests()).length > 0);
    first.process.kill('SIGKILL');
    await first.exited;
    const again = run();
    assert.equal(await again.exited, 0, again.errors());
    const [only, ...more] = await manifests();
    assert.deepEqual(more, []);
    assert.deepEqual([only?.state.status, only?.state.step], ['finished', 3_000]);
    assert.equal(only?.resumes, undefined);
  });

  test('interrupted stops what trains with a checkpoint, begins nothing more, and ends with 130', async (t) => {
    const { run, manifests, cleanUp } = await sweepFolder(t, '{ seeds: [1, 2, 3] }');
    const program = run();
    cleanUp();
    const trains = await until('the first trains', async () =>
      (await manifests()).find(({ state }) => state.status === 'running'),
    );
    // Another process on the same sweep is refused meanwhile.
    const second = run();
    assert.equal(await second.exited, 2);
    assert.match(second.errors(), /is being trained already, by another process/);
    program.process.kill('SIGINT');
    assert.equal(await program.exited, 130, program.errors());
    const all = await manifests();
    assert.deepEqual(
      all.map(({ id, state }) => [id, state.status]),
      [[trains.id, 'stopped']],
    );
  });

  test('asked over its socket it stops as well, and who asks waits for its end', async (t) => {
    const { run, manifests, runs, cleanUp } = await sweepFolder(t, '{ seeds: [1, 2, 3] }');
    const program = run();
    cleanUp();
    const trains = await until('the first trains', async () =>
      (await manifests()).find(({ state }) => state.status === 'running'),
    );
    const socket = sweepSocketPath(trains.group!.id, await realpath(runs));
    // Two who ask at once are not two interrupts, which would end the run without a checkpoint.
    assert.deepEqual(await Promise.all([stopSweepAt(socket), stopSweepAt(socket)]), [true, true]);
    assert.equal(await program.exited, 130, program.errors());
    const all = await manifests();
    assert.deepEqual(
      all.map(({ id, state }) => [id, state.status]),
      [[trains.id, 'stopped']],
    );
    assert.equal(await stopSweepAt(socket), false);
  });

  test('a run whose training fails is told and ranked last; the others train, and it ends with 1', async (t) => {
    const { run, manifests, cleanUp } = await sweepFolder(
      t,
      "{ parameters: { 'optimizer.learningRate': [1000, 1e-9] } }",
      {
        steps: '200',
        // Steps of the larger size along a quartic overshoot further each time.
        optimizer: 'optimizer.sgd({ learningRate: 1 })',
        energy: `energy.custom({
          init: (rng) => ({ w: rng.normal([2, 1]) }),
          energy: ({ w }, x) => x.matMul(w).square().square().sum(1),
        })`,
      },
    );
    const program = run();
    cleanUp();
    assert.equal(await program.exited, 1, program.errors());
    const [end] = program.events('end');
    const ranking = (end?.['runs'] ?? []) as { index: number; status: string }[];
    assert.deepEqual(
      ranking.map(({ index, status }) => [index, status]),
      [
        [1, 'finished'],
        [0, 'failed'],
      ],
    );
    const [told] = program.events('trialEnd');
    assert.equal((told?.['problem'] as { kind: string } | undefined)?.kind, 'training');
    // It would fail again, so it is not repeated.
    const again = run();
    assert.equal(await again.exited, 0, again.errors());
    assert.deepEqual(again.events('trial'), []);
    assert.equal((await manifests()).length, 2);
  });

  test('a run that cannot begin is told with its reason and leaves nothing; the sweep ends with 1', async (t) => {
    const { run, manifests, runs, cleanUp } = await sweepFolder(t, '{ seeds: [1, 2] }', {
      // Called once when the sweep is checked, and found to be wrong when data are loaded.
      data: "data.csv('missing.csv')",
    });
    const program = run();
    cleanUp();
    assert.equal(await program.exited, 1, program.errors());
    const ends = program.events('trialEnd');
    assert.deepEqual(
      ends.map(({ index, status }) => [index, status]),
      [
        [0, 'refused'],
        [1, 'refused'],
      ],
    );
    assert.match((ends[0]!['problem'] as { message: string }).message, /missing\.csv/);
    assert.deepEqual(await manifests(), []);
    await assert.rejects(readdir(runs), { code: 'ENOENT' });
  });

  test('a run whose trainer is killed is told as that, and goes on when asked again', async (t) => {
    const { run, manifests, cleanUp } = await sweepFolder(t, '{ seeds: [1] }', { steps: '3_000' });
    const program = run();
    cleanUp();
    const trains = await until('it trains', async () =>
      (await manifests()).find(({ state }) => state.status === 'running'),
    );
    process.kill(trains.worker!.pid, 'SIGKILL');
    assert.equal(await program.exited, 1, program.errors());
    const [end] = program.events('trialEnd');
    assert.match((end!['problem'] as { message: string }).message, /in the midst of training/);
    const again = run();
    assert.equal(await again.exited, 0, again.errors());
    assert.deepEqual(
      (await manifests()).map(({ id, state }) => [id, state.status]),
      [[trains.id, 'finished']],
    );
  });

  test('a window may own its runs: its end ends none of them, and the sweep stops them all the same', async (t) => {
    const { run, manifests, cleanUp } = await sweepFolder(t, '{ seeds: [1, 2] }');
    const program = run('--parallel', '2');
    cleanUp();
    const both = await until('both train', async () => {
      const all = await manifests();
      return all.filter(({ state }) => state.status === 'running').length === 2 && all;
    });
    const own = async (socket: string) => {
      const peer = await connectToTrainer(socket);
      t.after(() => peer.close());
      const wish = { whenGone: 'stop', graceMs: 0, takeOver: true } as const;
      assert.equal(await peer.request('own', wish), 'mine');
      return peer;
    };
    const [left, kept] = await Promise.all(both.map(({ worker }) => own(worker!.socket)));
    left!.close();
    const watcher = await connectToTrainer(both[0]!.worker!.socket);
    t.after(() => watcher.close());
    // Two ticks of the trainer's clock later its owner would count as gone for good.
    let steps = 0;
    const before = (await watcher.request('attach', {})).state.step;
    watcher.on('state', ({ step, status }) => {
      if (status === 'running') steps = step;
    });
    await until('it trains on', () => steps > before + 5_000);
    program.process.kill('SIGINT');
    assert.equal(await program.exited, 130, program.errors());
    await until('the window hears of it', () => !kept!.isOpen);
    assert.deepEqual(
      (await manifests()).map(({ state }) => state.status),
      ['stopped', 'stopped'],
    );
  });

  test('thinned out, its best runs go on from rung to rung like unbroken ones; interrupted, it goes on', async (t) => {
    const rates = [1e-5, 1e-1, 1e-3, 1e-2, 3e-3, 3e-2];
    const { file, run, runs, manifests, cleanUp } = await sweepFolder(
      t,
      `{
        parameters: { 'optimizer.learningRate': [${rates}] },
        metric: 'loss',
        goal: 'maximize',
        halving: { minSteps: 100, eta: 3 },
      }`,
      {
        ...{ steps: '900', checkpoint: '{ every: 100, keep: 20 }' },
        optimizer: 'optimizer.adam({ learningRate: 1e-3, average: 0.99 })',
      },
    );
    const first = run();
    cleanUp();
    await until('three have come to the first rung', async () => {
      return (await manifests()).filter(({ rungs }) => rungs !== undefined).length >= 3;
    });
    first.process.kill('SIGINT');
    await first.exited;
    const again = run('--parallel', '2');
    assert.equal(await again.exited, 0, again.errors());
    assert.deepEqual(again.events('sweep')[0]?.['halving'], { eta: 3, rungs: [100, 300, 900] });

    const all = await manifests();
    assert.equal(all.length, rates.length);
    const at = (rung: number) => all.filter(({ rungs = [] }) => rungs.length > rung);
    assert.equal(at(0).length, rates.length);
    for (const { rungs, state } of all) {
      assert.deepEqual(
        rungs!.map(({ step }) => step),
        [100, 300, 900].slice(0, rungs!.length),
      );
      assert.equal(state.step, rungs!.at(-1)!.step);
      assert.equal(state.status, rungs!.length < 3 ? 'stopped' : 'finished');
    }
    // Of six two may go on, and one more that was among the best of fewer.
    assert.ok([2, 3].includes(at(1).length), `${at(1).length} came to the second rung`);
    assert.equal(at(2).length, Math.floor(at(1).length / 3));
    const best = Math.max(...all.map(({ rungs }) => rungs![0]!.value!));
    assert.ok(at(1).some(({ rungs }) => rungs![0]!.value === best));
    for (const { directory, rungs } of all) {
      const { steps, values } = await readCurve(directory);
      for (const { step, value } of rungs!) assert.equal(value, values[steps.indexOf(step)]);
    }
    const list = start(t, [process.execPath, ebm, 'list', '--runs', runs]);
    assert.equal(await list.exited, 0, list.errors());
    assert.match(list.out(), /at rung 2 of 3, not promoted/);

    // However often it stopped on its way, it is what a run was there that never did.
    const { directory, resumes = [], overrides } = at(1)[0]!;
    assert.ok(resumes.length > 0);
    const rate = `optimizer.learningRate=${overrides['optimizer.learningRate']}`;
    const args = ['run', file, '--set', rate, '--runs', path.join(runs, '../unbroken')];
    const unbroken = start(t, [process.execPath, ebm, ...args]);
    assert.equal(await unbroken.exited, 0, unbroken.errors());
    const [whole] = await listRuns(path.join(runs, '../unbroken'));
    const [curve, all300] = await Promise.all(
      [directory, whole!.directory].map((one) => readCurve(one)),
    );
    assert.deepEqual(curve!.values.slice(0, 300), all300!.values.slice(0, 300));
    const kept = [directory, whole!.directory].map((one) => readCheckpoint(one, 300));
    const [tensors, others] = (await Promise.all(kept)).map((one) => one.tensors);
    assert.deepEqual(tensors, others);
  });

  test('a sweep that is wrong begins nothing: the problem on the error output, 2 as exit code', async (t) => {
    const { run, manifests, cleanUp } = await sweepFolder(t, '{ parameters: { batchSise: [4] } }');
    const program = run();
    cleanUp();
    assert.equal(await program.exited, 2);
    assert.match(program.errors(), /quick\.ebm\.ts:\d+:\d+: error: .*no option 'batchSise'/);
    assert.match(program.errors(), /Did you mean 'batchSize'/);
    assert.deepEqual(await manifests(), []);
  });
});
