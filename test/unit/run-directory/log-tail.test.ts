import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { readLogTail } from '../../../run-directory/worker-log';
import { temporaryFolder } from '../../support/temporary';

test('the last lines of a log, bounded in number and in bytes', async (t) => {
  const file = path.join(await temporaryFolder(t), 'worker.log');
  assert.equal(await readLogTail(file), '');
  await writeFile(file, 'one\ntwo\nthree\n');
  assert.equal(await readLogTail(file), 'one\ntwo\nthree');
  assert.equal(await readLogTail(file, 2), 'two\nthree');
  await writeFile(file, 'x'.repeat(1_000_000));
  assert.equal((await readLogTail(file)).length, 16_384);
});

test('a log that is a link or a pipe is not read, and says so', {
  skip: process.platform === 'win32' && 'it has no pipes among files',
}, async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(path.join(folder, 'secret'), 'mine');
  const link = path.join(folder, 'link.log');
  await symlink('secret', link);
  assert.match(await readLogTail(link), /symbolic link/);
  const pipe = path.join(folder, 'pipe.log');
  execFileSync('mkfifo', [pipe]);
  assert.match(await readLogTail(pipe), /pipe or device/);
});
