/**
 * What opening costs: the first picture of a run of ten million points, with and without its index,
 * and the list of a folder of two thousand runs.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PanelFeed } from '../extension/panel/panel-feed';
import { Run } from '../extension/runs/run';
import { RunStore } from '../extension/runs/run-store';
import type { PanelSnapshot } from '../protocol/panel';
import type { RunManifest } from '../protocol/run';
import { EventWriter } from '../run-directory/event-file';
import { listRuns } from '../run-directory/listing';
import { newRunName } from '../run-directory/naming';
import { manifest as someManifest } from '../test/support/manifest';
import { decimate } from '../webview/store/decimate';
import { fromSnapshot, type PanelState, withUpdate } from '../webview/store/panel-state';
import { measure, median, report, type Section } from './table';

const repetitions = 5;
const tags = ['loss', 'energy/data', 'energy/samples', 'gradient norm', 'learning rate'];
const steps = 2_000_000;
const runs = 2_000;

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const { worker: _, ...ended } = someManifest;
const manifest: RunManifest = { ...ended, state: { status: 'finished', step: steps, steps } };

interface Opening {
  /** Until curves over all steps can be drawn. */
  readonly first: number;
  /** Until every point is in the page. */
  readonly all: number;
}

/** Milliseconds of opening a run with the page's own store and what it works out to draw. */
async function open(directory: string): Promise<Opening> {
  const start = performance.now();
  let state: PanelState | undefined;
  let first: number | undefined;
  const isDrawn = () => {
    const curves = [...(state?.series.values() ?? [])];
    if (curves.length < tags.length) return false;
    if (curves.some(({ lastStep }) => lastStep !== steps)) return false;
    for (const series of curves) decimate([{ series, values: series.values }], 1, steps, 1_000);
    return true;
  };
  return await new Promise<Opening>((resolve, reject) => {
    const feed = new PanelFeed(
      new Run(directory, manifest),
      {
        snapshot: async (snapshot: PanelSnapshot) => {
          state = fromSnapshot(snapshot);
        },
        update: async (update) => {
          state = withUpdate(state!, update);
          if (first === undefined && isDrawn()) first = performance.now() - start;
          const points = [...state.points.values()].reduce((sum, { length }) => sum + length, 0);
          if (first === undefined || points < steps * tags.length) return;
          feed.stop();
          resolve({ first, all: performance.now() - start });
        },
      },
      {
        log: silent,
        onProblem: ({ message }) => reject(new Error(message)),
        mayKeepIndex: () => false,
      },
    );
    feed.start();
  });
}

async function opening(folder: string): Promise<Section> {
  const directory = path.join(folder, 'long');
  await mkdir(directory);
  const writer = await EventWriter.open(directory);
  for (let step = 1; step <= steps; step++) {
    const values = tags.map((tag, k) => [tag, Math.sin(step / 1000) + ((step * 31 + k) % 17) / 9]);
    writer.append(step, step / 100, Object.fromEntries(values) as Record<string, number>);
    if (step % 10_000 === 0) await writer.flush();
  }
  await writer.close();
  const indexed: Opening[] = [];
  for (let index = 0; index < repetitions; index++) indexed.push(await open(directory));
  await rm(path.join(directory, 'events.index.json'));
  const bare = [await open(directory)];
  const columns = ['first', 'all'] as const;
  const times = (openings: readonly Opening[], column: keyof Opening) =>
    openings.map((one) => one[column]);
  return {
    title: `Opening a run of ${steps * tags.length} points, medians of ${repetitions}`,
    head: ['', 'first picture', 'all points'],
    rows: [
      {
        name: 'with its index',
        measures: columns.map((column) => measure('ms', times(indexed, column))),
      },
      {
        name: 'without (once)',
        measures: columns.map((column) => measure('ms', times(bare, column))),
      },
      {
        name: 'without / with',
        measures: columns.map((column) =>
          measure('ratio', median(times(bare, column)) / median(times(indexed, column))),
        ),
      },
    ],
  };
}

async function listing(folder: string): Promise<Section> {
  for (let index = 0; index < runs; index++) {
    const createdAt = new Date(1_700_000_000_000 + 60_000 * index);
    const { id, directoryName } = newRunName(createdAt, 'two-moons.ebm.ts');
    const kept = { ...manifest, id, createdAt: createdAt.toISOString() };
    await mkdir(path.join(folder, directoryName), { recursive: true });
    await writeFile(path.join(folder, directoryName, 'run.json'), JSON.stringify(kept));
  }
  const list: number[] = [];
  const load: number[] = [];
  for (let index = 0; index < repetitions; index++) {
    const start = performance.now();
    if ((await listRuns(folder)).length !== runs) throw new Error('Some runs are missing.');
    const listed = performance.now();
    const store = new RunStore({ log: silent, mayAttach: () => true });
    await store.load([folder]);
    if (store.runs.length !== runs) throw new Error('Some runs are missing.');
    load.push(performance.now() - listed);
    list.push(listed - start);
    store.dispose();
  }
  const row = (name: string, times: readonly number[]) => ({
    name,
    measures: [measure('ms', times), measure('ms', median(times) / runs)],
  });
  return {
    title: `A folder of ${runs} runs, medians of ${repetitions}`,
    head: ['', 'time', 'a run'],
    rows: [row('listed', list), row('in the editor', load)],
  };
}

const folder = await mkdtemp(path.join(tmpdir(), 'ebm-bench-'));
try {
  report([await listing(path.join(folder, 'runs')), await opening(folder)]);
} finally {
  await rm(folder, { recursive: true, force: true });
}
