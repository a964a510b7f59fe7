/** Chains between walls, and chains whose step or temperature changes: moments against closed forms. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { data, energy, experiment, objective, optimizer, sampler, schedule } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { compileProgram } from '../../trainer-worker/compiler/trace/compile-program';
import { modelOf } from '../../trainer-worker/methods/energies/model';
import { type SamplerSpec, samplerMethod } from '../../trainer-worker/methods/samplers';
import { runChain } from '../../trainer-worker/methods/samplers/chain';
import { loadExperiment } from '../../trainer-worker/trainer/experiment/load';
import { prepareTraining } from '../../trainer-worker/trainer/training/prepare';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';
import { problemFrom } from '../support/problem';
import { tensorOf, trainingStep } from '../support/training-step';

type EnergyFunction = (x: tf.Tensor2D) => tf.Tensor;

interface ChainOptions {
  readonly count: number;
  readonly dimensions?: number;
  readonly iterations: number;
  /** Where chain number i starts; a standard Gaussian where absent. */
  readonly start?: (random: Random) => number;
}

async function runChains(
  spec: SamplerSpec,
  energyOf: EnergyFunction,
  { count, dimensions = 1, iterations, start = (random) => random.normal() }: ChainOptions,
) {
  const sampling = samplerMethod(spec).build(spec);
  const model = modelOf({ init: () => ({}), energy: (_, x) => energyOf(x) }, {}, { files: [] });
  const program = compileProgram({
    inputs: { x: { shape: [count, dimensions] } },
    step({ x }) {
      const run = runChain(sampling, model, x as tf.Tensor2D, iterations);
      return { outputs: { ends: run.ends, ...run.statistics } };
    },
  });
  const execution = await runOnOnnx(program);
  const random = new Random(0, streams.chainStarts);
  const x = Float32Array.from({ length: count * dimensions }, () => start(random));
  const outputs = await execution.run({ x }, { seed: 0, step: 0 });
  await execution.dispose();
  return { ends: outputs['ends'] as Float32Array, statistic: (name: string) => outputs[name]![0]! };
}

const mean = (values: Iterable<number>) => {
  const all = [...values];
  return all.reduce((sum, value) => sum + value, 0) / all.length;
};

const [low, high] = [-1, 0.5];
const domain = { low, high };

/** The integral of a function over the domain, by Simpson's rule: far below any error of the chains. */
function integral(f: (x: number) => number): number {
  const panels = 2000;
  const h = (high - low) / panels;
  let sum = 0;
  for (let i = 0; i <= panels; i++) {
    sum += f(low + i * h) * (i === 0 || i === panels ? 1 : i % 2 === 1 ? 4 : 2);
  }
  return (sum * h) / 3;
}

/** A Gaussian of mean 0.8, outside, and deviation 0.6, cut off at the walls. */
const [centre, deviation] = [0.8, 0.6];
const cut: EnergyFunction = (x) =>
  tf.sum(tf.mul(tf.square(tf.div(tf.sub(x, centre), deviation)), 0.5), 1);
const weight = (x: number) => Math.exp(-(((x - centre) / deviation) ** 2) / 2);
const cutMoment = (power: number) => integral((x) => x ** power * weight(x)) / integral(weight);

const exact: readonly (readonly [string, SamplerSpec, iterations: number])[] = [
  ['MALA', sampler.metropolisAdjustedLangevin({ stepSize: 0.6, domain }), 60],
  // Steps that are wider than the domain: most trajectories meet both walls.
  ['HMC', sampler.hamiltonian({ stepSize: 0.7, leapfrogSteps: 4, domain }), 30],
  ['NUTS', sampler.noUTurn({ stepSize: 0.4, depth: 3, domain }), 20],
  [
    'tempered transitions',
    sampler.temperedTransitions({ stepSize: 0.5, temperatures: 5, highest: 4, domain }),
    30,
  ],
  ['parallel tempering', sampler.parallelTempering({ stepSize: 0.5, temperatures: 3, domain }), 60],
];

describe('chains with a correction have the law of the model between walls, whatever their step:', () => {
  for (const [name, spec, iterations] of exact) {
    test(name, async () => {
      const count = 20_000;
      // Two coordinates, each by itself; many starts are outside.
      const { ends } = await runChains(spec, cut, { count, dimensions: 2, iterations });
      assert.ok(ends.every((x) => x >= low && x <= high));
      for (const power of [1, 2]) {
        const expected = cutMoment(power);
        const error = Math.sqrt((cutMoment(2 * power) - expected ** 2) / (2 * count));
        const measured = mean(ends.map((x) => x ** power));
        // Four standard errors of independent draws (chance 6e-5 each). The Gaussian itself has the
        // mean 0.8, far outside; without the derivative's turn at the wall MALA is 20 errors off.
        assert.ok(Math.abs(measured - expected) < 4 * error, `${power}: ${measured}, ${expected}`);
      }
    });
  }
});

describe('chains without a correction', () => {
  test('that are reflected leave the uniform law as it is, at any step', async () => {
    const flat: EnergyFunction = (x) => tf.mul(tf.sum(x, 1), 0);
    const count = 20_000;
    const uniform = (random: Random) => low + (high - low) * random.uniform();
    for (const spec of [
      sampler.langevin({ stepSize: 0.9, domain }),
      sampler.preconditionedLangevin({ stepSize: 1.5, domain }),
      sampler.underdampedLangevin({ stepSize: 1.2, domain }),
    ]) {
      const { ends } = await runChains(spec, flat, { count, iterations: 12, start: uniform });
      const middle = (low + high) / 2;
      const [expected, fourth] = [(high - low) ** 2 / 12, (high - low) ** 4 / 80];
      const variance = mean(ends.map((x) => (x - middle) ** 2));
      const tolerance = 4 * Math.sqrt((fourth - expected ** 2) / count);
      assert.ok(Math.abs(variance - expected) < tolerance, `${spec.type}: ${variance}`);
    }
  });

  test('that are reflected come near the cut Gaussian by short steps', async () => {
    const count = 20_000;
    const expected = cutMoment(1);
    // The slope at the right wall is 0.8: over the layer of width ε beside it, which a share ε · 1.2 of the
    // chains is in, the step sees a wrong slope, so the mean is off by less than ε².
    for (const [spec, iterations] of [
      [sampler.langevin({ stepSize: 0.08, domain }), 800],
      [sampler.underdampedLangevin({ stepSize: 0.08, domain }), 300],
    ] as const) {
      const { ends } = await runChains(spec, cut, { count, iterations });
      const error = 4 * Math.sqrt((cutMoment(2) - expected ** 2) / count) + 0.08 ** 2;
      const measured = mean(ends);
      assert.ok(Math.abs(measured - expected) < error, `${spec.type}: ${measured}, ${expected}`);
    }
  });

  test('that are clamped lie on each wall as often as random walks do', async () => {
    const [stepSize, count] = [0.1, 40_000];
    const flat: EnergyFunction = (x) => tf.mul(tf.sum(x, 1), 0);
    const width = high - low;
    const { ends } = await runChains(
      sampler.langevin({ stepSize, domain: { ...domain, at: 'clamp' } }),
      flat,
      { count, iterations: 300, start: (random) => low + width * random.uniform() },
    );
    // Far from the walls the law is flat as if they lay 0.5826 ε farther out (Siegmund 1979), and the
    // share on a wall is ε/√2 of that density (Spitzer's identity: P(M = 0) ~ √2 θ where the density of M
    // is ~ 2θ). Both hold up to terms of the next order in ε over the width, 0.5 %.
    const share = stepSize / Math.SQRT2 / (width + 2 * 0.5826 * stepSize);
    for (const wall of [low, high]) {
      const measured = mean(ends.map((x) => Number(x === Math.fround(wall))));
      const tolerance = 4 * Math.sqrt((share * (1 - share)) / count) + 0.005 * share;
      assert.ok(Math.abs(measured - share) < tolerance, `${measured}, ${share}`);
    }
  });

  test('points inside stay exactly as they are, and NaN stays NaN', async () => {
    const still: EnergyFunction = (x) => tf.sum(tf.log(tf.add(x, 0.75)), 1);
    for (const at of ['reflect', 'clamp'] as const) {
      const spec = sampler.langevin({ stepSize: 1e-30, noise: 0, domain: { ...domain, at } });
      const options = { count: 64, iterations: 3 };
      const uniform = (random: Random) => -0.7 + random.uniform();
      const expected = new Random(0, streams.chainStarts);
      const { ends } = await runChains(spec, still, { ...options, start: uniform });
      assert.deepEqual([...ends], [...Float32Array.from({ length: 64 }, () => uniform(expected))]);
      const lost = sampler.langevin({ stepSize: 1, noise: 0, domain: { ...domain, at } });
      const nowhere = await runChains(lost, (x) => tf.sum(tf.sqrt(tf.sub(x, 9)), 1), {
        ...options,
        start: () => 0,
      });
      assert.ok(nowhere.ends.every(Number.isNaN), at);
    }
  });
});

test('chains that live on between training steps keep the law between walls', async () => {
  const count = 8192;
  for (const spec of [
    sampler.underdampedLangevin({ steps: 3, stepSize: 0.15, domain }),
    sampler.parallelTempering({ steps: 3, stepSize: 0.5, temperatures: 3, domain }),
    sampler.noUTurn({ steps: 1, stepSize: 0.3, depth: 3, domain, targetAcceptance: 0.8 }),
  ]) {
    const step = await trainingStep({
      // A model that all but stands still.
      energy: energy.custom({
        init: () => ({ precision: tf.scalar(1) }),
        energy: ({ precision }, x) => tf.mul(cut(x), precision!),
      }),
      objective: objective.persistentContrastiveDivergence({
        sampler: spec,
        bufferSize: count,
        reinitialize: 0,
      }),
      optimizer: optimizer.sgd({ learningRate: 1e-9 }),
      rows: new Float32Array(count),
      bounds: [[-2, 2]],
      batchSize: count,
      chainSteps: 3,
      shownSampler: spec,
    });
    for (let number = 1; number <= 40; number++) await step.run(number);
    const chains = tensorOf(await step.checkpoint(40), 'buffer').data;
    assert.ok(chains.every((x) => x >= low && x <= high));
    const expected = cutMoment(1);
    // A velocity that is not turned where its chain is shown in the mirror leaves a bias of 0.13.
    const tolerance = 4 * Math.sqrt((cutMoment(2) - expected ** 2) / count);
    const bias = spec.type === 'underdampedLangevin' ? 0.1 * 0.15 : 0;
    const measured = mean(chains);
    assert.ok(Math.abs(measured - expected) < tolerance + bias, `${spec.type}: ${measured}`);
    // Shown chains run in pieces, and go on where they are.
    assert.ok((await step.sample()).every((x) => x >= low && x <= high));
    await step.dispose();
  }
});

test('velocities of chains on non-negative data are turned at zero', async () => {
  const count = 8192;
  const step = await trainingStep({
    energy: energy.custom({
      init: () => ({ precision: tf.scalar(1) }),
      energy: ({ precision }, x) => tf.mul(tf.sum(tf.mul(tf.square(x), 0.5), 1), precision!),
    }),
    objective: objective.persistentContrastiveDivergence({
      sampler: sampler.underdampedLangevin({ steps: 2, stepSize: 0.5 }),
      bufferSize: count,
      reinitialize: 0,
    }),
    optimizer: optimizer.sgd({ learningRate: 1e-9 }),
    rows: new Float32Array(count),
    domain: 'nonnegative',
    bounds: [[0, 2]],
    batchSize: count,
  });
  for (let number = 1; number <= 30; number++) await step.run(number);
  const chains = tensorOf(await step.checkpoint(30), 'buffer').data;
  // Half a Gaussian, of which the quadratic energy leaves no error of the step: E x = √(2/π).
  const expected = Math.sqrt(2 / Math.PI);
  const tolerance = 4 * Math.sqrt((1 - 2 / Math.PI) / count);
  assert.ok(Math.abs(mean(chains) - expected) < tolerance, `${mean(chains)}, ${expected}`);
  await step.dispose();
});

describe('a domain is refused', () => {
  test('where clamping or walls make no sense, with the reason', () => {
    const clamped = { ...domain, at: 'clamp' } as const;
    assert.throws(
      () => sampler.metropolisAdjustedLangevin({ domain: clamped }),
      /'domain\.at' cannot be 'clamp', because its correction would not know/,
    );
    assert.throws(
      () => sampler.underdampedLangevin({ domain: clamped }),
      /because a point held at a wall would keep its velocity/,
    );
    assert.throws(
      () => sampler.annealedLangevin({ domain } as object),
      /data with noise lie outside any range/,
    );
    assert.throws(
      () => sampler.langevin({ domain: { low: 1, high: 1 } }),
      /'domain\.low' is not below 'domain\.high'/,
    );
    assert.throws(
      () =>
        experiment({
          data: data.csv('rows.csv', { domain: 'nonnegative' }),
          energy: energy.mlp(),
          objective: objective.persistentContrastiveDivergence({
            sampler: sampler.langevin({ domain }),
          }),
        }),
      /'domain\.low' of sampler\.langevin is -1, but the values of data\.csv are non-negative/,
    );
  });

  test('where rows of the data lie outside of it, at its line', async (t) => {
    const folder = await experimentFolder(t, {
      'moons.ebm.ts': smallExperiment({
        objective:
          'objective.persistentContrastiveDivergence({ sampler: sampler.langevin({ domain: { low: -1, high: 1 } }) })',
      }),
    });
    const loaded = await loadExperiment(path.join(folder, 'moons.ebm.ts'));
    const problem = await problemFrom(prepareTraining(loaded));
    assert.match(problem.message, /keeps chains between -1 and 1, but a value of the data is/);
    assert.ok(problem.location);
  });
});

describe('a step and a temperature that change over the iterations', () => {
  const [theta, count, steps] = [2, 20_000, 8];
  const quadratic: EnergyFunction = (x) => tf.mul(tf.sum(tf.square(x), 1), theta / 2);

  /** Four standard errors of the mean square of independent Gaussians (chance 6e-5). */
  const assertVariance = (ends: Float32Array, expected: number, what = '') => {
    const variance = mean(ends.map((x) => x * x));
    const tolerance = 4 * expected * Math.sqrt(2 / count);
    assert.ok(Math.abs(variance - expected) < tolerance, `${what} ${variance}, ${expected}`);
  };

  /** The variance of x ← (1 - ε²θ/2) x + ε s z after some iterations from variance 1. */
  const ofRegression = (values: readonly (readonly [epsilon: number, factor: number])[]) =>
    values.reduce(
      (variance, [epsilon, factor]) =>
        (1 - (epsilon ** 2 * theta) / 2) ** 2 * variance + (epsilon * factor) ** 2,
      1,
    );

  test('lists and schedules, of Langevin dynamics', async () => {
    // Two halves of four; four quarters of two. Beyond its steps a chain keeps the last of both.
    const spec = sampler.langevin({ steps, stepSize: [0.9, 0.2], noise: [3, 1, 0.5, 0.1] });
    const factors = [3, 3, 1, 1, 0.5, 0.5, 0.1, 0.1];
    const each = factors.map((factor, i) => [i < 4 ? 0.9 : 0.2, factor] as const);
    const { ends, statistic } = await runChains(spec, quadratic, { count, iterations: steps });
    assertVariance(ends, ofRegression(each), 'list');
    assert.ok(Math.abs(statistic('Temperature') - 0.01) < 1e-8);
    const longer = await runChains(spec, quadratic, { count, iterations: steps + 4 });
    const more = [...each, ...Array.from({ length: 4 }, () => [0.2, 0.1] as const)];
    assertVariance(longer.ends, ofRegression(more), 'beyond');
    // From 1 in the first iteration to 0.3 in the last, evenly.
    const falling = sampler.langevin({
      steps,
      stepSize: schedule.linear({ peak: 1, final: 0.3 }),
    });
    const line = Array.from({ length: steps }, (_, i) => [1 - (0.7 * i) / (steps - 1), 1] as const);
    const scheduled = await runChains(falling, quadratic, { count, iterations: steps });
    assertVariance(scheduled.ends, ofRegression(line), 'schedule');
  });

  test('of preconditioned Langevin dynamics', async () => {
    const spec = sampler.preconditionedLangevin({
      steps,
      stepSize: [0.8, 0.3],
      temperature: [4, 0.25],
    });
    // The starts have variance 1, and so does M up to a hundredth.
    const each = Array.from({ length: steps }, (_, i) =>
      i < 4 ? ([0.8, 2] as const) : ([0.3, 0.5] as const),
    );
    const { ends, statistic } = await runChains(spec, quadratic, { count, iterations: steps });
    assertVariance(ends, ofRegression(each));
    assert.equal(statistic('Temperature'), 0.25);
  });

  test('of underdamped Langevin dynamics', async () => {
    const friction = 0.7;
    const [times, temperatures] = [
      [1.1, 0.4],
      [3, 0.5],
    ];
    const spec = sampler.underdampedLangevin({
      steps,
      friction,
      stepSize: times!,
      temperature: temperatures!,
    });
    // Covariances of x and v under the linear map of BAOAB, from 1 and the first temperature.
    let [xx, xv, vv] = [1, 0, temperatures![0]!];
    const kick = (h: number) => {
      // v ← v - θ h/2 x
      const k = (theta * h) / 2;
      [xv, vv] = [xv - k * xx, vv - 2 * k * xv + k ** 2 * xx];
    };
    const drift = (h: number) => {
      [xx, xv] = [xx + h * xv + (h ** 2 / 4) * vv, xv + (h / 2) * vv];
    };
    for (let i = 0; i < steps; i++) {
      const [h, temperature] = [times![Math.floor(i / 4)]!, temperatures![Math.floor(i / 4)]!];
      const kept = Math.exp(-friction * h);
      kick(h);
      drift(h);
      [xv, vv] = [kept * xv, kept ** 2 * vv + (1 - kept ** 2) * temperature];
      drift(h);
      kick(h);
    }
    const { ends } = await runChains(spec, quadratic, { count, iterations: steps });
    assertVariance(ends, xx);
  });

  test('of MALA: the law is that of the last temperature', async () => {
    const spec = sampler.metropolisAdjustedLangevin({
      steps: 60,
      stepSize: [1.4, 0.8, 0.8],
      temperature: schedule.piecewise({ boundaries: [20], values: [6, 0.3] }),
    });
    const { ends, statistic } = await runChains(spec, quadratic, { count, iterations: 60 });
    assertVariance(ends, 0.3 / theta);
    assert.ok(Math.abs(statistic('Temperature') - 0.3) < 1e-6);
  });

  test('an adapted step has no list beside it', () => {
    assert.throws(
      () => sampler.metropolisAdjustedLangevin({ stepSize: [0.1, 0.2], targetAcceptance: 0.574 }),
      /'targetAcceptance' adapts the step, which 'stepSize' already says/,
    );
  });
});
