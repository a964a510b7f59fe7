import type { MetricInfo } from '../../protocol/run';
import type { Backend } from '../backends/backend';
import { Batches } from '../data/batches';
import type { Bounds } from '../data/bounds';
import { type EnergySpec, energyMethod } from '../energies';
import type { EnergyOrigin } from '../energies/energy-problem';
import type { Arrays } from '../graph/execution';
import type { Program } from '../graph/program';
import { type ObjectiveSpec, objectiveMethod } from '../objectives';
import type { OptimizerSpec } from '../optimizers';
import { parameterUpdate } from '../optimizers/parameter-update';
import { CompiledStep, feedsOf } from './compiled-step';
import {
  chainProgram,
  checkEnergy,
  energyProgram,
  type ModelDefinition,
  parameterName,
} from './model-programs';
import { initialParameters } from './parameters';
import type { Checkpoint, NamedTensor } from './run-observer';
import { compileStep } from './step-program';

/**
 * Numbers in the points of one evaluation of an energy: memory stays bounded, and little is computed
 * for nothing where the last evaluation is not full.
 */
const largestEvaluation = 2 ** 13;

/** What is trained, on which rows of data. */
export interface TrainingDefinition {
  readonly energy: EnergySpec;
  /** Where the energy comes from, for problems with it. */
  readonly origin: EnergyOrigin;
  readonly objective: ObjectiveSpec;
  readonly optimizer: OptimizerSpec;
  /** `[n, D]` training rows. */
  readonly rows: Float32Array;
  /** The window around them; its length is D. */
  readonly bounds: Bounds;
  readonly batchSize: number;
  readonly seed: number;
  /** Chains that are shown, and how far each preview moves them. */
  readonly preview: { readonly samples: number; readonly chainSteps: number };
  /** A checkpoint of the same training to go on from. */
  readonly saved?: Checkpoint;
}

/** A training whose programs are compiled and run nowhere yet. */
export interface CompiledTraining {
  /** The training step. */
  readonly program: Program;
  /** What the step reports. */
  readonly metrics: readonly MetricInfo[];
  /** What the user should know that does not keep it from training. */
  readonly warnings: readonly string[];
  /** What the first step is fed. */
  readonly feeds: Arrays;
  /** The step's state before it: parameters and optimizer. */
  readonly initial: Arrays;
  /** Hands the programs to a backend. To be called once: buffers of chains are the step's own. */
  start(backend: Backend): Promise<CompiledStep>;
}

/**
 * Compiles all that a training needs.
 *
 * @throws ProblemError of kind `experiment` that says what is wrong and where
 */
export function compileTraining(definition: TrainingDefinition): CompiledTraining {
  const { origin, bounds, batchSize, seed, preview, saved } = definition;
  const dimensions = bounds.length;
  const energy = energyMethod(definition.energy).build(definition.energy, dimensions);
  const parameters = initialParameters(energy, seed, origin);
  const model: ModelDefinition = { energy, origin, dimensions, parameters };
  const kept = saved && new Map(saved.tensors.map(({ name, data }) => [name, data]));
  const objective = objectiveMethod(definition.objective).build(definition.objective, {
    seed,
    batchSize,
    bounds,
    ...(kept ? { saved: kept } : {}),
  });
  const update = parameterUpdate(definition.optimizer);
  // First: what is wrong with an energy is told in its own terms.
  checkEnergy(model, batchSize);
  const energies = energyProgram(model, Math.max(1, Math.floor(largestEvaluation / dimensions)));
  const chains = chainProgram(model, objective.sampler, preview.samples);
  const step = compileStep(model, objective, update, batchSize);
  const initial = [
    ...parameters.map((tensor) => ({ ...tensor, name: parameterName(tensor.name) })),
    ...update.initialState(parameters),
  ].map((tensor): NamedTensor => ({ ...tensor, data: kept?.get(tensor.name) ?? tensor.data }));
  const batches = new Batches(definition.rows, dimensions, batchSize, seed);
  const completed = saved?.step ?? 0;
  return {
    program: step.program,
    metrics: step.metrics,
    warnings: step.warnings,
    feeds: feedsOf({ batches, objective }, completed + 1),
    initial: Object.fromEntries(initial.map(({ name, data }) => [name, data])),
    start: (backend) =>
      CompiledStep.start({
        step,
        energies,
        chains,
        backend,
        objective,
        batches,
        seed,
        previewChainSteps: preview.chainSteps,
        initial,
        parameters: parameters.map(({ name }) => name),
        completed,
      }),
  };
}
