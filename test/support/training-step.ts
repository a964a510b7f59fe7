import * as tf from '@tensorflow/tfjs';
import { chooseBackend } from '../../trainer-worker/compiler/backends/choose';
import type { NamedTensor } from '../../trainer-worker/compiler/graph/named-tensor';
import { readyNoise } from '../../trainer-worker/methods/noise-distributions/ready-noise';
import { objectiveMethod } from '../../trainer-worker/methods/objectives';
import { type SamplerSpec, samplers } from '../../trainer-worker/methods/samplers';
import {
  compileTraining,
  type TrainingDefinition,
} from '../../trainer-worker/trainer/training/compile-training';
import type { CompiledStep } from '../../trainer-worker/trainer/training/compiled-step';
import type { Checkpoint } from '../../trainer-worker/trainer/training/run-observer';

interface StepOptions extends Omit<TrainingDefinition, 'origin' | 'seed' | 'preview'> {
  readonly seed?: number;
  /** The user's files, for where problems lie. */
  readonly files?: readonly string[];
  /** Shown chains; 16 where absent. */
  readonly samples?: number;
  /** How far a preview moves them; 0 where absent. */
  readonly chainSteps?: number;
  /** What moves them; Langevin where absent. */
  readonly shownSampler?: SamplerSpec;
}

/** A training step without an experiment file around it. */
export async function trainingStep({
  seed = 0,
  files = [],
  samples = 16,
  chainSteps = 0,
  shownSampler = samplers.langevin.create(),
  ...rest
}: StepOptions): Promise<CompiledStep> {
  await tf.setBackend('cpu');
  const choice = objectiveMethod(rest.objective).noise?.(rest.objective);
  const noise =
    rest.noise ?? (choice && (await readyNoise(choice, { ...rest, seed, directory: '.' })));
  const compiled = compileTraining({
    ...rest,
    ...(noise ? { noise } : {}),
    origin: { files },
    seed,
    preview: { samples, chainSteps, sampler: shownSampler },
  });
  return compiled.start(await chooseBackend({ ...compiled, wanted: 'onnx-cpu' }));
}

/** The tensor called `name` of a checkpoint. */
export function tensorOf({ tensors }: Checkpoint, name: string): NamedTensor {
  const found = tensors.find((tensor) => tensor.name === name);
  if (found === undefined) throw new Error(`The checkpoint has no ${name}.`);
  return found;
}
