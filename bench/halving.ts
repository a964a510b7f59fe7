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
/** The first rungs that are tried. */
const first = [50, 150];
const rungs = rungsOf(steps, { eta, minSteps: first[0]! });
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

/** What ASHA came to. */
interface Outcome {
  /** Steps until it had a run as good as the search's best, as a share of that search's; none where it never had. */
  readonly share?: number;
  /** The best that it had after a third of those steps, nats. */
  readonly atThird: number;
}

/** Trains what is asked for, once. */
class Trained {
  readonly #file: string;
  readonly #seed: number;
  readonly #drawn: readonly JsonObject[];
  readonly #known = new Map<number, readonly (number | undefined)[]>();

  constructor(file: string, seed: number) {
    this.#file = file;
    this.#seed = seed;
    this.#drawn = configurations(seed);
  }

  /** What a run has measured after so many steps, a rung. */
  async valueAt(index: number, step: number): Promise<number | undefined> {
    const rung = rungs.indexOf(step);
    let values = this.#known.get(index) ?? [];
    if (values.length <= rung) {
      values = await train(this.#file, { ...this.#drawn[index]!, seed: this.#seed }, step);
      this.#known.set(index, values);
    }
    const value = values[rung];
    return value !== undefined && Number.isFinite(value) ? value : undefined;
  }
}

/** The best that is found by training so many runs to their end, nats. */
async function bestOfSearch(trained: Trained): Promise<number> {
  const values: number[] = [];
  for (let index = 0; index < searched; index++) {
    values.push((await trained.valueAt(index, steps)) ?? Number.NEGATIVE_INFINITY);
  }
  return Math.max(...values);
}

/** ASHA on the same, until it has a run as good or has drawn all. */
async function halve(trained: Trained, minSteps: number, best: number): Promise<Outcome> {
  const own = rungsOf(steps, { eta, minSteps });
  const rules: HalvingRules = { eta, rungs: own.length, goal: 'maximize' };
  const trials: HalvingTrial[] = Array.from({ length: mostDrawn }, () => ({ values: [], sent: 0 }));
  let done = 0;
  let reached = Number.NEGATIVE_INFINITY;
  let atThird = Number.NEGATIVE_INFINITY;
  while (reached < best) {
    const job = nextJob(trials, rules);
    if (job === undefined) break;
    const { index, rung } = job;
    done += own[rung]! - (own[rung - 1] ?? 0);
    const value = await trained.valueAt(index, own[rung]!);
    trials[index] = { values: [...trials[index]!.values, value], sent: rung + 1 };
    reached = Math.max(reached, value ?? reached);
    if (done <= (searched * steps) / 3) atThird = reached;
  }
  return reached >= best ? { share: done / (searched * steps), atThird } : { atThird };
}

const seeds = (process.env['EBM_BENCH_SEEDS'] ?? '0,1,2,3,4').split(',').map(Number);
const folder = await mkdtemp(path.join(tmpdir(), 'ebm-halving-'));
try {
  const file = path.join(folder, 'digits.ebm.ts');
  await writeFile(file, source);
  const rows: Line[] = [];
  for (const seed of seeds) {
    const trained = new Trained(file, seed);
    const best = await bestOfSearch(trained);
    const outcomes: Outcome[] = [];
    for (const minSteps of first) outcomes.push(await halve(trained, minSteps, best));
    rows.push({
      name: `seed ${seed}`,
      measures: [
        measure('nats', best),
        ...outcomes.flatMap(({ share, atThird }) => [
          share === undefined ? undefined : measure('share', share),
          measure('nats', atThird),
        ]),
      ],
    });
    // They take minutes: each is told when it is there, and all once more at the end.
    console.log(
      `seed ${seed}  ${outcomes.map(({ share }) => share?.toFixed(3) ?? 'never').join('  ')}`,
    );
  }
  report([
    {
      title: `ASHA against ${searched} runs of ${steps} steps, η ${eta}, at most ${mostDrawn} drawn`,
      head: [
        ...['', 'best of the search'],
        ...first.flatMap((step) => [`first rung ${step}: share`, 'best at a third']),
      ],
      rows,
    },
  ]);
} finally {
  await rm(folder, { recursive: true, force: true });
}
