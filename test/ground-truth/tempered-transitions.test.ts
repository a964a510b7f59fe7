/** Tempered transitions against exact laws, across barriers that moves by themselves do not cross. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { sampler } from 'ebm-lab';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { compileProgram } from '../../trainer-worker/compiler/trace/compile-program';
import { modelOf } from '../../trainer-worker/methods/energies/model';
import { samplerMethod } from '../../trainer-worker/methods/samplers';
import { runChain } from '../../trainer-worker/methods/samplers/chain';
import type { TemperedTransitionsOptions } from '../../trainer-worker/methods/samplers/tempered-transitions';

interface Target {
  readonly energy: (x: tf.Tensor2D) => tf.Tensor;
  /** Where all chains begin. */
  readonly start: readonly number[];
  readonly levels?: readonly number[];
}

/** Where chains end, `[chains, D]`, and how often transitions were accepted, for each of five seeds. */
async function fiveRuns(
  options: TemperedTransitionsOptions,
  { energy, start, levels }: Target,
  { chains, iterations }: Readonly<Record<'chains' | 'iterations', number>>,
) {
  const spec = sampler.temperedTransitions(options);
  const model = modelOf(
    { init: () => ({}), energy: (_, x) => energy(x) },
    {},
    { files: [] },
    undefined,
    levels,
  );
  const program = compileProgram({
    inputs: { x: { shape: [chains, start.length] } },
    step({ x }) {
      const run = runChain(samplerMethod(spec).build(spec), model, x as tf.Tensor2D, iterations);
      return { outputs: { ends: run.ends, ...run.statistics } };
    },
  });
  const execution = await runOnOnnx(program);
  const runs: { readonly ends: Float32Array; readonly accepted: number }[] = [];
  for (let seed = 0; seed < 5; seed++) {
    const { ends, 'Acceptance of transitions': accepted } = await execution.run(
      {
        x: Float32Array.from({ length: chains * start.length }, (_, i) => start[i % start.length]!),
      },
      { seed, step: 1 },
    );
    runs.push({ ends: Float32Array.from(ends as Float32Array), accepted: accepted![0]! });
  }
  await execution.dispose();
  return runs;
}

const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x) / values.length;

describe('two Gaussians of variance 1 at ±5, the right one with 0.7 of the mass', () => {
  const modes: Target = {
    start: [-5],
    energy(x) {
      const at = tf.squeeze(x, [1]);
      const mode = (place: number, weight: number) =>
        tf.add(tf.mul(tf.square(tf.sub(at, place)), -0.5), Math.log(weight));
      return tf.neg(tf.logSumExp(tf.stack([mode(5, 0.7), mode(-5, 0.3)], 1), 1));
    },
  };
  const run = { chains: 4000, iterations: 60 };
  const options = { temperatures: 16, highest: 30, stepSize: 1.2 };

  test('chains that begin in the left one have the exact moments: five seeds', async () => {
    for (const { ends, accepted } of await fiveRuns(options, modes, run)) {
      const values = [...ends];
      // Mean 2 and variance 22; E x² = 26 has variance 102. Four and a half standard errors of independent
      // chains are exceeded once in 15,000 of these ten.
      const [first, second] = [mean(values), mean(values.map((x) => x * x))];
      assert.ok(Math.abs(first - 2) < 4.5 * Math.sqrt(22 / run.chains), `${first}`);
      assert.ok(Math.abs(second - 26) < 4.5 * Math.sqrt(102 / run.chains), `${second}`);
      assert.ok(accepted > 0.1, `${accepted}`);
    }
  });

  test('with hardly any temperature above 1 all stay where they began', async () => {
    const cold = { ...options, temperatures: 2, highest: 1.01 };
    for (const { ends } of await fiveRuns(cold, modes, run)) {
      // What crosses 5 deviations does so by 1e-6 of its moves at most.
      assert.ok(ends.filter((x) => x > 0).length < 20);
    }
  });
});

test('bits have the exact law of their sum, across a barrier: five seeds', async () => {
  // Twelve spins that all draw each other (Curie and Weiss), with a field; all begin down.
  const [count, draw, field] = [12, 0.3, 0.05];
  const binomial = (k: number) => {
    let value = 1;
    for (let i = 1; i <= k; i++) value = (value * (count - k + i)) / i;
    return value;
  };
  const weights = Array.from({ length: count + 1 }, (_, up) => {
    const m = 2 * up - count;
    return binomial(up) * Math.exp((draw * m * m) / 2 + field * m);
  });
  const total = weights.reduce((sum, weight) => sum + weight);
  const spins: Target = {
    start: new Array<number>(count).fill(0),
    energy(x) {
      const m = tf.sub(tf.mul(tf.sum(x, 1), 2), count);
      return tf.neg(tf.add(tf.mul(tf.square(m), draw / 2), tf.mul(m, field)));
    },
  };
  const chains = 1500;
  const options = {
    temperatures: 12,
    highest: 20,
    moves: 'gibbsWithGradients',
    movesAtEach: 3,
  } as const;
  for (const { ends } of await fiveRuns(options, spins, { chains, iterations: 60 })) {
    const counts = weights.map(() => 0);
    for (let chain = 0; chain < chains; chain++) {
      counts[ends.subarray(chain * count, (chain + 1) * count).reduce((sum, bit) => sum + bit)]! +=
        1;
    }
    weights.forEach((weight, up) => {
      const chance = weight / total;
      // Five standard errors of independent chains, and two counts where these are Poisson: 65 shares,
      // chance 4e-5 in all.
      const bound = 5 * Math.sqrt((chance * (1 - chance)) / chains) + 2 / chains;
      assert.ok(Math.abs(counts[up]! / chains - chance) < bound, `${up}: ${counts}`);
    });
  }
});

test('categories have the exact law: five seeds', async () => {
  // Two categories of three levels, equal ones preferred, all chains begin at the last levels.
  const levels = [3, 3];
  const energyOf = (a: number, b: number) => (a === b ? -3 : 0) - (a === 0 ? 0.4 : 0);
  const table = Float32Array.from({ length: 9 }, (_, at) => energyOf(Math.floor(at / 3), at % 3));
  const target: Target = {
    levels,
    start: [0, 0, 1, 0, 0, 1],
    energy(x) {
      const [a, b] = tf.split(x, 2, 1);
      const pairs = tf.mul(tf.expandDims(a!, 2), tf.expandDims(b!, 1));
      return tf.sum(tf.mul(tf.reshape(pairs, [-1, 9]), tf.tensor1d(table)), 1);
    },
  };
  const weights = [...table].map((value) => Math.exp(-value));
  const total = weights.reduce((sum, weight) => sum + weight);
  const chains = 4000;
  const options = { temperatures: 6, highest: 10, moves: 'gibbsWithGradients' } as const;
  for (const { ends } of await fiveRuns(options, target, { chains, iterations: 60 })) {
    const counts = weights.map(() => 0);
    for (let chain = 0; chain < chains; chain++) {
      const row = ends.subarray(chain * 6, chain * 6 + 6);
      counts[row.subarray(0, 3).indexOf(1) * 3 + row.subarray(3).indexOf(1)]! += 1;
    }
    weights.forEach((weight, at) => {
      const chance = weight / total;
      // As above, for 45 shares.
      const bound = 5 * Math.sqrt((chance * (1 - chance)) / chains) + 2 / chains;
      assert.ok(Math.abs(counts[at]! / chains - chance) < bound, `${at}: ${counts}`);
    });
  }
});
