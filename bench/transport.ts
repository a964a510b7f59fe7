/**
 * Throughput of Float32 payloads between two processes over a local socket: through `Peer`, and as
 * bare bytes over the same kind of socket in the same run.
 *
 * The receiver is this file, started again; it touches every payload's length and answers at the end.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Peer, type Side } from '../protocol/peer';
import { socketTransport } from '../protocol/socket-transport';
import { type Line, measure, median, report } from './table';

interface Sender extends Side {
  methods: Record<never, never>;
  events: { payload: { readonly values: Float32Array } };
}
interface Receiver extends Side {
  methods: { received(params: object): { readonly bytes: number } };
  events: Record<never, never>;
}

const target = 300e6;
/** Bytes that may wait in the sender. */
const highWater = 4 * 2 ** 20;

async function roomIn(socket: Socket): Promise<void> {
  if (socket.writableLength > highWater) await once(socket, 'drain');
}

/** Seconds until the receiver has `count` payloads of `bytes` bytes, through a peer. */
async function timePeer(file: string, bytes: number, count: number): Promise<number> {
  const socket = connect(file);
  await once(socket, 'connect');
  const peer = new Peer<Sender, Receiver>(...socketTransport(socket));
  const values = Float32Array.from({ length: bytes / 4 }, Math.random);
  await peer.request('received', {});
  const start = performance.now();
  for (let index = 0; index < count; index += 1) {
    peer.emit('payload', { values });
    await roomIn(socket);
  }
  const reply = await peer.request('received', {});
  const seconds = (performance.now() - start) / 1000;
  if (reply.bytes !== bytes * count) throw new Error(`${reply.bytes} bytes arrived.`);
  peer.close();
  return seconds;
}

/** The same as bare bytes: the receiver ends the connection when it has them all. */
async function timeRaw(file: string, bytes: number, count: number): Promise<number> {
  const socket = connect(file);
  await once(socket, 'connect');
  const head = Buffer.alloc(8);
  head.writeDoubleLE(bytes * count);
  socket.write(head);
  const values = Buffer.from(Float32Array.from({ length: bytes / 4 }, Math.random).buffer);
  const start = performance.now();
  const closed = once(socket.resume(), 'close');
  for (let index = 0; index < count; index += 1) {
    socket.write(values);
    await roomIn(socket);
  }
  await closed;
  return (performance.now() - start) / 1000;
}

/** The receiver's process: one socket for peers, one for bare bytes. */
async function receive(peers: string, raw: string): Promise<void> {
  const peerServer = createServer((socket) => {
    const peer = new Peer<Receiver, Sender>(...socketTransport(socket));
    let bytes = 0;
    peer.on('payload', ({ values }) => {
      bytes += values.byteLength;
    });
    peer.handle('received', () => {
      const answer = { bytes };
      bytes = 0;
      return answer;
    });
  }).listen(peers);
  const rawServer = createServer((socket) => {
    let wanted = -1;
    let bytes = 0;
    socket.on('data', (chunk) => {
      if (wanted < 0) {
        wanted = chunk.readDoubleLE(0);
        bytes -= 8;
      }
      bytes += chunk.length;
      if (bytes === wanted) socket.end();
    });
  }).listen(raw);
  await Promise.all([once(peerServer, 'listening'), once(rawServer, 'listening')]);
  process.send?.('ready');
  process.once('disconnect', () => process.exit());
}

async function compare(): Promise<void> {
  const place = path.join(tmpdir(), `ebm-bench-${process.pid}`);
  const [peers, raw] = [`${place}-p.sock`, `${place}-r.sock`];
  const receiver = fork(process.argv[1] ?? '', ['receive', peers, raw]);
  await once(receiver, 'message');
  const rows: Line[] = [];
  let slowest = Number.POSITIVE_INFINITY;
  try {
    for (const kib of [1, 16, 64, 256, 1024]) {
      const bytes = kib * 1024;
      const count = Math.min(20_000, Math.ceil(256e6 / bytes));
      const rates: { peer: number[]; raw: number[] } = { peer: [], raw: [] };
      // The first round of each only warms up.
      for (let round = 0; round < 6; round += 1) {
        const peerRate = (bytes * count) / (await timePeer(peers, bytes, count));
        const rawRate = (bytes * count) / (await timeRaw(raw, bytes, count));
        if (round > 0) {
          rates.peer.push(peerRate);
          rates.raw.push(rawRate);
        }
      }
      const [peer, bare] = [median(rates.peer), median(rates.raw)];
      if (kib >= 64) slowest = Math.min(slowest, peer);
      const perSecond = (all: readonly number[]) =>
        measure(
          'MB/s',
          all.map((rate) => rate / 1e6),
        );
      rows.push({
        name: `${kib} KiB`,
        measures: [
          perSecond(rates.peer),
          perSecond(rates.raw),
          measure('ratio', peer / bare),
          measure('1/s', peer / bytes),
        ],
      });
    }
  } finally {
    receiver.disconnect();
    for (const file of [peers, raw]) rmSync(file, { force: true });
  }
  const verdict = slowest >= target ? 'above' : 'BELOW';
  report([
    {
      title: 'Float32 payloads between two processes, one way',
      remarks: [
        `64 KiB to 1 MiB: at least ${(slowest / 1e6).toFixed(0)} MB/s, ${verdict} 300 MB/s`,
      ],
      head: ['payload', 'Peer', 'raw socket', 'Peer / raw', 'messages a second'],
      rows,
    },
  ]);
  if (slowest < target) process.exitCode = 1;
}

const [role, peers = '', raw = ''] = process.argv.slice(2);
await (role === 'receive' ? receive(peers, raw) : compare());
