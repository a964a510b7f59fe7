import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';

import { encodeFrame } from '../../../protocol/frame-codec';
import { Peer, type Side } from '../../../protocol/peer';
import { ProblemError } from '../../../protocol/problem';
import {
  connectToTrainer,
  isTrainerListening,
  socketTransport,
  trainerSocketPath,
} from '../../../protocol/socket-transport';
import type { EditorSide, TrainerSide } from '../../../protocol/trainer';
import { fc } from '../../support/fast-check';
import { temporaryFolder } from '../../support/temporary';

interface Echo extends Side {
  methods: { echo(params: { value: unknown }): { value: unknown }; never(params: object): null };
  events: { told: { value: unknown } };
}
interface Silent extends Side {
  methods: Record<never, never>;
  events: Record<never, never>;
}

/** A server whose every connection is a peer that echoes. */
async function echoServer(t: TestContext) {
  const file = path.join(await temporaryFolder(t), 's');
  const peers: Peer<Echo, Silent>[] = [];
  const closes: (Error | undefined)[] = [];
  const server: Server = createServer((socket) => {
    const peer = new Peer<Echo, Silent>(...socketTransport(socket));
    peers.push(peer);
    peer.onClose((reason) => closes.push(reason));
    peer.handle('echo', (params) => params);
    peer.handle('never', () => new Promise(() => undefined));
  });
  server.listen(file);
  await once(server, 'listening');
  t.after(() => {
    for (const peer of peers) peer.close();
    server.close();
  });
  const raw = async (): Promise<Socket> => {
    const socket = connect(file);
    socket.on('error', () => undefined);
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  return { file, peers, closes, raw };
}

async function client(raw: () => Promise<Socket>): Promise<Peer<Silent, Echo>> {
  return new Peer<Silent, Echo>(...socketTransport(await raw()));
}

describe('a peer on a socket', () => {
  test('answers with megabytes in arrays that share their memory with nothing', async (t) => {
    const { raw } = await echoServer(t);
    const peer = await client(raw);
    const value = { samples: Float32Array.from({ length: 1_000_000 }, (_, i) => i), step: 3 };
    const reply = await peer.request('echo', { value });
    assert.deepEqual(reply.value, value);
    const { samples } = reply.value as typeof value;
    assert.equal(samples.buffer.byteLength, samples.byteLength);
    peer.close();
  });

  test('keeps many requests apart and events in order', async (t) => {
    const { raw, peers } = await echoServer(t);
    const peer = await client(raw);
    const told: unknown[] = [];
    peer.on('told', ({ value }) => told.push(value));
    const replies = Array.from({ length: 100 }, (_, value) => peer.request('echo', { value }));
    assert.deepEqual(
      (await Promise.all(replies)).map(({ value }) => value),
      Array.from({ length: 100 }, (_, i) => i),
    );
    for (let value = 0; value < 100; value += 1) peers[0]?.emit('told', { value });
    await peer.request('echo', { value: 'after the events' });
    assert.deepEqual(
      told,
      Array.from({ length: 100 }, (_, i) => i),
    );
    peer.close();
  });

  test('rejects what is pending when the other side goes away', async (t) => {
    const { raw, peers } = await echoServer(t);
    const peer = await client(raw);
    await peer.request('echo', { value: 0 });
    const pending = peer.request('never', {});
    peers[0]?.close();
    await assert.rejects(
      pending,
      (error) => error instanceof ProblemError && error.problem.kind === 'worker',
    );
    assert.equal(peer.isOpen, false);
    await assert.rejects(peer.request('echo', { value: 1 }), ProblemError);
  });

  const call = Buffer.concat(
    encodeFrame({ jsonrpc: '2.0', id: 1, method: 'echo', params: { value: Float32Array.of(1) } }),
  );
  const hostile: [what: string, bytes: Uint8Array, end: boolean][] = [
    ['a frame that ends in the middle', call.subarray(0, -3), true],
    ['a length of four gigabytes', Buffer.alloc(12, 0xff), false],
    ['frames out of order', Buffer.concat([call.subarray(12), call.subarray(0, 12)]), false],
    ['a frame that is no JSON-RPC', Buffer.concat(encodeFrame({ hello: 1 })), false],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), false],
  ];
  for (const [what, bytes, end] of hostile) {
    test(`that receives ${what} closes with an error, and the others live on`, async (t) => {
      const { raw, closes } = await echoServer(t);
      const good = await client(raw);
      const bad = await raw();
      const closed = once(bad, 'close');
      bad.resume();
      if (end) bad.end(bytes);
      else bad.write(bytes);
      await closed;
      assert.equal(closes.length, 1);
      assert.ok(closes[0] instanceof Error);
      assert.deepEqual(await good.request('echo', { value: 1 }), { value: 1 });
      good.close();
    });
  }

  test('survives any message that is JSON-RPC in name only', async (t) => {
    const { raw } = await echoServer(t);
    const good = await client(raw);
    await fc.assert(
      fc.asyncProperty(
        fc.record(
          {
            id: fc.jsonValue(),
            method: fc.oneof(fc.jsonValue(), fc.constant('echo'), fc.constant('$/cancelRequest')),
            params: fc.jsonValue(),
            result: fc.jsonValue(),
            error: fc.jsonValue(),
          },
          { requiredKeys: [], noNullPrototype: true },
        ),
        async (fields) => {
          const bad = await raw();
          const closed = once(bad, 'close');
          bad.resume();
          bad.end(Buffer.concat(encodeFrame({ jsonrpc: '2.0', ...fields })));
          await closed;
          assert.deepEqual(await good.request('echo', { value: 2 }), { value: 2 });
        },
      ),
      { numRuns: 200 },
    );
    good.close();
  });
});

describe('connecting to a trainer', () => {
  test('where nobody listens fails with a problem that names the place', async (t) => {
    const nowhere = path.join(await temporaryFolder(t), 'none.sock');
    await assert.rejects(
      connectToTrainer(nowhere),
      (error) =>
        error instanceof ProblemError &&
        error.problem.kind === 'worker' &&
        error.message.includes(nowhere),
    );
  });

  test('gives up when told to, before and after it began', async (t) => {
    const { file } = await echoServer(t);
    await assert.rejects(connectToTrainer(file, AbortSignal.abort()), /cancelled/);
    const abort = new AbortController();
    const connecting = connectToTrainer(file, abort.signal);
    abort.abort();
    await assert.rejects(connecting, /cancelled/);
  });

  test('gives a peer', async (t) => {
    const { file } = await echoServer(t);
    const peer: Peer<EditorSide, TrainerSide> = await connectToTrainer(file);
    await assert.rejects(peer.request('attach', {}), /Unhandled method attach/);
    peer.close();
  });
});

describe('the place of a trainer’s socket', { skip: process.platform === 'win32' }, () => {
  async function withTmpdir(t: TestContext): Promise<string> {
    const folder = await temporaryFolder(t);
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = folder;
    t.after(() => {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    });
    return folder;
  }
  const uid = process.getuid?.() ?? 0;

  test('is in a directory that only this user can enter', async (t) => {
    const folder = await withTmpdir(t);
    const socket = trainerSocketPath('abc');
    assert.equal(path.dirname(path.dirname(socket)), folder);
    assert.equal((await stat(path.dirname(socket))).mode & 0o777, 0o700);
    assert.equal(trainerSocketPath('abc'), socket, 'the same place each time');
  });

  test('is refused where others may enter', async (t) => {
    const folder = await withTmpdir(t);
    const directory = path.join(folder, `ebm-lab-${uid}`);
    await mkdir(directory);
    await chmod(directory, 0o755);
    assert.throws(() => trainerSocketPath('abc'), /not a directory that only you can enter/);
  });

  test('is refused where a file is in the way', async (t) => {
    const folder = await withTmpdir(t);
    await writeFile(path.join(folder, `ebm-lab-${uid}`), '');
    assert.throws(() => trainerSocketPath('abc'), ProblemError);
  });

  test('is elsewhere, and as much its own, where the system could not open it', async (t) => {
    const folder = await withTmpdir(t);
    const long = path.join(folder, 'x'.repeat(100));
    process.env['TMPDIR'] = long;
    await mkdir(long);
    // Nobody else's: it would be found listening.
    const socket = trainerSocketPath(path.basename(folder));
    t.after(() => rm(socket, { force: true }));
    assert.ok(!socket.startsWith(long));
    assert.equal((await stat(path.dirname(socket))).mode & 0o777, 0o700);
    assert.deepEqual(await readdir(long), []);
    assert.equal(trainerSocketPath(path.basename(folder)), socket, 'the same place each time');
    const server = createServer();
    server.listen(socket);
    await once(server, 'listening');
    const close = promisify(server.close.bind(server));
    assert.ok(await isTrainerListening(socket));
    await close();
  });
});
