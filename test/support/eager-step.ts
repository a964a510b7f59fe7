import { Batches } from '../../trainer-worker/data/batches';
import type { Bounds } from '../../trainer-worker/data/bounds';
import { type EnergySpec, energyMethod } from '../../trainer-worker/energies';
import { type ObjectiveSpec, objectiveMethod } from '../../trainer-worker/objectives';
import type { OptimizerSpec } from '../../trainer-worker/optimizers';
import { parameterUpdate } from '../../trainer-worker/optimizers/parameter-update';
import { EagerStep } from '../../trainer-worker/training/eager-step';
import { initialParameters } from '../../trainer-worker/training/parameters';
import type { Checkpoint, NamedTensor } from '../../trainer-worker/training/run-observer';
import { startTensorBackend } from '../../trainer-worker/training/tensor-backend';

interface StepOptions {
  readonly energy: EnergySpec;
  readonly objective: ObjectiveSpec;
  readonly optimizer: OptimizerSpec;
  /** `[n, D]`. */
  readonly rows: Float32Array;
  readonly bounds: Bounds;
  readonly batchSize: number;
  readonly seed?: number;
  readonly previewChainSteps?: number;
  readonly saved?: Checkpoint;
}

/** A training step without an experiment file around it. */
export async function eagerStep(options: StepOptions): Promise<EagerStep> {
  await startTensorBackend();
  const { bounds, seed = 0, saved } = options;
  const dimensions = bounds.length;
  const origin = { files: [] };
  const energy = energyMethod(options.energy).build(options.energy, dimensions);
  const tensors = saved && new Map(saved.tensors.map(({ name, data }) => [name, data]));
  return new EagerStep({
    energy,
    origin,
    objective: objectiveMethod(options.objective).build(options.objective, {
      seed,
      bounds,
      ...(tensors ? { saved: tensors } : {}),
    }),
    update: parameterUpdate(options.optimizer),
    batches: new Batches(options.rows, dimensions, options.batchSize, seed),
    dimensions,
    seed,
    previewChainSteps: options.previewChainSteps ?? 0,
    parameters: initialParameters(energy, seed, origin),
    ...(saved ? { saved } : {}),
  });
}

/** The tensor called `name` of a checkpoint. */
export function tensorOf({ tensors }: Checkpoint, name: string): NamedTensor {
  const found = tensors.find((tensor) => tensor.name === name);
  if (found === undefined) throw new Error(`The checkpoint has no ${name}.`);
  return found;
}
