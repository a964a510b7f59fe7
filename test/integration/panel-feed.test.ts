/** What a page is told about a run, from disk and from a living (fake) trainer. */
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import 'vscode-jsonrpc/node';
import { launchRun } from '../../extension/launching/launch';
import { PanelFeed, type PanelPage } from '../../extension/panel/panel-feed';
import type { Run } from '../../extension/runs/run';
import { RunStore } from '../../extension/runs/run-store';
import { messageTransport } from '../../protocol/message-transport';
import type { HostSide, PageSide, PanelSnapshot, PanelUpdate } from '../../protocol/panel';
import { Peer, UndeliveredError } from '../../protocol/peer';
import type { Problem } from '../../protocol/problem';
import { EventWriter } from '../../run-directory/event-file';
import { frameRecord } from '../../run-directory/record-framing';
import { fromSnapshot, withUpdate } from '../../webview/store/panel-state';
import { patienceMs } from '../support/condition';
import { buildFakeTrainer, silentLog, until, writeExperiment } from '../support/fake-trainer';

let built: string;
let script: string;
let folder: string;
let store: RunStore;
let feeds: PanelFeed[];
let living: Run[];

before(async () => {
  built = await mkdtemp(path.join(tmpdir(), 'ebm-fake-'));
  script = await buildFakeTrainer(built);
});
after(() => rm(built, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ebm-workspace-'));
  store = new RunStore({ log: silentLog, mayAttach: () => true });
  feeds = [];
  living = [];
});
afterEach(async () => {
  for (const feed of feeds) feed.stop();
  for (const run of living) await run.controller?.stop();
  store.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function launch(plan: object): Promise<Run> {
  const run = await launchRun(
    {
      task: { kind: 'begin', experiment: await writeExperiment(folder, plan), overrides: {} },
      folder,
    },
    {
      store,
      node: { path: process.execPath, version: process.versions.node, env: {} },
      script,
      backend: 'auto',
      packages: path.join(folder, 'packages'),
      timeoutMs: patienceMs,
      signal: new AbortController().signal,
    },
  );
  living.push(run);
  return run;
}

/** A page that keeps what it is told, and notices when it is told too much at once. */
class FakePage implements PanelPage {
  readonly snapshots: PanelSnapshot[] = [];
  readonly updates: PanelUpdate[] = [];
  unanswered = 0;
  mostUnanswered = 0;
  /** While set, nothing is answered. */
  hold: Promise<void> | undefined;

  snapshot(snapshot: PanelSnapshot): Promise<void> {
    this.snapshots.push(snapshot);
    return this.#answer();
  }

  update(update: PanelUpdate): Promise<void> {
    this.updates.push(update);
    return this.#answer();
  }

  /** Steps of one curve since the last snapshot, in the order they came. */
  steps(metric = 'loss'): number[] {
    const generation = this.snapshots.at(-1)?.generation;
    return this.updates
      .filter((update) => update.generation === generation)
      .flatMap(({ series }) => [...(series?.[metric]?.steps ?? [])]);
  }

  async #answer(): Promise<void> {
    this.mostUnanswered = Math.max(this.mostUnanswered, ++this.unanswered);
    await this.hold;
    this.unanswered--;
  }
}

function show(run: Run, page: PanelPage, options: { readonly pointsPerMessage?: number } = {}) {
  const problems: Problem[] = [];
  const feed = new PanelFeed(run, page, {
    log: silentLog,
    onProblem: (problem) => problems.push(problem),
    mayKeepIndex: () => true,
    intervalMs: 1,
    ...options,
  });
  feeds.push(feed);
  feed.start();
  return { feed, problems };
}

const oneTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

describe('a panel', { timeout: patienceMs }, () => {
  test('that stalls while a run trains shows the last preview, and reaches every kept one', async () => {
    const run = await launch({ steps: 300, stepMs: 2, previewEvery: 5 });
    const page = new FakePage();
    const { problems } = show(run, page);
    await until(() => page.updates.length > 0);
    let release: () => void = () => undefined;
    page.hold = new Promise((resolve) => {
      release = resolve;
    });
    await until(() => run.state.status === 'finished');
    release();
    page.hold = undefined;
    const kept = Array.from({ length: 60 }, (_, k) => 5 * (k + 1));
    const shown = () => page.updates.reduce(withUpdate, fromSnapshot(page.snapshots.at(-1)!));
    await until(() => shown().latest?.step === 300);
    await until(() => shown().previewSteps.length === kept.length);
    assert.deepEqual(shown().previewSteps, kept);
    assert.deepEqual(problems, []);
  });

  test('opened while a run lives gets every step once and in order, to the end', async () => {
    const run = await launch({ steps: 150, stepMs: 3, previewEvery: 50 });
    await until(() => run.state.step >= 20);
    const page = new FakePage();
    const { problems } = show(run, page);
    await until(() => page.updates.some(({ state }) => state?.status === 'finished'));
    await until(() => page.steps().length >= 150);
    assert.deepEqual(page.steps(), oneTo(150));
    assert.deepEqual(page.steps('gradient norm'), oneTo(150));
    const shown = new Set([
      ...(page.snapshots[0]?.previewSteps ?? []),
      ...page.updates.flatMap(({ preview }) => preview?.step ?? []),
    ]);
    assert.deepEqual(shown, new Set([50, 100, 150]));
    assert.equal(page.mostUnanswered, 1);
    assert.deepEqual(problems, []);
  });

  test('of a finished run gets all from disk, in messages of bounded size', async () => {
    const run = await launch({ steps: 60, stepMs: 0, previewEvery: 20 });
    await until(() => run.controller === undefined);
    const page = new FakePage();
    show(run, page, { pointsPerMessage: 50 });
    await until(() => page.steps('gradient norm').length >= 60);
    assert.deepEqual(page.steps(), oneTo(60));
    const [snapshot] = page.snapshots;
    assert.ok(snapshot);
    assert.equal(snapshot.runDirectory, run.directory);
    assert.equal(snapshot.state.status, 'finished');
    assert.deepEqual(snapshot.previewSteps, [20, 40, 60]);
    assert.equal(snapshot.preview?.step, 60);
    assert.equal(snapshot.data?.count, 1024);
    for (const { series = {} } of page.updates) {
      let points = 0;
      for (const { steps, values } of Object.values(series)) {
        points += steps.length;
        // A view would send the whole buffer behind it.
        assert.equal(steps.buffer.byteLength, steps.byteLength);
        assert.equal(values.buffer.byteLength, values.byteLength);
      }
      assert.ok(points <= 50, `${points} points`);
    }
  });

  test('that is slow holds back messages, not the run, and still misses nothing', async () => {
    const run = await launch({ steps: 80, stepMs: 2 });
    const page = new FakePage();
    let release: () => void = () => undefined;
    page.hold = new Promise((resolve) => {
      release = resolve;
    });
    show(run, page);
    await until(() => run.controller === undefined);
    assert.equal(page.snapshots.length + page.updates.length, 1);
    page.hold = undefined;
    release();
    await until(() => page.steps().length >= 80);
    assert.deepEqual(page.steps(), oneTo(80));
  });

  test('of a reader that fell behind catches up from disk', async () => {
    const run = await launch({ mode: 'lag', steps: 60, atStep: 25, stepMs: 4 });
    const page = new FakePage();
    show(run, page);
    await until(() => page.steps().length >= 60);
    assert.deepEqual(page.steps(), oneTo(60));
  });

  test('that is hidden before the editor says so is no problem to tell the user', async () => {
    const run = await launch({ steps: 100_000, stepMs: 2 });
    // The host's end of a page to which the editor posts nothing any more.
    const peer = new Peer<HostSide, PageSide>(
      ...messageTransport({
        post: async () => false,
        listen: () => ({ dispose: () => undefined }),
      }),
    );
    let asked = 0;
    const page: PanelPage = {
      snapshot: (snapshot) => {
        asked++;
        return peer.request('snapshot', snapshot);
      },
      update: (update) => peer.request('update', update),
    };
    const { feed, problems } = show(run, page);
    await until(() => asked === 1);
    // Asked after the feed, so answered after it.
    const update = peer.request('update', { generation: 0 });
    await assert.rejects(update, UndeliveredError);
    assert.deepEqual(problems, []);
    feed.stop();
    peer.close();
  });

  test('that is hidden gets nothing, and all anew when it is shown again', async () => {
    const run = await launch({ steps: 100_000, stepMs: 2 });
    const page = new FakePage();
    const { feed } = show(run, page);
    await until(() => page.steps().length > 10);
    feed.stop();
    const told = page.updates.length;
    const { step } = run.state;
    await until(() => run.state.step > step + 100);
    // One may have been on its way when it was hidden.
    assert.ok(page.updates.length <= told + 1);
    feed.start();
    await until(() => page.snapshots.length === 2 && page.steps().length > step);
    assert.deepEqual(page.steps(), oneTo(page.steps().length));
    assert.ok((page.snapshots[1]?.generation ?? 0) > (page.snapshots[0]?.generation ?? 0));
  });

  test('of a run that is killed learns of its death, and keeps what was recorded', async () => {
    const run = await launch({ mode: 'die', steps: 100_000, atStep: 40 });
    const page = new FakePage();
    show(run, page);
    await until(() => page.updates.some(({ state }) => state?.status === 'crashed'));
    await until(() => page.steps().length >= 39);
    assert.deepEqual(page.steps(), oneTo(39));
  });

  test('of a long run shows an overview with every extreme before its points', async () => {
    const run = await launch({ steps: 20, stepMs: 0 });
    await until(() => run.controller === undefined);
    const writer = await EventWriter.open(run.directory);
    for (let step = 21; step <= 60_000; step++) {
      writer.append(step, 0, { loss: step === 43_210 ? 1e9 : step % 100 });
    }
    await writer.close();
    // Made by the writer, then, after it is lost, by whoever reads the whole run.
    for (const isLost of [false, true]) {
      const index = path.join(run.directory, 'events.index.json');
      if (isLost) {
        await rm(index);
        const page = new FakePage();
        const { feed } = show(run, page);
        await until(() => page.steps().length >= 60_000);
        assert.deepEqual(page.updates.find(({ overview }) => overview)?.overview, undefined);
        await until(async () => (await readdir(run.directory)).includes('events.index.json'));
        feed.stop();
      }
      const page = new FakePage();
      const { feed } = show(run, page, { pointsPerMessage: 10_000 });
      await until(() => page.updates.some(({ isComplete }) => isComplete));
      const first = page.updates.findIndex(({ series }) => series);
      const overviews = page.updates.flatMap(({ overview }, at) =>
        overview?.['loss'] ? [{ at, chunk: overview['loss'] }] : [],
      );
      const [{ at, chunk } = { at: -1, chunk: undefined }] = overviews;
      assert.ok(chunk && at >= 0 && at < first, 'the overview comes first');
      assert.ok(chunk.steps.length <= 4_098);
      assert.equal(chunk.values[chunk.steps.indexOf(43_210)], 1e9);
      assert.equal(chunk.steps.at(-1), 60_000);
      assert.deepEqual(page.steps(), oneTo(60_000));
      feed.stop();
    }
  });

  test('of a training of another program that was restarted shows what it did at last', async () => {
    const run = await launch({ steps: 20, stepMs: 0 });
    await until(() => run.controller === undefined);
    const [file = ''] = (await readdir(run.directory)).filter((name) => name.startsWith('events.'));
    // Event { step: 11, session_log: { status: START } }
    const restart = Uint8Array.of(0x10, 11, 0x3a, 2, 0x08, 1);
    await appendFile(path.join(run.directory, file), frameRecord(restart));
    const writer = await EventWriter.open(run.directory);
    for (let step = 11; step <= 15; step++) writer.append(step, 0, { loss: -step });
    await writer.close();
    const page = new FakePage();
    show(run, page);
    const value = (step: number) => {
      const points = page.updates.flatMap(({ series }) => {
        const chunk = series?.['loss'];
        return chunk ? [...chunk.steps].map((at, k) => [at, chunk.values[k]] as const) : [];
      });
      return points.filter(([at]) => at === step).map(([, y]) => y);
    };
    await until(() => value(15).length > 0);
    assert.deepEqual(
      [10, 11, 15, 16].map((step) => value(step).at(-1)),
      [value(10)[0], -11, -15, undefined],
    );
    assert.equal(value(10).length, 1);
  });

  test('shows the rest of a run whose files are partly broken, and says what is', async () => {
    const run = await launch({ steps: 20, stepMs: 0, previewEvery: 10 });
    await until(() => run.controller === undefined);
    await rm(path.join(run.directory, 'samples'), { recursive: true });
    await writeFile(path.join(run.directory, 'samples'), 'not a folder');
    const page = new FakePage();
    const { problems } = show(run, page);
    await until(() => page.steps().length >= 20);
    assert.ok(problems.length > 0);
    assert.ok(problems.every(({ kind }) => kind === 'storage'));
  });
});
