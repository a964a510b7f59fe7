import { ProblemError } from '../../../protocol/problem';
import type { Arithmetic, MetricInfo } from '../../../protocol/run';
import type { Backend } from '../../compiler/backends/backend';
import type { NamedTensor } from '../../compiler/graph/named-tensor';
import type { Program } from '../../compiler/graph/program';
import { formatShape, sameShape } from '../../compiler/graph/shape';
import { Random, streams } from '../../compiler/random/random';
import type { Arrays } from '../../compiler/run/execution';
import { Batches } from '../../methods/data/batches';
import { type Bounds, uniformIn } from '../../methods/data/bounds';
import type { DataLabels } from '../../methods/data/dataset';
import type { Domain } from '../../methods/data/domain';
import { momentsOf } from '../../methods/data/moments';
import type { Rows } from '../../methods/data/rows';
import { isExactIn } from '../../methods/diagnostics/flow-log-density';
import { buildEnergy, type EnergySpec } from '../../methods/energies';
import type { Energy } from '../../methods/energies/energy-method';
import { type EnergyOrigin, wrongEnergy } from '../../methods/energies/energy-problem';
import type { ReadyNoise } from '../../methods/noise-distributions/ready-noise';
import { modelEvery, type ObjectiveSpec, objectiveMethod } from '../../methods/objectives';
import type { Objective, ObjectiveMethod } from '../../methods/objectives/objective-method';
import type { OptimizerSpec } from '../../methods/optimizers';
import { requireParametersMeant } from '../../methods/optimizers/parameter-groups';
import { parameterUpdate } from '../../methods/optimizers/parameter-update';
import { type SamplerSpec, samplerMethod } from '../../methods/samplers';
import { buildSde } from '../../methods/sdes';
import { CompiledStep, type CompiledStepOptions, feedsOf, shardsKey } from './compiled-step';
import { energyFault } from './energy-fault';
import type { Initialization } from './initialization';
import {
  annealedWay,
  annealingProgram,
  annealingSize,
  chainPrograms,
  checkEnergy,
  classProgram,
  energyProgram,
  flowProgram,
  type ModelDefinition,
  partitionProgram,
  scoreProgram,
  unitsProgram,
} from './model-programs';
import { initialParameters } from './parameters';
import type { Checkpoint } from './run-observer';
import { compileStep, initialState, ownName, type StepDefinition } from './step-program';

/**
 * Numbers in the points of one evaluation of an energy: memory stays bounded, and little is computed
 * for nothing where the last evaluation is not full.
 */
const largestEvaluation = 2 ** 13;

/** Iterations of recorded chains. */
const recordedDraws = 200;

/** Chains that are recorded: their noise lies in memory whole. */
function recordedChains(dimensions: number): number {
  return Math.max(4, Math.min(64, Math.floor(2 ** 20 / (recordedDraws * dimensions))));
}

/** Points that flow at once: each counts once for every direction that the divergence is taken along. */
function pointsOfFlow(dimensions: number): number {
  const directions = isExactIn(dimensions) ? dimensions : 1;
  return Math.max(1, Math.min(512, Math.floor(largestEvaluation / (dimensions * directions))));
}

/** What is trained, on which rows of data. */
export interface TrainingDefinition {
  readonly energy: EnergySpec;
  /** Where the energy comes from, for problems with it. */
  readonly origin: EnergyOrigin;
  readonly objective: ObjectiveSpec;
  readonly optimizer: OptimizerSpec;
  /** `[n, D]` training rows. */
  readonly rows: Rows;
  /** `[n]` numbers of these rows in their file, from 1, if they come from one. */
  readonly rowNumbers?: Uint32Array;
  /** Where their numbers lie. Default `'real'`. */
  readonly domain?: Domain;
  /** Of each category, of categorical data. */
  readonly levels?: readonly number[];
  /** The classes of the training rows, if they have any. */
  readonly labels?: Pick<DataLabels, 'classes' | 'training'>;
  /** The window around them; its length is D. */
  readonly bounds: Bounds;
  readonly batchSize: number;
  readonly seed: number;
  /** Which of equal expressions are computed; the newest where absent. */
  readonly arithmetic?: Arithmetic;
  /** Chains that are shown, and how far each preview moves them. */
  readonly preview: {
    readonly samples: number;
    readonly chainSteps: number;
    readonly sampler: SamplerSpec;
    /** `[count, D]` points that they start from; where absent those of the objective, or noise. */
    readonly starts?: (count: number) => Float32Array;
    /** Whether who hears of their end is told what the sampler tells. */
    readonly isTold?: boolean;
  };
  /** Whether the learning rate may be lowered while it trains. */
  readonly hasRateFactor?: boolean;
  /** A checkpoint of the same training to go on from. */
  readonly saved?: Checkpoint;
  /** What the objective's {@link ObjectiveMethod.noise} asked for, if it did. */
  readonly noise?: ReadyNoise;
  /** Where the initial parameters do not come from the seed. */
  readonly initialization?: Pick<Initialization, 'fill'>;
}

/** A training whose programs are compiled and run nowhere yet. */
export interface CompiledTraining {
  /** The training step. */
  readonly program: Program;
  /** What the step reports. */
  readonly metrics: readonly MetricInfo[];
  /** Parameters that the loss does not depend on, by their own names. */
  readonly unreached: readonly string[];
  /** What else the user should know that does not keep it from training. */
  readonly warnings: readonly string[];
  /** What the first step is fed. */
  readonly feeds: Arrays;
  /** The step's state before it: parameters and optimizer. */
  readonly initial: Arrays;
  /** The energy's parameters before it, by the names that it gave them. */
  readonly parameters: readonly NamedTensor[];
  /** Hands the programs to a backend. To be called once: buffers of chains are the step's own. */
  start(backend: Backend): Promise<CompiledStep>;
}

/** What the programs of a training are made of. */
export interface TrainingParts {
  readonly step: StepDefinition;
  readonly objective: Objective;
  readonly batches: Batches;
  /** The energy's parameters before the first step, by the names that it gave them. */
  readonly parameters: readonly NamedTensor[];
}

/**
 * Builds energy, objective and batches; compiles nothing.
 *
 * @throws ProblemError of kind `experiment` that says what is wrong and where
 */
export function trainingParts(definition: TrainingDefinition): TrainingParts {
  const { origin, bounds, batchSize, seed, saved, domain = 'real', levels, labels } = definition;
  const dimensions = bounds.length;
  const energy = buildEnergy(definition.energy, dimensions, levels);
  const drawn = initialParameters(
    (random) => energy.init(random),
    new Random(seed, streams.parameters),
    origin,
  );
  const parameters = definition.initialization?.fill(drawn) ?? drawn;
  const kept = saved && new Map(saved.tensors.map(({ name, data }) => [name, data]));
  const batches = new Batches(definition.rows, dimensions, batchSize, seed, labels?.training);
  const objective = objectiveMethod(definition.objective).build(definition.objective, {
    seed,
    batchSize,
    bounds,
    domain,
    ...(levels ? { levels } : {}),
    rows: definition.rows,
    files: origin.files,
    rowAt: (step, place) => batches.rowAt(step, place),
    ...(definition.noise ? { noise: definition.noise } : {}),
    ...(energy.latent ? { latentUnits: energy.latent.units } : {}),
    ...(kept ? { saved: kept } : {}),
  });
  const { shownNoiseLevel } = objective;
  requireSameConditions(energy, objective, definition);
  requireEnoughClasses(energy, definition);
  const model: ModelDefinition = {
    energy,
    origin,
    dimensions,
    domain,
    ...(levels ? { levels } : {}),
    parameters,
    ...(definition.arithmetic ? { arithmetic: definition.arithmetic } : {}),
    ...(shownNoiseLevel === undefined ? {} : { shownNoiseLevel }),
  };
  const ownParts = ownPart(objective, definition);
  requireParametersMeant(
    definition.optimizer,
    parameters.map(({ name }) => name),
    // A critic with an optimizer of its own has nothing of this one.
    objective.optimizer ? [] : (ownParts.own?.parameters.map(({ name }) => name) ?? []),
  );
  const step: StepDefinition = {
    model,
    objective,
    modelEvery: modelEvery(definition.objective),
    update: parameterUpdate(definition.optimizer),
    ...ownParts,
    batchSize,
    ...(saved?.metadata[shardsKey] ? { shards: Number(saved.metadata[shardsKey]) } : {}),
    hasLabels: labels !== undefined,
    specs: [definition.objective, definition.optimizer],
    hasRateFactor: definition.hasRateFactor ?? false,
  };
  return { step, objective, batches, parameters };
}

/**
 * Compiles all that a training needs.
 *
 * @throws ProblemError of kind `experiment` that says what is wrong and where
 */
export function compileTraining(definition: TrainingDefinition): CompiledTraining {
  const { bounds, batchSize, seed, preview, saved, domain = 'real', levels } = definition;
  const dimensions = bounds.length;
  const { step: parts, objective, batches, parameters } = trainingParts(definition);
  const { model } = parts;
  // First: what is wrong with an energy is told in its own terms.
  checkEnergy(model, batchSize);
  const perEvaluation = Math.max(1, Math.floor(largestEvaluation / dimensions));
  const energies = energyProgram(model, perEvaluation);
  const sampler = samplerMethod(preview.sampler).build(preview.sampler);
  const chains = {
    programs: chainPrograms(model, sampler, preview.samples, preview.isTold),
    recorded: () =>
      chainPrograms(model, sampler, Math.min(preview.samples, recordedChains(dimensions))),
    draws: recordedDraws,
    seed,
  };
  const step = compileStep(parts);
  const initial = initialState(parts).map(
    (tensor): NamedTensor => ({ ...tensor, data: savedData(tensor, definition) }),
  );
  const flow = objectiveMethod(definition.objective).flow?.(definition.objective);
  const completed = saved?.step ?? 0;
  return {
    program: step.program,
    metrics: step.metrics,
    unreached: step.unreached,
    warnings: step.warnings,
    feeds: feedsOf({ batches, objective }, completed + 1),
    initial: Object.fromEntries(initial.map(({ name, data }) => [name, data])),
    parameters,
    start: (backend) =>
      CompiledStep.start({
        step,
        detailedStep: () => compileStep(parts, true),
        energies,
        chains,
        fewEnergies: () => energyProgram(model, Math.ceil(perEvaluation / 16)),
        scores: () => scoreProgram(model, perEvaluation),
        flows() {
          if (flow === undefined) throw new Error('This objective has no probability flow.');
          const moments = momentsOf(definition.rows, dimensions);
          return flowProgram(model, buildSde(flow), moments, pointsOfFlow(dimensions));
        },
        classes() {
          const { classes, condition } = model.energy;
          if (classes === undefined || condition !== 'label') {
            throw new Error('This energy has no classes.');
          }
          return classProgram(model, classes, perEvaluation);
        },
        ...measuringOf(model, definition.rows),
        faultAt: (point, parameters) => energyFault(model, point, parameters),
        backend,
        objective,
        batches,
        ...(definition.rowNumbers ? { rowNumbers: definition.rowNumbers } : {}),
        seed,
        shownChains: (at, count) =>
          preview.starts?.(count) ??
          objective.shownChains?.(at, count) ??
          uniformIn(bounds, count, new Random(seed, streams.previewStarts), domain, levels),
        previewChainSteps: preview.chainSteps,
        initial,
        parameters: parameters.map(({ name }) => name),
        completed,
      }),
  };
}

/** Programs for what only some energies have: a known log Z, a path from independent numbers. */
function measuringOf(
  model: ModelDefinition,
  rows: Rows,
): Pick<CompiledStepOptions, 'partition' | 'annealing'> {
  const { logPartition } = model.energy;
  const way = annealedWay(model.energy);
  return {
    ...(logPartition ? { partition: () => partitionProgram(model, logPartition) } : {}),
    ...(way
      ? {
          annealing: {
            size: annealingSize(model),
            program: (direction) => {
              const { means } = momentsOf(rows, model.dimensions);
              return annealingProgram(model, means, way, direction, annealingSize(model));
            },
            ...(model.energy.latent
              ? { beside: () => unitsProgram(model, annealingSize(model).chains) }
              : {}),
          },
        }
      : {}),
  };
}

/**
 * The numbers of a tensor in the checkpoint, or its first ones where there is none.
 *
 * @throws ProblemError (`storage`) where the checkpoint has no such tensor
 */
function savedData({ name, shape, data }: NamedTensor, { saved }: TrainingDefinition) {
  if (saved === undefined) return data;
  const found = saved.tensors.find((tensor) => tensor.name === name);
  if (found !== undefined && sameShape(found.shape, shape)) return found.data;
  throw new ProblemError({
    kind: 'storage',
    message: `The checkpoint of step ${saved.step} has ${found ? `'${name}' of shape ${formatShape(found.shape)}` : `no '${name}'`}; this experiment needs ${formatShape(shape)}.`,
    remedy: 'Resume with the source and the settings that it was made with.',
  });
}

/**
 * @throws ProblemError (`experiment`) where only one of energy and objective knows of noise levels, or
 *   only the objective of labels
 */
function requireSameConditions(
  { condition }: Energy,
  { shownNoiseLevel, classifies = false }: Objective,
  { objective, origin }: TrainingDefinition,
): void {
  if (classifies && condition !== 'label') {
    throw wrongEnergy(
      `objective.${objective.type} teaches classes, but the energy does not depend on a label.`,
      'Use energy.classifier or energy.labelConditional.',
      origin,
    );
  }
  const takes = condition === 'noise level';
  const gives = shownNoiseLevel !== undefined;
  if (takes === gives) return;
  throw takes
    ? wrongEnergy(
        `The energy depends on a noise level, but objective.${objective.type} gives it none.`,
        'Use an objective of many noise levels, or an energy without a condition.',
        origin,
      )
    : wrongEnergy(
        `objective.${objective.type} trains at many noise levels, but the energy does not depend on one.`,
        "Use an energy with condition: 'noise level'.",
        origin,
      );
}

/** @throws ProblemError (`experiment`) where the data have more classes than the energy knows */
function requireEnoughClasses({ classes }: Energy, { labels, origin }: TrainingDefinition): void {
  if (classes === undefined || labels === undefined || labels.classes.length <= classes) return;
  throw wrongEnergy(
    `The energy knows ${classes} classes, but the data have ${labels.classes.length}.`,
    `Set classes: ${labels.classes.length} in the energy.`,
    origin,
  );
}

/** The objective's own parameters with what moves them, if it has any. */
function ownPart(
  objective: Objective,
  { seed, origin, optimizer }: TrainingDefinition,
): Pick<StepDefinition, 'own'> {
  const { init } = objective;
  if (init === undefined) return {};
  const random = new Random(seed, streams.objectiveParameters);
  const parameters = initialParameters((source) => init(source), random, origin).map((tensor) => ({
    ...tensor,
    name: ownName(tensor.name),
  }));
  return { own: { parameters, update: parameterUpdate(objective.optimizer ?? optimizer) } };
}
