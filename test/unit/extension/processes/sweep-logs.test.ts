import assert from 'node:assert/strict';
import { mkdir, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { pruneSweepLogs } from '../../../../extension/processes/sweep-logs';
import { stopSweepAt, sweepSocketPath } from '../../../../protocol/sweep';
import { problemFrom } from '../../../support/problem';
import { temporaryFolder } from '../../../support/temporary';

test('the newest logs of sweeps stay, and those of sweeps that train', async (t) => {
  const folder = await temporaryFolder(t);
  const runs = path.join(folder, 'runs');
  const logs = path.join(folder, 'sweeps');
  await mkdir(logs);
  const name = (index: number) => `rates-${String(index).padStart(3, '0')}.jsonl`;
  for (let index = 0; index < 30; index++) {
    const file = path.join(logs, name(index));
    const begun = `{"event":"sweep","name":"rates","id":"id${index}","runs":3,"done":0}\n`;
    // Some never began.
    await writeFile(file, index % 2 === 0 ? `a warning\n${begun}` : 'it does not compile\n');
    await utimes(file, 1_700_000_000 + index, 1_700_000_000 + index);
  }
  await writeFile(path.join(logs, 'notes.txt'), 'mine');
  await symlink(path.join(folder, 'elsewhere'), path.join(logs, 'linked.jsonl'));
  await mkdir(path.join(logs, 'folder.jsonl'));
  const socket = sweepSocketPath('id4', runs);
  const server = createServer((connection) => connection.destroy());
  await mkdir(path.dirname(socket), { recursive: true });
  await rm(socket, { force: true });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => server.close());
  await pruneSweepLogs(logs, runs);
  const newest = Array.from({ length: 20 }, (_, index) => name(10 + index));
  const others = ['folder.jsonl', 'linked.jsonl', 'notes.txt'];
  assert.deepEqual((await readdir(logs)).sort(), [...others, name(4), ...newest].sort());
});

test('a process that hangs up at the wish to stop is told of, and nobody there is not', async (t) => {
  const socket = sweepSocketPath('deaf', await temporaryFolder(t));
  assert.equal(await stopSweepAt(socket), false);
  // As one of an older version does, which took a plain word for it.
  const server = createServer((connection) => connection.on('data', () => connection.destroy()));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => server.close());
  const problem = await problemFrom(stopSweepAt(socket));
  assert.match(problem.message, /does not answer to the wish to stop/);
  assert.match(problem.remedy ?? '', /older version/);
});
