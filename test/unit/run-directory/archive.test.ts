import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { trainerSocketPath } from '../../../protocol/socket-transport';
import { archiveOf, archiveRun, removeRun, restoreRun } from '../../../run-directory/archive';
import { readManifest, writeManifest } from '../../../run-directory/manifest';
import { newRunName } from '../../../run-directory/naming';
import { manifest } from '../../support/manifest';
import { problemFrom } from '../../support/problem';
import { temporaryFolder } from '../../support/temporary';

/** A run directory whose manifest says that it lives, in `.ebm/runs`. */
async function makeRun(t: TestContext) {
  const folder = path.join(await temporaryFolder(t), '.ebm');
  const { id, directoryName } = newRunName(new Date(), 'moons.ebm.ts');
  const runs = path.join(folder, 'runs');
  const directory = path.join(runs, directoryName);
  await mkdir(directory, { recursive: true });
  await writeManifest(directory, { ...manifest, id });
  return { folder, runs, directory, id };
}

test('an archived run is beside the runs, and can be had back', async (t) => {
  const { runs, directory } = await makeRun(t);
  const archived = await archiveRun(directory);
  assert.equal(archived, path.join(archiveOf(runs), path.basename(directory)));
  assert.deepEqual(await readdir(runs), []);
  assert.equal(await restoreRun(archived, runs), directory);
  assert.equal((await readManifest(directory)).name, manifest.name);
});

test('nothing that is in the way is written over', async (t) => {
  const { runs, directory } = await makeRun(t);
  await mkdir(path.join(archiveOf(runs), path.basename(directory)), { recursive: true });
  const { message, remedy } = await problemFrom(archiveRun(directory));
  assert.match(message, /it is taken/);
  assert.match(remedy ?? '', /in the way/);
  assert.equal((await readManifest(directory)).name, manifest.name);
});

test('a run in training is neither moved nor deleted', async (t) => {
  const { directory, id } = await makeRun(t);
  const trainer = createServer();
  await new Promise<void>((resolve) => trainer.listen(trainerSocketPath(id), resolve));
  t.after(() => trainer.close());
  for (const attempt of [archiveRun, removeRun]) {
    const problem = await problemFrom(attempt(directory));
    assert.equal(problem.kind, 'worker');
    assert.match(problem.message, /is in training/);
  }
  assert.deepEqual(await readdir(directory), ['run.json']);
});

test('a run is out of reach while it is deleted, and back when that fails', async (t) => {
  const { folder, runs, directory } = await makeRun(t);
  const failure = new Error('no trash');
  await assert.rejects(
    removeRun(directory, async (place) => {
      assert.deepEqual(await readdir(runs), []);
      assert.equal(path.basename(place), path.basename(directory));
      throw failure;
    }),
    failure,
  );
  assert.equal((await readManifest(directory)).name, manifest.name);
  await removeRun(directory);
  assert.deepEqual(await readdir(folder), ['runs']);
  assert.deepEqual(await readdir(runs), []);
});

test('deleting follows no link, and takes broken runs as well', async (t) => {
  const { runs, directory } = await makeRun(t);
  const outside = await temporaryFolder(t);
  await writeFile(path.join(outside, 'mine'), 'kept');
  await writeFile(path.join(directory, 'run.json'), '{');
  await symlink(outside, path.join(directory, 'samples'));
  await removeRun(directory);
  await symlink(outside, path.join(runs, 'link'));
  await removeRun(path.join(runs, 'link'));
  assert.deepEqual(await readdir(runs), []);
  assert.equal(await readFile(path.join(outside, 'mine'), 'utf8'), 'kept');
});
