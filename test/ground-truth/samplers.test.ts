import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { sampler } from 'ebm-lab';
import { modelOf } from '../../trainer-worker/energies/model';
import { compileProgram } from '../../trainer-worker/graph/program';
import { runOnOnnx } from '../../trainer-worker/graph/run-onnx';
import { Random, streams } from '../../trainer-worker/random/random';
import { type SamplerSpec, samplerMethod } from '../../trainer-worker/samplers';
import { runChain } from '../../trainer-worker/samplers/chain';
import { leapfrog, total } from '../../trainer-worker/samplers/hamiltonian';

type EnergyFunction = (x: tf.Tensor2D) => tf.Tensor;

function modelWith(energy: EnergyFunction) {
  return modelOf({ init: () => ({}), energy: (_, x) => energy(x) }, {}, { files: [] });
}

/** Where `count` chains end after `iterations` from standard Gaussian starts, `[count, D]`. */
async function chainEnds(
  spec: SamplerSpec,
  energy: EnergyFunction,
  { count, dimensions, iterations }: Record<'count' | 'dimensions' | 'iterations', number>,
): Promise<Float32Array> {
  const sampling = samplerMethod(spec).build(spec);
  const program = compileProgram({
    inputs: { x: { shape: [count, dimensions] } },
    step: ({ x }) => ({
      outputs: { ends: runChain(sampling, modelWith(energy), x as tf.Tensor2D, iterations) },
    }),
  });
  const execution = await runOnOnnx(program);
  const random = new Random(0, streams.chainStarts);
  const x = Float32Array.from({ length: count * dimensions }, () => random.normal());
  const { ends } = await execution.run({ x }, { seed: 0, step: 0 });
  await execution.dispose();
  return ends as Float32Array;
}

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
];

describe('samplers with an accept step draw from the model itself, whatever their step', () => {
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
    if (name === 'HMC, long steps') continue;
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
      const start = { x: x as tf.Tensor2D, momentum: momentum as tf.Tensor2D };
      const end = leapfrog(model, start, 0.2, 20);
      const turned = { x: end.x, momentum: tf.neg(end.momentum) as tf.Tensor2D };
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
      const start = { x: x as tf.Tensor2D, momentum: momentum as tf.Tensor2D };
      const change = (stepSize: number, steps: number) =>
        tf.sub(total(model, leapfrog(model, start, stepSize, steps)), total(model, start));
      return { outputs: { long: change(0.2, 8), short: change(0.1, 16) } };
    });
    const size = (values: Float32Array) => Math.sqrt(mean(values.map((value) => value ** 2)));
    const ratio = size(outputs['long'] as Float32Array) / size(outputs['short'] as Float32Array);
    // Four, up to a relative ε² of fourth order.
    assert.ok(Math.abs(ratio - 4) < 0.4, `${ratio}`);
  });
});
