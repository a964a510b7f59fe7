import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { ZipFile } from 'yazl';
import { exportRun } from '../../../run-directory/export-run';
import { importRun } from '../../../run-directory/import-run';
import { readManifest, writeManifest } from '../../../run-directory/manifest';
import { manifest } from '../../support/manifest';
import { problemFrom } from '../../support/problem';
import { temporaryFolder } from '../../support/temporary';

const name = `20260203-040506-moons-${manifest.id}`;
const json = Buffer.from(JSON.stringify(manifest));

/** A run that says that it lives, elsewhere, and a folder for runs. */
async function places(t: TestContext) {
  const folder = await temporaryFolder(t);
  const directory = path.join(folder, 'elsewhere', name);
  await mkdir(path.join(directory, 'samples'), { recursive: true });
  await writeManifest(directory, manifest);
  await writeFile(path.join(directory, 'samples/1.npy'), 'numbers');
  return { folder, directory, runs: path.join(folder, '.ebm/runs') };
}

/** An archive with these entries. */
async function archiveOf(
  file: string,
  entries: readonly (readonly [name: string, content: Uint8Array, mode?: number])[],
): Promise<string> {
  const zip = new ZipFile();
  for (const [entry, content, mode = 0o100644] of entries) {
    zip.addBuffer(Buffer.from(content), entry, { mode });
  }
  zip.end();
  await writeFile(file, await buffer(zip.outputStream));
  return file;
}

test('a directory and an archive of it become runs here, which have ended', async (t) => {
  const { folder, directory, runs } = await places(t);
  const archive = path.join(folder, 'moved.zip');
  await exportRun(directory, archive);
  const first = await importRun(directory, runs);
  assert.equal(first, path.join(runs, name));
  const { worker, state, id } = await readManifest(first);
  assert.equal(worker, undefined);
  assert.deepEqual(state, { status: 'stopped', step: 12, steps: 100 });
  assert.equal(id, manifest.id);
  assert.equal(await readFile(path.join(first, 'samples/1.npy'), 'utf8'), 'numbers');
  // The name and the id are taken now.
  const second = await importRun(archive, runs);
  assert.notEqual(second, first);
  const again = await readManifest(second);
  assert.ok(path.basename(second).endsWith(again.id) && again.id !== manifest.id);
  assert.equal(again.name, manifest.name);
  assert.equal(await readFile(path.join(second, 'samples/1.npy'), 'utf8'), 'numbers');
  assert.equal((await readdir(runs)).length, 2);
  assert.deepEqual(await readManifest(directory), manifest);
});

test('an archive may have been packed by hand, on a Mac too', async (t) => {
  const { folder, runs } = await places(t);
  const flat = await archiveOf(path.join(folder, 'a.zip'), [['run.json', json]]);
  assert.equal((await readManifest(await importRun(flat, runs))).name, manifest.name);
  const mac = await archiveOf(path.join(folder, 'b.zip'), [
    ['my run/run.json', json],
    ['__MACOSX/my run/._run.json', Buffer.of(0)],
  ]);
  assert.equal((await readManifest(await importRun(mac, runs))).name, manifest.name);
});

const link = 0o120777;
const hostile: Record<string, [readonly (readonly [string, Uint8Array, number?])[], RegExp]> = {
  'no run': [[['a/notes.txt', json]], /no run\.json/],
  'two runs': [
    [
      ['a/run.json', json],
      ['b/run.json', json],
    ],
    /2 run\.json/,
  ],
  'a link': [
    [
      ['a/run.json', json],
      ['a/samples', Buffer.from('/etc'), link],
    ],
    /is a link/,
  ],
  'a file beside the run': [
    [
      ['a/run.json', json],
      ['b/x', json],
    ],
    /not of the run/,
  ],
  'one name twice': [
    [
      ['a/run.json', json],
      ['a/X', json],
      ['a/x', json],
    ],
    /twice/,
  ],
  'a stream of Windows': [
    [
      ['a/run.json', json],
      ['a/run.json:x', json],
    ],
    /is none that a run has/,
  ],
  'a broken manifest': [[['a/run.json', Buffer.from('{')]], /not JSON/],
  'a bomb': [
    [
      ['a/run.json', json],
      ['a/zeros', new Uint8Array(300 * 2 ** 20)],
    ],
    /more than 200 times its size/,
  ],
};

for (const [what, [entries, message]] of Object.entries(hostile)) {
  test(`an archive with ${what} is refused, and nothing is left of it`, async (t) => {
    const { folder, runs } = await places(t);
    const archive = await archiveOf(path.join(folder, 'a.zip'), entries);
    const problem = await problemFrom(importRun(archive, runs));
    assert.match(problem.message, message);
    assert.ok(problem.remedy);
    assert.deepEqual(await readdir(runs), []);
  });
}

test('names that lead elsewhere are refused, relative or absolute', async (t) => {
  const { folder, runs } = await places(t);
  // The writer of archives refuses such names: another name of the same length is replaced.
  for (const evil of ['a/../../xy', '/tmp/xyzab', 'C:/xyzabcd', 'a\\..\\..\\x', 'a/./b/cdef']) {
    const file = await archiveOf(path.join(folder, 'a.zip'), [
      ['a/run.json', json],
      ['a/harmless', json],
    ]);
    const bytes = await readFile(file);
    const harmless = Buffer.from('a/harmless');
    for (let at = bytes.indexOf(harmless); at >= 0; at = bytes.indexOf(harmless)) {
      bytes.write(evil, at, 'latin1');
    }
    await writeFile(file, bytes);
    assert.equal((await problemFrom(importRun(file, runs))).kind, 'storage', evil);
  }
  assert.deepEqual(await readdir(runs), []);
  assert.deepEqual((await readdir(folder)).sort(), ['.ebm', 'a.zip', 'elsewhere']);
});

test('a directory with a link, or without a manifest, is refused', async (t) => {
  const { folder, directory, runs } = await places(t);
  assert.match((await problemFrom(importRun(folder, runs))).message, /run\.json/);
  await symlink('/etc', path.join(directory, 'link'));
  assert.match((await problemFrom(importRun(directory, runs))).message, /is a link/);
  assert.deepEqual(await readdir(runs), []);
});

test('an import that is cancelled leaves nothing', async (t) => {
  const { directory, runs } = await places(t);
  const reason = new Error('enough');
  await assert.rejects(importRun(directory, runs, AbortSignal.abort(reason)), reason);
  assert.deepEqual(await readdir(runs), []);
});
