/** A trainer's process from launch to end, with a fake trainer that can be told to misbehave. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import 'vscode-jsonrpc/node';
import { launchRun } from '../../extension/launching/launch';
import type { NodeRuntime } from '../../extension/processes/node-runtime';
import { recordCrash } from '../../extension/runs/crash';
import type { Run } from '../../extension/runs/run';
import type { ControllerTimes } from '../../extension/runs/run-controller';
import { RunStore } from '../../extension/runs/run-store';
import type { WantedBackend } from '../../protocol/backends';
import type { RunOptions } from '../../protocol/launch-task';
import { ProblemError } from '../../protocol/problem';
import type { RunStatus } from '../../protocol/run';
import type { OwnerWish } from '../../protocol/trainer';
import { readManifest, updateManifest } from '../../run-directory/manifest';
import { isProcessAlive } from '../../run-directory/process-alive';
import { overridesForRerun } from '../../run-directory/repetition';
import { patienceMs } from '../support/condition';
import {
  buildFakeTrainer,
  runDirectories,
  silentLog,
  until,
  writeExperiment,
} from '../support/fake-trainer';

const node: NodeRuntime = { path: process.execPath, version: process.versions.node, env: {} };
// Generous: reached only where a test expects silence.
const longMs = patienceMs;

let built: string;
let script: string;
let folder: string;
let stores: RunStore[];
/** Processes that a test started, to be ended whatever happens. */
let pids: Set<number>;

before(async () => {
  built = await mkdtemp(path.join(tmpdir(), 'ebm-fake-'));
  script = await buildFakeTrainer(built);
});
after(() => rm(built, { recursive: true, force: true }));

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ebm-workspace-'));
  stores = [];
  pids = new Set();
});
afterEach(async () => {
  for (const store of stores) store.dispose();
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // It has ended by itself.
      assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
    }
    await until(async () => !(await isProcessAlive(pid)));
  }
  await rm(folder, { recursive: true, force: true });
});

function newStore(
  times: Partial<ControllerTimes> = {},
  mayAttach = true,
  wish: OwnerWish = { whenGone: 'train', graceMs: longMs },
): RunStore {
  const store = new RunStore({
    log: silentLog,
    mayAttach: () => mayAttach,
    times,
    wish: () => wish,
  });
  stores.push(store);
  return store;
}

interface LaunchOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly told?: Partial<RunOptions>;
  readonly backend?: WantedBackend;
  readonly onPhase?: (phase: string) => void;
}

async function launch(store: RunStore, plan: object, options: LaunchOptions = {}): Promise<Run> {
  const experiment = await writeExperiment(folder, plan);
  const run = await launchRun(
    { task: { kind: 'begin', experiment, overrides: {}, ...options.told }, folder },
    {
      store,
      node,
      script,
      backend: options.backend ?? 'auto',
      packages: path.join(folder, 'packages'),
      timeoutMs: options.timeoutMs ?? longMs,
      signal: options.signal ?? new AbortController().signal,
      onState: ({ phase }) => {
        if (phase !== undefined) options.onPhase?.(phase);
      },
    },
  );
  pids.add(pidOf(run));
  return run;
}

function pidOf(run: Run): number {
  assert.ok(run.manifest.worker);
  return run.manifest.worker.pid;
}

const reaches = (run: Run, status: RunStatus) => until(() => run.state.status === status);
const steps = (run: Run, step: number) => until(() => run.state.step >= step);

/** A launch that fails, and leaves neither a directory nor a process. */
async function failure(plan: object, options: LaunchOptions = {}) {
  const store = newStore();
  const problem = await launch(store, plan, options).then(
    () => assert.fail('The launch went well.'),
    (error: unknown) => {
      assert.ok(error instanceof ProblemError, String(error));
      return error.problem;
    },
  );
  assert.deepEqual(runDirectories(folder), []);
  assert.deepEqual(store.runs, []);
  const pid = Number(/fake trainer (\d+)/.exec(problem.detail ?? '')?.[1]);
  return { problem, pid };
}

describe('launch', { timeout: longMs }, () => {
  test('trains to the end', async () => {
    const phases: string[] = [];
    const run = await launch(newStore(), { steps: 30 }, { onPhase: (phase) => phases.push(phase) });
    assert.deepEqual(phases, ['loading the experiment']);
    await until(() => run.controller === undefined);
    assert.equal(run.state.status, 'finished');
    assert.equal((await readManifest(run.directory)).state.step, 30);
    assert.match(await readFile(path.join(run.directory, 'worker.log'), 'utf8'), /fake trainer/);
    assert.equal(await readFile(path.join(folder, '.ebm', '.gitignore'), 'utf8'), '*\n');
  });

  test('passes on which backend is wanted', async () => {
    const run = await launch(newStore(), { steps: 10_000 }, { backend: 'onnx-webgpu' });
    assert.equal(run.manifest.backend?.name, 'onnx-webgpu');
    await run.controller?.stop();
  });

  test('passes overrides and the parent on, and a rerun repeats them', async () => {
    const store = newStore();
    const overrides = { 'optimizer.learningRate': 0.01, name: 'a "quoted" name' };
    const first = await launch(store, { steps: 1 }, { told: { overrides } });
    assert.deepEqual(first.manifest.overrides, overrides);
    const again = { overrides: overridesForRerun(first.manifest), parent: first.id };
    const second = await launch(store, { steps: 1 }, { told: again });
    assert.deepEqual(second.manifest.overrides, overrides);
    assert.equal(second.manifest.parent, first.id);
    assert.notEqual(second.directory, first.directory);
  });

  test('that the trainer refuses ends with the trainer’s own problem', async () => {
    const { problem, pid } = await failure({ mode: 'refuse' });
    assert.equal(problem.kind, 'experiment');
    assert.equal(problem.remedy, "Did you mean 'hidden'?");
    assert.equal(problem.location?.file, path.join(folder, 'moons.ebm.ts'));
    assert.equal(await isProcessAlive(pid), false);
  });

  test('whose process ends says so, with its last words', async () => {
    const { problem } = await failure({ mode: 'exit' });
    assert.equal(problem.kind, 'worker');
    assert.match(problem.message, /moons\.ebm\.ts ended \(exit code 3\) before training began/);
    assert.match(problem.detail ?? '', /the last words of a trainer/);
  });

  test('that takes too long names the setting, and ends the process', async () => {
    const { problem } = await failure({ mode: 'mute' }, { timeoutMs: 300 });
    assert.match(problem.message, /did not begin to train within 0\.3 s/);
    assert.match(problem.remedy ?? '', /ebm\.startTimeoutSeconds/);
  });

  test('that is too slow after it listens ends the process, too', async () => {
    const { pid } = await failure({ startMs: longMs }, { timeoutMs: 2_000 });
    assert.equal(await isProcessAlive(pid), false);
  });

  test('can be cancelled', async () => {
    const store = newStore();
    const cancellation = new AbortController();
    await assert.rejects(
      launch(
        store,
        { startMs: longMs },
        { signal: cancellation.signal, onPhase: () => cancellation.abort(new Error('enough')) },
      ),
      /enough/,
    );
    assert.deepEqual(runDirectories(folder), []);
  });

  test('with a program that cannot be run is a problem of the environment', async () => {
    const experiment = await writeExperiment(folder);
    const missing: NodeRuntime = { path: path.join(folder, 'no-node'), version: '20', env: {} };
    const signal = new AbortController().signal;
    await assert.rejects(
      launchRun(
        { task: { kind: 'begin', experiment, overrides: {} }, folder },
        {
          store: newStore(),
          node: missing,
          script,
          backend: 'auto',
          packages: path.join(folder, 'packages'),
          timeoutMs: longMs,
          signal,
        },
      ),
      (error: unknown) =>
        error instanceof ProblemError &&
        error.problem.kind === 'environment' &&
        /ebm\.nodePath/.test(error.problem.remedy ?? ''),
    );
    assert.deepEqual(runDirectories(folder), []);
  });
});

describe('a living run', { timeout: longMs }, () => {
  test('pauses between two steps, stands still, and resumes', async () => {
    const run = await launch(newStore(), { steps: 100_000 });
    const pid = pidOf(run);
    assert.ok(run.controller);
    await steps(run, 3);
    await run.controller.pause();
    assert.equal(run.state.status, 'paused');
    const { step } = run.state;
    // Signs of life arrive while it stands still.
    let heard = 0;
    run.onDidChange(() => {
      heard++;
    });
    await until(() => heard >= 2);
    assert.equal(run.state.step, step);
    await run.controller.resume();
    await steps(run, step + 3);
    await run.controller.stop();
    assert.equal(run.state.status, 'stopped');
    assert.equal(await isProcessAlive(pid), false);
  });

  test('that does not answer a request to stop is ended by force', async () => {
    const times = { stop: 200, grace: 200 };
    const run = await launch(newStore(times), { mode: 'deaf', steps: 100_000 });
    const pid = pidOf(run);
    await assert.rejects(run.controller?.stop() ?? Promise.resolve(), /was ended/);
    assert.equal(await isProcessAlive(pid), false);
    const { state, worker } = await readManifest(run.directory);
    assert.equal(state.status, 'crashed');
    assert.equal(worker, undefined);
  });

  test('that is killed is marked as crashed, once, with what is known', async () => {
    const store = newStore();
    let ends = 0;
    store.onDidEndRun(() => {
      ends++;
    });
    const run = await launch(store, { mode: 'die', steps: 100_000, atStep: 15 });
    await reaches(run, 'crashed');
    assert.match(run.state.problem?.message ?? '', /ended without a word after step \d+/);
    assert.equal((await readManifest(run.directory)).state.status, 'crashed');
    assert.equal(run.controller, undefined);
    assert.equal(ends, 1);
  });

  test('that fails says why', async () => {
    const run = await launch(newStore(), { mode: 'fail', atStep: 5 });
    await until(() => run.controller === undefined);
    assert.equal(run.state.status, 'failed');
    assert.equal(run.state.problem?.message, 'The loss became NaN at step 5.');
  });

  test('whose trainer hangs is shown as not responding, and can be ended', async () => {
    const times = { silence: 1_000, stop: 200, grace: 500 };
    const run = await launch(newStore(times), { mode: 'hang', steps: 100_000, atStep: 5 });
    const pid = pidOf(run);
    await until(() => run.contact === 'silent');
    assert.equal(run.isLiving, true);
    await assert.rejects(run.controller?.stop() ?? Promise.resolve(), /was ended/);
    assert.equal(await isProcessAlive(pid), false);
  });

  test('survives the window, and the next one finds it', async () => {
    const first = newStore();
    const run = await launch(first, { steps: 100_000 });
    const pid = pidOf(run);
    first.dispose();
    assert.equal(await isProcessAlive(pid), true);

    const second = newStore();
    await second.load([path.dirname(run.directory)]);
    const found = second.find(run.directory);
    assert.ok(found?.controller);
    await steps(found, run.state.step + 3);
    await found.controller.stop();
    await until(() => found.controller === undefined);
    assert.equal(found.state.status, 'stopped');
    assert.equal(await isProcessAlive(pid), false);
  });

  test('belongs to one of two windows; the other watches, and may take over', async () => {
    const first = newStore();
    const mine = await launch(first, { steps: 100_000 });
    const second = newStore();
    await second.load([path.dirname(mine.directory)]);
    const theirs = second.find(mine.directory);
    assert.ok(theirs?.controller && mine.controller);
    await until(() => theirs.isWatchedOnly);
    assert.equal(mine.isWatchedOnly, false);
    for (const act of ['pause', 'resume', 'stop'] as const) {
      await assert.rejects(theirs.controller[act](), /Another window controls this run/);
    }
    // What was refused has ended nothing.
    await steps(theirs, theirs.state.step + 3);
    await theirs.controller.takeOver();
    await until(() => mine.isWatchedOnly && !theirs.isWatchedOnly);
    await assert.rejects(mine.controller.pause(), /Another window/);
    await theirs.controller.pause();
    await reaches(mine, 'paused');
    await theirs.controller.stop();
    await reaches(mine, 'stopped');
    assert.equal(mine.isWatchedOnly, false);
  });

  test('whose window goes can be controlled by the one that watched', async () => {
    const first = newStore();
    const run = await launch(first, { steps: 100_000 });
    const second = newStore();
    await second.load([path.dirname(run.directory)]);
    const watched = second.find(run.directory);
    assert.ok(watched?.controller);
    await until(() => watched.isWatchedOnly);
    first.dispose();
    await until(() => !watched.isWatchedOnly);
    await watched.controller.stop();
    await reaches(watched, 'stopped');
  });

  test('that is killed in front of two windows is recorded once', async () => {
    const stores = [newStore(), newStore()];
    const run = await launch(stores[0]!, { steps: 100_000 });
    await stores[1]!.load([path.dirname(run.directory)]);
    const other = stores[1]!.find(run.directory)!;
    await until(() => other.isWatchedOnly);
    let ends = 0;
    for (const store of stores) store.onDidEndRun(() => ends++);
    process.kill(pidOf(run), 'SIGKILL');
    await Promise.all([reaches(run, 'crashed'), reaches(other, 'crashed')]);
    await until(() => ends === 2);
    // Had each window recorded it, each would know another end than the one on disk.
    const { endedAt } = await readManifest(run.directory);
    assert.deepEqual([run.manifest.endedAt, other.manifest.endedAt], [endedAt, endedAt]);
  });

  test('is not called crashed by a window that is late, when it was resumed', async () => {
    const store = newStore();
    const run = await launch(store, { steps: 100_000 });
    // As if this window had followed a trainer that is gone, and another one trains now.
    const { worker } = run.manifest;
    const late = await recordCrash(run.directory, run.state, 'without a word');
    assert.deepEqual([late.state.status, late.worker], ['running', worker]);
    await run.controller?.stop();
  });

  test('stops when its window is closed for good, where that is wished', async () => {
    const first = newStore({}, true, { whenGone: 'stop', graceMs: 1 });
    const run = await launch(first, { steps: 100_000 });
    first.dispose();
    await until(async () => !(await isProcessAlive(pidOf(run))));
    assert.equal((await readManifest(run.directory)).state.status, 'stopped');
  });

  test('that died while no window watched is found as crashed', async () => {
    const first = newStore();
    const run = await launch(first, { steps: 100_000 });
    const pid = pidOf(run);
    first.dispose();
    process.kill(pid, 'SIGKILL');
    await until(async () => !(await isProcessAlive(pid)));

    const second = newStore();
    await second.load([path.dirname(run.directory)]);
    assert.equal(second.find(run.directory)?.state.status, 'crashed');
    assert.equal((await readManifest(run.directory)).state.status, 'crashed');
  });

  test('whose process number now belongs to somebody else is crashed, and nobody is killed', async () => {
    const first = newStore();
    const run = await launch(first, { steps: 100_000 });
    first.dispose();
    process.kill(pidOf(run), 'SIGKILL');
    await until(async () => !(await isProcessAlive(pidOf(run))));
    const socket = run.manifest.worker?.socket ?? '';
    // This very process: alive, and not a trainer.
    await updateManifest(run.directory, (manifest) => ({
      ...manifest,
      worker: { pid: process.pid, socket },
    }));

    const second = newStore();
    await second.load([path.dirname(run.directory)]);
    const found = second.find(run.directory);
    assert.ok(found);
    await reaches(found, 'crashed');
  });

  test('is left alone in an untrusted workspace', async () => {
    const first = newStore();
    const run = await launch(first, { steps: 100_000 });
    first.dispose();
    process.kill(pidOf(run), 'SIGKILL');
    await until(async () => !(await isProcessAlive(pidOf(run))));

    const second = newStore({}, false);
    await second.load([path.dirname(run.directory)]);
    assert.equal(second.find(run.directory)?.controller, undefined);
    assert.equal((await readManifest(run.directory)).state.status, 'running');
  });

  test('that names a socket elsewhere is not connected to', async () => {
    const first = newStore();
    const run = await launch(first, { steps: 100_000 });
    first.dispose();
    await updateManifest(run.directory, (manifest) => ({
      ...manifest,
      worker: { pid: pidOf(run), socket: path.join(folder, 'other.sock') },
    }));
    const second = newStore();
    await second.load([path.dirname(run.directory)]);
    assert.equal(second.find(run.directory)?.controller, undefined);
  });
});

test('the store lists broken directories beside the others, and notices that one is gone', async () => {
  const store = newStore();
  const run = await launch(store, { steps: 1 });
  await until(() => run.controller === undefined);
  const runs = path.dirname(run.directory);
  await mkdir(path.join(runs, '20260101-000000-half-made'));
  await store.load([runs]);
  assert.deepEqual(
    store.runs.map(({ directory }) => directory),
    [run.directory],
  );
  assert.equal(store.broken[0]?.problem.kind, 'storage');
  assert.ok(existsSync(path.join(runs, '20260101-000000-half-made')));
  await rm(run.directory, { recursive: true });
  await store.load([runs]);
  assert.deepEqual(store.runs, []);
});

test('the store finds runs that came, and loses those that went, without being told', async () => {
  const [here, elsewhere] = [newStore(), newStore()];
  const found = () => new Set(here.runs.map(({ directory }) => directory));
  /** Nobody follows a run any more, so that nothing happens but what is done here. */
  const settled = () =>
    until(() => [here, elsewhere].every(({ runs }) => runs.every(({ controller }) => !controller)));
  const run = await launch(elsewhere, { steps: 1 });
  const runs = path.dirname(run.directory);
  await here.load([runs]);

  const another = await launch(elsewhere, { steps: 1 });
  // One that is being made, as its trainer has just begun, and what is no run directory.
  await mkdir(path.join(runs, '20260101-000000-half-made'));
  await writeFile(path.join(runs, 'notes.txt'), '');
  await symlink(run.directory, path.join(runs, '20260101-000000-linked'));
  await here.look();
  assert.deepEqual(found(), new Set([run.directory, another.directory]));
  assert.deepEqual(here.broken, []);

  await settled();
  let changes = 0;
  here.onDidChangeSet(() => changes++);
  await here.look();
  assert.equal(changes, 0, 'there was nothing to find');
  await rm(run.directory, { recursive: true });
  await here.look([path.join(folder, 'elsewhere')]);
  assert.equal(changes, 0, 'it was not looked there');
  await here.look();
  assert.deepEqual(found(), new Set([another.directory]));
  await rm(runs, { recursive: true });
  await here.look();
  assert.deepEqual(found(), new Set());
  assert.equal(changes, 2);
});
