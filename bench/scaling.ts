/**
 * How the cost of a compiled step grows: by batch, width, depth, dimensions and iterations of its chains.
 * Beside each time stands the exponent since the line before, which is 1 where what doubles takes twice as
 * long, and the memory that the step holds while it runs.
 */
import { availableParallelism } from 'node:os';
import { compileStep } from './compiled-step';
import { contrastive, type Row } from './rows';
import { type Line, measure, median, report, type Section, steadyTimesOf } from './table';

/** Seconds that each step is measured, after as long again; slow ones run three times at least. */
const seconds = 0.3;

/** What grows, from where to where, and the step for each value. */
interface Axis {
  readonly title: string;
  readonly quantity: string;
  readonly values: readonly number[];
  readonly rowOf: (value: number) => Row;
}

const hidden = (width: number, depth: number) => new Array<number>(depth).fill(width);
const mlp = (dimensions: number, width: number, depth: number) => [
  dimensions,
  ...hidden(width, depth),
  1,
];

const axes: readonly Axis[] = [
  {
    title: 'CD, MLP 2-128³-1, 20 iterations, by the batch',
    quantity: 'batch',
    values: [64, 256, 1024, 4096, 16_384, 65_536],
    rowOf: (batch) => contrastive('by batch', batch, mlp(2, 128, 3)),
  },
  {
    title: 'CD, batch 256, 20 iterations, MLP of three layers, by their width',
    quantity: 'width',
    values: [16, 32, 64, 128, 256, 512, 1024],
    rowOf: (width) => contrastive('by width', 256, mlp(2, width, 3)),
  },
  {
    title: 'CD, batch 256, 20 iterations, MLP 128 wide, by its depth',
    quantity: 'layers',
    values: [1, 2, 4, 8, 16, 32],
    rowOf: (depth) => contrastive('by depth', 256, mlp(2, 128, depth)),
  },
  {
    title: 'CD, batch 256, 20 iterations, MLP D-128²-1, by the dimensions',
    quantity: 'dimensions',
    values: [2, 12, 48, 192, 768, 3072],
    rowOf: (dimensions) => contrastive('by dimensions', 256, mlp(dimensions, 128, 2)),
  },
  {
    title: 'CD, batch 256, MLP 2-128³-1, by the iterations of its chains',
    quantity: 'iterations',
    values: [1, 4, 16, 64, 256, 1000],
    rowOf: (iterations) => contrastive('by iterations', 256, mlp(2, 128, 3), iterations),
  },
];

/** MiB that the process holds. */
function resident(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
}

async function grow({ title, quantity, values, rowOf }: Axis): Promise<Section> {
  const rows: Line[] = [];
  let before: { readonly value: number; readonly time: number } | undefined;
  for (const value of values) {
    const empty = resident();
    const step = await compileStep(rowOf(value));
    const times = await steadyTimesOf(step.run, seconds);
    const held = resident() - empty;
    await step.dispose();
    const time = median(times);
    const exponent = before && Math.log(time / before.time) / Math.log(value / before.value);
    rows.push({
      name: value.toLocaleString('en'),
      measures: [
        measure('ms', times),
        exponent === undefined ? undefined : measure('power', exponent),
        measure('ms', step.compileTime + step.sessionTime),
        measure('MiB', Math.max(0, held)),
      ],
    });
    before = { value, time };
  }
  return { title, head: [quantity, 'a step', 'exponent', 'to make it', 'held'], rows };
}

const sections: Section[] = [];
for (const axis of axes) sections.push(await grow(axis));
report([{ title: `On ${availableParallelism()} cores.`, head: [], rows: [] }, ...sections]);
