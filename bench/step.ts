/**
 * Time of a training step of the two-moons example, and of the matrix products that it cannot do
 * without, on the same backend in the same run.
 */
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { loadExperiment } from '../trainer-worker/experiment/load';
import { prepareTraining } from '../trainer-worker/training/prepare';
import { median, table } from './table';

const file = path.resolve('examples/two-moons.ebm.ts');
const steps = 120;
/** Steps that only warm up. */
const warmUp = 20;

/** Milliseconds between the ends of successive steps. */
async function timeSteps(): Promise<number[]> {
  const loaded = await loadExperiment(file, {
    overrides: { steps, 'preview.every': 1_000_000 },
  });
  const prepared = await prepareTraining(loaded);
  const times: number[] = [];
  const loop = prepared.createLoop([
    {
      metrics(step) {
        // The first and the last also make a preview.
        if (step > 0 && step < steps) times.push(performance.now());
      },
    },
  ]);
  await loop.run();
  return times.slice(1).map((time, index) => time - (times[index] ?? time));
}

/**
 * The products of one step of contrastive divergence with an MLP of `widths`: each Langevin step
 * goes forward and back to the point, the loss goes forward and back to the parameters, on data and
 * on samples.
 *
 * @returns a function that does them all once
 */
function products(widths: readonly number[], batch: number, langevinSteps: number): () => void {
  const layers = widths.slice(1).map((outputs, index) => {
    const inputs = widths[index] ?? 1;
    return {
      x: tf.randomNormal([batch, inputs]),
      kernel: tf.randomNormal([inputs, outputs]),
      upstream: tf.randomNormal([batch, outputs]),
    };
  });
  const forward = () => {
    for (const { x, kernel } of layers) tf.matMul(x, kernel);
  };
  const toInputs = (skip: number) => {
    for (const { upstream, kernel } of layers.slice(skip)) {
      tf.matMul(upstream, kernel, false, true);
    }
  };
  const toKernels = () => {
    for (const { x, upstream } of layers) tf.matMul(x, upstream, true, false);
  };
  return () =>
    tf.tidy(() => {
      for (let step = 0; step < langevinSteps; step += 1) {
        forward();
        toInputs(0);
      }
      for (const _ of ['data', 'samples']) {
        forward();
        toInputs(1);
        toKernels();
      }
    });
}

const stepTimes = (await timeSteps()).slice(warmUp);
const { config } = await loadExperiment(file);
const shape = config as unknown as {
  batchSize: number;
  energy: { hidden: number[] };
  objective: { sampler: { steps: number } };
};
const widths = [2, ...shape.energy.hidden, 1];
const bare = products(widths, shape.batchSize, shape.objective.sampler.steps);
const bareTimes: number[] = [];
for (let round = 0; round < steps; round += 1) {
  const start = performance.now();
  bare();
  bareTimes.push(performance.now() - start);
}
const [step, floor] = [median(stepTimes), median(bareTimes.slice(warmUp))];
const ms = (value: number) => `${value.toFixed(2)} ms`;
console.log(
  `One training step of examples/two-moons.ebm.ts (${tf.getBackend()}): ` +
    `MLP ${widths.join('-')}, batch ${shape.batchSize}, ${shape.objective.sampler.steps} Langevin steps`,
);
console.log(
  table(
    ['step', 'its matrix products', 'ratio'],
    [[ms(step), ms(floor), (step / floor).toFixed(1)]],
  ),
);
