import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import {
  annotate,
  ensureNotes,
  noAnnotations,
  readAnnotations,
  readNotes,
  tagsIn,
  tryAnnotations,
  writeNotes,
} from '../../../run-directory/annotations';
import { diskUse, sizeText } from '../../../run-directory/disk-use';
import { findRun } from '../../../run-directory/find-run';
import { listRuns, nameOf } from '../../../run-directory/listing';
import { writeManifest } from '../../../run-directory/manifest';
import { manifest } from '../../support/manifest';
import { problemFrom } from '../../support/problem';
import { temporaryFolder } from '../../support/temporary';

const file = 'annotations.json';

test('what is annotated is read again; what is not said stays', async (t) => {
  const directory = await temporaryFolder(t);
  assert.deepEqual(await readAnnotations(directory), noAnnotations);
  await annotate(directory, { starred: true });
  await annotate(directory, { name: '  the good one ', tags: ['a', 'b', 'a'] });
  const all = { name: 'the good one', tags: ['a', 'b'], starred: true };
  assert.deepEqual(await readAnnotations(directory), all);
  await annotate(directory, { name: '', starred: false });
  assert.deepEqual(await readAnnotations(directory), { tags: ['a', 'b'], starred: false });
  assert.deepEqual(await readdir(directory), [file]);
});

test('a trainer that writes its run.json anew undoes nothing', async (t) => {
  const runs = await temporaryFolder(t);
  const directory = path.join(runs, 'a');
  await mkdir(directory);
  await writeManifest(directory, manifest);
  await annotate(directory, { name: 'renamed', tags: ['kept'] });
  await writeManifest(directory, { ...manifest, trainingSeconds: 99 });
  const [listed] = await listRuns(runs);
  assert.ok(listed && 'manifest' in listed);
  assert.equal(nameOf(listed), 'renamed');
  assert.equal(listed.manifest.name, manifest.name);
  assert.deepEqual(listed.annotations.tags, ['kept']);
  assert.equal(await findRun('rena', runs), directory);
});

test('keys of a later version are kept', async (t) => {
  const directory = await temporaryFolder(t);
  await writeFile(path.join(directory, file), '{ "formatVersion": 1, "colour": "red" }');
  await annotate(directory, { starred: true });
  const text = await readFile(path.join(directory, file), 'utf8');
  assert.deepEqual(JSON.parse(text), {
    formatVersion: 1,
    colour: 'red',
    tags: [],
    starred: true,
  });
});

test('a broken file is told, counts as none, and is never written over', async (t) => {
  const directory = await temporaryFolder(t);
  const broken = ['{', '[]', '{ "formatVersion": 2 }', '{ "formatVersion": 1, "tags": [1] }'];
  for (const text of broken) {
    await writeFile(path.join(directory, file), text);
    const { annotations, annotationsProblem } = await tryAnnotations(directory);
    assert.equal(annotations, noAnnotations);
    assert.ok(annotationsProblem?.message.startsWith(path.join(directory, file)));
    assert.equal((await problemFrom(annotate(directory, { starred: true }))).kind, 'storage');
    assert.equal(await readFile(path.join(directory, file), 'utf8'), text);
  }
});

test('names and tags that cannot be are refused', async (t) => {
  const directory = await temporaryFolder(t);
  const refused = [
    { name: 'x'.repeat(201) },
    { name: 'two\nlines' },
    { tags: ['two words'] },
    { tags: ['a,b'] },
    { tags: [''] },
    { tags: ['x'.repeat(51)] },
  ];
  for (const change of refused) {
    assert.equal((await problemFrom(annotate(directory, change))).kind, 'environment');
  }
  assert.deepEqual(await readdir(directory), []);
});

test('tags are typed with commas, spaces and #', () => {
  assert.deepEqual(tagsIn(' baseline, #good  ,, ##x '), ['baseline', 'good', 'x']);
  assert.deepEqual(tagsIn(''), []);
});

test('notes are a file of their own, and no link is followed to another', async (t) => {
  const directory = await temporaryFolder(t);
  assert.equal(await readNotes(directory), '');
  assert.equal(await ensureNotes(directory), path.join(directory, 'notes.md'));
  await writeNotes(directory, '# Better\n');
  await ensureNotes(directory);
  assert.equal(await readNotes(directory), '# Better\n');
  const other = await temporaryFolder(t);
  await symlink(path.join(directory, 'notes.md'), path.join(other, 'notes.md'));
  const writeMine = (directory: string) => writeNotes(directory, 'mine');
  for (const use of [ensureNotes, readNotes, writeMine]) {
    assert.match((await problemFrom(use(other))).message, /symbolic link/);
  }
  assert.equal(await readNotes(directory), '# Better\n');
});

test('disk use counts a link as itself', async (t) => {
  const directory = await temporaryFolder(t);
  const large = await temporaryFolder(t);
  await writeFile(path.join(large, 'large'), new Uint8Array(100_000));
  await writeFile(path.join(directory, 'small'), new Uint8Array(1000));
  await symlink(large, path.join(directory, 'folder'));
  await symlink(path.join(large, 'large'), path.join(directory, 'file'));
  const bytes = await diskUse(directory);
  assert.ok(bytes >= 1000 && bytes < 3000, `${bytes}`);
  assert.equal(await diskUse(path.join(directory, 'gone')), 0);
});

test('sizes are told in the largest unit that is at least one', () => {
  const told = [0, 1, 1023, 1024, 10_239, 1_023_999, 2 ** 30, 2.5 * 2 ** 40];
  assert.deepEqual(told.map(sizeText), [
    ...['0 bytes', '1 byte', '1023 bytes', '1.0 KiB', '10 KiB', '1.0 MiB', '1.0 GiB', '2.5 TiB'],
  ]);
});
