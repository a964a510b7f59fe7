/**
 * Random numbers a second, on one thread and on two, against the same Philox blocks and Box and
 * Muller's transform in plain JavaScript. All are taken in turns.
 */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import type { NoiseKind } from '../trainer-worker/compiler/graph/graph';
import { philox4x32 } from '../trainer-worker/compiler/random/philox';
import { fillNoise } from '../trainer-worker/compiler/run/noise';
import { type Line, measure, median, report } from './table';

const rounds = 9;
/** Numbers that a call draws: as many as a step of 20 Langevin iterations on 128 images of 28 × 28. */
const count = 20 * 128 * 784;
const values = new Float32Array(count);
const fill = (kind: NoiseKind) => fillNoise(values, kind, { seed: 1, stream: 2, step: 3 });

/** One block of Philox at a time, and the platform's logarithm and cosine. */
function fillPlainly(kind: NoiseKind): void {
  const counter = Uint32Array.of(0, 2, 3, 0);
  const key = Uint32Array.of(1, 0);
  const block = new Uint32Array(4);
  for (let index = 0; index < count; index += 4) {
    counter[0] = index / 4;
    philox4x32(counter, key, block);
    for (let pair = 0; pair < 4; pair += 2) {
      const [first, second] = [block[pair]!, block[pair + 1]!];
      if (kind === 'normal') {
        const radius = Math.sqrt(-2 * Math.log((first + 0.5) / 2 ** 32));
        const angle = second * ((2 * Math.PI) / 2 ** 32);
        values[index + pair] = radius * Math.cos(angle);
        values[index + pair + 1] = radius * Math.sin(angle);
      } else if (kind === 'uniform') {
        values[index + pair] = (first >>> 8) / 2 ** 24;
        values[index + pair + 1] = (second >>> 8) / 2 ** 24;
      } else {
        values[index + pair] = first & 1 ? 1 : -1;
        values[index + pair + 1] = second & 1 ? 1 : -1;
      }
    }
  }
}

async function timeOf(call: () => unknown): Promise<number> {
  const start = performance.now();
  await call();
  return performance.now() - start;
}

async function compare(): Promise<void> {
  const helpers = [0, 1].map(() => new Worker(new URL(import.meta.url)));
  const onTwo = (kind: NoiseKind) =>
    Promise.all(
      helpers.map((helper) => {
        helper.postMessage(kind);
        return once(helper, 'message');
      }),
    );
  const lines: Line[] = [];
  for (const kind of ['normal', 'uniform', 'rademacher'] as const) {
    const ways = [() => fillPlainly(kind), () => fill(kind), () => onTwo(kind)];
    const times: number[][] = ways.map(() => []);
    // The first round warms up.
    for (let round = 0; round <= rounds; round++) {
      for (const [index, way] of ways.entries()) {
        const time = await timeOf(way);
        if (round > 0) times[index]!.push(time);
      }
    }
    const [plain, one, two] = times as [number[], number[], number[]];
    const rate = (numbers: number, times: number[]) =>
      measure(
        'M/s',
        times.map((time) => numbers / time / 1e3),
      );
    lines.push({
      name: kind,
      measures: [
        rate(count, plain),
        rate(count, one),
        measure('ratio', median(plain) / median(one)),
        rate(2 * count, two),
      ],
    });
  }
  await Promise.all(helpers.map((helper) => helper.terminate()));
  report([
    {
      title: 'Random numbers a second. Medians, in turns.',
      head: ['noise', 'plain JavaScript', 'one thread', 'faster by', 'two threads'],
      rows: lines,
    },
  ]);
}

if (isMainThread) {
  await compare();
} else {
  parentPort!.on('message', (kind: NoiseKind) => {
    fill(kind);
    parentPort!.postMessage('done');
  });
}
