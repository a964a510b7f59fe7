/** What stands between a key press and the first step: compiling, for the steps of the other bench
 * and for whole experiments. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { loadExperiment } from '../trainer-worker/trainer/experiment/load';
import { prepareTraining } from '../trainer-worker/trainer/training/prepare';
import { compileStep } from './compiled-step';
import { rows } from './rows';
import { type Line, type Measure, measure, report } from './table';

const repetitions = 3;
/** Columns of times, each repeated so often. */
async function repeated(take: () => Promise<readonly number[]>): Promise<Measure[]> {
  const all: (readonly number[])[] = [];
  for (let index = 0; index < repetitions; index++) all.push(await take());
  return all[0]!.map((_, column) =>
    measure(
      'ms',
      all.map((times) => times[column]!),
    ),
  );
}

const steps: Line[] = [];
for (const row of rows) {
  const measures = await repeated(async () => {
    const step = await compileStep(row);
    const start = performance.now();
    await step.run();
    const first = performance.now() - start;
    await step.dispose();
    return [step.compileTime, step.sessionTime, first];
  });
  steps.push({ name: row.name, measures });
}

const examples = readdirSync('examples').filter((name) => name.endsWith('.ebm.ts'));
const prepared: Line[] = [];
for (const name of examples) {
  const file = path.resolve('examples', name);
  const measures = await repeated(async () => {
    const start = performance.now();
    const loaded = await loadExperiment(file);
    const bundled = performance.now();
    await prepareTraining(loaded);
    return [bundled - start, performance.now() - bundled];
  });
  prepared.push({ name, measures });
}
report([
  {
    title: 'Compiling a step, medians',
    head: ['step', 'trace, differentiate, simplify', 'session', 'first step'],
    rows: steps,
  },
  {
    title: 'An experiment, from its file to a step that can run',
    head: ['example', 'bundle and validate', 'data, compile, backend'],
    rows: prepared,
  },
]);
