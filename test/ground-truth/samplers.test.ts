import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy as energyOf, objective, optimizer, sampler } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { compileProgram } from '../../trainer-worker/compiler/trace/compile-program';
import { modelOf } from '../../trainer-worker/methods/energies/model';
import { type SamplerSpec, samplerMethod } from '../../trainer-worker/methods/samplers';
import { runChain } from '../../trainer-worker/methods/samplers/chain';
import { evaluatedAt } from '../../trainer-worker/methods/samplers/evaluated';
import { leapfrog, total } from '../../trainer-worker/methods/samplers/hamiltonian';
import { tensorOf, trainingStep } from '../support/training-step';

type EnergyFunction = (x: tf.Tensor2D) => tf.Tensor;

function modelWith(energy: EnergyFunction) {
  return modelOf({ init: () => ({}), energy: (_, x) => energy(x) }, {}, { files: [] });
}

interface ChainOptions {
  readonly count: number;
  readonly dimensions: number;
  readonly iterations: number;
  /** Standard deviations of the Gaussian starts, by coordinate; 1 where absent. */
  readonly starts?: readonly number[];
}

/** Runs chains from Gaussian starts: where they end, `[count, D]`, and what the sampler tells. */
async function runChains(
  spec: SamplerSpec,
  energy: EnergyFunction,
  { count, dimensions, iterations, starts }: ChainOptions,
): Promise<{ ends: Float32Array; statistic: (name: string) => number }> {
  const sampling = samplerMethod(spec).build(spec);
  const program = compileProgram({
    inputs: { x: { shape: [count, dimensions] } },
    step({ x }) {
      const run = runChain(sampling, modelWith(energy), x as tf.Tensor2D, iterations);
      return { outputs: { ends: run.ends, ...run.statistics } };
    },
  });
  const execution = await runOnOnnx(program);
  const random = new Random(0, streams.chainStarts);
  const x = Float32Array.from(
    { length: count * dimensions },
    (_, i) => random.normal() * (starts?.[i % dimensions] ?? 1),
  );
  const outputs = await execution.run({ x }, { seed: 0, step: 0 });
  await execution.dispose();
  return { ends: outputs['ends'] as Float32Array, statistic: (name) => outputs[name]![0]! };
}

const chainEnds = async (...of: Parameters<typeof runChains>) => (await runChains(...of)).ends;

const mean = (values: Iterable<number>) => {
  const all = [...values];
  return all.reduce((sum, value) => sum + value, 0) / all.length;
};

const exact: readonly (readonly [string, SamplerSpec, iterations: number])[] = [
  ['MALA, short steps', sampler.metropolisAdjustedLangevin({ stepSize: 0.3 }), 150],
  ['MALA, long steps', sampler.metropolisAdjustedLangevin({ stepSize: 1.1 }), 60],
  ['HMC, short steps', sampler.hamiltonian({ stepSize: 0.1, leapfrogSteps: 8 }), 20],
  // Two fifths of the trajectories are refused here: without that the variance would be far off.
  ['HMC, long steps', sampler.hamiltonian({ stepSize: 1.2, leapfrogSteps: 2 }), 40],
  ['NUTS, short steps', sampler.noUTurn({ stepSize: 0.15, depth: 5 }), 15],
  ['NUTS, long steps', sampler.noUTurn({ stepSize: 0.9, depth: 3 }), 25],
  // Exact on the quadratic up to h² θ < 4; on the banana off by the fourth power of a short step.
  ['underdamped Langevin, long steps', sampler.underdampedLangevin({ stepSize: 1.3 }), 60],
  ['underdamped Langevin, short steps', sampler.underdampedLangevin({ stepSize: 0.2 }), 150],
  ['parallel tempering', sampler.parallelTempering({ stepSize: 0.7, temperatures: 3 }), 60],
];

describe('samplers that draw from the model itself, whatever their step', () => {
  for (const [name, spec, iterations] of exact) {
    test(`${name}: variance 1/θ on θx²/2`, async () => {
      const [theta, count] = [2, 20_000];
      const energy: EnergyFunction = (x) => tf.mul(tf.sum(tf.square(x), 1), theta / 2);
      const ends = await chainEnds(spec, energy, { count, dimensions: 1, iterations });
      const variance = mean(ends.map((x) => x * x));
      // Four standard errors of the mean square of independent Gaussians (chance 6e-5). Unadjusted
      // Langevin of step 1.1 would be at 1/(θ(1 - ε²θ/4)), 2.5 times as far up.
      const tolerance = (4 * Math.sqrt(2 / count)) / theta;
      assert.ok(Math.abs(variance - 1 / theta) < tolerance, `${variance}`);
    });

    // Long trajectories are hardly ever accepted where the banana is steep: they need their time there.
    if (name.endsWith('C, long steps') || name.startsWith('underdamped Langevin, long')) continue;
    test(`${name}: moments of a banana`, async () => {
      // x = u, y = v + u²/2 with independent standard Gaussians u and v: E y = 1/2, Var y = 3/2.
      const count = 10_000;
      const energy: EnergyFunction = (points) => {
        const [u, y] = tf.split(points, 2, 1);
        const v = tf.sub(y!, tf.mul(tf.square(u!), 0.5));
        return tf.mul(tf.squeeze(tf.add(tf.square(u!), tf.square(v)), [1]), 0.5);
      };
      const ends = await chainEnds(spec, energy, {
        count,
        dimensions: 2,
        iterations: 2 * iterations,
      });
      const u = ends.filter((_, i) => i % 2 === 0);
      const y = ends.filter((_, i) => i % 2 === 1);
      const within = (measured: number, expected: number, deviation: number) =>
        assert.ok(
          Math.abs(measured - expected) < (4 * deviation) / Math.sqrt(count),
          `${measured}, not ${expected}`,
        );
      within(mean(u), 0, 1);
      within(mean(u.map((value) => value ** 2)), 1, Math.sqrt(2));
      within(mean(y), 0.5, Math.sqrt(1.5));
      // u y = u v + u³/2: mean 0, variance 1 + 15/4.
      within(mean(u.map((value, i) => value * y[i]!)), 0, Math.sqrt(4.75));
    });
  }
});

describe('leapfrog', () => {
  const count = 200;
  const energy: EnergyFunction = (x) =>
    tf.sum(tf.add(tf.mul(tf.square(x), 0.5), tf.mul(tf.square(tf.square(x)), 0.1)), 1);

  async function run(step: Parameters<typeof compileProgram>[0]['step']) {
    const program = compileProgram({
      inputs: { x: { shape: [count, 2] }, momentum: { shape: [count, 2] } },
      step,
    });
    const execution = await runOnOnnx(program);
    const random = new Random(5, streams.chainStarts);
    const draw = () => Float32Array.from({ length: 2 * count }, () => random.normal());
    const inputs = { x: draw(), momentum: draw() };
    const outputs = await execution.run(inputs, { seed: 0, step: 0 });
    await execution.dispose();
    return { inputs, outputs };
  }

  test('comes back when the momentum is turned round', async () => {
    const model = modelWith(energy);
    const { inputs, outputs } = await run(({ x, momentum }) => {
      const start = { ...evaluatedAt(model, x as tf.Tensor2D), momentum: momentum! };
      const end = leapfrog(model, start, 0.2, 20);
      const turned = { ...end, momentum: tf.neg(end.momentum) };
      return { outputs: { back: leapfrog(model, turned, 0.2, 20).x, away: end.x } };
    });
    const back = outputs['back'] as Float32Array;
    const away = outputs['away'] as Float32Array;
    // Forty float32 steps on numbers of size one.
    assert.ok(back.every((x, i) => Math.abs(x - inputs.x[i]!) < 2e-5));
    assert.ok(mean(away.map((x, i) => Math.abs(x - inputs.x[i]!))) > 0.3);
  });

  test('changes the total by the square of its step', async () => {
    const model = modelWith(energy);
    const { outputs } = await run(({ x, momentum }) => {
      const start = { ...evaluatedAt(model, x as tf.Tensor2D), momentum: momentum! };
      const change = (stepSize: number, steps: number) =>
        tf.sub(total(leapfrog(model, start, stepSize, steps)), total(start));
      return { outputs: { long: change(0.2, 8), short: change(0.1, 16) } };
    });
    const size = (values: Float32Array) => Math.sqrt(mean(values.map((value) => value ** 2)));
    const ratio = size(outputs['long'] as Float32Array) / size(outputs['short'] as Float32Array);
    // Four, up to a relative ε² of fourth order.
    assert.ok(Math.abs(ratio - 4) < 0.4, `${ratio}`);
  });
});

describe('a step size that is adapted', () => {
  const quadratic: EnergyFunction = (x) => tf.sum(tf.square(x), 1);
  const run = (spec: SamplerSpec, iterations: number) =>
    runChains(spec, quadratic, { count: 2_000, dimensions: 2, iterations });
  const cases: [
    string,
    (options: { stepSize: number; targetAcceptance?: number }) => SamplerSpec,
    number,
  ][] = [
    ['MALA', sampler.metropolisAdjustedLangevin, 0.574],
    ['NUTS', (options) => sampler.noUTurn({ ...options, depth: 3 }), 0.8],
    ['HMC', (options) => sampler.hamiltonian({ ...options, leapfrogSteps: 3 }), 0.8],
  ];
  for (const [name, create, targetAcceptance] of cases) {
    test(`${name}: leads to the acceptance that is wanted, from far below and far above`, async () => {
      for (const stepSize of [0.02, 3]) {
        const adapted = await run(create({ stepSize, targetAcceptance }), 400);
        const found = adapted.statistic('Step size');
        // Held at that step, 40 iterations of 2 000 chains: a standard error of 0.002. The step itself
        // still moves by a percent or two after 400 iterations.
        const held = await run(create({ stepSize: found }), 40);
        const acceptance = held.statistic('Acceptance');
        assert.ok(Math.abs(acceptance - targetAcceptance) < 0.03, `${acceptance} at ${found}`);
      }
    });
  }

  test('is told, and the acceptance is that of the chains', async () => {
    // At the smallest step all is accepted, at a huge one nothing.
    const [all, none] = [
      await run(sampler.metropolisAdjustedLangevin({ stepSize: 1e-3 }), 5),
      await run(sampler.metropolisAdjustedLangevin({ stepSize: 100 }), 5),
    ];
    assert.ok(all.statistic('Acceptance') > 0.999);
    assert.ok(none.statistic('Acceptance') < 1e-3);
    assert.throws(() => all.statistic('Step size'));
  });
});

describe('the no-U-turn sampler', () => {
  const deviations = [1, 0.3] as const;

  /** A trajectory by plain recursion (Hoffman & Gelman 2014, algorithm 3): its leapfrog steps until it turns. */
  function stepsUntilTurn(random: Random, stepSize: number, depth: number): number {
    interface Point {
      readonly x: readonly number[];
      readonly p: readonly number[];
    }
    const force = (x: readonly number[]) => x.map((value, d) => -value / deviations[d]! ** 2);
    const move = ({ x, p }: Point, step: number): Point => {
      const between = p.map((value, d) => value + (step / 2) * force(x)[d]!);
      const there = x.map((value, d) => value + step * between[d]!);
      return { x: there, p: between.map((value, d) => value + (step / 2) * force(there)[d]!) };
    };
    const turned = (left: Point, right: Point) =>
      [left, right].some(
        ({ p }) => p.reduce((sum, value, d) => sum + value * (right.x[d]! - left.x[d]!), 0) <= 0,
      );
    let count = 0;
    const build = (from: Point, way: number, height: number): [Point, Point, boolean] => {
      if (height === 0) {
        count += 1;
        const to = move(from, way * stepSize);
        return [to, to, true];
      }
      const [first, middle, isSound] = build(from, way, height - 1);
      if (!isSound) return [first, middle, false];
      const [, last, isStillSound] = build(middle, way, height - 1);
      const [left, right] = way > 0 ? [first, last] : [last, first];
      return [first, last, isStillSound && !turned(left, right)];
    };
    const start: Point = {
      x: deviations.map((deviation) => deviation * random.normal()),
      p: deviations.map(() => random.normal()),
    };
    let [left, right] = [start, start];
    for (let height = 0; height < depth; height++) {
      const way = random.uniform() < 0.5 ? 1 : -1;
      const [, end, isSound] = build(way > 0 ? right : left, way, height);
      if (!isSound) break;
      if (way > 0) right = end;
      else left = end;
      if (turned(left, right)) break;
    }
    return count;
  }

  for (const [stepSize, depth] of [
    [0.1, 6],
    [0.3, 4],
  ] as const) {
    test(`turns when a plain recursion does, for steps of ${stepSize}`, async () => {
      const random = new Random(9, streams.heldOutData);
      const counts = Array.from({ length: 4000 }, () => stepsUntilTurn(random, stepSize, depth));
      const energy: EnergyFunction = (x) =>
        tf.mul(tf.sum(tf.square(tf.div(x, tf.tensor1d([...deviations]))), 1), 0.5);
      const { statistic } = await runChains(sampler.noUTurn({ stepSize, depth }), energy, {
        count: 4000,
        dimensions: 2,
        iterations: 1,
        starts: deviations,
      });
      const expected = mean(counts);
      const spread = Math.sqrt(mean(counts.map((count) => (count - expected) ** 2)));
      // Four standard errors of the difference of two means of 4000.
      const tolerance = 4 * spread * Math.sqrt(2 / 4000);
      const found = statistic('Leapfrog steps');
      assert.ok(Math.abs(found - expected) < tolerance, `${found}, not ${expected} ± ${tolerance}`);
    });
  }
});

test('cold Langevin dynamics tells its temperature, and has the law of that', async () => {
  const [count, theta, noise, stepSize] = [20_000, 2, 0.5, 0.2];
  const energy: EnergyFunction = (x) => tf.mul(tf.sum(tf.square(x), 1), theta / 2);
  const spec = sampler.langevin({ noise, stepSize });
  const { ends, statistic } = await runChains(spec, energy, {
    count,
    dimensions: 1,
    iterations: 200,
  });
  assert.equal(statistic('Temperature'), noise ** 2);
  const expected = noise ** 2 / (theta * (1 - (stepSize ** 2 * theta) / 4));
  const variance = mean(ends.map((x) => x * x));
  // Four standard errors.
  assert.ok(Math.abs(variance / expected - 1) < 4 * Math.sqrt(2 / count), `${variance}`);
});

describe('preconditioned Langevin dynamics', () => {
  const count = 20_000;
  const deviations = [1, 10];
  // Where the chains start, M is measured: the variances 1 and 100; or, of scores x/σ² whose root mean
  // square is 1/σ, their inverses.
  const cases = [
    ['variances', [1, 100], 60],
    ['scores', [1, 10], 400],
  ] as const;
  for (const [by, metric, iterations] of cases) {
    test(`by ${by} has the bias of Langevin dynamics in scaled coordinates`, async () => {
      const stepSize = 1;
      const energy: EnergyFunction = (x) =>
        tf.mul(tf.sum(tf.square(tf.div(x, tf.tensor1d([...deviations]))), 1), 0.5);
      const spec = sampler.preconditionedLangevin({ stepSize, by });
      const ends = await chainEnds(spec, energy, {
        count,
        dimensions: 2,
        iterations,
        starts: deviations,
      });
      deviations.forEach((deviation, axis) => {
        const variance = mean(ends.filter((_, i) => i % 2 === axis).map((x) => x * x));
        const theta = deviation ** -2;
        const expected = 1 / (theta * (1 - (stepSize ** 2 * metric[axis]! * theta) / 4));
        // Four standard errors; M is known to 1 %, which changes a third of it at most.
        const tolerance = 4 * Math.sqrt(2 / count) + 0.005;
        assert.ok(Math.abs(variance / expected - 1) < tolerance, `${variance}, not ${expected}`);
      });
    });
  }
});

test('parallel tempering restores the weights of modes that a chain cannot cross between', async () => {
  // 0.8 of a Gaussian at 4 and 0.2 of one at -4, deviations 0.5: 32 nats between them.
  const count = 4_000;
  const energy: EnergyFunction = (x) => {
    const mode = (at: number, weight: number) =>
      tf.add(tf.mul(tf.square(tf.div(tf.sub(x, at), 0.5)), -0.5), Math.log(weight));
    return tf.neg(tf.logSumExp(tf.concat([mode(4, 0.8), mode(-4, 0.2)], 1), 1));
  };
  const shareOf = async (spec: SamplerSpec, iterations: number) => {
    const { ends, statistic } = await runChains(spec, energy, { count, dimensions: 1, iterations });
    return { share: mean(ends.map((x) => Number(x > 0))), statistic };
  };
  const stepSize = 0.4;
  const alone = await shareOf(sampler.metropolisAdjustedLangevin({ stepSize }), 300);
  const tempered = await shareOf(
    sampler.parallelTempering({ stepSize, temperatures: 8, highest: 40 }),
    300,
  );
  // Four standard errors of 4 000 independent chains.
  const tolerance = 4 * Math.sqrt((0.8 * 0.2) / count);
  assert.ok(Math.abs(tempered.share - 0.8) < tolerance, `${tempered.share}`);
  assert.ok(Math.abs(alone.share - 0.8) > 0.15, `${alone.share}`);
  for (const name of ['Acceptance', 'Exchange rate']) {
    assert.ok(tempered.statistic(name) > 0.3 && tempered.statistic(name) < 0.995, name);
  }
});

test('parallel tempering keeps the law of chains that live on between training steps', async () => {
  const [theta, count] = [0.3226, 8192];
  // Uniform starts of the variance that the chains are to keep; a model that all but stands still.
  const half = Math.sqrt(3 / theta);
  const step = await trainingStep({
    energy: energyOf.custom({
      init: () => ({ theta: tf.scalar(theta) }),
      energy: (parameters, x) => tf.mul(tf.sum(tf.mul(tf.square(x), 0.5), 1), parameters['theta']!),
    }),
    objective: objective.persistentContrastiveDivergence({
      sampler: sampler.parallelTempering(),
      bufferSize: count,
      reinitialize: 0,
    }),
    optimizer: optimizer.sgd({ learningRate: 1e-9 }),
    rows: new Float32Array(count),
    bounds: [[-half, half]],
    batchSize: count,
  });
  for (let number = 1; number <= 40; number++) await step.run(number);
  const chains = tensorOf(await step.checkpoint(40), 'buffer').data;
  const variance = mean(chains.map((x) => x * x));
  // Four standard errors of the mean square of independent Gaussians (chance 6e-5), 6 %. Replicas
  // that begin at the chain in each step make it a sixth too small.
  const tolerance = (4 / theta) * Math.sqrt(2 / count);
  assert.ok(Math.abs(variance - 1 / theta) < tolerance, `${variance}`);
  await step.dispose();
});
