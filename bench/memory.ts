/** Resident memory over many steps of a small program: a step must leave nothing behind. */
import { compileStep } from './compiled-step';
import { contrastive } from './rows';
import { table } from './table';

const row = contrastive('small', 32, [2, 16, 16, 1], 2);
const step = await compileStep(row);
const moments = [0, 2_000, 20_000];
const rows: string[][] = [];
let done = 0;
await step.run();
for (const moment of moments) {
  for (; done < moment; done++) await step.run();
  // What is garbage by now is no leak.
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const mebibytes = [rss, heapUsed, external].map((bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`);
  rows.push([moment.toLocaleString('en'), ...mebibytes]);
}
await step.dispose();
console.log('Memory: CD, MLP 2-16-16-1, batch 32, 2 Langevin iterations');
console.log(`${table(['steps', 'resident', 'JavaScript heap', 'outside it'], rows)}\n`);
