import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { makeWhole } from '../../../scripts/whole-folder.mjs';
import { experimentFolder } from '../../support/experiment-folder';

const isWhole = (directory: string) => existsSync(path.join(directory, 'last'));

/** A folder to be made, in one that has nothing else. */
async function place(t: TestContext) {
  const parent = await experimentFolder(t, {});
  return { parent, directory: path.join(parent, 'made') };
}

async function fill(directory: string): Promise<void> {
  await writeFile(path.join(directory, 'first'), '');
  await writeFile(path.join(directory, 'last'), '');
}

/** No process has this number: the largest that a system may give is smaller. */
const nobody = 2 ** 30;

describe('a folder that is whole or not there', () => {
  test('is filled once, however many ask for it', async (t) => {
    const { parent, directory } = await place(t);
    let times = 0;
    const counted = async (at: string) => {
      times++;
      await fill(at);
    };
    const ask = () => makeWhole(directory, { what: 'test', isWhole, fill: counted });
    const answers = await Promise.all([ask(), ask(), ask()]);
    assert.deepEqual(answers.sort(), ['installed', 'up to date', 'up to date']);
    assert.equal(await ask(), 'up to date');
    assert.equal(times, 1);
    assert.deepEqual(await readdir(parent), ['made']);
    assert.deepEqual(await readdir(directory), ['first', 'last']);
  });

  test('is not there when filling it fails, and is tried anew', async (t) => {
    const { parent, directory } = await place(t);
    const broken = async (at: string) => {
      await writeFile(path.join(at, 'first'), '');
      throw new Error('no network');
    };
    await assert.rejects(makeWhole(directory, { what: 'test', isWhole, fill: broken }), /network/);
    assert.deepEqual(await readdir(parent), []);
    assert.equal(await makeWhole(directory, { what: 'test', isWhole, fill }), 'installed');
  });

  test('is made in spite of what killed processes left: half of it, and their lock', async (t) => {
    const { parent, directory } = await place(t);
    const left = `${directory}.partial-${nobody}`;
    await mkdir(left);
    await writeFile(path.join(left, 'first'), '');
    await writeFile(`${directory}.lock`, String(nobody));
    assert.equal(await makeWhole(directory, { what: 'test', isWhole, fill }), 'installed');
    assert.deepEqual(await readdir(parent), ['made']);
  });

  test('does not replace what somebody else has put there', async (t) => {
    const { directory } = await place(t);
    await mkdir(directory);
    await writeFile(path.join(directory, 'mine'), '');
    await assert.rejects(
      makeWhole(directory, { what: 'test', isWhole, fill }),
      /is neither empty nor a whole test/,
    );
    assert.deepEqual(await readdir(directory), ['mine']);
  });
});
