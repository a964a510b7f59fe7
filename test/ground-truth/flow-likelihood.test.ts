import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy, objective, optimizer, sampler, sde } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { diagnostics } from '../../trainer-worker/methods/diagnostics';
import type { KnownEstimate } from '../../trainer-worker/methods/diagnostics/estimate';
import { flowLogDensity } from '../../trainer-worker/methods/diagnostics/flow-log-density';
import { gridPoints } from '../../trainer-worker/methods/diagnostics/grid';
import { prepareDiagnostics } from '../../trainer-worker/methods/diagnostics/prepare';
import type { Energy } from '../../trainer-worker/methods/energies/energy-method';
import { modelOf } from '../../trainer-worker/methods/energies/model';
import { buildSde, type SdeSpec } from '../../trainer-worker/methods/sdes';
import { valuesOf } from '../support/energies';
import { equations, near } from '../support/equations';
import { trainingStep } from '../support/training-step';

/** The factor on the data at which the noise has the deviation d, which is all that an energy is given. */
function factorOf(spec: SdeSpec, d: tf.Tensor): tf.Tensor {
  if (spec.type === 'varianceExploding') return tf.onesLike(d);
  return tf.sqrt(tf.sub(1, spec.type === 'variancePreserving' ? tf.square(d) : d));
}

interface FlowOptions {
  readonly steps: number;
  readonly isExact?: boolean;
  readonly moments?: { readonly means: readonly number[]; readonly variances: readonly number[] };
}

/** Log-densities of `[n, D]` points under the flow of an energy of a noise level. */
function logDensities(
  spec: SdeSpec,
  blurred: Energy['energy'],
  points: readonly (readonly number[])[],
  {
    steps,
    isExact = true,
    moments = { means: points[0]!.map(() => 0), variances: points[0]!.map(() => 1) },
  }: FlowOptions,
): Promise<Float32Array> {
  const x = {
    shape: [points.length, points[0]!.length],
    data: Float32Array.from(points.flat()),
  };
  const model = modelOf(
    { init: () => ({}), condition: 'noise level', energy: blurred },
    {},
    { files: [] },
  );
  return valuesOf({ x }, (tensors) =>
    flowLogDensity(model, tensors['x'] as tf.Tensor2D, {
      sde: buildSde(spec),
      moments,
      steps,
      isExact,
    }),
  );
}

await tf.setBackend('cpu');

describe('the log-density under the probability flow', () => {
  const means = [0.5, -1];
  const variances = [2, 0.25];
  const points = [
    [0.5, -1],
    [2.5, -1.2],
    [-1, 0],
    [3.5, -2],
  ];
  for (const [name, spec] of Object.entries(equations)) {
    test(`of Gaussian data with their exact score is that of a Gaussian: ${name}`, async () => {
      const blurred: Energy['energy'] = (_, x, level) => {
        const d = tf.expandDims(level!, 1);
        const m = factorOf(spec, d);
        const variance = tf.add(tf.mul(tf.square(m), variances), tf.square(d));
        const apart = tf.sub(x, tf.mul(m, means));
        return tf.mul(tf.sum(tf.div(tf.square(apart), variance), 1), 0.5);
      };
      const { mean, end, lowest } = buildSde(spec);
      const m = mean(tf.scalar(end)).dataSync()[0]!;
      const exact = points.map((point) =>
        point.reduce((sum, x, i) => {
          const variance = m ** 2 * variances[i]! + lowest ** 2;
          const apart = x - m * means[i]!;
          return sum - apart ** 2 / (2 * variance) - Math.log(2 * Math.PI * variance) / 2;
        }, 0),
      );
      const errors = async (steps: number) => {
        const found = await logDensities(spec, blurred, points, {
          steps,
          moments: { means, variances },
        });
        return exact.map((log, i) => found[i]! - log);
      };
      const [coarse, fine] = [await errors(50), await errors(100)];
      for (const [i, error] of fine.entries()) {
        // Heun's error is of second order: steps of half the length leave a quarter of it, and the rest
        // is of third order; float32 adds about 1e-5 to errors of 1e-3 and more.
        near(coarse[i]! / error, 4, 0.2);
        // So the whole of it is a third of what halving the step changed: that is its size, not luck.
        near(error, (coarse[i]! - error) / 3, 1e-3);
        near(error, 0, 0.02);
      }
    });
  }

  /** A ring of four Gaussians in the plane, blurred. */
  const ring: Energy['energy'] = (_, x, level) => {
    const variance = tf.add(tf.square(level!), 0.1);
    const parts = [0, 1, 2, 3].map((k) => {
      const centre = [1.5 * Math.cos(k), 1.5 * Math.sin(k), 0.5 * k];
      return tf.div(tf.sum(tf.square(tf.sub(x, centre)), 1), tf.mul(variance, -2));
    });
    const log = tf.sub(tf.logSumExp(tf.stack(parts, 1), 1), tf.mul(tf.log(variance), 1.5));
    return tf.neg(log);
  };

  test('along one random direction a point is right on average', async () => {
    const random = new Random(4, streams.heldOutData);
    const rows = Array.from({ length: 400 }, () => [...random.normals(3, 1.5)]);
    const spec = sde.varianceExploding({ highest: 4, lowest: 0.3 });
    const exact = await logDensities(spec, ring, rows, { steps: 20 });
    const estimated = await logDensities(spec, ring, rows, { steps: 20, isExact: false });
    const errors = exact.map((log, i) => estimated[i]! - log);
    const mean = errors.reduce((sum, error) => sum + error) / errors.length;
    const square = errors.reduce((sum, error) => sum + (error - mean) ** 2, 0);
    const deviation = Math.sqrt(square / errors.length);
    assert.ok(deviation > 0.05, `${deviation}`);
    // Four standard errors (chance 6e-5).
    near(mean, 0, (4 * deviation) / Math.sqrt(errors.length));
  });
});

describe('of a model in training', () => {
  const rest = { optimizer: optimizer.adam(), batchSize: 8 };

  test('it is that of the energies of all levels, and the diagnostic is its mean', async () => {
    // Rows of variance 2 and mean 1, and the energy of such a Gaussian blurred.
    const rows = Float32Array.from({ length: 64 }, (_, i) => 1 + (i % 2 ? 1 : -1) * Math.SQRT2);
    const step = await trainingStep({
      ...rest,
      energy: energy.custom({
        init: () => ({ theta: tf.scalar(1) }),
        condition: 'noise level',
        energy: ({ theta }, x, level) =>
          tf.mul(
            tf.div(tf.sum(tf.square(tf.sub(x, 1)), 1), tf.mul(tf.add(tf.square(level), 2), 2)),
            theta,
          ),
      }),
      objective: objective.multiNoiseScoreMatching({ highest: 4, lowest: 0.5 }),
      rows,
      bounds: [[-3, 5]],
    });
    // More than fit one run of the program.
    const points = new Random(1, streams.heldOutData).normals(1000, 2);
    const found = await step.flowLogDensity(points);
    const exact = points.map((x) => -((x - 1) ** 2) / 4.5 - Math.log(2 * Math.PI * 2.25) / 2);
    // Two hundred steps over a factor of 8: errors of about (log 8/200)²/12 times squares of up to 40.
    for (const [i, log] of exact.entries()) near(found[i]!, log, 2e-3);
    const diagnostic = diagnostics.flowLikelihood.prepare({
      dataset: { dimensions: 1, axes: ['x'], domain: 'real', training: rows, heldOut: points },
      bounds: [[-3, 5]],
      seed: 0,
      hasFlow: true,
    })!;
    const measured = await diagnostic.measure({
      samples: rows,
      energy: (at) => step.energy(at),
      heldOutEnergies: () => step.energy(points),
      inSpace: () => Promise.reject(new Error('It needs no integral.')),
      score: (at) => step.score(at),
      flowLogDensity: (at) => step.flowLogDensity(at),
      logPartition: async () => undefined,
      anneal: async () => undefined,
      record: () => step.record(rows),
    });
    const expected = found.slice(0, 512).reduce((sum, log) => sum + log, 0) / 512;
    const { value, error } = measured[diagnostic.metrics[0]!.name] as KnownEstimate;
    near(value, expected, 1e-5);
    const square = found.slice(0, 512).reduce((sum, log) => sum + (log - expected) ** 2, 0);
    near(error, Math.sqrt(square / 511 / 512), 1e-5);
    await step.dispose();
  });

  test('that of a score network is a density, though the field is no gradient', async () => {
    const random = new Random(7, streams.trainingData);
    const step = await trainingStep({
      ...rest,
      energy: energy.scoreNetwork({ hidden: [16, 16] }),
      objective: objective.sdeScoreMatching({
        sde: sde.varianceExploding({ highest: 3, lowest: 0.3 }),
      }),
      rows: random.normals(128),
      bounds: [
        [-3, 3],
        [-3, 3],
      ],
      shownSampler: sampler.probabilityFlow(),
    });
    // A flow keeps mass, whatever its velocities: the density adds up to 1.
    const [width, cells] = [14, 70];
    const side = [-width / 2, width / 2] as const;
    const logs = await step.flowLogDensity(gridPoints([side, side], cells));
    const mass = logs.reduce((sum, log) => sum + Math.exp(log), 0) * (width / cells) ** 2;
    // Points of width 1 and more are summed over cells of 0.2; Heun's error is some 1e-3.
    near(mass, 1, 0.01);
    await step.dispose();
  });

  test('is refused where there is none', async () => {
    const step = await trainingStep({
      ...rest,
      energy: energy.mlp({ hidden: [4] }),
      objective: objective.denoisingScoreMatching(),
      rows: new Float32Array(64),
      bounds: [[-3, 5]],
    });
    await assert.rejects(step.flowLogDensity(new Float32Array(4)), /no probability flow/);
    await step.dispose();
    const rows = new Float32Array(4);
    const { warnings } = prepareDiagnostics(['flowLikelihood'], {
      dataset: { dimensions: 1, axes: ['x'], domain: 'real', training: rows, heldOut: rows },
      bounds: [[0, 1]],
      resolution: 0,
      seed: 0,
    });
    assert.match(
      warnings[0]!,
      /'flowLikelihood' is not measured: .* objective of many noise levels/,
    );
  });
});
