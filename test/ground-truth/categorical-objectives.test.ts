/** Objectives for categorical data on a law of three categories that is enumerated. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { noise, objective } from 'ebm-lab';
import { categoricalRows } from '../../trainer-worker/methods/data/categorical-rows';
import type { Energy } from '../../trainer-worker/methods/energies/energy-method';
import { buildNoise } from '../../trainer-worker/methods/noise-distributions';
import type { ObjectiveSpec } from '../../trainer-worker/methods/objectives';
import { lawOf, pointsOfLevels, surprise } from '../support/categorical-states';
import { valuesOf } from '../support/energies';
import { ObjectiveGraph } from '../support/objective-graph';

const levels = [2, 3, 4];
const starts = [0, 2, 5];
const dimensions = 9;
const states = pointsOfLevels(levels);
const energy: Energy['energy'] = ({ W, b }, x) =>
  tf.neg(tf.add(tf.sum(tf.mul(tf.matMul(x, W!), x), 1), tf.sum(tf.mul(x, b!), 1)));
const W = Array.from({ length: dimensions ** 2 }, (_, i) => Math.sin(i + 1) * 0.6);
const b = Array.from({ length: dimensions }, (_, i) => Math.cos(3 * i) * 0.5);
const moved = b.map((value, d) => (d === 0 || d === 6 ? value + 0.5 : value));

/** E of one state, by hand. */
function energyOf(x: readonly number[], biases: readonly number[] = b): number {
  return -x.reduce(
    (sum, xi, i) =>
      sum +
      xi * biases[i]! +
      x.reduce((inside, xj, j) => inside + xi * xj * W[i * dimensions + j]!, 0),
    0,
  );
}

const law = lawOf(states.map((x) => energyOf(x)));

/** A state with a category set to a level. */
function withLevel(x: readonly number[], category: number, level: number): number[] {
  const from = starts[category]!;
  return x.map((value, d) =>
    d >= from && d < from + levels[category]! ? Number(d === from + level) : value,
  );
}

/** p(level | all other categories) of each level of a category. */
const conditional = (x: readonly number[], category: number) =>
  lawOf(
    Array.from({ length: levels[category]! }, (_, level) =>
      energyOf(withLevel(x, category, level)),
    ),
  );

const levelOf = (x: readonly number[], category: number) =>
  x.slice(starts[category]!, starts[category]! + levels[category]!).indexOf(1);

const graphOf = (spec: ObjectiveSpec) =>
  new ObjectiveGraph({
    objective: spec,
    energy,
    parameters: { W: [dimensions, dimensions], b: [dimensions] },
    batchSize: 1,
    dimensions,
    domain: 'categorical',
    levels,
  });

/** By hand, for one state: the sum over its categories. */
const byHand: Readonly<
  Record<string, { spec: ObjectiveSpec; loss(x: readonly number[], category: number): number }>
> = {
  pseudoLikelihood: {
    spec: objective.pseudoLikelihood(),
    loss: (x, category) => -Math.log(conditional(x, category)[levelOf(x, category)]!),
  },
  ratioMatching: {
    spec: objective.ratioMatching(),
    loss: (x, category) =>
      conditional(x, category).reduce(
        (sum, p, level) => sum + (Number(level === levelOf(x, category)) - p) ** 2 / 2,
        0,
      ),
  },
  concreteScoreMatching: {
    spec: objective.concreteScoreMatching(),
    loss: (x, category) =>
      Array.from({ length: levels[category]! }, (_, level) => level)
        .filter((level) => level !== levelOf(x, category))
        .reduce((sum, level) => {
          const ratio = Math.exp(energyOf(x) - energyOf(withLevel(x, category, level)));
          return sum + ratio ** 2 - 2 / ratio;
        }, 0),
  },
  minimumProbabilityFlow: {
    spec: objective.minimumProbabilityFlow(),
    loss: (x, category) =>
      Array.from({ length: levels[category]! }, (_, level) => level)
        .filter((level) => level !== levelOf(x, category))
        .reduce(
          (sum, level) =>
            sum + Math.exp((energyOf(x) - energyOf(withLevel(x, category, level))) / 2),
          0,
        ),
  },
};

describe('by enumeration', () => {
  for (const [name, { spec, loss }] of Object.entries(byHand)) {
    test(`${name} is what its definition says, at each state`, () => {
      const graph = graphOf(spec);
      for (const data of states) {
        const measured = graph.evaluate({ data, parameters: { W, b } }).loss;
        const expected = levels.reduce((sum, _, category) => sum + loss(data, category), 0);
        // Both in float64.
        assert.ok(Math.abs(measured - expected) < 1e-9, `${measured}, not ${expected}`);
      }
    });

    test(`${name} has no slope at the law of the model itself, and one beside it`, () => {
      const slope = (biases: readonly number[]) => {
        const graph = graphOf(spec);
        const sum = new Float64Array(dimensions ** 2 + dimensions);
        states.forEach((data, state) => {
          const { gradients } = graph.evaluate({ data, parameters: { W, b: biases } });
          [...gradients['W']!, ...gradients['b']!].forEach((value, index) => {
            sum[index]! += value * law[state]!;
          });
        });
        return Math.max(...sum.map(Math.abs));
      };
      // Rounding in float64; the moved biases change every loss in its first digits.
      assert.ok(slope(b) < 1e-9, `${slope(b)}`);
      assert.ok(slope(moved) > 1e-3, `${slope(moved)}`);
    });

    test(`${name} has the gradients of its differences`, () => {
      const graph = graphOf(spec);
      const point = { data: states[7]!, parameters: { W, b } };
      const { gradients } = graph.evaluate(point);
      const differences = graph.differences(point);
      for (const parameter of ['W', 'b']) {
        gradients[parameter]!.forEach((value, index) => {
          // Errors of differences over 1e-4: 1e-8 of third derivatives, which are some hundred times the slope
          // at most, and rounding over 1e-4.
          const error = Math.abs(value - differences[parameter]![index]!);
          assert.ok(error < 1e-6 * Math.max(1, Math.abs(value)), `${parameter}: ${error}`);
        });
      }
    });
  }
});

describe('independent categories as noise', () => {
  const codes = [0, 0, 1, 1, 0, 1, 0, 2, 1, 0, 2, 1, 1, 0, 1];
  const { training } = categoricalRows(
    levels.map((count, d) => ({
      name: `c${d}`,
      levels: Array.from({ length: count }, (_, level) => `${level}`),
    })),
    codes,
    [],
  );
  const distribution = buildNoise(noise.categorical(), {
    rows: training,
    bounds: Array.from({ length: dimensions }, () => [0, 1] as const),
    levels,
    seed: 0,
  });
  // Five rows, and one more of each level.
  const chances = levels.map((count, category) =>
    Array.from(
      { length: count },
      (_, level) =>
        (1 + codes.filter((code, i) => i % 3 === category && code === level).length) / (5 + count),
    ),
  );
  const expected = states.map((x) =>
    chances.reduce((product, ofLevels, c) => product * ofLevels[levelOf(x, c)]!, 1),
  );

  test('have the probabilities of the rows with one more of each level, which add up to one', async () => {
    const points = { shape: [states.length, dimensions], data: Float32Array.from(states.flat()) };
    const logs = await valuesOf({ points }, ({ points: x }) =>
      distribution.logDensity!(x as tf.Tensor2D),
    );
    logs.forEach((log, state) => {
      assert.ok(Math.abs(Math.exp(log) - expected[state]!) < 1e-6);
    });
    assert.ok(Math.abs(expected.reduce((sum, p) => sum + p, 0) - 1) < 1e-12);
  });

  test('are drawn with these', async () => {
    const unused = { shape: [1], data: Float32Array.of(0) };
    const draws = await valuesOf({ unused }, () => distribution.sample!(8000));
    // 23 degrees of freedom: 5 deviations and some are exceeded less than once in 10,000 seeds.
    assert.ok(surprise(states, expected, draws) < 6);
  });
});
