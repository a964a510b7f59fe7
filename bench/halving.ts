/**
 * What successive halving saves: training steps until ASHA has a run as good as the best of a random
 * search, as a share of the steps of that search. A restricted Boltzmann machine on the digits of the
 * examples, of so few hidden units that its held-out log-likelihood is known exactly, which is compared.
 *
 * Both draw the same configurations in the same order; ASHA draws on where the search has ended. It has
 * one worker, and steps that a promoted run has done before are not counted again. A run that goes on is
 * bit for bit one that never stopped, so what the search's runs measured at rungs counts for ASHA too.
 *
 * `EBM_BENCH_SEEDS` names the seeds, `0,1,2,3,4` where absent. Takes some minutes a seed.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { JsonObject } from '../protocol/run';
import { readExperiment } from '../trainer-worker/trainer/experiment/load';
import { expandSweep } from '../trainer-worker/trainer/sweeps/expand';
import {
  type HalvingRules,
  type HalvingTrial,
  nextJob,
  rungsOf,
} from '../trainer-worker/trainer/sweeps/halving';
import { resolveSweep } from '../trainer-worker/trainer/sweeps/sweep';
import { prepareTraining } from '../trainer-worker/trainer/training/prepare';
import { type Line, measure, report } from './table';

const steps = 1_350;
const eta = 3;
const rungs = rungsOf(steps, { eta, minSteps: 50 });
const rules: HalvingRules = { eta, rungs: rungs.length, goal: 'maximize' };
/** Runs of the random search, and the most that ASHA draws. */
const searched = 27;
const mostDrawn = 135;
const metric = 'log-likelihood/held-out';

const source = `import { data, energy, experiment, objective, optimizer, sampler } from 'ebm-lab';
export default experiment({
  name: 'Digits, searched',
  data: data.npz(${JSON.stringify(path.resolve('examples/data/digits.npz'))}, {
    array: 'images', labels: 'labels', from: [0, 16], binarize: 0.4,
  }),
  energy: energy.rbm({ hidden: 16 }),
  objective: objective.persistentContrastiveDivergence({
    sampler: sampler.gibbs({ steps: 5, scan: 'sweep' }), bufferSize: 512, reinitialize: 0,
  }),
  optimizer: optimizer.adam({ learningRate: 1e-3, beta1: 0 }),
  batchSize: 128,
  steps: ${steps},
  preview: { every: ${steps}, samples: 16, chainSteps: 0, diagnostics: ['likelihood'] },
});
`;

function configurations(drawSeed: number): readonly JsonObject[] {
  return expandSweep(
    resolveSweep({
      method: 'random',
      parameters: {
        'optimizer.learningRate': { low: 1e-5, high: 1e-1, scale: 'log' },
        'energy.hidden': { low: 4, high: 16, integer: true },
        'objective.sampler.steps': { low: 1, high: 10, integer: true },
        'optimizer.beta1': { low: 0, high: 0.9 },
      },
      trials: mostDrawn,
      drawSeed,
    }),
  );
}

/** Trains a run until a rung. @returns what it measured at each until then */
async function train(file: string, overrides: JsonObject, until: number) {
  const loaded = (await readExperiment(file)).withOverrides(overrides);
  const prepared = await prepareTraining(loaded, { backend: 'onnx-cpu', rungs, until });
  const found = new Map<number, number>();
  const loop = prepared.createLoop([
    {
      metrics(step, values) {
        const value = values[metric];
        if (rungs.includes(step) && value !== undefined) found.set(step, value);
      },
      // One that goes wrong would wait for somebody to look at it; it is the worst at its rung.
      state: ({ status }) => void (status === 'paused' && loop.stop()),
    },
  ]);
  await loop.run();
  return rungs.filter((step) => step <= until).map((step) => found.get(step));
}

interface Outcome {
  /** The best of the search, nats. */
  readonly best: number;
  /** Steps until ASHA had one as good, as a share of the search's; and the best that it had by then. */
  readonly share: number;
  readonly reached: number;
  readonly drawn: number;
}

async function outcomeOf(file: string, seed: number): Promise<Outcome> {
  const drawn = configurations(seed);
  const known = new Map<number, readonly (number | undefined)[]>();
  const valuesOf = async (index: number, rung: number) => {
    let values = known.get(index);
    if (values === undefined || values.length <= rung) {
      values = await train(file, { ...drawn[index]!, seed }, rungs[rung]!);
      known.set(index, values);
    }
    return values.slice(0, rung + 1);
  };
  let best = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < searched; index++) {
    const last = (await valuesOf(index, rungs.length - 1)).at(-1);
    if (last !== undefined && Number.isFinite(last)) best = Math.max(best, last);
  }
  const trials: HalvingTrial[] = drawn.map(() => ({ values: [], sent: 0 }));
  let trained = 0;
  let reached = Number.NEGATIVE_INFINITY;
  while (reached < best) {
    const job = nextJob(trials, rules);
    if (job === undefined) break;
    const { index, rung } = job;
    trained += rungs[rung]! - (rungs[rung - 1] ?? 0);
    const values = (await valuesOf(index, rung)).map((value) =>
      value !== undefined && Number.isFinite(value) ? value : undefined,
    );
    trials[index] = { values, sent: rung + 1 };
    reached = Math.max(reached, values.at(-1) ?? reached);
  }
  const count = trials.filter(({ sent }) => sent > 0).length;
  const share = reached >= best ? trained / (searched * steps) : Number.POSITIVE_INFINITY;
  return { best, share, reached, drawn: count };
}

const seeds = (process.env['EBM_BENCH_SEEDS'] ?? '0,1,2,3,4').split(',').map(Number);
const folder = await mkdtemp(path.join(tmpdir(), 'ebm-halving-'));
try {
  const file = path.join(folder, 'digits.ebm.ts');
  await writeFile(file, source);
  const rows: Line[] = [];
  for (const seed of seeds) {
    const { best, share, reached, drawn } = await outcomeOf(file, seed);
    rows.push({
      name: `seed ${seed}`,
      measures: [
        measure('nats', best),
        measure('nats', reached),
        measure('share', share),
        measure('operations', drawn),
      ],
    });
    // They take minutes: each is told when it is there, and all once more at the end.
    console.log(`seed ${seed}  ${share.toFixed(3)}`);
  }
  report([
    {
      title: `ASHA against ${searched} runs of ${steps} steps, rungs ${rungs.join(', ')}, η ${eta}`,
      head: ['', 'best of the search', 'ASHA’s', 'share of its steps', 'drawn'],
      rows,
    },
  ]);
} finally {
  await rm(folder, { recursive: true, force: true });
}
