/**
 * How close the methods come: the exact KL(data ‖ model) in nats on two moons, each method trained
 * alike, with the wall-clock seconds that its training takes. The table of the README.
 *
 * `EBM_BENCH_SEEDS` says how many seeds, one where absent; `EBM_BENCH_METHODS` names some of the
 * methods. All take some six minutes a seed.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadExperiment } from '../trainer-worker/trainer/experiment/load';
import { prepareTraining } from '../trainer-worker/trainer/training/prepare';
import { type Line, measure, report } from './table';

const steps = 6_000;
const network = 'hidden: [128, 128]';
const langevin = 'sampler: sampler.langevin({ steps: 10, stepSize: 0.1 })';
const levels = 'highest: 2, lowest: 0.1';

interface Method {
  readonly options: string;
  /** An energy of a point and a noise level. */
  readonly isConditional?: true;
}

/** Method → what differs from its defaults. */
const methods: Readonly<Record<string, Method>> = {
  slicedScoreMatching: { options: '' },
  denoisingScoreMatching: { options: 'sigma: 0.1' },
  multiNoiseScoreMatching: { options: `${levels}, levels: 6`, isConditional: true },
  diffusionRecoveryLikelihood: { options: `${levels}, levels: 4`, isConditional: true },
  noiseContrastiveEstimation: { options: '' },
  conditionalNoiseContrastiveEstimation: { options: '' },
  flowContrastiveEstimation: { options: '' },
  energyDiscrepancy: { options: '' },
  contrastiveDivergence: { options: langevin },
  persistentContrastiveDivergence: {
    options: `sampler: sampler.langevin({ steps: 10, stepSize: 0.15 }), bufferSize: 2048,
      reinitialize: 0.02, energyPenalty: 0.01`,
  },
};

/** An experiment as a user writes it. */
function sourceOf(name: string, { options, isConditional }: Method): string {
  const energy = isConditional ? 'noiseConditional' : 'mlp';
  return `import { data, energy, experiment, objective, optimizer, sampler, schedule } from 'ebm-lab';
export default experiment({
  name: '${name}',
  data: data.twoMoons(),
  energy: energy.${energy}({ ${network} }),
  objective: objective.${name}({ ${options} }),
  optimizer: optimizer.adam({
    learningRate: schedule.cosine({ peak: 3e-3, warmup: 100, steps: ${steps} }),
    average: 0.999,
  }),
  batchSize: 256,
  steps: ${steps},
  preview: { every: ${steps}, chainSteps: 0 },
});
`;
}

interface Result {
  /** KL(data ‖ model), nats. */
  readonly divergence: number;
  readonly seconds: number;
}

async function train(file: string, seed: number): Promise<Result> {
  const loaded = await loadExperiment(file, { overrides: { seed } });
  const prepared = await prepareTraining(loaded, { backend: 'onnx-cpu' });
  let divergence = Number.NaN;
  const loop = prepared.createLoop([
    {
      metrics(step, values) {
        if (step === steps) divergence = values['divergence/data-model'] ?? Number.NaN;
      },
    },
  ]);
  const start = performance.now();
  await loop.run();
  return { divergence, seconds: (performance.now() - start) / 1e3 };
}

const wanted = process.env['EBM_BENCH_METHODS']?.split(',') ?? Object.keys(methods);
const seeds = Number(process.env['EBM_BENCH_SEEDS'] ?? 1);
const folder = await mkdtemp(path.join(tmpdir(), 'ebm-quality-'));
try {
  const rows: Line[] = [];
  for (const name of wanted) {
    const method = methods[name];
    if (!method)
      throw new Error(
        `There is no method '${name}' among these: ${Object.keys(methods).join(', ')}.`,
      );
    const file = path.join(folder, `${name}.ebm.ts`);
    await writeFile(file, sourceOf(name, method));
    const results: Result[] = [];
    for (let seed = 0; seed < seeds; seed++) results.push(await train(file, seed));
    const divergences = results.map(({ divergence }) => divergence);
    const seconds = results.map((result) => result.seconds);
    const lowest = Math.min(...divergences);
    rows.push({
      name,
      measures: [
        measure('nats', lowest),
        measure('nats', Math.max(...divergences)),
        measure('s', Math.min(...seconds)),
      ],
    });
    // They take minutes: each is told when it is there, and all once more at the end.
    console.log(`${name}  ${lowest.toFixed(4)}`);
  }
  report([
    {
      title: `KL(data ‖ model) in nats after ${steps} steps, ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}`,
      head: ['objective', 'lowest', 'highest', 'time'],
      rows,
    },
  ]);
} finally {
  await rm(folder, { recursive: true, force: true });
}
