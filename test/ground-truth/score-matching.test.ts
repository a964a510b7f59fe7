/**
 * Score matching on E = ½ xᵀLx with data of covariance S in two dimensions, where the mean of each
 * loss has a closed form. Means are taken exactly, not by drawing: the four points ±√2 Cᵀeᵢ have
 * covariance CᵀC, and these losses are polynomials of second degree in data and noise.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { objective, sampler } from 'ebm-lab';
import type { Energy } from '../../trainer-worker/methods/energies/energy-method';
import type { ObjectiveSpec } from '../../trainer-worker/methods/objectives';
import { ObjectiveGraph } from '../support/objective-graph';

/** `[[a, b], [b, c]]` as `[a, b, c]`. */
type Symmetric = readonly [number, number, number];
const unit: Symmetric = [1, 0, 1];
const plus = (A: Symmetric, B: Symmetric, factor = 1): Symmetric => [
  A[0] + factor * B[0],
  A[1] + factor * B[1],
  A[2] + factor * B[2],
];
const trace = (A: Symmetric) => A[0] + A[2];
/** tr(AB). */
const inner = (A: Symmetric, B: Symmetric) => A[0] * B[0] + 2 * A[1] * B[1] + A[2] * B[2];
const inverse = ([a, b, c]: Symmetric): Symmetric => {
  const determinant = a * c - b * b;
  return [c / determinant, -b / determinant, a / determinant];
};
const square = ([a, b, c]: Symmetric): Symmetric => [a * a + b * b, b * (a + c), b * b + c * c];
/** (AB + BA)/2. */
const symmetrised = (A: Symmetric, B: Symmetric): Symmetric =>
  plus(plus(square(plus(A, B)), square(A), -1), square(B), -1).map(
    (x) => x / 2,
  ) as unknown as Symmetric;
const full = ([a, b, c]: Symmetric) => [a, b, b, c];

const S: Symmetric = [2, 0.6, 1];
const L: Symmetric = [0.9, -0.2, 1.3];
const sigma = 0.5;
const blurred = plus(S, unit, sigma ** 2);

/** ½ tr(LSL) - tr L, the mean of ½|s|² + tr ∂s. */
const implicitLoss = (precision: Symmetric, covariance: Symmetric) =>
  inner(square(precision), covariance) / 2 - trace(precision);

/** ±√2 times the rows of a root of the covariance: four points that have it exactly. */
function design([a, b, c]: Symmetric): number[][] {
  const root = Math.sqrt(a);
  const rest = Math.sqrt(c - (b * b) / a);
  const rows = [
    [root, b / root],
    [0, rest],
  ];
  return rows.flatMap((row) => [1, -1].map((sign) => row.map((x) => sign * Math.SQRT2 * x)));
}
const dataPoints = design(S);
const noisePoints = design(unit);
const signs = [
  [1, 1],
  [1, -1],
  [-1, 1],
  [-1, -1],
];

const quadratic: Energy['energy'] = ({ L: precision }, x) =>
  tf.mul(tf.sum(tf.mul(tf.matMul(x, precision!), x), 1), 0.5);

/** Every data point with every direction: the mean over these rows is the mean over both. */
const crossed = (directions: readonly number[][]) => ({
  data: dataPoints.flatMap((x) => directions.flatMap(() => x)),
  noise: [dataPoints.flatMap(() => directions.flat())],
});

/** The mean loss and its gradient in L. */
function mean(spec: ObjectiveSpec, precision: Symmetric, directions: readonly number[][] = []) {
  const { data, noise } =
    directions.length > 0 ? crossed(directions) : { data: dataPoints.flat(), noise: [] };
  const graph = new ObjectiveGraph({
    objective: spec,
    energy: quadratic,
    parameters: { L: [2, 2] },
    batchSize: data.length / 2,
    dimensions: 2,
  });
  const { loss, gradients } = graph.evaluate({
    data,
    noise,
    parameters: { L: full(precision) },
  });
  return { loss, gradient: [...gradients['L']!] };
}

/** Evaluated in float64, but constants in a program (√2, σ, ε) are rounded to float32: by 6e-8. */
const tolerance = 1e-6;
const near = (actual: number, expected: number, allowed = tolerance) =>
  assert.ok(Math.abs(actual - expected) <= allowed, `${actual}, not ${expected}`);
function allNear(actual: readonly number[], expected: readonly number[], allowed = tolerance) {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, index) => {
    near(value, expected[index]!, allowed);
  });
}

/** The losses whose mean is J = ½ tr(LSL) - tr L on the data themselves. */
const implicit: readonly [string, ObjectiveSpec, number[][]][] = [
  ['implicit', objective.implicitScoreMatching(), []],
  ...(['rademacher', 'normal', 'sphere'] as const).flatMap((directions) =>
    [true, false].map((varianceReduction): [string, ObjectiveSpec, number[][]] => [
      `sliced, ${directions}${varianceReduction ? ', variance reduced' : ''}`,
      objective.slicedScoreMatching({ directions, varianceReduction }),
      directions === 'rademacher' ? signs : noisePoints,
    ]),
  ),
  ...[1, 0.1].map((epsilon): [string, ObjectiveSpec, number[][]] => [
    `finite-difference sliced, ε = ${epsilon}`,
    objective.finiteDifferenceSlicedScoreMatching({ epsilon }),
    noisePoints,
  ]),
];

describe('score matching of ½ xᵀLx to N(0, S)', () => {
  for (const [name, spec, directions] of implicit) {
    test(`${name}: ½ tr(LSL) - tr L, its gradient, and its optimum L = S⁻¹`, () => {
      const { loss, gradient } = mean(spec, L, directions);
      near(loss, implicitLoss(L, S));
      allNear(gradient, full(plus(symmetrised(L, S), unit, -1)));
      const best = mean(spec, inverse(S), directions);
      near(best.loss, -trace(inverse(S)) / 2);
      allNear(best.gradient, [0, 0, 0, 0]);
    });
  }

  test('explicit: the Fisher divergence, the implicit loss plus ½ tr S⁻¹, 0 at L = S⁻¹', () => {
    const precision = full(inverse(S));
    const spec = objective.explicitScoreMatching({
      score: (x) => tf.neg(tf.matMul(x, tf.tensor2d(precision, [2, 2]))),
    });
    near(mean(spec, L).loss, implicitLoss(L, S) + trace(inverse(S)) / 2);
    near(mean(spec, inverse(S)).loss, 0);
    allNear(mean(spec, L).gradient, mean(objective.implicitScoreMatching(), L).gradient);
  });

  const denoising: readonly [
    string,
    (scaling: 'score' | 'noise' | 'DEEN') => ObjectiveSpec,
    number[][],
  ][] = [
    ['denoising', (scaling) => objective.denoisingScoreMatching({ sigma, scaling }), noisePoints],
    [
      'denoising with its control variate',
      (scaling) => objective.denoisingScoreMatching({ sigma, scaling, controlVariate: true }),
      noisePoints,
    ],
  ];
  for (const [name, specOf, directions] of denoising) {
    test(`${name}: the implicit loss on blurred data plus D/(2σ²), best at (S + σ²I)⁻¹`, () => {
      for (const [scaling, factor] of [
        ['score', 1],
        ['noise', sigma ** 2],
        ['DEEN', sigma ** 4],
      ] as const) {
        const { loss, gradient } = mean(specOf(scaling), L, directions);
        near(loss, factor * (implicitLoss(L, blurred) + 1 / sigma ** 2));
        const slope = full(plus(symmetrised(L, blurred), unit, -1));
        allNear(
          gradient,
          slope.map((x) => factor * x),
        );
        const best = mean(specOf(scaling), inverse(blurred), directions);
        near(best.loss, (factor / 2) * (2 / sigma ** 2 - trace(inverse(blurred))));
        allNear(best.gradient, [0, 0, 0, 0]);
      }
    });
  }

  test('finite-difference denoising: the same, its direction averaged as well', () => {
    // Every data point with every noise and every direction.
    const rows = dataPoints.flatMap((x) =>
      noisePoints.flatMap((z) => noisePoints.map((v) => ({ x, z, v }))),
    );
    for (const epsilon of [1, 0.01]) {
      const graph = new ObjectiveGraph({
        objective: objective.finiteDifferenceDenoisingScoreMatching({ sigma, epsilon }),
        energy: quadratic,
        parameters: { L: [2, 2] },
        batchSize: rows.length,
        dimensions: 2,
      });
      const { loss, gradients } = graph.evaluate({
        data: rows.flatMap(({ x }) => x),
        noise: [rows.flatMap(({ z }) => z), rows.flatMap(({ v }) => v)],
        parameters: { L: full(L) },
      });
      near(loss, implicitLoss(L, blurred) + 1 / sigma ** 2);
      allNear([...gradients['L']!], full(plus(symmetrised(L, blurred), unit, -1)));
    }
  });

  test('the sign trap: denoising digs a well where the data are, never a hill', () => {
    // With the target's sign turned, the slope at L = 0 would be +I and the descent would run off.
    const spec = objective.denoisingScoreMatching({ sigma });
    allNear(mean(spec, [0, 0, 0], noisePoints).gradient, [-1, 0, 0, -1]);
    allNear(mean(objective.implicitScoreMatching(), [0, 0, 0]).gradient, [-1, 0, 0, -1]);
    let found: Symmetric = [0, 0, 0];
    // Each eigenvalue's error shrinks by 1 - 0.4 λ(S + σ²I) a step, λ ≥ 0.96: to 0.62⁶⁰ < 1e-12.
    for (let step = 0; step < 60; step++) {
      const [a, b, , c] = mean(spec, found, noisePoints).gradient as [
        number,
        number,
        number,
        number,
      ];
      found = plus(found, [a, b, c], -0.4);
    }
    allNear(found, inverse(blurred));
  });

  test('with ±1 directions and a diagonal Hessian, the sliced trace has no variance', () => {
    const diagonal: Symmetric = [0.9, 0, 1.3];
    const spec = objective.slicedScoreMatching({ directions: 'rademacher' });
    const expected = implicitLoss(diagonal, S);
    for (const v of signs) near(mean(spec, diagonal, [v]).loss, expected);
  });
});

/** Losses of one-dimensional energies whose derivatives are no polynomials of second degree. */
function oneDimensional(
  spec: ObjectiveSpec,
  energy: Energy['energy'],
  point: {
    readonly x: readonly number[];
    readonly theta: number;
    readonly noise?: readonly number[][];
  },
) {
  const graph = new ObjectiveGraph({
    objective: spec,
    energy,
    parameters: { theta: [] },
    batchSize: point.x.length,
    dimensions: 1,
  });
  const { loss, gradients } = graph.evaluate({
    data: point.x,
    parameters: { theta: [point.theta] },
    ...(point.noise ? { noise: point.noise } : {}),
  });
  return { loss, gradient: gradients['theta']![0]! };
}

const quartic: Energy['energy'] = ({ theta }, x) =>
  tf.mul(tf.sum(tf.square(tf.square(x)), 1), tf.mul(theta!, 0.25));
const parabola: Energy['energy'] = ({ theta }, x) =>
  tf.mul(tf.sum(tf.square(x), 1), tf.mul(theta!, 0.5));

test('finite differences: halving ε quarters the error where the energy is no parabola', () => {
  const x = [-1.5, 0.3, 1.1];
  const theta = 0.7;
  const exact = oneDimensional(objective.implicitScoreMatching(), quartic, { x, theta }).loss;
  const error = (epsilon: number) =>
    oneDimensional(objective.finiteDifferenceSlicedScoreMatching({ epsilon }), quartic, {
      x,
      theta,
      noise: [[1, 1, 1]],
    }).loss - exact;
  // For the quartic the error is a ε² + b ε⁴ with b/a under 1: within a percent of 4 at ε = 0.1.
  near(error(0.1) / error(0.05), 4, 0.04);
  assert.ok(Math.abs(error(0.1)) > 1e-3);

  const z = [0.5, -1, 0.2];
  const direct = oneDimensional(objective.denoisingScoreMatching({ sigma }), quartic, {
    x,
    theta,
    noise: [z],
  }).loss;
  const denoisingError = (epsilon: number) =>
    oneDimensional(objective.finiteDifferenceDenoisingScoreMatching({ sigma, epsilon }), quartic, {
      x,
      theta,
      noise: [z, [1, 1, 1]],
    }).loss - direct;
  near(denoisingError(0.1) / denoisingError(0.05), 4, 0.04);
});

test('denoising and implicit loss on blurred data differ by a constant', () => {
  const centers = [-1, 0.4];
  // The trapezoid rule on a smooth function that falls to zero: exact to 1e-12 with this step.
  const step = 0.2;
  const nodes = Array.from({ length: 81 }, (_, i) => (i - 40) * step);
  const weight = (z: number) => (step * Math.exp(-(z * z) / 2)) / Math.sqrt(2 * Math.PI);
  const difference = (theta: number) => {
    let sum = 0;
    for (const center of centers) {
      for (const z of nodes) {
        const x = [center];
        const noisy = [center + sigma * z];
        const denoising = oneDimensional(objective.denoisingScoreMatching({ sigma }), quartic, {
          x,
          theta,
          noise: [[z]],
        });
        const implicitly = oneDimensional(objective.implicitScoreMatching(), quartic, {
          x: noisy,
          theta,
        });
        sum += (weight(z) * (denoising.loss - implicitly.loss)) / centers.length;
      }
    }
    return sum;
  };
  for (const theta of [0.3, 1.1]) near(difference(theta), 1 / (2 * sigma ** 2));
});

test('one short Langevin step of contrastive divergence is score matching', () => {
  const variance = 2;
  const theta = 0.9;
  // Two points and two draws, each with the moments that the loss sees; crossed.
  const x = [1, 1, -1, -1].map((sign) => sign * Math.sqrt(variance));
  const z = [1, -1, 1, -1];
  const slope = oneDimensional(objective.implicitScoreMatching(), parabola, { x, theta }).gradient;
  near(slope, theta * variance - 1);
  for (const [stepSize, expected] of [
    [0.5, 0.69875],
    [0.2, 0.7838],
    [0.05, 0.7989875],
  ] as const) {
    const contrastive = objective.contrastiveDivergence({
      sampler: sampler.langevin({ steps: 1, stepSize }),
    });
    const { gradient } = oneDimensional(contrastive, parabola, { x, theta, noise: [z] });
    near(gradient / (stepSize ** 2 / 2), expected);
    // It is off by ε²θ²s²/4.
    near(slope - expected, (stepSize ** 2 * theta ** 2 * variance) / 4);
  }
});

test('score matching of non-negative data finds the rate of an exponential law, which the plain form misses', () => {
  // E = θx, so s = -θ and the loss is θ²x²/2 - 2θx: with E[x] = 1/λ and E[x²] = 2/λ² it is
  // (θ/λ)² - 2θ/λ, least at θ = λ.
  const rate = 1.7;
  const linear: Energy['energy'] = ({ theta }, x) => tf.mul(tf.sum(x, 1), theta!);
  // Two equally likely points with these two moments.
  const x = [0, 2 / rate];
  const spec = objective.nonNegativeScoreMatching();
  near(oneDimensional(spec, linear, { x, theta: 0.6 }).loss, (0.6 / rate) ** 2 - 1.2 / rate);
  near(oneDimensional(spec, linear, { x, theta: rate }).gradient, 0);
  near(oneDimensional(spec, linear, { x, theta: rate }).loss, -1);
  // The density jumps at zero, where the integration by parts of the plain form breaks off.
  near(
    oneDimensional(objective.implicitScoreMatching(), linear, { x, theta: rate }).gradient,
    rate,
  );
});

test('score matching of non-negative data finds the precision of a half-normal law', () => {
  // E = θx²/2: s = -θx and the loss is θ²x⁴/2 - 3θx². With E[x²] = s² and E[x⁴] = 3s⁴, θ = 1/s².
  const s2 = 0.8;
  // Six points: x² = 0 twice in three has these moments.
  const x = [0, 0, 0, 0, Math.sqrt(3 * s2), Math.sqrt(3 * s2)];
  const { gradient } = oneDimensional(objective.nonNegativeScoreMatching(), parabola, {
    x,
    theta: 1 / s2,
  });
  near(gradient, 0);
});
