import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { type Entry, fromBuffer } from 'yauzl';
import { EventWriter } from '../../run-directory/event-file';
import { metricsAsCsv } from '../../run-directory/export-csv';
import { exportMetrics, exportRun } from '../../run-directory/export-run';
import { problemFrom } from '../support/problem';
import { temporaryFolder } from '../support/temporary';

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
  const nowhere = path.join(folder, 'none/a.zip');
  assert.match((await problemFrom(exportRun(directory, nowhere))).message, /ENOENT/);
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

test('a table of many steps is written in pieces, and none is lost', async (t) => {
  const folder = await temporaryFolder(t);
  const events = await EventWriter.open(folder);
  for (let step = 1; step <= 10_000; step += 1) events.append(step, 0, { loss: step });
  await events.close();
  const target = path.join(folder, 'metrics.csv');
  await exportMetrics(folder, target);
  const lines = (await readFile(target, 'utf8')).split('\n');
  assert.equal(lines.length, 10_002);
  assert.equal(lines[10_000], '10000,10000');
});
