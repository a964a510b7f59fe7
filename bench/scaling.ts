/** How a compiled step's time grows with the chain and with the batch: both should be linear. */
import { compileStep } from './compiled-step';
import { contrastive, type Row } from './rows';
import { median, milliseconds, table, timesOf } from './table';

const widths = [2, 128, 128, 128, 1];
const rounds = 4;

/** Medians of rows that are run in turns. */
async function timeTogether(rows: readonly Row[]): Promise<number[]> {
  const steps = await Promise.all(rows.map(compileStep));
  const times = steps.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { run }] of steps.entries()) times[index]!.push(...(await timesOf(run, 4)));
  }
  for (const step of steps) await step.dispose();
  return times.map(median);
}

async function show(
  quantity: string,
  values: readonly number[],
  rowOf: (value: number) => Row,
): Promise<void> {
  const times = await timeTogether(values.map(rowOf));
  const rows = times.map((time, index) => [
    String(values[index]),
    milliseconds(time),
    milliseconds((time / values[index]!) * values[0]!),
  ]);
  console.log(table([quantity, 'a step', `for each ${values[0]}`], rows));
}

console.log(`CD, MLP ${widths.join('-')}: batch 512, by the number of Langevin iterations`);
await show('iterations', [5, 10, 20, 40, 80], (chainSteps) =>
  contrastive('by chain', 512, widths, chainSteps),
);
console.log('\nThe same with 20 iterations, by the batch');
await show('batch', [64, 128, 256, 512, 1024], (batch) => contrastive('by batch', batch, widths));
console.log();
