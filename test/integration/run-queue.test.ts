/** Launches beyond the limit, from the queue's files to runs, with fake trainers and a real copy of the source. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { before, type TestContext, test } from 'node:test';
import 'vscode-jsonrpc/node';
import { type LaunchRequest, launchRun } from '../../extension/launching/launch';
import { RunQueue } from '../../extension/launching/run-queue';
import type { NodeRuntime } from '../../extension/processes/node-runtime';
import { ebmAnswer } from '../../extension/processes/trainer-command';
import { RunStore } from '../../extension/runs/run-store';
import { type Problem, problemOf } from '../../protocol/problem';
import { patienceMs } from '../support/condition';
import { buildFakeTrainer, silentLog, until, writeExperiment } from '../support/fake-trainer';
import { makeFolder, removeAfter, temporaryFolder } from '../support/temporary';
import { ebm } from '../support/trainer';

const node: NodeRuntime = { path: process.execPath, version: process.versions.node, env: {} };
const timeout = patienceMs;

let script: string;
before(async () => {
  script = await buildFakeTrainer(await makeFolder());
});

/** A window on a folder: its runs, its queue, and what it told. */
async function openWindow(t: TestContext, folder: string, limit = 1) {
  const problems: Problem[] = [];
  const means = { isTrusted: true, limit, most: 0 };
  const store = new RunStore({
    log: silentLog,
    mayAttach: () => true,
    wish: () => ({ whenGone: 'stop', graceMs: 0 }),
  });
  const living = () => store.runs.filter(({ isLiving }) => isLiving).length;
  const queue = new RunQueue({
    folders: () => [folder],
    living,
    limit: () => means.limit,
    mayStart: () => means.isTrusted,
    keepSource: async ({ task: { experiment } }, to) => {
      const { signal } = new AbortController();
      const args = ['keep-source', experiment, to];
      const command = { node, script: ebm, packages: folder, args, cwd: folder, signal };
      return (await ebmAnswer<{ source: string }>(command)).source;
    },
    start: async (request) => {
      const { signal } = new AbortController();
      const trainer = { node, script, packages: folder, backend: 'auto' as const };
      await launchRun(request, { store, ...trainer, timeoutMs: timeout, signal }).catch(
        (error: unknown) => problems.push(problemOf(error)),
      );
    },
    warn: (problem) => problems.push(problem),
  });
  store.onDidChangeSet(() => {
    means.most = Math.max(means.most, living());
  });
  store.onDidEndRun(() => void queue.startNext());
  await store.load([path.join(folder, '.ebm/runs')]);
  t.after(async () => {
    means.isTrusted = false;
    await Promise.all(store.runs.map(({ controller }) => controller?.stop()));
    store.dispose();
  });
  const ended = (count: number) =>
    until(() => store.runs.filter(({ state }) => state.status === 'finished').length === count);
  return { store, queue, problems, means, ended };
}

const queued = async (folder: string) => await readdir(path.join(folder, '.ebm/queue'));

test('launches beyond the limit train one after the other, as their source was', {
  timeout,
}, async (t) => {
  const folder = await makeFolder();
  const { store, queue, problems, means } = await openWindow(t, folder);
  removeAfter(t, folder);
  const experiment = await writeExperiment(folder, { steps: 100_000 });
  const source = await readFile(experiment, 'utf8');
  const request = (seed: number): LaunchRequest => ({
    task: { kind: 'begin', experiment, overrides: { seed } },
    folder,
  });
  // Two at once: the second finds the first, though that one is not yet a run.
  const places = await Promise.all([queue.launch(request(0)), queue.launch(request(1))]);
  assert.deepEqual(places, [0, 1]);
  assert.equal(await queue.launch(request(2)), 2);
  await writeFile(experiment, source.replace("'moons'", "'edited'"));
  for (const count of [1, 2, 3]) {
    await until(() => store.runs.length === count);
    await store.runs[0]?.controller?.stop();
  }
  await until(() => queue.waiting.length === 0);
  const inOrder = store.runs.toReversed();
  assert.deepEqual(
    inOrder.map(({ manifest: { overrides } }) => overrides),
    [{ seed: 0 }, { seed: 1 }, { seed: 2 }],
  );
  for (const { manifest } of inOrder) {
    assert.equal(manifest.name, 'moons');
    assert.equal(manifest.experiment.file, experiment);
  }
  assert.equal(means.most, 1);
  assert.deepEqual(problems, []);
  await until(async () => (await queued(folder)).length === 0);
});

test('a launch that cannot begin is told, and the next one goes on', { timeout }, async (t) => {
  const folder = await makeFolder();
  const { store, queue, problems, ended } = await openWindow(t, folder);
  removeAfter(t, folder);
  const experiment = await writeExperiment(folder, { steps: 40 });
  const request: LaunchRequest = {
    task: { kind: 'begin', experiment, overrides: {} },
    folder,
  };
  await queue.launch(request);
  await writeExperiment(folder, { mode: 'exit' });
  await queue.launch(request);
  await writeExperiment(folder, { steps: 5 });
  await queue.launch(request);
  await ended(2);
  assert.deepEqual(store.runs.map(({ state }) => state.steps).sort(), [40, 5].sort());
  assert.match(problems.map(({ message }) => message).join(), /exit code 3/);
  await until(async () => (await queued(folder)).length === 0);
});

test('two windows do not both start what waits; an untrusted one starts nothing', {
  timeout,
}, async (t) => {
  const folder = await makeFolder();
  const first = await openWindow(t, folder);
  const second = await openWindow(t, folder, 5);
  removeAfter(t, folder);
  const experiment = await writeExperiment(folder, { steps: 100_000 });
  const request: LaunchRequest = {
    task: { kind: 'begin', experiment, overrides: {} },
    folder,
  };
  await first.queue.launch(request);
  await writeExperiment(folder, { steps: 5 });
  assert.equal(await first.queue.launch(request), 1);
  second.means.isTrusted = false;
  await second.queue.startNext();
  assert.equal(second.queue.waiting.length, 1);
  second.means.isTrusted = true;
  first.means.limit = 5;
  await Promise.all([first.queue.startNext(), second.queue.startNext()]);
  await until(async () => (await queued(folder)).length === 0);
  assert.equal((await readdir(path.join(folder, '.ebm/runs'))).length, 2);
});

test('a launch is removed, put in front, or started at once', { timeout }, async (t) => {
  const folder = await makeFolder();
  const { store, queue } = await openWindow(t, folder);
  removeAfter(t, folder);
  const experiment = await writeExperiment(folder, { steps: 100_000 });
  for (const seed of [0, 1, 2, 3]) {
    await queue.launch({ task: { kind: 'begin', experiment, overrides: { seed } }, folder });
  }
  const seeds = () => queue.waiting.map(({ entry }) => entry.overrides['seed']);
  assert.deepEqual(seeds(), [1, 2, 3]);
  assert.ok(await queue.moveToFront(queue.waiting[2]!));
  assert.deepEqual(seeds(), [3, 1, 2]);
  const [third, gone] = queue.waiting;
  assert.ok(await queue.remove(gone!));
  assert.ok(!(await queue.remove(gone!)));
  assert.ok(await queue.startNow(third!));
  assert.deepEqual(seeds(), [2]);
  await until(() => store.runs.length === 2);
  assert.deepEqual(store.runs[0]?.manifest.overrides, { seed: 3 });
});

test('an experiment that cannot be copied is refused when it is launched', {
  timeout,
}, async (t) => {
  const folder = await temporaryFolder(t);
  const { queue } = await openWindow(t, folder, 0);
  const experiment = path.join(folder, 'broken.ebm.ts');
  await writeFile(experiment, 'export default (;\n');
  const refused = queue.launch({
    task: { kind: 'begin', experiment, overrides: {} },
    folder,
  });
  await assert.rejects(refused, (error: unknown) => {
    const { kind, location } = problemOf(error);
    assert.equal(kind, 'experiment');
    assert.deepEqual([location?.file, location?.line], [experiment, 1]);
    return true;
  });
  assert.deepEqual(await queued(folder), []);
});
