/**
 * Whatever lies at a place of a run directory, links and pipes among it: every reader reads it or says
 * what is wrong, none waits, and nothing outside is read or written.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { ProblemError } from '../../protocol/problem';
import {
  annotate,
  ensureNotes,
  readAnnotations,
  readNotes,
  writeNotes,
} from '../../run-directory/annotations';
import {
  listCheckpoints,
  pruneCheckpoints,
  readCheckpoint,
  writeCheckpoint,
} from '../../run-directory/checkpoints';
import { diskUse } from '../../run-directory/disk-use';
import { EventWriter, readScalars } from '../../run-directory/event-file';
import { readEventIndex } from '../../run-directory/event-index';
import { metricsAsCsv } from '../../run-directory/export-csv';
import { exportRun } from '../../run-directory/export-run';
import { removeLeftovers } from '../../run-directory/files';
import { importRun } from '../../run-directory/import-run';
import {
  readInitialParameters,
  writeInitialParameters,
} from '../../run-directory/initial-parameters';
import { lastValues } from '../../run-directory/last-values';
import { listRuns, readListing } from '../../run-directory/listing';
import { readManifest, updateManifest, writeManifest } from '../../run-directory/manifest';
import {
  listPreviewSteps,
  readData,
  readPreview,
  writeData,
  writePreview,
} from '../../run-directory/previews';
import { readLogTail } from '../../run-directory/worker-log';
import { loadKeptExperiment } from '../../trainer-worker/trainer/experiment/kept-source';
import { smallExperiment } from '../support/experiment-folder';
import { manifest } from '../support/manifest';
import { temporaryFolder } from '../support/temporary';

const eventName = 'events.out.tfevents.1700000000.host';
const secret = 'nobody of ours may read this';

/** Where something else may lie, and what has to be refused then. */
const places = [
  'run.json',
  'annotations.json',
  'notes.md',
  eventName,
  'events.index.json',
  'samples',
  'samples/data.npy',
  'samples/000000010.samples.npy',
  'samples/000000010.field.npy',
  'checkpoints',
  'checkpoints/000000010.safetensors',
  'initial.safetensors',
  'source',
  'source/a.ebm.ts',
  'git.diff',
  'worker.log',
] as const;

const layout = manifest.preview!;
const frame = {
  step: 10,
  samples: Float32Array.of(0, 0, 1, 1),
  count: 2,
  field: new Float32Array(9),
};
const tensors = [{ name: 'w', shape: [2], data: Float32Array.of(1, 2) }];
const checkpoint = { step: 10, tensors, metadata: { step: '10' } };

/** A run with something at every place. */
async function wholeRun(directory: string): Promise<void> {
  await mkdir(path.join(directory, 'source'), { recursive: true });
  await writeManifest(directory, {
    ...manifest,
    state: { status: 'finished', step: 10, steps: 10 },
  });
  await annotate(directory, { name: 'mine', starred: true });
  await writeNotes(directory, 'A note.');
  await writePreview(directory, frame, layout);
  await writeData(directory, { values: Float32Array.of(1, 2), count: 1 });
  await writeCheckpoint(directory, checkpoint);
  await writeInitialParameters(directory, tensors);
  const events = await EventWriter.open(directory, new Date(1_700_000_000_000));
  events.append(1, 0, { loss: 0.5 });
  await events.close();
  const [name] = (await readdir(directory)).filter((one) => one.startsWith('events.out'));
  await cp(path.join(directory, name!), path.join(directory, eventName));
  if (name !== eventName) await rm(path.join(directory, name!));
  await writeFile(path.join(directory, 'events.index.json'), '{}');
  await writeFile(path.join(directory, 'source/a.ebm.ts'), smallExperiment());
  await writeFile(path.join(directory, 'git.diff'), 'diff --git a/a b/a\n');
  await writeFile(path.join(directory, 'worker.log'), 'training\n');
}

/** Puts something at a place that is free. */
type Thing = (at: string, outside: string) => Promise<unknown> | unknown;

const isFolder = (place: string) => !path.basename(place).includes('.');

const things: readonly [what: string, put: Thing][] = [
  ['a link to a file outside', (at, outside) => symlink(path.join(outside, 'file'), at)],
  ['a link to a folder outside', (at, outside) => symlink(path.join(outside, 'folder'), at)],
  ['a link to nothing', (at) => symlink('/nonexistent/ebm', at)],
  ['a link to itself', (at) => symlink(path.basename(at), at)],
  ['a link to a device', (at) => symlink('/dev/zero', at)],
  ['a pipe', (at) => execFileSync('mkfifo', [at])],
  ['a file or a folder instead', (at) => (isFolder(at) ? writeFile(at, 'x') : mkdir(at))],
  ['an empty file', (at) => writeFile(at, '')],
  ['a foreign file', (at) => writeFile(at, Buffer.from('GIF89a\xff\0\x01'.repeat(50), 'latin1'))],
  [
    'a file of 5 TB of nothing',
    async (at) => {
      await writeFile(at, '');
      // Where a file system has no such files, one of 5 GB.
      await truncate(at, 5e12).catch(() => truncate(at, 5e9));
    },
  ],
];

/** Everything that is done to a run, by name. */
const readers: Readonly<Record<string, (directory: string, beside: string) => Promise<unknown>>> = {
  readListing: (directory) => readListing(directory),
  listRuns: (directory) => listRuns(path.dirname(directory)),
  readManifest,
  readAnnotations,
  readNotes,
  listPreviewSteps,
  readPreview: (directory) => readPreview(directory, 10, layout),
  readData,
  listCheckpoints,
  readCheckpoint: (directory) => readCheckpoint(directory, 10),
  readInitialParameters,
  readScalars: async (directory) => {
    const chunks = [];
    for await (const chunk of readScalars(directory)) chunks.push(chunk);
    return chunks;
  },
  readEventIndex,
  lastValues,
  metricsAsCsv: async (directory) => {
    let text = '';
    for await (const piece of metricsAsCsv(directory)) text += piece;
    return text;
  },
  readLogTail: (directory) => readLogTail(path.join(directory, 'worker.log')),
  diskUse,
  loadKeptExperiment: (directory) => loadKeptExperiment(directory, manifest),
  importRun: (directory, beside) => importRun(directory, path.join(beside, 'imported')),
};

/** What writes, after all that reads. */
const writers: typeof readers = {
  exportRun: async (directory, beside) => {
    // All that is in an archive is read, of 5 TB too.
    const sizes = await Promise.all(places.map((place) => sizeOf(path.join(directory, place))));
    if (Math.max(...sizes) < 1e9) await exportRun(directory, path.join(beside, 'a.zip'));
  },
  updateManifest: (directory) => updateManifest(directory, (one) => ({ ...one, seed: 5 })),
  annotate: (directory) => annotate(directory, { tags: ['new'] }),
  ensureNotes,
  writeNotes: (directory) => writeNotes(directory, 'Another.'),
  writePreview: (directory) => writePreview(directory, { ...frame, step: 20 }, layout),
  rewritePreview: (directory) => writePreview(directory, frame, layout),
  writeData: (directory) => writeData(directory, { values: Float32Array.of(3, 4), count: 1 }),
  writeCheckpoint: (directory) => writeCheckpoint(directory, checkpoint),
  pruneCheckpoints: (directory) => pruneCheckpoints(directory, 1),
  writeInitialParameters: (directory) => writeInitialParameters(directory, tensors),
  EventWriter: async (directory) => {
    const events = await EventWriter.open(directory);
    events.append(20, 0, { loss: 0.25 });
    await events.close();
  },
  removeLeftovers: (directory) => removeLeftovers(directory, ['.', 'checkpoints', 'samples']),
};

async function sizeOf(file: string): Promise<number> {
  return await lstat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/** What lies outside: names and contents. */
async function outsideNow(outside: string): Promise<unknown> {
  const names = (await readdir(outside, { recursive: true })).sort();
  return [names, await readFile(path.join(outside, 'file'), 'utf8')];
}

async function run(t: TestContext) {
  const base = await temporaryFolder(t);
  const outside = path.join(base, 'outside');
  await mkdir(path.join(outside, 'folder/inner'), { recursive: true });
  await writeFile(path.join(outside, 'file'), secret);
  await writeFile(path.join(outside, 'folder/.a.0123456789ab.tmp'), secret);
  await writeFile(path.join(outside, 'folder/000000010.safetensors'), secret);
  await writeFile(path.join(outside, 'folder/000000010.samples.npy'), secret);
  const whole = path.join(base, 'whole');
  await wholeRun(whole);
  return { base, outside, whole };
}

test('a run that is as it should be is read and written by all of them', async (t) => {
  const { base, whole } = await run(t);
  for (const act of Object.values({ ...readers, ...writers })) await act(whole, base);
});

for (const [what, put] of things) {
  test(`${what}, at every place of a run, is refused with a reason or does no harm`, {
    skip: process.platform === 'win32' && 'it has no pipes among files, and links need rights',
  }, async (t) => {
    const { base, outside, whole } = await run(t);
    const before = await outsideNow(outside);
    for (const place of places) {
      const directory = path.join(base, 'runs', '20260101-000000-a-abcdefghjk');
      await rm(path.join(base, 'runs'), { recursive: true, force: true });
      await rm(path.join(base, 'imported'), { recursive: true, force: true });
      await cp(whole, directory, { recursive: true });
      await rm(path.join(directory, place), { recursive: true });
      await put(path.join(directory, place), outside);
      for (const [name, act] of Object.entries({ ...readers, ...writers })) {
        // It starts the bundler, and looks nowhere else.
        if (act === readers['loadKeptExperiment'] && !place.startsWith('source')) continue;
        let outcome: string;
        try {
          outcome = JSON.stringify(await act(directory, base)) ?? '';
        } catch (thrown) {
          assert.ok(thrown instanceof ProblemError, `${name}, ${place}: ${String(thrown)}`);
          outcome = thrown.message;
          assert.ok(outcome.length > 20, `${name}, ${place}: ${outcome}`);
        }
        assert.ok(!outcome.includes(secret), `${name} read through ${place}`);
        assert.deepEqual(await outsideNow(outside), before, `${name} wrote through ${place}`);
      }
    }
  });
}
