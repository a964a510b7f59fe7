/** What stands between a key press and the first step: compiling, for the steps of the other bench
 * and for whole experiments. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { loadExperiment } from '../trainer-worker/experiment/load';
import { prepareTraining } from '../trainer-worker/training/prepare';
import { compileStep } from './compiled-step';
import { rows } from './rows';
import { median, milliseconds, table } from './table';

const repetitions = 3;
/** Columns of times, each repeated so often, as medians. */
async function medians(measure: () => Promise<readonly number[]>): Promise<string[]> {
  const all: (readonly number[])[] = [];
  for (let index = 0; index < repetitions; index++) all.push(await measure());
  return all[0]!.map((_, column) => milliseconds(median(all.map((times) => times[column]!))));
}

const steps: string[][] = [];
for (const row of rows) {
  const times = await medians(async () => {
    const step = await compileStep(row);
    const start = performance.now();
    await step.run();
    const first = performance.now() - start;
    await step.dispose();
    return [step.compileTime, step.sessionTime, first];
  });
  steps.push([row.name, ...times]);
}
console.log('Compiling a step, medians');
const head = ['step', 'trace, differentiate, simplify', 'session', 'first step'];
console.log(`${table(head, steps)}\n`);

const examples = readdirSync('examples').filter((name) => name.endsWith('.ebm.ts'));
const prepared: string[][] = [];
for (const name of examples) {
  const file = path.resolve('examples', name);
  const times = await medians(async () => {
    const start = performance.now();
    const loaded = await loadExperiment(file);
    const bundled = performance.now();
    await prepareTraining(loaded);
    return [bundled - start, performance.now() - bundled];
  });
  prepared.push([name, ...times]);
}
console.log('An experiment, from its file to a step that can run');
console.log(`${table(['example', 'bundle and validate', 'data, compile, backend'], prepared)}\n`);
