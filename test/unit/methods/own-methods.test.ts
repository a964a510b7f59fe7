/** Methods written in an experiment file, against the same ones that are built in: to the bit. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { loadExperiment } from '../../../trainer-worker/trainer/experiment/load';
import { prepareTraining } from '../../../trainer-worker/trainer/training/prepare';
import type { Checkpoint } from '../../../trainer-worker/trainer/training/run-observer';
import { experimentFolder } from '../../support/experiment-folder';

const file = 'own.ebm.ts';

/** An experiment of these parts that trains in a second; `before` is what its file defines. */
function experimentText(parts: Readonly<Record<string, string>>, before = ''): string {
  const options = {
    data: 'data.twoMoons({ samples: 500, heldOut: 100 })',
    energy: "energy.mlp({ hidden: [8, 8], activation: 'swish' })",
    objective: 'objective.denoisingScoreMatching({ sigma: 0.2 })',
    optimizer: 'optimizer.adam({ learningRate: 1e-3 })',
    batchSize: '16',
    steps: '20',
    preview: '{ every: 10, samples: 32, resolution: 8, diagnostics: [] }',
    ...parts,
  };
  return `
    import * as tf from '@tensorflow/tfjs';
    import {
      buildSampler, data, diagnostic, energy, experiment, loop, objective, optimizer,
      persistentChains, sampler, schedule, stopGradient,
    } from 'ebm-lab';
    ${before}
    void [tf, buildSampler, diagnostic, loop, persistentChains, sampler, schedule, stopGradient];
    export default experiment({
      ${Object.entries(options)
        .map(([key, value]) => `${key}: ${value},`)
        .join('\n      ')}
    });`;
}

interface Trained {
  readonly metrics: readonly Readonly<Record<string, number>>[];
  readonly samples: readonly Float32Array[];
  readonly checkpoint: Checkpoint;
}

/** Trains an experiment's file to its end, or from a checkpoint on. */
async function train(
  t: TestContext,
  text: string,
  { overrides = {}, saved }: { overrides?: Record<string, number>; saved?: Checkpoint } = {},
): Promise<Trained> {
  const folder = await experimentFolder(t, { [file]: text });
  const loaded = await loadExperiment(path.join(folder, file), { overrides });
  const prepared = await prepareTraining(loaded, {
    backend: 'onnx-cpu',
    ...(saved ? { saved } : {}),
  });
  const metrics: Record<string, number>[] = [];
  const samples: Float32Array[] = [];
  let checkpoint: Checkpoint | undefined;
  const loop = prepared.createLoop([
    {
      metrics: (step, values) => metrics.push({ step, ...(values as Record<string, number>) }),
      preview: async (frame) => void samples.push(frame.samples.slice()),
      checkpoint: async (kept) => {
        checkpoint = kept;
      },
    },
  ]);
  assert.equal(await loop.run(), 'finished');
  return { metrics, samples, checkpoint: checkpoint! };
}

/** The seconds of the metrics aside, two trainings are one. */
function assertSame(own: Trained, builtIn: Trained): void {
  const values = ({ metrics }: Trained) =>
    metrics.map((each) =>
      Object.fromEntries(Object.entries(each).filter(([name]) => !name.startsWith('sampler/'))),
    );
  assert.deepEqual(values(own), values(builtIn));
  assert.deepEqual(own.samples, builtIn.samples);
  const tensors = ({ checkpoint }: Trained) =>
    checkpoint.tensors.map(({ name, shape, data }) => ({ name, shape, data: [...data] }));
  assert.deepEqual(tensors(own), tensors(builtIn));
}

const ownPersistent = `
  const ownPersistent = (options: object) => objective.custom({
    options: {
      sampler: sampler.langevin({ steps: 3 }), bufferSize: 128, reinitialize: 0.05, energyPenalty: 0.01,
      ...options,
    },
    chains: 128,
    build(options, run) {
      const chains = persistentChains(options, run, buildSampler(options.sampler));
      return {
        ...chains.host,
        loss(context) {
          const samples = chains.samples(context);
          const both = context.energy(tf.concat([context.data, samples]) as tf.Tensor2D);
          const [low, high] = tf.split(both, 2) as [tf.Tensor1D, tf.Tensor1D];
          context.report({ name: 'energy/data', label: 'Energy of data', group: 'Energy' }, tf.mean(low));
          context.report({ name: 'energy/samples', label: 'Energy of samples', group: 'Energy' }, tf.mean(high));
          const squares = tf.add(tf.mean(tf.square(low)), tf.mean(tf.square(high)));
          return tf.add(tf.sub(tf.mean(low), tf.mean(high)), tf.mul(squares, options.energyPenalty));
        },
      };
    },
  });`;
const builtInPersistent =
  'objective.persistentContrastiveDivergence({ sampler: sampler.langevin({ steps: 3 }), bufferSize: 128, energyPenalty: 0.01 })';

const ownHamiltonian = `
  const column = (x: tf.Tensor) => tf.expandDims(x, 1);
  const ownHamiltonian = sampler.custom({
    steps: 4,
    options: { stepSize: 0.2, leapfrogSteps: 5 },
    init: (x, model) => ({ energy: column(model.energy(x)), score: model.score(x) }),
    advance(x, { energy, score }, model, { stepSize, leapfrogSteps }) {
      const momentum = tf.randomNormal(x.shape);
      const half = (p: tf.Tensor, slope: tf.Tensor) => tf.add(p, tf.mul(slope, tf.mul(stepSize, 0.5)));
      const [end, endEnergy, endScore, endMomentum] = loop(
        leapfrogSteps, [x, energy!, score!, momentum],
        (_iteration, [from, , slope, before]) => {
          const between = half(before!, slope!);
          const to = tf.add(from!, tf.mul(between, stepSize)) as tf.Tensor2D;
          const next = model.score(to);
          return [to, column(model.energy(to)), next, half(between, next)];
        },
      );
      const kinetic = (p: tf.Tensor) => tf.mul(tf.sum(tf.square(p), 1, true), 0.5);
      const ratio = tf.sub(tf.add(energy!, kinetic(momentum)), tf.add(endEnergy!, kinetic(endMomentum!)));
      const known = tf.greater(ratio, -100);
      const safe = tf.where(known, ratio, tf.zerosLike(ratio));
      const chance = tf.mul(tf.exp(tf.minimum(safe, 0)), tf.cast(known, 'float32'));
      const accepted = tf.less(tf.randomUniform(ratio.shape), chance);
      const choose = (yes: tf.Tensor, no: tf.Tensor) => tf.where(accepted, yes, no);
      return {
        x: choose(end!, x),
        carried: { energy: choose(endEnergy!, energy!), score: choose(endScore!, score!) },
      };
    },
  });`;

describe('written in the experiment file, a method is the one that is built in', () => {
  test('persistent contrastive divergence, its buffer and its checkpoints', async (t) => {
    const own = experimentText({ objective: 'ownPersistent({})' }, ownPersistent);
    assertSame(
      await train(t, own),
      await train(t, experimentText({ objective: builtInPersistent })),
    );
  });

  test('sliced score matching', async (t) => {
    const own = `objective.custom({
      loss({ data, score }) {
        const v = tf.randomNormal(data.shape);
        const along = (x: tf.Tensor) => tf.sum(tf.mul(v, score(x as tf.Tensor2D)));
        const curvature = tf.sum(tf.mul(v, tf.grad(along)(data)), 1);
        return tf.mean(tf.add(tf.mul(tf.sum(tf.square(score(data)), 1), 0.5), curvature));
      },
    })`;
    const builtIn = "objective.slicedScoreMatching({ directions: 'normal' })";
    assertSame(
      await train(t, experimentText({ objective: own })),
      await train(t, experimentText({ objective: builtIn })),
    );
  });

  test('Hamiltonian Monte Carlo, with what it carries', async (t) => {
    const pcd = (moves: string) =>
      `objective.persistentContrastiveDivergence({ sampler: ${moves}, bufferSize: 128 })`;
    const own = experimentText({ objective: pcd('ownHamiltonian') }, ownHamiltonian);
    const builtIn = experimentText({
      objective: pcd('sampler.hamiltonian({ steps: 4, stepSize: 0.2, leapfrogSteps: 5 })'),
    });
    assertSame(await train(t, own), await train(t, builtIn));
  });

  test('Langevin dynamics, of chains that start at the data', async (t) => {
    const own = `sampler.custom({
      steps: 5,
      options: { stepSize: 0.1 },
      step: (x, { score }, { stepSize }) => tf.add(
        tf.add(x, tf.mul(score(x), stepSize ** 2 / 2)), tf.mul(tf.randomNormal(x.shape), stepSize)),
    })`;
    const cd = (moves: string) =>
      experimentText({ objective: `objective.contrastiveDivergence({ sampler: ${moves} })` });
    assertSame(
      await train(t, cd(own)),
      await train(t, cd('sampler.langevin({ steps: 5, stepSize: 0.1 })')),
    );
  });

  test('two moons, their classes and their density', async (t) => {
    const own = `data.custom({
      options: { noise: 0.1 },
      samples: 500, heldOut: 100, classes: ['upper', 'lower'],
      draw(rng, { noise }) {
        const label = rng.integer(2);
        const angle = Math.PI * rng.uniform();
        const x = label === 0 ? Math.cos(angle) : 1 - Math.cos(angle);
        const y = label === 0 ? Math.sin(angle) : 0.5 - Math.sin(angle);
        return { label, row: [2 * (x + noise * rng.normal() - 0.5), 2 * (y + noise * rng.normal() - 0.25)] };
      },
    })`;
    assertSame(await train(t, experimentText({ data: own })), await train(t, experimentText({})));
  });

  test('Adam, with its weight decay and clipping, by a schedule', async (t) => {
    const own = `optimizer.custom({
      learningRate: schedule.custom({
        options: { peak: 1e-3 },
        rate: (step, { peak }) => tf.mul(tf.maximum(tf.add(tf.mul(tf.div(tf.sub(step, 1), 19), -1), 1), 0), peak),
      }),
      clipNorm: 1, weightDecay: 0.01,
      slots: ['velocity'],
      options: { momentum: 0.9 },
      update({ gradient, learningRate, slots }, { momentum }) {
        const velocity = tf.add(tf.mul(slots['velocity']!, momentum), gradient);
        return { change: tf.mul(velocity, learningRate), slots: { velocity } };
      },
    })`;
    const builtIn =
      'optimizer.sgd({ momentum: 0.9, clipNorm: 1, weightDecay: 0.01, learningRate: 1e-3 })';
    const constant = own.replace(/schedule\.custom\([\s\S]*?\}\),\n {6}clip/, '1e-3,\n      clip');
    assertSame(
      await train(t, experimentText({ optimizer: constant })),
      await train(t, experimentText({ optimizer: builtIn })),
    );
    const linear = builtIn.replace('1e-3', 'schedule.linear({ peak: 1e-3 })');
    const [scheduled, expected] = [
      await train(t, experimentText({ optimizer: own })),
      await train(t, experimentText({ optimizer: linear })),
    ];
    scheduled.metrics.slice(1).forEach((each, index) => {
      // One straight line, whose two ways of rounding differ in the last bits.
      const wanted = expected.metrics[index + 1]!['learning rate']!;
      assert.ok(
        Math.abs(each['learning rate']! - wanted) < 1e-9,
        `${each['learning rate']} ${wanted}`,
      );
    });
  });

  test('the maximum mean discrepancy, with its error', async (t) => {
    const own = `[diagnostic.custom({
      name: 'discrepancy/own', label: 'Own MMD²', hasError: true,
      options: { most: 512 },
      measure({ samples, heldOut, dimensions }, { most }) {
        const rows = (values: Float32Array) => Array.from(
          { length: Math.min(most, values.length / dimensions) },
          (_, i) => values.subarray(i * dimensions, (i + 1) * dimensions));
        const squared = (a: Float32Array, b: Float32Array) =>
          a.reduce((sum, x, d) => sum + (x - b[d]!) ** 2, 0);
        const [points, others] = [rows(samples), rows(heldOut)];
        const distances = others.flatMap((a, i) => others.slice(0, i).map((b) => Math.sqrt(squared(a, b))));
        const h = Float64Array.from(distances).sort()[distances.length >> 1]!;
        const k = (a: Float32Array, b: Float32Array) => Math.exp(-squared(a, b) / (2 * h ** 2));
        const among = (xs: Float32Array[], ys: Float32Array[]) => xs.map((x, i) =>
          ys.reduce((sum, y, j) => sum + (xs === ys && i === j ? 0 : k(x, y)), 0) / (ys.length - (xs === ys ? 1 : 0)));
        const minus = (a: number[], b: number[]) => a.map((x, i) => x - b[i]!);
        const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
        const error = (values: number[]) => Math.sqrt(
          values.reduce((sum, x) => sum + (x - mean(values)) ** 2, 0) / (values.length - 1) / values.length);
        const ofSample = minus(among(points, points), among(points, others));
        const ofRow = minus(among(others, others), among(others, points));
        return { value: mean(ofSample) + mean(ofRow), error: 2 * Math.hypot(error(ofSample), error(ofRow)) };
      },
    }), 'maximumMeanDiscrepancy']`;
    const { metrics } = await train(
      t,
      experimentText({ preview: `{ every: 10, samples: 32, resolution: 8, diagnostics: ${own} }` }),
    );
    const measured = metrics.filter((each) => 'discrepancy/own' in each);
    assert.equal(measured.length, 3);
    for (const each of measured) {
      for (const [mine, theirs] of [
        ['discrepancy/own', 'discrepancy/mmd'],
        ['discrepancy/own/error', 'discrepancy/mmd/error'],
      ] as const) {
        const [a, b] = [each[mine]!, each[theirs]!];
        assert.ok(Number.isFinite(a) && Math.abs(a - b) < 1e-12, `${mine}: ${a}, not ${b}`);
      }
    }
  });
});

describe('what a method of one’s own is told', () => {
  const own = experimentText({ objective: 'ownPersistent({})', steps: '20' }, ownPersistent);

  test('goes on bit for bit from a checkpoint', async (t) => {
    const whole = await train(t, own);
    const half = await train(t, own, { overrides: { steps: 10 } });
    const rest = await train(t, own, { saved: half.checkpoint });
    const after = (metrics: Trained['metrics']) => metrics.filter(({ step }) => step! > 10);
    assert.deepEqual(after(rest.metrics), after(whole.metrics));
    assert.deepEqual(rest.checkpoint.tensors, whole.checkpoint.tensors);
  });

  test('is in the configuration, and can be changed from outside, parts of it too', async (t) => {
    const folder = await experimentFolder(t, { [file]: own });
    const load = (overrides = {}) => loadExperiment(path.join(folder, file), { overrides });
    const { config } = await load();
    assert.deepEqual((config['objective'] as { options: object }).options, {
      sampler: { type: 'langevin', steps: 3, stepSize: 0.1, noise: 1, clip: null, domain: null },
      bufferSize: 128,
      reinitialize: 0.05,
      energyPenalty: 0.01,
    });
    const changed = await train(t, own, {
      overrides: { 'objective.options.energyPenalty': 0.2, 'objective.options.sampler.steps': 7 },
    });
    const written = experimentText(
      {
        objective: 'ownPersistent({ energyPenalty: 0.2, sampler: sampler.langevin({ steps: 7 }) })',
      },
      ownPersistent,
    );
    assertSame(changed, await train(t, written));
  });

  test('is refused where it is something else', async (t) => {
    const folder = await experimentFolder(t, { [file]: own });
    const load = (overrides: Record<string, string | number | null>) =>
      loadExperiment(path.join(folder, file), { overrides });
    await assert.rejects(load({ 'objective.options.energyPenalty': 'much' }), {
      message: /energyPenalty.*is a number/,
    });
    await assert.rejects(load({ 'objective.options.bufferSize': null }), {
      message: /bufferSize.*is a number/,
    });
    await assert.rejects(load({ 'objective.options.energyPenalties': 0.2 }), {
      message: /no option 'objective.options.energyPenalties'/,
    });
  });
});
