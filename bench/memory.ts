/** Resident memory over many steps of a small program: a step must leave nothing behind. */
import { compileStep } from './compiled-step';
import { contrastive } from './rows';
import { type Line, measure, report } from './table';

const row = contrastive('small', 32, [2, 16, 16, 1], 2);
const step = await compileStep(row);
const moments = [0, 2_000, 20_000];
const rows: Line[] = [];
let done = 0;
await step.run();
for (const moment of moments) {
  for (; done < moment; done++) await step.run();
  // What is garbage by now is no leak.
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const measures = [rss, heapUsed, external].map((bytes) => measure('MiB', bytes / 2 ** 20));
  rows.push({ name: moment.toLocaleString('en'), measures });
}
await step.dispose();
report([
  {
    title: 'Memory: CD, MLP 2-16-16-1, batch 32, 2 Langevin iterations',
    head: ['steps', 'resident', 'JavaScript heap', 'outside it'],
    rows,
  },
]);
