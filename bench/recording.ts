/**
 * What recording and streaming cost: the same training with and without its record on disk and an
 * editor that listens, alternating in one run. Told as a share of training time at 1,000 metric points
 * a second.
 *
 * The editor is this file, started again: it attaches and reads all it is sent.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connectToTrainer, trainerSocketPath } from '../protocol/socket-transport';
import { experimentSource } from '../test/support/trainer';
import { loadExperiment } from '../trainer-worker/trainer/experiment/load';
import { RecordedRun } from '../trainer-worker/trainer/server/recorded-run';
import { claimRun } from '../trainer-worker/trainer/server/this-worker';
import { TrainerServer } from '../trainer-worker/trainer/server/trainer-server';
import { RunRecorder } from '../trainer-worker/trainer/storage/run-recorder';
import { prepareTraining } from '../trainer-worker/trainer/training/prepare';
import { measure, report } from './table';

const repetitions = 5;
/** Points a second at which the share is told. */
const rate = 1_000;

interface Cost {
  readonly wall: number;
  /** Of all threads. */
  readonly processor: number;
}

/** Seconds that `train` takes. */
async function timed(train: () => Promise<unknown>): Promise<Cost> {
  const start = performance.now();
  const before = process.cpuUsage();
  await train();
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - start) / 1e3, processor: (user + system) / 1e6 };
}

async function unrecorded(file: string): Promise<Cost> {
  const prepared = await prepareTraining(await loadExperiment(file), { backend: 'wasm' });
  const loop = prepared.createLoop([]);
  return await timed(() => loop.run());
}

/** @returns the cost, and how many points were recorded */
async function recorded(file: string, folder: string, id: string): Promise<[Cost, number]> {
  const loaded = await loadExperiment(file);
  const prepared = await prepareTraining(loaded, { backend: 'wasm' });
  const directory = await mkdtemp(path.join(folder, 'run-'));
  const socket = trainerSocketPath(id);
  const server = await TrainerServer.listen(socket);
  const fail = (problem: { readonly message: string }) => {
    throw new Error(problem.message);
  };
  const recorder = await RunRecorder.begin(
    {
      directory,
      id,
      createdAt: new Date(),
      loaded,
      prepared,
      claim: await claimRun(directory, socket),
      git: undefined,
    },
    fail,
  );
  let points = 0;
  const counter = {
    metrics: (_: number, values: object) => {
      points += Object.keys(values).length;
    },
  };
  const run = new RecordedRun(recorder, (observer) => prepared.createLoop([observer]), [
    server,
    counter,
  ]);
  const editor = fork(process.argv[1]!, [socket]);
  await once(editor, 'message');
  const cost = await timed(() => {
    const ended = run.run();
    server.begin(run);
    return ended;
  });
  const closed = once(editor, 'exit');
  await server.close();
  await closed;
  return [cost, points];
}

async function listen(socket: string): Promise<void> {
  const peer = await connectToTrainer(socket);
  let points = 0;
  peer.on('metrics', (series) => {
    for (const { steps } of Object.values(series)) points += steps.length;
  });
  peer.onClose(() => process.exit(points > 0 ? 0 : 1));
  const attached = peer.request('attach', {});
  process.send?.('ready');
  await attached;
}

async function compare(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ebm-bench-'));
  try {
    const file = path.join(folder, 'quick.ebm.ts');
    await writeFile(file, experimentSource({ steps: '20_000', checkpoint: '{ every: 5_000 }' }));
    await unrecorded(file);
    const shares: Cost[] = [];
    const ratios: number[] = [];
    let points = 0;
    for (let index = 0; index < repetitions; index++) {
      const off = await unrecorded(file);
      const [on, count] = await recorded(file, folder, `bench-${process.pid}-${index}`);
      points = count;
      ratios.push(on.wall / off.wall);
      const share = (kind: keyof Cost) => ((on[kind] - off[kind]) / count) * rate;
      shares.push({ wall: share('wall'), processor: share('processor') });
    }
    const percent = (kind: keyof Cost) =>
      measure(
        '%',
        shares.map((share) => 100 * share[kind]),
      );
    report([
      {
        title: `Recording and streaming ${points} points, medians of ${repetitions}`,
        head: ['training', 'on / off', `wall at ${rate} points/s`, `processor at ${rate} points/s`],
        rows: [
          {
            name: 'as fast as it goes',
            measures: [measure('ratio', ratios), percent('wall'), percent('processor')],
          },
        ],
      },
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const socket = process.argv[2];
await (socket === undefined ? compare() : listen(socket));
