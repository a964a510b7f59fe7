/**
 * What a training step computes, counted in products, against what its algorithm needs: so many values,
 * scores and gradients of the energy at so many batches of points. What each of these costs is known in
 * closed form for a network of dense layers, and compiled alone for every other energy.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy, objective, optimizer, sampler } from 'ebm-lab';
import { ledgerOf } from '../../trainer-worker/compiler/graph/ledger';
import type { Program } from '../../trainer-worker/compiler/graph/program';
import { splitBatches } from '../../trainer-worker/compiler/passes/split-batches';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { shardProgram } from '../../trainer-worker/compiler/shard/shard';
import { compileProgram } from '../../trainer-worker/compiler/trace/compile-program';
import type { Bounds } from '../../trainer-worker/methods/data/bounds';
import type { Domain } from '../../trainer-worker/methods/data/domain';
import { buildEnergy, type EnergySpec, energyMethod } from '../../trainer-worker/methods/energies';
import type { Model } from '../../trainer-worker/methods/energies/model';
import { readyNoise } from '../../trainer-worker/methods/noise-distributions/ready-noise';
import {
  type ObjectiveSpec,
  objectiveMethod,
  type objectives,
} from '../../trainer-worker/methods/objectives';
import {
  axisCurvatures,
  projectedCurvature,
} from '../../trainer-worker/methods/objectives/projected-curvature';
import { type SamplerSpec, samplerMethod, samplers } from '../../trainer-worker/methods/samplers';
import type { ExperimentSpec } from '../../trainer-worker/trainer/experiment/experiment';
import { loadExperiment } from '../../trainer-worker/trainer/experiment/load';
import type { LoadedExperiment } from '../../trainer-worker/trainer/experiment/loaded-experiment';
import { compileTraining } from '../../trainer-worker/trainer/training/compile-training';
import {
  chainPrograms,
  type ModelDefinition,
  modelWith,
  parameterName,
  parametersIn,
} from '../../trainer-worker/trainer/training/model-programs';
import { initialParameters } from '../../trainer-worker/trainer/training/parameters';
import { prepareTraining } from '../../trainer-worker/trainer/training/prepare';

/** What an algorithm needs of an energy, at a batch of points each time. */
type Part =
  | 'value'
  /** All numbers drawn anew in blocks, where the energy knows how. */
  | 'sweep'
  /** With the value, which costs next to nothing beside it. */
  | 'score'
  /** The gradient of the mean energy in the parameters. */
  | 'learn'
  /** That of a function of the scores, and of the energies with them. */
  | 'learnScore'
  /** That of the score's slope along one direction, and of all before. */
  | 'learnCurvature';
type Needs = Readonly<Partial<Record<Part, number>>>;

/** How much more a step may compute. */
const tolerance = 0.02;

const batch = 32;
const width = 128;
const mlp = energy.mlp({ hidden: [width, width, width] });
const noisy = energy.noiseConditional({ hidden: [width, width, width] });

/** A model of an energy in so many dimensions, in place of a run's. */
function definitionOf(
  spec: EnergySpec,
  dimensions: number,
  domain: Domain,
  levels?: readonly number[],
): ModelDefinition {
  const built = buildEnergy(spec, dimensions, levels);
  const origin = { files: [] };
  const random = new Random(0, streams.parameters);
  return {
    energy: built,
    origin,
    dimensions,
    domain,
    ...(levels ? { levels } : {}),
    parameters: initialParameters((source) => built.init(source), random, origin),
    ...(built.condition === 'noise level' ? { shownNoiseLevel: 0.5 } : {}),
  };
}

/** Products of each part at one batch of `rows` points, compiled alone. */
function partsOf(definition: ModelDefinition, rows: number): Readonly<Record<Part, number>> {
  const { condition } = definition.energy;
  const flops = (
    what: (
      model: Model,
      x: tf.Tensor2D,
      given: tf.Tensor1D | undefined,
      weights: tf.Tensor1D,
    ) => tf.Tensor,
    learns: boolean,
  ) => {
    const specs = definition.parameters.map(
      ({ name, shape }) => [parameterName(name), { shape }] as const,
    );
    const program = compileProgram({
      inputs: {
        points: { shape: [rows, definition.dimensions] },
        weights: { shape: [rows] },
        condition: { shape: [rows] },
        ...Object.fromEntries(specs),
      },
      step(inputs) {
        const tensors = parametersIn(definition, inputs);
        const given =
          condition === 'noise level' ? (inputs['condition'] as tf.Tensor1D) : undefined;
        const result = (parameters: Readonly<Record<string, tf.Tensor>>) =>
          what(
            modelWith(definition, parameters),
            inputs['points'] as tf.Tensor2D,
            given,
            inputs['weights'] as tf.Tensor1D,
          );
        if (!learns) return { outputs: { result: result(tensors) } };
        const names = Object.keys(tensors);
        const gradients = tf.grads((...values: tf.Tensor[]) =>
          result(Object.fromEntries(names.map((name, index) => [name, values[index]!]))),
        )(Object.values(tensors));
        // With the value, which is told of: where it is linear, its gradient is known without it.
        return {
          outputs: {
            'the value': result(tensors),
            ...Object.fromEntries(names.map((name, index) => [name, gradients[index]!])),
          },
        };
      },
    });
    return ledgerOf(program).flops;
  };
  const sumOfSquares = (values: tf.Tensor) => tf.sum(tf.square(values));
  return {
    value: flops((model, x, given) => model.energy(x, given), false),
    sweep: definition.energy.sweep ? flops((model, x) => model.sweep!(x), false) : 0,
    score: flops((model, x, given) => model.score(x, given), false),
    // Rows with weights, as data and samples have: sums of rows alike would be no products.
    learn: flops(
      (model, x, given, weights) => tf.mean(tf.mul(model.energy(x, given), weights)),
      true,
    ),
    learnScore: flops((model, x, given) => sumOfSquares(model.score(x, given)), true),
    learnCurvature: flops((model, x, given) => {
      const { score, curvature } = projectedCurvature(model, x, tf.onesLike(x), given);
      return tf.add(sumOfSquares(score), tf.sum(curvature));
    }, true),
  };
}

function plus(...all: readonly Needs[]): Needs {
  const total: Partial<Record<Part, number>> = {};
  for (const needs of all) {
    for (const [part, count] of Object.entries(needs) as [Part, number][]) {
      total[part] = (total[part] ?? 0) + count;
    }
  }
  return total;
}

function products(needs: Needs, parts: Readonly<Record<Part, number>>): number {
  return (Object.entries(needs) as [Part, number][]).reduce(
    (sum, [part, count]) => sum + count * parts[part],
    0,
  );
}

function assertNeeded(found: number, needed: number) {
  const ratio = found / needed;
  assert.ok(Math.abs(ratio - 1) < tolerance, `${(100 * ratio).toFixed(1)} % of what is needed`);
}

/** Methods of the user's own compute what they like. */
type BuiltIn<Table> = Exclude<keyof Table, 'custom'>;

type Options<
  Table extends Record<string, { create: unknown }>,
  Name extends keyof Table,
> = Table[Name]['create'] extends (...given: never[]) => infer Spec ? Spec : never;

/** What chains need for all their iterations. The first evaluation of those that carry theirs counts. */
const ofSampler: {
  readonly [Name in BuiltIn<typeof samplers>]: (spec: Options<typeof samplers, Name>) => Needs;
} = {
  langevin: ({ steps }) => ({ score: steps }),
  preconditionedLangevin: ({ steps }) => ({ score: steps }),
  annealedLangevin: ({ steps }) => ({ score: steps }),
  underdampedLangevin: ({ steps }) => ({ score: steps + 1 }),
  metropolisAdjustedLangevin: ({ steps }) => ({ score: steps + 1 }),
  hamiltonian: ({ steps, leapfrogSteps }) => ({ score: steps * leapfrogSteps + 1 }),
  // The start of a trajectory, of 2^depth points, is evaluated again.
  noUTurn: ({ steps, depth }) => ({ score: steps * 2 ** depth }),
  parallelTempering: ({ steps, temperatures }) => ({ score: (steps + 1) * temperatures }),
  temperedTransitions: ({ steps, temperatures, movesAtEach }) => ({
    score: 1 + steps * movesAtEach * (1 + 2 * (temperatures - 1)),
  }),
  gibbs: ({ steps, scan }) => (scan === 'sweep' ? { sweep: steps } : { value: steps + 1 }),
  gibbsWithGradients: ({ steps }) => ({ score: steps + 1 }),
  reverseSde: ({ steps }) => ({ score: steps }),
  predictorCorrector: ({ steps, corrections }) => ({ score: steps * (1 + corrections) }),
  probabilityFlow: ({ steps }) => ({ score: 2 * steps }),
};

function needsOfSampler(spec: SamplerSpec): Needs {
  return (ofSampler as Record<string, (given: never) => Needs>)[spec.type]!(spec as never);
}

/** Energies and their gradient at the data and at the ends of chains. */
const contrast = ({ sampler: moves }: { readonly sampler: SamplerSpec }) =>
  plus({ learn: 2 }, needsOfSampler(moves));
/** Each further axis takes what one more direction does, without the score. */
const everyAxis = (dimensions: number): Needs => ({
  learnCurvature: dimensions,
  learnScore: 1 - dimensions,
});
/** Of points whose energies are learned, where these attract or repel: the way back alone. */
const slopeToo: Needs = { score: 1, value: -1 };

/** What a step of each objective needs of the energy. */
const ofObjective: {
  readonly [Name in BuiltIn<typeof objectives>]: (
    spec: Options<typeof objectives, Name>,
    dimensions: number,
  ) => Needs;
} = {
  contrastiveDivergence: contrast,
  persistentContrastiveDivergence: contrast,
  shortRun: contrast,
  fEbm: contrast,
  // Data with and without their label are one pass.
  jem: contrast,
  explicitScoreMatching: () => ({ learnScore: 1 }),
  implicitScoreMatching: (_, dimensions) => everyAxis(dimensions),
  minimumVelocity: (_, dimensions) => everyAxis(dimensions),
  nonNegativeScoreMatching: (_, dimensions) => everyAxis(dimensions),
  denoisingScoreMatching: ({ controlVariate }) => ({ learnScore: controlVariate ? 2 : 1 }),
  slicedScoreMatching: ({ projections }) => ({ learnCurvature: projections }),
  finiteDifferenceSlicedScoreMatching: () => ({ learn: 3 }),
  finiteDifferenceDenoisingScoreMatching: () => ({ learn: 2 }),
  ratioMatching: (_, dimensions) => ({ learn: 1 + dimensions }),
  pseudoLikelihood: (_, dimensions) => ({ learn: 1 + dimensions }),
  minimumProbabilityFlow: (_, dimensions) => ({ learn: 1 + dimensions }),
  concreteScoreMatching: (_, dimensions) => ({ learn: 1 + dimensions }),
  klContraction: ({ blockSize }, dimensions) => ({ learn: 1 + dimensions * 2 ** blockSize }),
  // The last move of the chains is differentiated, and then the energy where it leads.
  improvedContrastiveDivergence: ({ sampler: moves }) =>
    plus({ learn: 2, score: moves.steps - 1, learnScore: 1 }, slopeToo),
  unbiasedContrastiveDivergence: ({ minimumSteps, maximumSteps }) => ({
    learn: 2 + 2 * (maximumSteps - minimumSteps),
    score: 2 + 2 * maximumSteps,
  }),
  meanFieldContrastiveDivergence: ({ steps }) => ({ learn: 2, score: steps }),
  multiGridContrastiveDivergence: contrast,
  noiseContrastiveEstimation: ({ noiseRatio }) => ({ learn: 1 + noiseRatio }),
  rankingNoiseContrastiveEstimation: ({ noiseRatio }) => ({ learn: 1 + noiseRatio }),
  conditionalNoiseContrastiveEstimation: ({ noiseRatio }) => ({ learn: 1 + noiseRatio }),
  shiftedNoiseContrastiveEstimation: () => ({ learn: 3 }),
  energyDiscrepancy: ({ samples }) => ({ learn: 1 + samples }),
  kernelSteinDiscrepancy: () => ({ learnScore: 1 }),
  learnedSteinDiscrepancy: () => ({ learnScore: 1 }),
  flowContrastiveEstimation: () => plus({ learn: 2 }, slopeToo),
  vera: ({ gradientPenalty }) =>
    plus(gradientPenalty > 0 ? { learnScore: 1, learn: 1 } : { learn: 2 }, slopeToo),
  multiNoiseScoreMatching: ({ antithetic }) => ({ learnScore: antithetic ? 2 : 1 }),
  sdeScoreMatching: ({ antithetic }) => ({ learnScore: antithetic ? 2 : 1 }),
  diffusionRecoveryLikelihood: ({ steps }) => ({ learn: 2, score: steps + 1 }),
};

function needsOfObjective(spec: ObjectiveSpec, dimensions: number): Needs {
  const needs = (ofObjective as Record<string, (given: never, dimensions: number) => Needs>)[
    spec.type
  ]!;
  return needs(spec as never, dimensions);
}

interface Case {
  readonly spec: ObjectiveSpec;
  readonly energy?: EnergySpec;
  readonly domain?: Domain;
  readonly dimensions?: number;
  readonly labelled?: boolean;
}

async function stepOf(given: Case): Promise<Program> {
  const { spec, energy: of = mlp, domain = 'real', dimensions = 2, labelled } = given;
  const numbers: Readonly<Record<Domain, (i: number) => number>> = {
    real: Math.sin,
    nonnegative: (i) => Math.abs(Math.sin(i)),
    binary: (i) => (i >> (i % dimensions)) % 2,
    // Of one category.
    categorical: (i) => Number(i % dimensions === 0),
  };
  const count = 2 * batch;
  const rows = Float32Array.from({ length: count * dimensions }, (_, i) => numbers[domain](i));
  const bounds = Array.from({ length: dimensions }, () => [-3, 3]) as unknown as Bounds;
  const run = { rows, domain, bounds, seed: 0 };
  const choice = objectiveMethod(spec).noise?.(spec);
  const noise = choice && (await readyNoise(choice, { ...run, directory: '.' }));
  return compileTraining({
    ...run,
    energy: of,
    origin: { files: [] },
    objective: spec,
    optimizer: optimizer.adam(),
    ...(noise ? { noise } : {}),
    batchSize: batch,
    ...(labelled
      ? {
          labels: {
            classes: ['a', 'b'],
            training: Float32Array.from({ length: count }, (_, i) => i % 2),
          },
        }
      : {}),
    preview: {
      samples: 1,
      chainSteps: 0,
      sampler: domain === 'binary' ? sampler.gibbs() : sampler.langevin(),
    },
  }).program;
}

const flopsOf = (program: Program, iterations?: number) => ledgerOf(program, iterations).flops;

/** An energy that costs next to nothing: what is left of a step is its objective's own. */
const light = energy.quadratic();

/** Whether an objective trains networks beside the energy. */
function hasNetworks({ type }: ObjectiveSpec): boolean {
  const owners: readonly ObjectiveSpec['type'][] = [
    'learnedSteinDiscrepancy',
    'flowContrastiveEstimation',
    'fEbm',
    'vera',
  ];
  return owners.includes(type);
}

/** Samplers that go through noise levels. */
const levelled = new Set<string>([
  'annealedLangevin',
  'reverseSde',
  'predictorCorrector',
  'probabilityFlow',
] satisfies (keyof typeof samplers)[]);

/** Every sampler at its defaults, with an energy that it suits. */
const everySampler = (Object.keys(ofSampler) as BuiltIn<typeof samplers>[]).map((name) => {
  const spec = samplers[name].create() as SamplerSpec;
  const { domains = ['real'] } = samplerMethod(spec);
  return { name, spec, domain: domains[0]!, of: levelled.has(name) ? noisy : mlp };
});

before(() => tf.setBackend('cpu'));

test('parts of a network of dense layers cost what is known of them', () => {
  const parts = partsOf(definitionOf(mlp, 2, 'real'), batch);
  const forward = 2 * batch * (2 * width + 2 * width * width + width);
  // Forward and back; the parameters as well; twice that of the pass that is differentiated. The first
  // layer, a sixty-fourth of the products, has no slope where none is asked for, and the last a column.
  const known: Readonly<Record<Exclude<Part, 'sweep'>, number>> = {
    value: 1,
    score: 2,
    learn: 3,
    learnScore: 6,
    learnCurvature: 12,
  };
  for (const [part, passes] of Object.entries(known) as [keyof typeof known, number][]) {
    assertNeeded(parts[part], passes * forward);
  }
});

test('every further axis costs six passes', () => {
  const definition = definitionOf(mlp, 3, 'real');
  const specs = definition.parameters.map(({ name, shape }) => [parameterName(name), { shape }]);
  const program = compileProgram({
    inputs: { points: { shape: [batch, 3] }, ...Object.fromEntries(specs) },
    step(inputs) {
      const model = modelWith(definition, parametersIn(definition, inputs));
      return { outputs: { ...axisCurvatures(model, inputs['points'] as tf.Tensor2D) } };
    },
  });
  const parts = partsOf(definition, batch);
  // The score, and for each axis back through both of its passes.
  assertNeeded(flopsOf(program), (2 + 3 * 2) * parts.value);
});

describe('chains compute what they need', () => {
  for (const { name, spec, domain, of } of everySampler) {
    test(name, () => {
      const definition = definitionOf(of, 2, domain);
      const programs = chainPrograms(definition, samplerMethod(spec).build(spec), batch);
      const begun = programs.begin ? flopsOf(programs.begin) : 0;
      const found = begun + flopsOf(programs.advance, spec.steps);
      // At one level, as they are shown: what depends on that alone is computed once.
      const parts = partsOf(definition, batch);
      assertNeeded(found, products(needsOfSampler(spec), parts));
    });
  }
});

const langevin = sampler.langevin({ steps: 5 });
const small = { hidden: [2] };
const cases: { readonly [Name in BuiltIn<typeof objectives>]: Case } = {
  contrastiveDivergence: { spec: objective.contrastiveDivergence({ sampler: langevin }) },
  persistentContrastiveDivergence: {
    spec: objective.persistentContrastiveDivergence({ sampler: langevin }),
  },
  explicitScoreMatching: { spec: objective.explicitScoreMatching({ score: tf.neg }) },
  implicitScoreMatching: { spec: objective.implicitScoreMatching() },
  denoisingScoreMatching: { spec: objective.denoisingScoreMatching() },
  slicedScoreMatching: { spec: objective.slicedScoreMatching() },
  finiteDifferenceSlicedScoreMatching: {
    spec: objective.finiteDifferenceSlicedScoreMatching(),
  },
  finiteDifferenceDenoisingScoreMatching: {
    spec: objective.finiteDifferenceDenoisingScoreMatching(),
  },
  nonNegativeScoreMatching: {
    spec: objective.nonNegativeScoreMatching(),
    domain: 'nonnegative',
  },
  ratioMatching: { spec: objective.ratioMatching(), domain: 'binary', dimensions: 4 },
  shortRun: { spec: objective.shortRun({ sampler: langevin }) },
  improvedContrastiveDivergence: {
    spec: objective.improvedContrastiveDivergence({ sampler: langevin }),
  },
  unbiasedContrastiveDivergence: { spec: objective.unbiasedContrastiveDivergence() },
  meanFieldContrastiveDivergence: { spec: objective.meanFieldContrastiveDivergence() },
  multiGridContrastiveDivergence: {
    spec: objective.multiGridContrastiveDivergence({
      sampler: langevin,
      shape: [4, 4, 1],
      coarser: [{ size: [1, 1], energy: energy.mlp({ hidden: [1] }) }],
    }),
    dimensions: 16,
  },
  noiseContrastiveEstimation: {
    spec: objective.noiseContrastiveEstimation({ noiseRatio: 2 }),
  },
  rankingNoiseContrastiveEstimation: {
    spec: objective.rankingNoiseContrastiveEstimation({ noiseRatio: 3 }),
  },
  conditionalNoiseContrastiveEstimation: {
    spec: objective.conditionalNoiseContrastiveEstimation(),
  },
  shiftedNoiseContrastiveEstimation: { spec: objective.shiftedNoiseContrastiveEstimation() },
  energyDiscrepancy: { spec: objective.energyDiscrepancy() },
  pseudoLikelihood: { spec: objective.pseudoLikelihood(), domain: 'binary', dimensions: 4 },
  minimumProbabilityFlow: {
    spec: objective.minimumProbabilityFlow(),
    domain: 'binary',
    dimensions: 4,
  },
  concreteScoreMatching: {
    spec: objective.concreteScoreMatching(),
    domain: 'binary',
    dimensions: 4,
  },
  klContraction: { spec: objective.klContraction(), domain: 'binary', dimensions: 4 },
  minimumVelocity: { spec: objective.minimumVelocity() },
  kernelSteinDiscrepancy: { spec: objective.kernelSteinDiscrepancy() },
  learnedSteinDiscrepancy: { spec: objective.learnedSteinDiscrepancy(small) },
  jem: {
    spec: objective.jem({ sampler: langevin }),
    energy: energy.classifier({ classes: 2, hidden: [width, width, width] }),
    labelled: true,
  },
  flowContrastiveEstimation: {
    spec: objective.flowContrastiveEstimation({ flowLayers: 2, flowHidden: 2 }),
  },
  fEbm: { spec: objective.fEbm({ sampler: langevin, ...small }) },
  vera: { spec: objective.vera({ ...small, importanceSamples: 1 }) },
  multiNoiseScoreMatching: { spec: objective.multiNoiseScoreMatching(), energy: noisy },
  diffusionRecoveryLikelihood: {
    spec: objective.diffusionRecoveryLikelihood(),
    energy: noisy,
  },
  sdeScoreMatching: { spec: objective.sdeScoreMatching(), energy: noisy },
};

describe('steps compute what they need', () => {
  for (const [name, each] of Object.entries(cases)) {
    const { spec, energy: of = mlp, domain = 'real', dimensions = 2 } = each;
    test(name, async () => {
      const parts = partsOf(definitionOf(of, dimensions, domain), batch);
      const needed = products(needsOfObjective(spec, dimensions), parts);
      assertNeeded(
        flopsOf(await stepOf(each)),
        needed + (hasNetworks(spec) ? flopsOf(await stepOf({ ...each, energy: light })) : 0),
      );
    });
  }

  for (const { name, spec, domain } of everySampler.filter(({ of }) => of === mlp)) {
    test(`contrastive divergence by ${name}, from data and persistent`, async () => {
      const dimensions = domain === 'binary' ? 4 : 2;
      const parts = partsOf(definitionOf(mlp, dimensions, domain), batch);
      for (const method of [
        objective.contrastiveDivergence({ sampler: spec }),
        objective.persistentContrastiveDivergence({ sampler: spec }),
      ]) {
        const program = await stepOf({ spec: method, domain, dimensions });
        assertNeeded(flopsOf(program), products(needsOfObjective(method, dimensions), parts));
      }
    });
  }
});

describe('steps are shared out over threads', () => {
  /** How little of a step may be left to be computed once, where that is not next to nothing. */
  const left: Partial<Record<keyof typeof objectives, number>> = {
    // All pairs of samples.
    kernelSteinDiscrepancy: 0.75,
    improvedContrastiveDivergence: 0.25,
    // Its weights are of all samples of the batch.
    fEbm: 0.2,
  };
  for (const [name, each] of Object.entries(cases)) {
    test(name, async () => {
      const program = splitBatches(await stepOf(each), batch);
      const { rest } = shardProgram(program, batch, 2);
      const share = flopsOf(rest) / flopsOf(program);
      const bound = left[name as keyof typeof objectives] ?? 0.05;
      assert.ok(share <= bound, `${(100 * share).toFixed(1)} % is computed once`);
    });
  }
  for (const { name, spec, domain } of everySampler.filter(({ of }) => of === mlp)) {
    // Its metric is that of all chains.
    if (name === 'preconditionedLangevin') continue;
    test(`contrastive divergence by ${name}`, async () => {
      const dimensions = domain === 'binary' ? 4 : 2;
      const method = objective.contrastiveDivergence({ sampler: spec });
      const program = splitBatches(await stepOf({ spec: method, domain, dimensions }), batch);
      const { rest } = shardProgram(program, batch, 2);
      const share = flopsOf(rest) / flopsOf(program);
      assert.ok(share < 0.05, `${(100 * share).toFixed(1)} % is computed once`);
    });
  }
});

/** The step of an experiment, which is not run. */
async function prepared(loaded: LoadedExperiment) {
  const { program, description, createLoop } = await prepareTraining(loaded);
  const loop = createLoop([]);
  void loop.stop();
  await loop.run();
  const { dimensions, categories } = description.preview;
  const levels = categories?.map((category) => category.levels.length);
  return {
    program,
    dimensions: levels?.reduce((sum, count) => sum + count) ?? dimensions,
    levels,
  };
}

describe('examples compute what they need', () => {
  const folder = path.resolve('examples');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ebm.ts'))) {
    test(file, async (t) => {
      const loaded = await loadExperiment(path.join(folder, file), {});
      const { objective: spec, energy: of, batchSize }: ExperimentSpec = loaded.experiment;
      if (energyMethod(of).latentUnits !== undefined) {
        t.skip('data take a bound and samples their units: they are not of one cost');
        return;
      }
      const { program, dimensions, levels } = await prepared(loaded);
      const parts = partsOf(definitionOf(of, dimensions, 'real', levels), batchSize);
      const needed = products(needsOfObjective(spec, dimensions), parts);
      const lightened = { ...loaded, experiment: { ...loaded.experiment, energy: light } };
      const ofNetworks = hasNetworks(spec) ? flopsOf((await prepared(lightened)).program) : 0;
      assertNeeded(flopsOf(program), needed + ofNetworks);
    });
  }
});
