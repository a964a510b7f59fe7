/**
 * What being watched costs a training: steps a second of `ebm run` with its panel open, with that panel
 * hidden, with twelve runs compared, and with nobody there, in turns of one run. The editor's part and
 * Chromium run on the same cores, as they do on a laptop.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { CompareFeed } from '../extension/compare/compare-feed';
import { PanelFeed } from '../extension/panel/panel-feed';
import { RunStore } from '../extension/runs/run-store';
import type { CompareHostSide, ComparePageSide } from '../protocol/compare';
import { Peer } from '../protocol/peer';
import { readScalars } from '../run-directory/event-file';
import { listRuns } from '../run-directory/listing';
import { readPreview } from '../run-directory/previews';
import { launchChromium, openPage, openPanel } from '../test/fixtures/panel-harness';
import { until } from '../test/support/condition';
import { measure, median, report } from './table';

const rounds = Number(process.env['EBM_BENCH_ROUNDS'] ?? 4);
/** Seconds of a turn, and of what comes before it while things open. */
const [turn, settling] = [6, 2];
const compared = 12;

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const failed = ({ message }: { readonly message: string }) => {
  throw new Error(message);
};
const ebm = path.resolve('dist/ebm.js');
const experiment = path.resolve('examples/two-moons.ebm.ts');

function train(runs: string, steps: number) {
  return spawn(
    process.execPath,
    [ebm, 'run', experiment, '--steps', String(steps), '--backend', 'onnx-cpu', '--runs', runs],
    { stdio: 'ignore' },
  );
}

/** Copies of a run, each with an id of its own. */
async function copies(directory: string, count: number): Promise<void> {
  const text = await readFile(path.join(directory, 'run.json'), 'utf8');
  for (let k = 0; k < count; k++) {
    const copy = `${directory}-${k}`;
    await cp(directory, copy, { recursive: true });
    const manifest = { ...(JSON.parse(text) as object), id: `copy-${k}`, seed: k };
    await writeFile(path.join(copy, 'run.json'), JSON.stringify(manifest));
  }
}

/** How many steps a run had done so many seconds after 1970. */
async function clockOf(directory: string): Promise<(second: number) => number> {
  const steps: number[] = [];
  const seconds: number[] = [];
  for await (const { times } of readScalars(directory)) {
    steps.push(...times.steps);
    seconds.push(...times.seconds);
  }
  return (second) => steps[seconds.findLastIndex((time) => time <= second)] ?? 0;
}

/** Somebody who watches. */
interface Watcher {
  /** Its page, where it has one. */
  readonly page?: Page;
  readonly end: () => Promise<void>;
}

/** A stretch of time, and what it took. */
interface Turn {
  readonly name: string;
  /** In seconds since 1970. */
  readonly range: readonly [from: number, to: number];
  /** Milliseconds in a second, of the page and of the editor's part. */
  readonly script: number;
  readonly host: number;
}

/** Who is there while a run in a folder trains. */
const watchers: Readonly<Record<string, (runs: string, directory: string) => Promise<Watcher>>> = {
  nobody: async () => ({ end: async () => undefined }),
  'panel open': (runs, directory) => openRun(runs, directory, false),
  'panel hidden': (runs, directory) => openRun(runs, directory, true),
  [`${compared} runs compared`]: compareAll,
};

/** Milliseconds of script in a page since it was asked for, at each call; none without a page. */
async function scriptClock(page: Page | undefined): Promise<() => Promise<number>> {
  if (!page) return async () => 0;
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return 1e3 * metrics.find(({ name }) => name === 'ScriptDuration')!.value;
  };
}

async function openRun(runs: string, directory: string, isHidden: boolean): Promise<Watcher> {
  const store = new RunStore({ log: silent, mayAttach: () => true });
  await store.load([runs]);
  const panel = await openPanel(browser, { width: 1000, height: 900 });
  await panel.ready;
  const feed = new PanelFeed(
    store.find(directory)!,
    {
      snapshot: (snapshot, signal) => panel.peer.request('snapshot', snapshot, { signal }),
      update: (update, signal) => panel.peer.request('update', update, { signal }),
    },
    { log: silent, onProblem: failed, mayKeepIndex: () => false },
  );
  feed.start();
  // What the editor does with a panel that is covered: its page is gone, and nothing is told.
  if (isHidden) {
    feed.stop();
    await panel.close();
  }
  return {
    ...(isHidden ? {} : { page: panel.page }),
    end: async () => {
      feed.stop();
      if (!isHidden) await panel.close();
      store.dispose();
    },
  };
}

async function compareAll(runs: string): Promise<Watcher> {
  const store = new RunStore({ log: silent, mayAttach: () => true });
  await store.load([runs]);
  const hosted = await openPage(browser, 'compare', { width: 1600, height: 1000 });
  const peer = new Peer<CompareHostSide, ComparePageSide>(...hosted.transport);
  const ready = new Promise<void>((resolve) => {
    peer.on('ready', () => resolve());
  });
  peer.handle('preview', async ({ directory, step }) => {
    const { manifest } = store.find(directory)!;
    return await readPreview(directory, step, manifest.preview!);
  });
  await hosted.open();
  await ready;
  const directories = store.runs.map(({ directory }) => directory);
  if (directories.length !== compared) throw new Error(`${directories.length} runs are compared.`);
  const feed = new CompareFeed(
    { title: 'A run beside others', directories },
    {
      snapshot: (snapshot, signal) => peer.request('snapshot', snapshot, { signal }),
      update: (update, signal) => peer.request('update', update, { signal }),
    },
    {
      log: silent,
      onProblem: failed,
      find: (directory) => store.find(directory),
      onDidChangeRun: (listener) => store.onDidChangeRun(listener),
      mayKeepIndex: () => false,
    },
  );
  feed.start();
  return {
    page: hosted.page,
    end: async () => {
      feed.stop();
      peer.close();
      await hosted.close();
      store.dispose();
    },
  };
}

const folder = await mkdtemp(path.join(tmpdir(), 'ebm-bench-watching-'));
const runs = path.join(folder, 'runs');
const browser = await launchChromium();
try {
  await once(train(runs, 1000), 'close');
  const [first] = await listRuns(runs);
  await copies(first!.directory, compared - 2);
  const training = train(runs, 10_000_000);
  const directory = await until('a run trains', async () => {
    const [newest] = await listRuns(runs);
    const isNew = newest && 'manifest' in newest && newest.manifest.state.status === 'running';
    return isNew && newest.manifest.state.step > 0 ? newest.directory : undefined;
  });
  const turns: Turn[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [name, watch] of Object.entries(watchers)) {
      const { page, end } = await watch(runs, directory);
      await delay(1000 * settling);
      const scriptNow = await scriptClock(page);
      const [from, script, processor] = [Date.now(), await scriptNow(), process.cpuUsage()];
      await delay(1000 * turn);
      const { user, system } = process.cpuUsage(processor);
      turns.push({
        name,
        range: [from / 1000, Date.now() / 1000],
        script: ((await scriptNow()) - script) / turn,
        host: (user + system) / 1000 / turn,
      });
      await end();
    }
  }
  training.kill('SIGTERM');
  await once(training, 'close');
  const stepAt = await clockOf(directory);
  const rateOf = ({ range: [from, to] }: Turn) => (stepAt(to) - stepAt(from)) / (to - from);
  const of = (name: string) => turns.filter((each) => each.name === name);
  const alone = median(of('nobody').map(rateOf));
  report([
    {
      title: `A training that is watched, ${rounds} turns of ${turn} s each`,
      head: ['', 'steps a second', 'of those without', 'host', 'script of the page'],
      rows: Object.keys(watchers).map((name) => ({
        name,
        measures: [
          measure('1/s', of(name).map(rateOf)),
          measure('share', median(of(name).map(rateOf)) / alone),
          measure(
            'ms',
            of(name).map(({ host }) => host),
          ),
          measure(
            'ms',
            of(name).map(({ script }) => script),
          ),
        ],
      })),
      remarks: [
        'Host and script: processor time in a second. What the browser draws by software comes on top',
        'here, on the cores that train; with a graphics card it does not.',
      ],
    },
  ]);
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}
