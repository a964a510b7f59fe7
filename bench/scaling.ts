/** How a compiled step's time grows with the chain and with the batch: both should be linear. */
import { compileStep } from './compiled-step';
import { contrastive, type Row } from './rows';
import { measure, median, report, type Section, timesOf } from './table';

const widths = [2, 128, 128, 128, 1];
const rounds = 4;

/** Times of rows that are run in turns. */
async function timeTogether(rows: readonly Row[]): Promise<number[][]> {
  const steps = await Promise.all(rows.map(compileStep));
  const times = steps.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { run }] of steps.entries()) times[index]!.push(...(await timesOf(run, 4)));
  }
  for (const step of steps) await step.dispose();
  return times;
}

async function grow(
  title: string,
  quantity: string,
  values: readonly number[],
  rowOf: (value: number) => Row,
): Promise<Section> {
  const times = await timeTogether(values.map(rowOf));
  const rows = times.map((all, index) => ({
    name: String(values[index]),
    measures: [measure('ms', all), measure('ms', (median(all) / values[index]!) * values[0]!)],
  }));
  return { title, head: [quantity, 'a step', `for each ${values[0]}`], rows };
}

report([
  await grow(
    `CD, MLP ${widths.join('-')}: batch 512, by the number of Langevin iterations`,
    'iterations',
    [5, 10, 20, 40, 80],
    (chainSteps) => contrastive('by chain', 512, widths, chainSteps),
  ),
  await grow(
    'The same with 20 iterations, by the batch',
    'batch',
    [64, 128, 256, 512, 1024],
    (batch) => contrastive('by batch', batch, widths),
  ),
]);
