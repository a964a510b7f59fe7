/**
 * Discrete models at the size that people train, against what trains and samples them in Python: a step of
 * contrastive divergence on a restricted Boltzmann machine, and sweeps of an Ising model on a lattice. All are
 * taken in turns: whatever else the machine does falls on all of them alike.
 */
import type * as tf from '@tensorflow/tfjs';
import { energy, objective, optimizer, sampler } from 'ebm-lab';
import { numbersFrom } from '../test/graph-numbers';
import type { Arrays } from '../trainer-worker/compiler/run/execution';
import { runOnProcessor } from '../trainer-worker/compiler/run/run-sharded';
import { compileProgram } from '../trainer-worker/compiler/trace/compile-program';
import { buildEnergy } from '../trainer-worker/methods/energies';
import { modelOf } from '../trainer-worker/methods/energies/model';
import { samplerMethod } from '../trainer-worker/methods/samplers';
import { runChain } from '../trainer-worker/methods/samplers/chain';
import { compileTraining } from '../trainer-worker/trainer/training/compile-training';
import { peersRemedy, StepPeers } from './step-peers';
import { type Line, measure, median, report, steadyTimesOf } from './table';

const rounds = 5;
/** How long each is measured in its turn, after as long again. */
const seconds = 0.5;

/** What is run, as the peers read it. */
interface Task {
  readonly name: string;
  readonly kind: 'machine' | 'lattice';
  /** Rows of a step, or chains. */
  readonly batch: number;
  readonly visible?: number;
  readonly hidden?: number;
  readonly side?: number;
  readonly coupling?: number;
  /** Sweeps of a run. */
  readonly sweeps: number;
}

const tasks: readonly Task[] = [
  {
    name: 'RBM 784-500, batch 128, CD-1, a step',
    kind: 'machine',
    batch: 128,
    visible: 784,
    hidden: 500,
    sweeps: 1,
  },
  {
    name: 'Ising 64 x 64, 256 chains, 4 sweeps',
    kind: 'lattice',
    batch: 256,
    side: 64,
    coupling: 0.4,
    sweeps: 4,
  },
];

/** Peers by what people call them, in the order of the columns; see peer-discrete.py. */
const peerNames = ['torch', 'ebmkit', 'learnergy', 'hamon', 'thrml'];

interface Runner {
  run(): Promise<void>;
  dispose(): Promise<void>;
}

/** A training step on made-up bits. */
async function machine({ batch, visible, hidden, sweeps }: Task): Promise<Runner> {
  const gibbs = sampler.gibbs({ steps: sweeps, scan: 'sweep' });
  const rows = Float32Array.from(numbersFrom(1)([2 * batch, visible!]), (x) => Number(x > 0.4));
  const training = compileTraining({
    energy: energy.rbm({ hidden: hidden! }),
    origin: { files: [] },
    objective: objective.contrastiveDivergence({ sampler: gibbs }),
    optimizer: optimizer.sgd({ learningRate: 0.01 }),
    rows,
    domain: 'binary',
    bounds: Array.from({ length: visible! }, () => [-0.25, 1.25] as const),
    batchSize: batch,
    seed: 0,
    preview: { samples: 1, chainSteps: 1, sampler: gibbs },
  });
  const execution = await runOnProcessor(training.program, training.initial, import.meta.filename);
  let step = 0;
  return {
    async run() {
      step += 1;
      await execution.run({ ...training.feeds, step: Float32Array.of(step) }, { seed: 0, step });
    },
    dispose: () => execution.dispose(),
  };
}

/** Chains that go on from where they were. */
async function lattice({ batch, side, coupling, sweeps }: Task): Promise<Runner> {
  const sites = side! ** 2;
  const spec = energy.ising({ lattice: [side!, side!], periodic: true });
  const gibbs = sampler.gibbs({ steps: sweeps, scan: 'sweep' });
  const parameters = { coupling: [2 * sites], field: [sites] };
  const program = compileProgram({
    inputs: {
      data: { shape: [batch, sites] },
      ...Object.fromEntries(Object.entries(parameters).map(([name, shape]) => [name, { shape }])),
    },
    batch: { rows: batch },
    step: ({ data, ...tensors }) => ({
      outputs: {
        ends: runChain(
          samplerMethod(gibbs).build(gibbs),
          modelOf(buildEnergy(spec, sites), tensors, { files: [] }),
          data as tf.Tensor2D,
          sweeps,
        ).ends,
      },
    }),
  });
  const execution = await runOnProcessor(program, {}, import.meta.filename);
  let feeds: Arrays = {
    data: Float32Array.from(numbersFrom(2)([batch, sites]), (x) => Number(x > 0)),
    coupling: new Float32Array(2 * sites).fill(coupling!),
    field: new Float32Array(sites),
  };
  let step = 0;
  return {
    async run() {
      step += 1;
      const { ends } = await execution.run(feeds, { seed: 0, step });
      feeds = { ...feeds, data: ends! };
    },
    dispose: () => execution.dispose(),
  };
}

const peers = await StepPeers.start(tasks, 'peer-discrete.py');
const lines: Line[] = [];
for (const [index, task] of tasks.entries()) {
  const runner = await (task.kind === 'machine' ? machine : lattice)(task);
  const times: Record<string, number[]> = { ours: [] };
  for (let round = 0; round < rounds; round++) {
    times['ours']!.push(...(await steadyTimesOf(runner.run, seconds)));
    for (const name of peerNames) {
      const more = (await peers?.run(name, index, seconds)) ?? [];
      times[name] = [...(times[name] ?? []), ...more];
    }
  }
  const ours = median(times['ours']!);
  const flips = task.kind === 'lattice' ? task.batch * task.side! ** 2 * task.sweeps : undefined;
  lines.push({
    name: task.name,
    measures: [
      measure('ms', times['ours']!),
      flips === undefined ? undefined : measure('M/s', flips / ours / 1e3),
      ...peerNames.map((name) => {
        const others = times[name] ?? [];
        return others.length === 0 ? undefined : measure('ratio', median(others) / ours);
      }),
    ],
  });
  await runner.dispose();
}
peers?.close();

report([
  {
    title: 'Discrete models, by blocks. Medians, in turns.',
    remarks: [peers ? peers.description : peersRemedy, 'Others: how many times as long they take.'],
    head: [
      ...['run', 'ours', 'spins drawn'],
      ...['PyTorch', 'ebmkit', 'learnergy', 'hamon', 'thrml'],
    ],
    rows: lines,
  },
]);
