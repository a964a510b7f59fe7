import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Entry, fromBuffer } from 'yauzl';
import { EventWriter } from '../../../run-directory/event-file';
import { encodeScalars } from '../../../run-directory/event-message';
import { metricsAsCsv } from '../../../run-directory/export-csv';
import { exportMetrics, exportRun } from '../../../run-directory/export-run';
import { lastValues } from '../../../run-directory/last-values';
import { frameRecord } from '../../../run-directory/record-framing';
import { fc } from '../../support/fast-check';
import { problemFrom } from '../../support/problem';
import { message } from '../../support/protobuf';
import { temporaryFolder } from '../../support/temporary';

/** The entries of an archive by name, with their bytes. */
async function entriesOf(archive: Buffer): Promise<Map<string, Buffer>> {
  return await new Promise((resolve, reject) => {
    fromBuffer(archive, { lazyEntries: true }, (error, zip) => {
      if (error) return reject(error);
      const found = new Map<string, Buffer>();
      zip.on('entry', (entry: Entry) => {
        zip.openReadStream(entry, (failure, stream) => {
          if (failure) return reject(failure);
          const parts: Buffer[] = [];
          stream.on('data', (part: Buffer) => parts.push(part));
          stream.on('end', () => {
            found.set(entry.fileName, Buffer.concat(parts));
            zip.readEntry();
          });
        });
      });
      zip.on('end', () => resolve(found));
      zip.on('error', reject);
      zip.readEntry();
    });
  });
}

test('an archive has every regular file of the run, and nothing from outside', async (t) => {
  const folder = await temporaryFolder(t);
  const outside = await temporaryFolder(t);
  await writeFile(path.join(outside, 'secret'), 'mine');
  const directory = path.join(folder, 'a-run');
  await mkdir(path.join(directory, 'samples'), { recursive: true });
  const numbers = Buffer.from(Float32Array.of(1, 2, 3).buffer);
  await writeFile(path.join(directory, 'samples/1.npy'), numbers);
  await writeFile(path.join(directory, 'run.json'), '{}');
  await writeFile(path.join(directory, 'empty.log'), '');
  await writeFile(path.join(directory, '.run.json.ab.tmp'), 'torn');
  await symlink(outside, path.join(directory, 'link'));
  await symlink(path.join(outside, 'secret'), path.join(directory, 'samples/secret.npy'));
  if (process.platform !== 'win32') execFileSync('mkfifo', [path.join(directory, 'pipe')]);
  const target = path.join(folder, 'a.zip');
  let told = 0;
  assert.equal(await exportRun(directory, target, { onProgress: (done) => (told = done) }), 3);
  assert.equal(told, 14);
  assert.deepEqual(
    [...(await entriesOf(await readFile(target)))],
    [
      ['a-run/empty.log', Buffer.alloc(0)],
      ['a-run/run.json', Buffer.from('{}')],
      ['a-run/samples/1.npy', numbers],
    ],
  );
});

test('an export that is cancelled, or cannot be written, leaves nothing', async (t) => {
  const folder = await temporaryFolder(t);
  const directory = path.join(folder, 'a-run');
  await mkdir(directory);
  await writeFile(path.join(directory, 'large'), new Uint8Array(5_000_000));
  const target = path.join(folder, 'a.zip');
  await writeFile(target, 'before');
  const abort = new AbortController();
  const reason = new Error('enough');
  const means = { signal: abort.signal, onProgress: () => abort.abort(reason) };
  await assert.rejects(exportRun(directory, target, means), reason);
  assert.deepEqual((await readdir(folder)).sort(), ['a-run', 'a.zip']);
  assert.equal(await readFile(target, 'utf8'), 'before');
  const nowhere = path.join(target, 'a.zip');
  assert.match((await problemFrom(exportRun(directory, nowhere))).message, /EEXIST|ENOTDIR/);
  assert.match((await problemFrom(exportMetrics(directory, target))).message, /read the curves/);
  assert.equal(await readFile(target, 'utf8'), 'before');
});

test('metrics are a table by step, with the shortest numbers that read back the same', async (t) => {
  const directory = await temporaryFolder(t);
  const events = await EventWriter.open(directory);
  events.append(1, 0, { loss: 0.1, 'a,"b"': Number.NaN });
  events.append(2, 0, { loss: 1 / 3 });
  events.append(4, 0, { 'a,"b"': Number.NEGATIVE_INFINITY, late: 16_777_216 });
  events.append(3, 0, { loss: 1e-30 });
  events.append(4, 0, { late: 2 });
  await events.close();
  let text = '';
  for await (const piece of metricsAsCsv(directory)) text += piece;
  const third = text.split('\n')[2]!.split(',')[1]!;
  assert.equal(Math.fround(Number(third)), Math.fround(1 / 3));
  assert.ok(third.length <= 11, third);
  assert.equal(
    text,
    `step,loss,"a,""b""",late\n1,0.1,NaN,\n2,${third},,\n3,1e-30,,\n4,,-Infinity,2\n`,
  );
});

/** Writes event files as another program leaves them, one a list of events. */
async function eventFilesOf(t: TestContext, ...files: (readonly Uint8Array[])[]): Promise<string> {
  const directory = await temporaryFolder(t);
  for (const [index, events] of files.entries()) {
    const name = `events.out.tfevents.170000000${index}.host`;
    await writeFile(path.join(directory, name), Buffer.concat(events.map(frameRecord)));
  }
  return directory;
}

async function tableOf(directory: string): Promise<string> {
  let text = '';
  for await (const piece of metricsAsCsv(directory)) text += piece;
  return text;
}

/** `SessionLog { status: START }` at a step. */
const start = (step: bigint) => message([2, step], [7, message([1, 1n])]);

test('what a restart made void is neither in the table nor a last value', async (t) => {
  const before = [1, 2, 3, 4].map((step) => encodeScalars(step, 0, { loss: step, rate: -step }));
  const rare = encodeScalars(2, 0, { rare: 0.5 });
  const goesBack = await eventFilesOf(
    t,
    [...before, rare, encodeScalars(4, 0, { rare: 0.25 })],
    [start(3n), encodeScalars(3, 0, { loss: 30 })],
  );
  assert.equal(await tableOf(goesBack), 'step,loss,rate,rare\n1,1,-1,\n2,2,-2,0.5\n3,30,,\n');
  assert.deepEqual(await lastValues(goesBack), { loss: 30, rate: -2, rare: 0.5 });
  // Without a word of a restart only the curves that go back are cut.
  const silent = await eventFilesOf(t, before, [encodeScalars(2, 0, { loss: 20 })]);
  assert.equal(await tableOf(silent), 'step,loss,rate\n1,1,-1\n2,20,-2\n3,,-3\n4,,-4\n');
  assert.deepEqual(await lastValues(silent), { loss: 20, rate: -4 });
  const nothingLeft = await eventFilesOf(t, before, [start(0n)]);
  assert.equal(await tableOf(nothingLeft), 'step,loss,rate\n');
  assert.deepEqual(await lastValues(nothingLeft), {});
});

/** What is logged of one curve at ascending steps, or a start at a step. */
interface Logged {
  readonly step: number;
  readonly tag: string;
  readonly steps: number;
  readonly isStart: boolean;
}

/** Compares table and last values with what is left when each restart cuts what it knows. */
async function compareWithCuts(t: TestContext, logged: readonly Logged[]): Promise<void> {
  const curves = new Map<string, Map<number, number>>();
  const cut = (curve: Map<number, number>, step: number) => {
    for (const known of curve.keys()) if (known >= step) curve.delete(known);
  };
  const events = logged.flatMap(({ step, tag, steps, isStart }, index) => {
    if (isStart) {
      for (const curve of curves.values()) cut(curve, step);
      return [start(BigInt(step))];
    }
    const curve = curves.get(tag) ?? new Map<number, number>();
    curves.set(tag, curve);
    cut(curve, step);
    return Array.from({ length: steps }, (_, k) => {
      curve.set(step + k, index);
      return encodeScalars(step + k, 0, { [tag]: index });
    });
  });
  const all = [...new Set([...curves.values()].flatMap((curve) => [...curve.keys()]))];
  const lines = all
    .sort((a, b) => a - b)
    .map((step) => [step, ...[...curves.values()].map((curve) => curve.get(step) ?? '')].join(','));
  const directory = await eventFilesOf(t, events);
  const header = ['step', ...curves.keys()].join(',');
  assert.equal(await tableOf(directory), `${[header, ...lines].join('\n')}\n`);
  const last = [...curves].flatMap(([tag, curve]) =>
    curve.size === 0 ? [] : [[tag, [...curve.values()].at(-1)!] as const],
  );
  assert.deepEqual(await lastValues(directory), Object.fromEntries(last));
}

test('a table of any restarts and any order has what counts', async (t) => {
  const logged = fc.record({
    step: fc.nat(12),
    tag: fc.constantFrom('a', 'b'),
    steps: fc.integer({ min: 1, max: 5 }),
    isStart: fc.constantFrom(false, false, false, true),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(logged, { minLength: 1, maxLength: 12 }), (list) =>
      compareWithCuts(t, list),
    ),
  );
});

test('so has one of many chunks', async (t) => {
  const curve = (tag: string, step: number, steps: number) => ({
    tag,
    step,
    steps,
    isStart: false,
  });
  await compareWithCuts(t, [
    curve('a', 0, 70_000),
    curve('b', 10, 5),
    { ...curve('', 60_000, 0), isStart: true },
    curve('a', 60_000, 9_000),
    curve('b', 3, 2),
  ]);
});

test('a run without an event file has no last values', async (t) => {
  assert.deepEqual(await lastValues(await temporaryFolder(t)), {});
});

test('a table of many steps is written in pieces, and none is lost', async (t) => {
  const folder = await temporaryFolder(t);
  const events = await EventWriter.open(folder);
  for (let step = 1; step <= 10_000; step += 1) events.append(step, 0, { loss: step });
  await events.close();
  const target = path.join(folder, 'tables/of/metrics.csv');
  await exportMetrics(folder, target);
  const lines = (await readFile(target, 'utf8')).split('\n');
  assert.equal(lines.length, 10_002);
  assert.equal(lines[10_000], '10000,10000');
});
