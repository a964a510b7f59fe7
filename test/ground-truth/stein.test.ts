import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy, objective, optimizer, sampler } from 'ebm-lab';
import type { Energy } from '../../trainer-worker/methods/energies/energy-method';
import { ObjectiveGraph } from '../support/objective-graph';
import { trainingStep } from '../support/training-step';

/** E = θ|x|²/2 */
const parabola: Energy['energy'] = ({ theta }, x) =>
  tf.mul(tf.sum(tf.mul(tf.square(x), 0.5), 1), theta!);

function near(measured: number, expected: number, tolerance = 1e-9): void {
  assert.ok(
    Math.abs(measured - expected) < tolerance,
    `${measured}, not ${expected} ± ${tolerance}`,
  );
}

const kernels = {
  gaussian: (r: number, h: number) => Math.exp(-r / (2 * h * h)),
  inverseMultiquadric: (r: number, h: number) => (1 + r / (h * h)) ** -0.5,
};

describe('the kernel Stein discrepancy', () => {
  const theta = 0.9;
  const h = 1.3;
  for (const kernel of ['gaussian', 'inverseMultiquadric'] as const) {
    test(`with the ${kernel} kernel is its double sum, with the kernel's derivatives by differences`, () => {
      const points = Array.from({ length: 6 }, (_, i) => [
        1.5 * Math.sin(3 * i + 1),
        2 * Math.cos(5 * i),
      ]);
      const k = (x: readonly number[], y: readonly number[]) =>
        kernels[kernel](
          x.reduce((sum, value, d) => sum + (value - y[d]!) ** 2, 0),
          h,
        );
      const step = 1e-4;
      const moved = (x: readonly number[], d: number, by: number) =>
        x.map((value, i) => (i === d ? value + by : value));
      const term = (x: readonly number[], y: readonly number[]) => {
        let sum = 0;
        for (const d of [0, 1]) {
          const [sx, sy] = [-theta * x[d]!, -theta * y[d]!];
          const byX = (k(moved(x, d, step), y) - k(moved(x, d, -step), y)) / (2 * step);
          const byY = (k(x, moved(y, d, step)) - k(x, moved(y, d, -step))) / (2 * step);
          const both =
            (k(moved(x, d, step), moved(y, d, step)) -
              k(moved(x, d, step), moved(y, d, -step)) -
              k(moved(x, d, -step), moved(y, d, step)) +
              k(moved(x, d, -step), moved(y, d, -step))) /
            (4 * step * step);
          sum += sx * sy * k(x, y) + sx * byY + sy * byX + both;
        }
        return sum;
      };
      const pairs = points.flatMap((x, i) =>
        points.filter((_, j) => j !== i).map((y) => term(x, y)),
      );
      const graph = new ObjectiveGraph({
        objective: objective.kernelSteinDiscrepancy({ kernel, bandwidth: h }),
        energy: parabola,
        parameters: { theta: [] },
        batchSize: points.length,
        dimensions: 2,
      });
      const { loss } = graph.evaluate({ data: points.flat(), parameters: { theta: [theta] } });
      // Differences of second order are right to h² = 1e-8 and rounded to 1e-16 / h².
      near(loss, pairs.reduce((sum, value) => sum + value) / pairs.length, 1e-6);
    });
  }

  test('of N(0, s²) from θx²/2 has the closed form', () => {
    // Two points x, y at a time give the loss at that pair: integrated over N(0, s²)² on a grid.
    const variance = 2;
    const graph = new ObjectiveGraph({
      objective: objective.kernelSteinDiscrepancy({ kernel: 'gaussian', bandwidth: h }),
      energy: parabola,
      parameters: { theta: [] },
      batchSize: 2,
      dimensions: 1,
    });
    const width = 0.35;
    const weight = (z: number) => (width * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
    const deviation = Math.sqrt(variance);
    let integral = 0;
    // The trapezoid rule is exact to 1e-9 on Gaussians of this width; by symmetry one half is enough.
    for (let u = -6.3; u < 6.4; u += width) {
      for (let v = -6.3; v < 6.4; v += width) {
        const data = [deviation * u, deviation * v];
        const { loss } = graph.evaluate({ data, parameters: { theta: [theta] } });
        integral += weight(u) * weight(v) * loss;
      }
    }
    const expected =
      (theta - 1 / variance) ** 2 *
      (variance ** 2 / h ** 2) *
      (1 + (2 * variance) / h ** 2) ** -1.5;
    near(integral, expected, 1e-6);
  });
});

describe('the learned Stein discrepancy', () => {
  const [theta, variance, penalty] = [0.9, 2, 0.5];
  // Two points with the mean square of the data: all that a linear critic and E = θx²/2 see of them.
  const data = [-Math.sqrt(variance), Math.sqrt(variance)];
  const graph = new ObjectiveGraph({
    objective: objective.learnedSteinDiscrepancy({
      hidden: [2],
      activation: 'softplus',
      criticPenalty: penalty,
    }),
    energy: parabola,
    parameters: { theta: [] },
    own: {
      'critic/weight1': [1, 2],
      'critic/bias1': [2],
      'critic/weight2': [2, 1],
      'critic/bias2': [1],
    },
    batchSize: 2,
    dimensions: 1,
  });
  /** The critic f(x) = c x, as c (softplus(x) - softplus(-x)). */
  const evaluate = (c: number) =>
    graph.evaluate({
      data,
      parameters: {
        theta: [theta],
        'critic/weight1': [1, -1],
        'critic/bias1': [0, 0],
        'critic/weight2': [c, -c],
        'critic/bias2': [0],
      },
      noise: [[1, -1]],
    });
  const best = (1 / variance - theta) / (2 * penalty);

  test('is the Fisher divergence over 2λ at the best critic', () => {
    // The loss is what the model minimises, mean s·f = -θ c s², less what the critic maximises.
    const discrepancy = -theta * best * variance - evaluate(best).loss;
    const fisher = (variance * (theta - 1 / variance) ** 2) / 2;
    near(discrepancy, fisher / (2 * penalty));
    near(discrepancy, 0.16);
  });

  test('stands still for the critic there, and moves the model along its part alone', () => {
    const { gradients } = evaluate(best);
    // Along c: weight2 is (c, -c).
    near(gradients['critic/weight2']![0]! - gradients['critic/weight2']![1]!, 0);
    near(gradients['theta']![0]!, -best * variance);
    const beside = evaluate(best + 0.1).gradients['critic/weight2']!;
    // d/dc of -(discrepancy) = 2 λ s² (c - c*).
    near(beside[0]! - beside[1]!, 2 * penalty * variance * 0.1);
  });
});

describe('a joint energy-based model', () => {
  const method = objective.jem({ sampler: sampler.langevin(), generativeWeight: 0, bufferSize: 8 });
  const rows = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));
  const labels = {
    classes: ['a', 'b', 'c'],
    training: Float32Array.from({ length: 12 }, (_, i) => i % 3),
  };
  const bounds = [
    [-2, 2],
    [-2, 2],
  ] as const;
  const rest = {
    objective: method,
    optimizer: optimizer.adam({ learningRate: 0.05 }),
    rows,
    bounds,
    labels,
    batchSize: 8,
  };

  test('needs an energy of labels, and learns the classes', async () => {
    const step = await trainingStep({
      ...rest,
      energy: energy.custom({
        init: () => ({ weight: tf.zeros([2, 3]) }),
        energy: ({ weight }, x) => tf.neg(tf.logSumExp(tf.matMul(x, weight), 1)),
      }),
    }).catch((error: unknown) => error);
    assert.match(String(step), /teaches classes, but the energy does not depend on a label/);
    const classifier = await trainingStep({
      ...rest,
      energy: energy.classifier({ classes: 3, hidden: [32] }),
    });
    let last = Number.POSITIVE_INFINITY;
    for (let number = 1; number <= 150; number++) {
      last = (await classifier.run(number))['cross-entropy']!;
    }
    await classifier.dispose();
    // Twelve distinct points and a wide layer: chance would be log 3.
    assert.ok(last < 0.2 * Math.log(3), `${last}`);
  });
});
