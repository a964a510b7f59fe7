import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { LaunchQueue } from '../../../run-directory/launch-queue';
import { makeRunFolder } from '../../../trainer-worker/cli/run-folder';
import { temporaryFolder } from '../../support/temporary';

describe('the folder of runs ignores itself in git', () => {
  test('when a shell makes it, and leaves no trace of a run that did not begin', async (t) => {
    const folder = await temporaryFolder(t);
    const runs = path.join(folder, '.ebm/runs');
    const ignore = path.join(folder, '.ebm/.gitignore');
    const first = await makeRunFolder(runs, 'one');
    assert.equal(await readFile(ignore, 'utf8'), '*\n');
    await first.remove();
    assert.deepEqual(await readdir(folder), []);
    // A folder that another run is in keeps it.
    const second = await makeRunFolder(runs, 'two');
    const third = await makeRunFolder(runs, 'three');
    await second.remove();
    assert.ok(existsSync(ignore) && existsSync(third.directory));
  });

  test('but not where the user has decided already, or has chosen another folder', async (t) => {
    const folder = await temporaryFolder(t);
    const runs = path.join(folder, '.ebm/runs');
    await makeRunFolder(runs, 'one');
    await writeFile(path.join(folder, '.ebm/.gitignore'), '');
    await makeRunFolder(runs, 'two');
    assert.equal(await readFile(path.join(folder, '.ebm/.gitignore'), 'utf8'), '');
    await makeRunFolder(path.join(folder, 'results/mine'), 'one');
    assert.deepEqual(await readdir(path.join(folder, 'results')), ['mine']);
  });

  test('when a launch waits before the first run', async (t) => {
    const folder = await temporaryFolder(t);
    const queue = new LaunchQueue(path.join(folder, '.ebm'), process.pid, async () => true);
    await queue.add({ experiment: 'a.ebm.ts', overrides: {} }, undefined);
    assert.equal(await readFile(path.join(folder, '.ebm/.gitignore'), 'utf8'), '*\n');
  });
});
