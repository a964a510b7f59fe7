import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy, objective, optimizer, sampler } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { compileProgram } from '../../trainer-worker/compiler/trace/compile-program';
import { diagnostics } from '../../trainer-worker/methods/diagnostics';
import { convergenceOf } from '../../trainer-worker/methods/diagnostics/convergence';
import { prepareDiagnostics } from '../../trainer-worker/methods/diagnostics/prepare';
import { modelOf } from '../../trainer-worker/methods/energies/model';
import { samplerMethod, samplers } from '../../trainer-worker/methods/samplers';
import { runChain } from '../../trainer-worker/methods/samplers/chain';
import { recorded, recordName } from '../../trainer-worker/methods/samplers/recorded';
import { everySampler } from '../support/every-sampler';
import { trainingStep } from '../support/training-step';

function near(measured: number, expected: number, tolerance: number): void {
  assert.ok(
    Math.abs(measured - expected) < tolerance,
    `${measured}, not ${expected} ± ${tolerance}`,
  );
}

const random = new Random(3, streams.chainStarts);

/** `count` chains `x ← ρ x + z` of variance 1 from their stationary law. */
function autoregressive(count: number, length: number, rho: number): Float64Array[] {
  return Array.from({ length: count }, () => {
    let x = random.normal();
    return Float64Array.from({ length }, () => {
      x = rho * x + Math.sqrt(1 - rho ** 2) * random.normal();
      return x;
    });
  });
}

describe('convergence of chains', () => {
  for (const rho of [0.9, 0.5, 0, -0.5]) {
    test(`the autocorrelation time of an autoregression with ρ = ${rho} is (1 + ρ)/(1 - ρ)`, () => {
      const draws = 8 * 20_000;
      const found = convergenceOf(autoregressive(8, 20_000, rho))!;
      const exact = (1 + rho) / (1 - rho);
      // A sum over correlations up to lag M has a relative deviation of √(2 (2M + 1)/draws) (Sokal
      // 1997). It stops where they are lost in noise of 1/√draws, after log √draws = 6 times 1/|log ρ|:
      // M = 57 at ρ = 0.9, a deviation of 4 %. Four of them (chance 6e-5) at every ρ.
      near(found.autocorrelationTime, exact, 0.16 * exact);
      near(found.effectiveSize * found.autocorrelationTime, draws, 1e-6 * draws);
    });
  }

  test('R-hat is 1 of independent draws, and √(variance over all / variance within) where chains lie apart', () => {
    const chains = autoregressive(64, 200, 0);
    // 128 halves of 100: the variance of their means, 1/100 on average, is known to √(2/127), so R-hat
    // to about 0.0006.
    near(convergenceOf(chains)!.splitRHat, 1, 0.003);
    // Every second chain at 2: means at ±1 around 1 add a variance of 128/127.
    const apart = chains.map((chain, index) => chain.map((x) => x + 2 * (index % 2)));
    const found = convergenceOf(apart)!;
    // The mean of 12,800 squares is known to 1.3 %, the added variance far better.
    near(found.splitRHat, Math.sqrt(1 + 128 / 127), 4 * 0.007);
    // What is known of the mean is what 64 chains say of who is where: a draw each.
    assert.ok(found.effectiveSize > 32 && found.effectiveSize < 256, `${found.effectiveSize}`);
  });

  test('chains that have not arrived are found by their halves', () => {
    const drifting = autoregressive(16, 200, 0).map((chain) => chain.map((x, i) => x + i / 50));
    assert.ok(convergenceOf(drifting)!.splitRHat > 1.1);
  });

  test('chains that stand still are as many draws as they are, and one point is none', () => {
    const still = Array.from({ length: 10 }, (_, chain) => new Float64Array(40).fill(chain));
    const found = convergenceOf(still)!;
    assert.equal(found.splitRHat, Number.POSITIVE_INFINITY);
    // 20 halves of 20, each correlated with itself at 20 lags: 400 / 39.
    near(found.effectiveSize, 400 / 39, 1e-9);
    assert.equal(convergenceOf([new Float64Array(40).fill(3)]), undefined);
    assert.ok(Number.isNaN(convergenceOf([new Float64Array(40).fill(Number.NaN)])?.splitRHat));
  });
});

describe('a recorded sampler', () => {
  const [count, dimensions, draws] = [5, 2, 4];
  const x = Float32Array.from({ length: count * dimensions }, (_, i) => (i * i) % 2);
  /** A model that also takes noise levels, for samplers that give it some. */
  const model = modelOf(
    {
      init: () => ({}),
      condition: 'noise level',
      energy: (_, points) => tf.sum(tf.mul(tf.square(points), [0.5, 0.8]), 1),
    },
    {},
    { files: [] },
    1,
  );
  const observe = (points: tf.Tensor2D) => tf.concat([points, tf.neg(points)], 1) as tf.Tensor2D;
  for (const [name, spec] of everySampler) {
    test(`passes where ${name} passes`, async () => {
      const sampling = samplerMethod(spec).build(spec);
      const run = async (iterations: number, record: boolean) => {
        const program = compileProgram({
          inputs: { x: { shape: [count, dimensions] }, done: { shape: [], dtype: 'int32' } },
          step({ x: starts, done }) {
            const followed = record ? recorded(sampling, draws, observe) : sampling;
            const { ends, statistics } = runChain(
              followed,
              model,
              starts as tf.Tensor2D,
              iterations,
              { done: done! },
            );
            return { outputs: { ends, ...(record ? { record: statistics[recordName]! } : {}) } };
          },
        });
        const execution = await runOnOnnx(program);
        const outputs = await execution.run({ x, done: Int32Array.of(7) }, { seed: 0, step: 1 });
        await execution.dispose();
        return outputs;
      };
      const { record, ends } = await run(draws, true);
      assert.deepEqual(ends, (await run(draws, false))['ends']);
      // The same numbers are drawn in an iteration however many there are.
      for (const passed of [1, draws]) {
        const there = (await run(passed, false))['ends'] as Float32Array;
        const row = (record as Float32Array).slice(
          (passed - 1) * count * 2 * dimensions,
          passed * count * 2 * dimensions,
        );
        const expected = Array.from({ length: count }, (_, chain) => {
          const point = [...there.subarray(chain * dimensions, (chain + 1) * dimensions)];
          return [...point, ...point.map((value) => 0 - value)];
        });
        assert.deepEqual([...row], expected.flat());
      }
    });
  }
});

test('Langevin chains on a Gaussian are the autoregression that they are known to be', async () => {
  // E = x²/2 and ε = 1: `x ← x/2 + z`, of variance 4/3.
  const step = await trainingStep({
    energy: energy.quadratic({ curvature: 1 }),
    objective: objective.denoisingScoreMatching(),
    optimizer: optimizer.adam(),
    rows: random.normals(64),
    bounds: [[-4, 4]],
    batchSize: 8,
    samples: 64,
    shownSampler: sampler.langevin({ stepSize: 1 }),
  });
  const samples = random.normals(64, Math.sqrt(4 / 3));
  const record = await step.record(samples);
  assert.deepEqual([record.draws, record.chains, record.quantities], [200, 64, 2]);
  for (let i = 0; i < record.values.length; i += 2) {
    const [height, x] = [record.values[i]!, record.values[i + 1]!];
    near(height, x ** 2 / 2, 1e-5 * Math.max(1, height));
  }
  assert.deepEqual(await step.record(samples), record);
  const diagnostic = diagnostics.chains.prepare({
    dataset: {
      dimensions: 1,
      axes: ['x'],
      domain: 'real',
      training: samples,
      heldOut: samples,
    },
    bounds: [[-4, 4]],
    seed: 0,
  })!;
  const measured = await diagnostic.measure({
    samples,
    energy: (points) => step.energy(points),
    heldOutEnergies: () => step.energy(samples),
    inSpace: () => Promise.reject(new Error('It needs no integral.')),
    score: (points) => step.score(points),
    record: () => step.record(samples),
    flowLogDensity: (points) => step.flowLogDensity(points),
    logPartition: async () => undefined,
    anneal: async () => undefined,
  });
  const [size, time, rHat] = diagnostic.metrics.map(({ name }) => measured[name] as number);
  // The coordinate has ρ = 1/2 and a time of 3; the energy ρ² and 5/3. As above a deviation of
  // √(2 (2M + 1)/12,800), which M = 7 makes 5 %; four of them, and as much again for the sum's end.
  near(time!, 3, 0.25 * 3);
  near(size!, (64 * 200) / time!, 1);
  // Means of halves have a variance of 3/100 of the whole: as many draws in place of 100 independent
  // ones make 1 + 0.03/2 at most, less the share within that they take.
  assert.ok(rHat! > 0.995 && rHat! < 1.03, `${rHat}`);
  await step.dispose();
});

test('chains are recorded where they may go on, and where the data are not negative on their side', async () => {
  const context = {
    dataset: {
      dimensions: 1,
      axes: ['x'],
      domain: 'real' as const,
      training: new Float32Array(4),
      heldOut: new Float32Array(4),
    },
    bounds: [[0, 1]] as const,
    resolution: 0,
    seed: 0,
  };
  for (const [type, { ends = false }] of Object.entries(samplers) as [
    string,
    { ends?: boolean },
  ][]) {
    const isReverse = ['reverseSde', 'predictorCorrector', 'probabilityFlow'].includes(type);
    assert.equal(ends, isReverse, type);
  }
  const { warnings } = prepareDiagnostics(['chains'], { ...context, chainsEnd: true });
  assert.match(warnings[0]!, /'chains' is not measured: it needs a sampler whose chains may go on/);
  const step = await trainingStep({
    energy: energy.mlp({ hidden: [4] }),
    objective: objective.nonNegativeScoreMatching(),
    optimizer: optimizer.adam(),
    rows: new Float32Array(64).fill(0.5),
    bounds: [[0, 1]],
    domain: 'nonnegative',
    batchSize: 8,
    samples: 3,
  });
  const { values, chains } = await step.record(new Float32Array(3).fill(0.1));
  assert.equal(chains, 3);
  assert.ok(values.every((value, i) => i % 2 === 0 || value >= 0));
  await step.dispose();
});
