/** Whoever talks to a trainer, or to an editor in a trainer's place, ends at most its own connection. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import 'vscode-jsonrpc/node';
import { RunStore } from '../../extension/runs/run-store';
import { encodeFrame } from '../../protocol/frame-codec';
import type { RunState } from '../../protocol/run';
import { trainerSocketPath } from '../../protocol/socket-transport';
import { writeManifest } from '../../run-directory/manifest';
import { newRunName } from '../../run-directory/naming';
import { TrainerServer } from '../../trainer-worker/trainer/server/trainer-server';
import { until } from '../support/condition';
import { silentLog } from '../support/fake-trainer';
import { fc } from '../support/fast-check';
import { hostileStreams } from '../support/hostile-streams';
import { manifest } from '../support/manifest';
import { temporaryFolder } from '../support/temporary';
import { experimentSource, type ServedTrainer, serve } from '../support/trainer';

async function open(t: TestContext, file: string): Promise<Socket> {
  const socket = connect(file);
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Resolves when a connection has ended, in whatever way. */
function isClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** A trainer in training, and a client of it that sees it go on. */
async function trainerInUse(t: TestContext) {
  const trainer = await serve(t, experimentSource());
  const peer = await trainer.connect();
  let state: RunState = { status: 'starting', step: 0, steps: 0 };
  peer.on('state', (now) => {
    state = now;
  });
  await peer.request('attach', {});
  const trainsOn = async () => {
    const { step } = state;
    await until('it trains on', () => state.step > step);
  };
  const end = async () => {
    assert.equal((await peer.request('stop', {})).status, 'stopped');
    assert.equal(await trainer.exited, 0);
  };
  return { trainer, trainsOn, end };
}

/** Bytes of memory that a process has, where the system says. */
async function residentBytes({ pid }: ServedTrainer): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

const frame = (message: object) => Buffer.concat(encodeFrame({ jsonrpc: '2.0', ...message }));

describe('a trainer', () => {
  test('survives any stream of bytes', async (t) => {
    const { trainer, trainsOn, end } = await trainerInUse(t);
    // Pausing and stopping are everybody's while nobody owns the run: they are asked in other tests.
    const methods = ['attach', 'own', 'checkpoint', 'alive', 'state'];
    await fc.assert(
      fc.asyncProperty(hostileStreams(methods), async (bytes) => {
        const socket = await open(t, trainer.socket);
        const closed = isClosed(socket);
        socket.resume();
        socket.end(bytes);
        await closed;
      }),
      { numRuns: 400 },
    );
    await trainsOn();
    await end();
  });

  test('lets nobody send it more than a megabyte at once', async (t) => {
    const { trainer, trainsOn, end } = await trainerInUse(t);
    const socket = await open(t, trainer.socket);
    const closed = isClosed(socket);
    socket.resume();
    socket.write(frame({ method: 'alive', params: { long: new Uint8Array(2 ** 20) } }));
    await closed;
    await trainsOn();
    await end();
  });

  test('reads no faster than it is read, and keeps a bounded memory of who does not read', {
    skip: process.platform === 'linux' ? false : 'needs /proc',
  }, async (t) => {
    const { trainer, trainsOn, end } = await trainerInUse(t);
    const before = await residentBytes(trainer);
    const floods = await Promise.all(
      ['attach', 'alive'].map(async (method) => {
        const socket = await open(t, trainer.socket);
        // Never read from. 100,000 requests, of which each `attach` would be answered by kilobytes.
        socket.pause();
        for (let id = 0; id < 100_000; id++) {
          socket.write(frame({ ...(method === 'alive' ? {} : { id }), method, params: {} }));
        }
        return { socket };
      }),
    );
    let most = 0;
    for (let look = 0; look < 20; look++) {
      await trainsOn();
      most = Math.max(most, await residentBytes(trainer));
    }
    for (const { socket } of floods) {
      assert.ok(socket.destroyed || socket.writableLength > 0, 'what it does not answer it leaves');
    }
    t.diagnostic(`${((most - before) / 2 ** 20).toFixed(0)} MiB more than before`);
    // 16 MiB a connection may wait, and the collector takes its time: a reply to each of the requests
    // would have been 300 MB.
    assert.ok(most - before < 150 * 2 ** 20, `${(most - before) / 2 ** 20} MiB more`);
    for (const { socket } of floods) socket.destroy();
    await trainsOn();
    await end();
  });
});

describe('a trainer’s socket', () => {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  const withoutSetpriv: string | false = (() => {
    if (process.getuid?.() !== 0) return 'only root can become another user';
    try {
      execFileSync(nobody[0]!, [...nobody.slice(1), process.execPath, '--version']);
      return false;
    } catch {
      return 'no other user can run anything here';
    }
  })();

  /** What another user gets who connects there: the system's error, or `connected`. */
  function connectAsNobody(socket: string): string {
    const code = `require('net').connect(process.argv[1]).on('connect', () => { console.log('connected'); process.exit(); }).on('error', (error) => console.log(error.code));`;
    const command = [...nobody.slice(1), process.execPath, '-e', code, socket];
    return execFileSync(nobody[0]!, command, { encoding: 'utf8', cwd: '/' }).trim();
  }

  test('refuses another user, by its folder and by itself', { skip: withoutSetpriv }, async (t) => {
    const inOwnFolder = trainerSocketPath(`hostile${process.pid}`);
    const openFolder = await temporaryFolder(t);
    await chmod(openFolder, 0o755);
    for (const socket of [inOwnFolder, path.join(openFolder, 's')]) {
      const server = await TrainerServer.listen(socket);
      assert.equal(connectAsNobody(socket), 'EACCES');
      (await open(t, socket)).destroy();
      await server.close();
    }
    // Where the rights allow it, the same call does connect.
    const server = createServer((socket) => socket.destroy()).listen(path.join(openFolder, 'o'));
    await once(server, 'listening');
    await chmod(path.join(openFolder, 'o'), 0o777);
    assert.equal(connectAsNobody(path.join(openFolder, 'o')), 'connected');
    server.close();
  });
});

describe('an editor', () => {
  test('survives whatever answers in a trainer’s place, without asking it over and over', async (t) => {
    const folder = await temporaryFolder(t);
    const methods = ['state', 'metrics', 'preview', 'control', 'lagging'];
    const streams = fc.sample(hostileStreams(methods), { numRuns: 40, seed: 1 });
    const runs = path.join(folder, '.ebm/runs');
    let most = 0;
    const counts = await Promise.all(
      streams.map(async (stream) => {
        const { id, directoryName } = newRunName(new Date(), 'moons.ebm.ts');
        const directory = path.join(runs, directoryName);
        await mkdir(directory, { recursive: true });
        const socket = trainerSocketPath(id);
        const count = { connections: 0 };
        const server = createServer((connection) => {
          connection.on('error', () => undefined);
          count.connections += 1;
          most = Math.max(most, count.connections);
          connection.resume();
          connection.write(stream);
          // Some answers come after the editor has asked.
          connection.once('data', () => connection.end(stream));
        });
        server.listen(socket);
        await once(server, 'listening');
        t.after(() => server.close());
        await writeManifest(directory, {
          ...manifest,
          id,
          state: { status: 'running', step: 1, steps: 10 },
          worker: { pid: process.pid, socket },
        });
        return count;
      }),
    );
    const store = new RunStore({ log: silentLog, mayAttach: () => true });
    t.after(() => store.dispose());
    await store.load([runs]);
    assert.equal(store.runs.length, streams.length);
    await until('each was tried three times', () =>
      counts.every((count) => count.connections >= 3),
    );
    // Waits double from 50 ms on: no run was asked a hundred times meanwhile.
    assert.ok(most < 100, `${most} connections to one`);
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  });
});
