import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { objective, sampler } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { compileProgram } from '../../trainer-worker/compiler/trace/compile-program';
import type { Energy } from '../../trainer-worker/methods/energies/energy-method';
import type { Model } from '../../trainer-worker/methods/energies/model';
import { type SamplerSpec, samplerMethod } from '../../trainer-worker/methods/samplers';
import { runChain } from '../../trainer-worker/methods/samplers/chain';
import { buildSde, type SdeSpec } from '../../trainer-worker/methods/sdes';
import { equations, near } from '../support/equations';
import { ObjectiveGraph } from '../support/objective-graph';

describe('the marginals solve the equation', () => {
  for (const [name, spec] of Object.entries(equations)) {
    test(name, async () => {
      const { mean, deviation, squaredDiffusion, end, lowest, highest } = buildSde(spec);
      const at = (f: (t: tf.Tensor) => tf.Tensor, t: number) => f(tf.scalar(t)).dataSync()[0]!;
      near(at(deviation, end), lowest, 1e-5 * lowest);
      near(at(deviation, 1), highest, 1e-5 * highest);
      near(at(mean, 0), 1, 1e-6);
      for (const t of [0.1, 0.4, 0.7, 0.9]) {
        const h = 1e-2;
        const slope = (f: (at: number) => number) => (f(t + h) - f(t - h)) / (2 * h);
        const variance = (time: number) => at(deviation, time) ** 2;
        const f = slope((time) => Math.log(at(mean, time)));
        // dv/dt = 2 f v + g² (Song et al. 2021, equation 29 in its scalar form).
        const expected = 2 * f * variance(t) + at(squaredDiffusion, t);
        // Central differences of step 0.01 are good to about 1e-4 of the rates here, squared: (20 h)².
        near(slope(variance), expected, 0.05 * Math.abs(at(squaredDiffusion, t)));
      }
    });
  }
});

describe('score matching along an equation', () => {
  const variance = 2;
  for (const [name, spec] of Object.entries(equations)) {
    for (const weighting of ['variance', 'likelihood'] as const) {
      test(`${name}, weighed by ${weighting}, is least at the score of the blurred data`, async () => {
        const { mean, deviation, squaredDiffusion, end } = buildSde(spec);
        // The energy is given the deviation d alone; the factor on the data follows from it.
        const factorOf = (d: tf.Tensor) => {
          if (spec.type === 'varianceExploding') return tf.onesLike(d);
          return tf.sqrt(tf.sub(1, spec.type === 'variancePreserving' ? tf.square(d) : d));
        };
        const blurred: Energy['energy'] = ({ theta }, x, d) => {
          const scale = tf.add(tf.mul(tf.square(factorOf(d!)), variance), tf.square(d!));
          return tf.mul(tf.div(tf.sum(tf.square(x), 1), tf.mul(scale, 2)), theta!);
        };
        const graph = new ObjectiveGraph({
          objective: objective.sdeScoreMatching({ sde: spec, weighting }),
          energy: blurred,
          parameters: { theta: [] },
          batchSize: 4,
          dimensions: 1,
        });
        const spread = Math.sqrt(variance);
        // Rows and noise of exactly the moments of the data and of N(0, 1), uncorrelated.
        const data = [spread, spread, -spread, -spread];
        const normal = [1, -1, 1, -1];
        for (const u of [0.2, 0.5, 0.8]) {
          // Row i draws from the i-th part of 0 to 1.
          const uniform = data.map((_, row) => data.length * u - row);
          const evaluate = (theta: number) =>
            graph.evaluate({ data, parameters: { theta: [theta] }, noise: [uniform, normal] });
          const t = tf.scalar(end + (1 - end) * u);
          const [m, d, g2] = [mean, deviation, squaredDiffusion].map((f) => f(t).dataSync()[0]!);
          const weight = weighting === 'variance' ? 1 : g2! / d! ** 2;
          const kept = m! ** 2 * variance;
          near(evaluate(1).gradients['theta']![0]!, 0, 1e-5 * weight);
          // ½ λ/d² E|d s + z|² = ½ λ/d² m²v/(m²v + d²).
          near(evaluate(1).loss, (weight * kept) / (2 * (kept + d! ** 2)), 1e-4 * weight);
          for (const theta of [0.8, 1.2]) assert.ok(evaluate(theta).loss > evaluate(1).loss);
        }
      });
    }
  }
});

describe('samplers backwards in time, with the exact score', () => {
  const count = 10_000;
  const modes = [
    { weight: 0.8, at: 1.5 },
    { weight: 0.2, at: -1.5 },
  ];
  const width = 0.3;

  /** 0.8 N(1.5, 0.3²) + 0.2 N(-1.5, 0.3²) after the noise of a level that is its deviation. */
  function modelFor(spec: SdeSpec): Model {
    const energy = (x: tf.Tensor2D, level?: tf.Tensor1D): tf.Tensor1D => {
      const d = tf.expandDims(level!, 1);
      const m =
        spec.type === 'varianceExploding'
          ? tf.onesLike(d)
          : tf.sqrt(tf.sub(1, spec.type === 'variancePreserving' ? tf.square(d) : d));
      const v = tf.add(tf.mul(tf.square(m), width ** 2), tf.square(d));
      const parts = modes.map(({ weight, at }) =>
        tf.sub(Math.log(weight), tf.div(tf.square(tf.sub(x, tf.mul(m, at))), tf.mul(v, 2))),
      );
      const log = tf.sub(tf.logSumExp(tf.concat(parts, 1), 1, true), tf.mul(tf.log(v), 0.5));
      return tf.neg(tf.squeeze(log, [1])) as tf.Tensor1D;
    };
    return {
      energy,
      score: (x, level) =>
        tf.neg(
          tf.grad((at: tf.Tensor) => tf.sum(energy(at as tf.Tensor2D, level)))(x),
        ) as tf.Tensor2D,
    };
  }

  async function samples(spec: SamplerSpec & { readonly sde: SdeSpec }): Promise<Float32Array> {
    const kernel = samplerMethod(spec).build(spec);
    const program = compileProgram({
      inputs: { x: { shape: [count, 1] } },
      step: ({ x }) => ({
        // A few more than there are: those must change nothing.
        outputs: {
          ends: runChain(kernel, modelFor(spec.sde), x as tf.Tensor2D, kernel.steps + 3).ends,
        },
      }),
    });
    const execution = await runOnOnnx(program);
    const x = new Random(3, streams.chainStarts).normals(count, buildSde(spec.sde).highest);
    const { ends } = await execution.run({ x }, { seed: 4, step: 0 });
    await execution.dispose();
    return ends as Float32Array;
  }

  for (const [name, equation] of Object.entries(equations)) {
    const kinds = {
      'reverse SDE': sampler.reverseSde({ sde: equation, steps: 400 }),
      'predictor–corrector': sampler.predictorCorrector({ sde: equation, steps: 150 }),
      'probability flow': sampler.probabilityFlow({ sde: equation, steps: 150 }),
    };
    for (const [kind, spec] of Object.entries(kinds)) {
      test(`${kind}, ${name}: weights, places and widths of the modes`, async () => {
        const ends = await samples(spec);
        const { lowest } = buildSde(equation);
        const share = ends.reduce((sum, x) => sum + Number(x > 0), 0) / count;
        // Four standard errors; and what the prior keeps of the data at time 1, a factor of e^-5 on the
        // modes, or a Gaussian of deviation 8 in place of √(8² + 1.5²), tips the scales by 0.01.
        near(share, 0.8, 4 * Math.sqrt((0.8 * 0.2) / count) + 0.015);
        for (const { at } of modes) {
          const own = ends.filter((x) => x > 0 === at > 0);
          const mean = own.reduce((sum, x) => sum + x, 0) / own.length;
          const variance = own.reduce((sum, x) => sum + (x - mean) ** 2, 0) / own.length;
          // Four standard errors of 2000 or 8000, and steps of finite length.
          near(mean, at, 0.05);
          near(Math.sqrt(variance), Math.hypot(width, lowest), 0.04);
        }
      });
    }
  }
});
