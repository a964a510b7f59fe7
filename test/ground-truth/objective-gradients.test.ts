/**
 * The gradient of every objective in the parameters, through energies with every activation, against
 * symmetric differences of its loss. Both in float64 (`float64.ts`), so that the tolerance is
 * that of the differences alone.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy, noise, objective, sampler } from 'ebm-lab';
import type { Shape } from '../../trainer-worker/compiler/graph/shape';
import type { Domain } from '../../trainer-worker/methods/data/domain';
import { type Activation, activations } from '../../trainer-worker/methods/energies/activation';
import type { Energy } from '../../trainer-worker/methods/energies/energy-method';
import type { ObjectiveSpec, objectives } from '../../trainer-worker/methods/objectives';
import { numbersFrom } from '../graph-numbers';
import { ObjectiveGraph } from '../support/objective-graph';

interface Row {
  readonly spec: ObjectiveSpec;
  /** Where the numbers of its data may lie. Default `'real'`. */
  readonly domain?: Domain;
  /** Shapes of the objective's own parameters, where it has any. */
  readonly own?: Readonly<Record<string, Shape>>;
}

const langevin = sampler.langevin({ steps: 2, stepSize: 0.3 });

/** A row for every objective of the table that is built in; the compiler asks for those that are missing. */
const rows: Readonly<Record<Exclude<keyof typeof objectives, 'custom'>, Row | readonly Row[]>> = {
  contrastiveDivergence: {
    spec: objective.contrastiveDivergence({ sampler: langevin, energyPenalty: 0.1 }),
  },
  persistentContrastiveDivergence: {
    spec: objective.persistentContrastiveDivergence({ sampler: langevin, bufferSize: 8 }),
  },
  explicitScoreMatching: { spec: objective.explicitScoreMatching({ score: tf.neg }) },
  implicitScoreMatching: { spec: objective.implicitScoreMatching() },
  denoisingScoreMatching: [false, true].map((controlVariate) => ({
    spec: objective.denoisingScoreMatching({ sigma: 0.4, controlVariate }),
  })),
  slicedScoreMatching: [true, false].map((varianceReduction) => ({
    spec: objective.slicedScoreMatching({ projections: 2, varianceReduction }),
  })),
  finiteDifferenceSlicedScoreMatching: {
    spec: objective.finiteDifferenceSlicedScoreMatching({ epsilon: 0.3 }),
  },
  finiteDifferenceDenoisingScoreMatching: {
    spec: objective.finiteDifferenceDenoisingScoreMatching({ sigma: 0.4, epsilon: 0.3 }),
  },
  nonNegativeScoreMatching: {
    spec: objective.nonNegativeScoreMatching(),
    domain: 'nonnegative',
  },
  ratioMatching: { spec: objective.ratioMatching(), domain: 'binary' },
  improvedContrastiveDivergence: {
    spec: objective.improvedContrastiveDivergence({
      neighbour: 2,
      sampler: langevin,
      bufferSize: 8,
    }),
  },
  unbiasedContrastiveDivergence: {
    spec: objective.unbiasedContrastiveDivergence({ maximumSteps: 5 }),
  },
  meanFieldContrastiveDivergence: {
    spec: objective.meanFieldContrastiveDivergence(),
    domain: 'binary',
  },
  multiGridContrastiveDivergence: {
    spec: objective.multiGridContrastiveDivergence({
      sampler: langevin,
      shape: [1, 2, 1],
      coarser: [{ size: [1, 1], energy: energy.mlp({ hidden: [2] }) }],
    }),
    own: { 'grid 1/weight1': [1, 2], 'grid 1/bias1': [2], 'grid 1/weight2': [2, 1] },
  },
  noiseContrastiveEstimation: [
    {
      spec: objective.noiseContrastiveEstimation({ noiseRatio: 2 }),
      own: { 'log Z': [] },
    },
    { spec: objective.noiseContrastiveEstimation({ noise: 'uniform', selfNormalized: true }) },
    {
      spec: objective.noiseContrastiveEstimation({
        noise: noise.mixture({ of: [noise.laplace(), noise.studentT(), noise.gaussianMixture()] }),
        selfNormalized: true,
      }),
    },
  ],
  rankingNoiseContrastiveEstimation: [
    { spec: objective.rankingNoiseContrastiveEstimation({ noiseRatio: 3 }) },
    {
      spec: objective.rankingNoiseContrastiveEstimation({ noise: noise.bernoulli() }),
      domain: 'binary',
    },
  ],
  conditionalNoiseContrastiveEstimation: {
    spec: objective.conditionalNoiseContrastiveEstimation({ noiseRatio: 2 }),
  },
  shiftedNoiseContrastiveEstimation: {
    spec: objective.shiftedNoiseContrastiveEstimation({ shift: 2 }),
  },
  energyDiscrepancy: [
    { spec: objective.energyDiscrepancy({ samples: 3 }) },
    { spec: objective.energyDiscrepancy({ samples: 3 }), domain: 'binary' },
  ],
  concreteScoreMatching: { spec: objective.concreteScoreMatching(), domain: 'binary' },
  pseudoLikelihood: { spec: objective.pseudoLikelihood(), domain: 'binary' },
  minimumProbabilityFlow: { spec: objective.minimumProbabilityFlow(), domain: 'binary' },
  klContraction: { spec: objective.klContraction(), domain: 'binary' },
  minimumVelocity: { spec: objective.minimumVelocity() },
  kernelSteinDiscrepancy: (['gaussian', 'inverseMultiquadric'] as const).map((kernel) => ({
    spec: objective.kernelSteinDiscrepancy({ kernel }),
  })),
  learnedSteinDiscrepancy: {
    spec: objective.learnedSteinDiscrepancy({ hidden: [2] }),
    own: {
      'critic/weight1': [2, 2],
      'critic/bias1': [2],
      'critic/weight2': [2, 2],
      'critic/bias2': [2],
    },
  },
  flowContrastiveEstimation: {
    spec: objective.flowContrastiveEstimation({ flowLayers: 2, flowHidden: 2 }),
    own: {
      'log Z': [],
      ...Object.fromEntries(
        [1, 2].flatMap((layer) => [
          [`flow/layer ${layer}/weight1`, [2, 2]],
          [`flow/layer ${layer}/bias1`, [2]],
          [`flow/layer ${layer}/weight2`, [2, 4]],
          [`flow/layer ${layer}/bias2`, [4]],
        ]),
      ),
    },
  },
  fEbm: (['kullbackLeibler', 'jensenShannon', 'pearson'] as const).map((divergence) => ({
    spec: objective.fEbm({ sampler: langevin, divergence, hidden: [2], bufferSize: 8 }),
    own: {
      'critic/weight1': [2, 2],
      'critic/bias1': [2],
      'critic/weight2': [2, 1],
      'critic/bias2': [1],
    },
  })),
  vera: {
    spec: objective.vera({ hidden: [2], latent: 2, importanceSamples: 3 }),
    own: {
      'generator/weight1': [2, 2],
      'generator/bias1': [2],
      'generator/weight2': [2, 2],
      'generator/bias2': [2],
      'noise width': [],
      'log proposal width': [],
    },
  },
  multiNoiseScoreMatching: { spec: objective.multiNoiseScoreMatching() },
  sdeScoreMatching: { spec: objective.sdeScoreMatching() },
  diffusionRecoveryLikelihood: { spec: objective.diffusionRecoveryLikelihood({ steps: 3 }) },
  jem: { spec: objective.jem({ sampler: langevin, bufferSize: 8 }) },
  shortRun: { spec: objective.shortRun({ sampler: langevin }) },
};

const batchSize = 3;
const dimensions = 2;
const hidden = 3;
const shapes = {
  weight1: [dimensions, hidden],
  bias1: [hidden],
  weight2: [hidden, hidden],
  bias2: [hidden],
  weight3: [hidden, 1],
} satisfies Record<string, Shape>;

/** A perceptron of two layers; what the noise level is, where there is one, scales its input. */
const network =
  (activation: Activation): Energy['energy'] =>
  (parameters, x, condition) => {
    const { apply } = activations[activation];
    const { weight1, bias1, weight2, bias2, weight3 } = parameters as Record<
      keyof typeof shapes,
      tf.Tensor
    >;
    const scaled = condition ? tf.div(x, tf.expandDims(tf.add(condition, 1), 1)) : x;
    const first = apply(tf.add(tf.matMul(scaled, weight1), bias1));
    const second = apply(tf.add(tf.matMul(first, weight2), bias2));
    return tf.squeeze(tf.matMul(second, weight3), [1]);
  };

/** Data of a domain, made of numbers in (-1, 1). */
function dataOf(domain: Row['domain'], numbers: Float64Array): Float64Array {
  if (domain === 'binary') return numbers.map((x) => (x < 0 ? 0 : 1));
  return domain === 'nonnegative' ? numbers.map((x) => x + 1) : numbers.map((x) => 1.5 * x);
}

for (const [name, given] of Object.entries(rows)) {
  describe(`gradients of ${name}`, () => {
    for (const activation of Object.keys(activations) as Activation[]) {
      test(activation, () => {
        for (const { spec, domain, own = {} } of [given].flat() as readonly Row[]) {
          const graph = new ObjectiveGraph({
            objective: spec,
            energy: network(activation),
            parameters: shapes,
            own,
            batchSize,
            dimensions,
            ...(domain ? { domain } : {}),
          });
          const random = numbersFrom(7);
          const point = {
            data: dataOf(domain, random([batchSize, dimensions])),
            parameters: Object.fromEntries(
              Object.entries<Shape>({ ...shapes, ...own }).map(([n, shape]) => [n, random(shape)]),
            ),
          };
          const { gradients } = graph.evaluate(point);
          let largest = 0;
          for (const [parameter, differences] of Object.entries(graph.differences(point))) {
            differences.forEach((slope, index) => {
              const actual = gradients[parameter]![index]!;
              // With h = 1e-4 the quotient errs by h² times a third derivative and 1e-16 / h.
              assert.ok(
                Math.abs(actual - slope) <= 1e-6 * (1 + Math.abs(slope)),
                `${parameter}[${index}]: ${actual}, not ${slope}`,
              );
              largest = Math.max(largest, Math.abs(slope));
            });
          }
          assert.ok(largest > 1e-3, 'There is no slope to compare.');
        }
      });
    }
  });
}
