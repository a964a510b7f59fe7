/**
 * What comparing many runs costs: the host, from being asked to all curves told, and the page in a real
 * Chromium, the script time of what a person does there.
 */
import { link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CDPSession } from 'playwright-core';
import { CompareFeed } from '../extension/compare/compare-feed';
import { comparedRun } from '../extension/compare/compared-run';
import { Run } from '../extension/runs/run';
import type {
  CompareHostSide,
  ComparePageSide,
  CompareSnapshot,
  CompareUpdate,
} from '../protocol/compare';
import { Peer } from '../protocol/peer';
import type { RunManifest } from '../protocol/run';
import { EventWriter } from '../run-directory/event-file';
import { eventFiles } from '../run-directory/event-names';
import { RunCurvesReader } from '../run-directory/run-curves';
import { launchChromium, openPage } from '../test/fixtures/panel-harness';
import { manifest as someManifest } from '../test/support/manifest';
import { type Line, measure, report } from './table';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

interface Size {
  readonly runs: number;
  readonly points: number;
}

/** What is to be compared, as the issue of it is measured: many short runs, fewer long ones. */
const sizes: readonly Size[] = [
  { runs: 1_000, points: 100_000 },
  { runs: 50, points: 1_000_000 },
];

const { worker: _, ...ended } = someManifest;

/** Runs of a sweep, all with the same curves: links to one event file and its index. */
async function makeRuns(folder: string, { runs, points }: Size): Promise<Run[]> {
  const first = path.join(folder, 'first');
  await mkdir(first);
  const writer = await EventWriter.open(first);
  for (let step = 1; step <= points; step++) {
    const noise = ((step * 7919) % 1009) / 1009;
    writer.append(step, step, { loss: 4 * Math.exp(-step / points) + noise });
  }
  await writer.flush();
  await writer.close();
  const reader = new RunCurvesReader(first);
  await reader.read();
  await reader.keepIndex();
  const names = [...(await eventFiles(first)), 'events.index.json'];
  return await Promise.all(
    Array.from({ length: runs }, async (_unused, k) => {
      const directory = path.join(folder, `run-${k}`);
      await mkdir(directory);
      await Promise.all(
        names.map((name) => link(path.join(first, name), path.join(directory, name))),
      );
      const manifest: RunManifest = {
        ...ended,
        id: `run-${k}`,
        seed: k % 5,
        config: { ...ended.config, batchSize: 2 ** (k % 7), steps: points },
        overrides: { batchSize: 2 ** (k % 7), seed: k % 5 },
        createdAt: new Date(Date.UTC(2026, 0, 1) + 1000 * k).toISOString(),
        metrics: [{ name: 'loss', label: 'Loss', group: 'Loss' }],
        state: { status: 'finished', step: points, steps: points },
      };
      await writeFile(path.join(directory, 'run.json'), JSON.stringify(manifest));
      return new Run(directory, manifest);
    }),
  );
}

interface Told {
  readonly snapshot: CompareSnapshot;
  readonly updates: readonly CompareUpdate[];
  /** Milliseconds until the snapshot, and until everything was told. */
  readonly first: number;
  readonly all: number;
}

/** What the host tells a page that takes in everything at once. */
async function tell(runs: readonly Run[]): Promise<Told> {
  const byDirectory = new Map(runs.map((run) => [run.directory, run]));
  const start = performance.now();
  return await new Promise((resolve, reject) => {
    let snapshot: CompareSnapshot | undefined;
    let first = 0;
    const updates: CompareUpdate[] = [];
    const feed = new CompareFeed(
      { title: 'Many runs', directories: [...byDirectory.keys()] },
      {
        snapshot: async (given) => {
          snapshot = given;
          first = performance.now() - start;
        },
        update: async (update) => {
          updates.push(update);
          if (!update.isComplete) return;
          feed.stop();
          resolve({ snapshot: snapshot!, updates, first, all: performance.now() - start });
        },
      },
      {
        log: silent,
        onProblem: ({ message }) => reject(new Error(message)),
        find: (directory) => byDirectory.get(directory),
        onDidChangeRun: () => ({ dispose: () => undefined }),
        mayKeepIndex: () => false,
      },
    );
    feed.start();
  });
}

/** Milliseconds of script that an action took in the page, until it was drawn. */
async function scriptOf(session: CDPSession, act: () => Promise<void>): Promise<number> {
  const duration = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return 1e3 * metrics.find(({ name }) => name === 'ScriptDuration')!.value;
  };
  const before = await duration();
  await act();
  return (await duration()) - before;
}

const percentile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))]!;

async function page({ snapshot, updates }: Told) {
  const browser = await launchChromium();
  const hosted = await openPage(browser, 'compare', { width: 1600, height: 1000 });
  const peer = new Peer<CompareHostSide, ComparePageSide>(...hosted.transport);
  peer.on('pageError', ({ message }) => {
    throw new Error(message);
  });
  const ready = new Promise<void>((resolve) => {
    peer.on('ready', () => resolve());
  });
  try {
    await hosted.open();
    await ready;
    const session = await hosted.page.context().newCDPSession(hosted.page);
    await session.send('Performance.enable');
    // Messages are many times slower through the debugger than in an editor; script time is the page's.
    const first = await scriptOf(session, async () => {
      await peer.request('snapshot', { ...snapshot, generation: 1 });
      await hosted.drawn();
    });
    const rest = await scriptOf(session, async () => {
      for (const update of updates) await peer.request('update', { ...update, generation: 1 });
      await hosted.drawn();
    });
    const chart = hosted.page.getByTestId('compare-chart');
    const box = (await chart.boundingBox())!;
    const moves: number[] = [];
    for (let k = 0; k < 60; k++) {
      const at = [box.x + 80 + ((k * 97) % 800), box.y + 40 + ((k * 53) % 200)] as const;
      moves.push(
        await scriptOf(session, async () => {
          await hosted.page.mouse.move(...at);
          await hosted.drawn();
        }),
      );
    }
    await chart.focus();
    const zooms: number[] = [];
    for (const key of [
      '+',
      '+',
      'ArrowRight',
      '+',
      'ArrowRight',
      'ArrowLeft',
      '-',
      '+',
      '-',
      '-',
    ]) {
      for (let again = 0; again < 3; again++) {
        zooms.push(
          await scriptOf(session, async () => {
            await hosted.page.keyboard.press(key);
            await hosted.drawn();
          }),
        );
      }
    }
    await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    const heap = metrics.find(({ name }) => name === 'JSHeapUsedSize')!.value / 2 ** 20;
    return { first, rest, moves, zooms, heap };
  } finally {
    peer.close();
    await hosted.close();
    await browser.close();
  }
}

const lines: Line[] = [];
for (const size of sizes) {
  const folder = await mkdtemp(path.join(tmpdir(), 'ebm-bench-compare-'));
  try {
    const runs = await makeRuns(folder, size);
    comparedRun(runs[0]!, runs, []);
    const told = await tell(runs);
    const { first, rest, moves, zooms, heap } = await page(told);
    lines.push({
      name: `${size.runs} runs of ${size.points / 1000}k points`,
      measures: [
        measure('ms', told.first),
        measure('ms', told.all),
        measure('ms', first),
        measure('ms', rest),
        measure('ms', percentile(moves, 0.95)),
        measure('ms', percentile(zooms, 0.95)),
        measure('MiB', heap),
      ],
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
report([
  {
    title: 'Comparing many runs',
    head: [
      'runs',
      'host: first',
      'host: all',
      'page: first',
      'page: curves',
      'pointer p95',
      'zoom p95',
      'page heap',
    ],
    rows: lines,
    remarks: [
      'Of the page, time in script. Pointer and zoom: 95th percentile of an event and its frame.',
    ],
  },
]);
