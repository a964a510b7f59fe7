import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { readLogTail } from '../../extension/worker/log-tail';
import { temporaryFolder } from '../support/temporary';

test('the last lines of a log, bounded in number and in bytes', async (t) => {
  const file = path.join(await temporaryFolder(t), 'worker.log');
  assert.equal(await readLogTail(file), '');
  await writeFile(file, 'one\ntwo\nthree\n');
  assert.equal(await readLogTail(file), 'one\ntwo\nthree');
  assert.equal(await readLogTail(file, 2), 'two\nthree');
  await writeFile(file, 'x'.repeat(1_000_000));
  assert.equal((await readLogTail(file)).length, 16_384);
});
