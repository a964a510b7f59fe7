import { writeFile } from 'node:fs/promises';
import type { Program } from '../../trainer-worker/compiler/graph/program';
import {
  type Arrays,
  checkedFeed,
  type Feed,
  FeedBuilder,
  type NoiseKey,
} from '../../trainer-worker/compiler/run/execution';
import { loadExperiment } from '../../trainer-worker/trainer/experiment/load';
import type { CompiledTraining } from '../../trainer-worker/trainer/training/compile-training';
import { prepareTraining } from '../../trainer-worker/trainer/training/prepare';
import type { Checkpoint } from '../../trainer-worker/trainer/training/run-observer';

/** A training step that is about to be done, with all that goes into it. */
export interface RecordedStep {
  readonly program: Program;
  /** What it is fed: data, what the objective needs, its state and its noise. */
  readonly feeds: readonly Feed[];
  readonly inputs: Arrays;
  readonly state: Arrays;
  readonly key: NoiseKey;
}

/**
 * The first step of an experiment, or the one after a checkpoint of it.
 *
 * @param file the experiment's
 */
export async function recordedStep(file: string, saved?: Checkpoint): Promise<RecordedStep> {
  const loaded = await loadExperiment(file);
  let compiled: CompiledTraining | undefined;
  await prepareTraining(loaded, {
    backend: 'onnx-cpu',
    onCompiled: (made) => {
      compiled = made;
    },
    ...(saved ? { saved } : {}),
  });
  const { program, feeds: inputs, initial: state } = compiled!;
  const key = { seed: loaded.experiment.seed, step: (saved?.step ?? 0) + 1 };
  const feeds = [
    ...new FeedBuilder(program).build(inputs, key),
    ...program.state.map((node) => checkedFeed(node, state)),
  ];
  return { program, feeds, inputs, state, key };
}

type NamedValues = Pick<Feed, 'name' | 'shape' | 'values'>;

/** NumPy's names of the types of our arrays. */
const dtypes: Readonly<Record<string, string>> = {
  Float32Array: '<f4',
  Int32Array: '<i4',
  Uint8Array: '|b1',
};

/**
 * Writes tensors of several types for a script of test/python: their numbers one after the other in
 * `PATH.bin`, what they are in `PATH.json`.
 */
export async function writeTensors(to: string, tensors: readonly NamedValues[]): Promise<void> {
  const described = tensors.map(({ name, shape, values }) => ({
    name,
    shape,
    dtype: dtypes[values.constructor.name],
    bytes: values.byteLength,
  }));
  await writeFile(`${to}.json`, JSON.stringify(described));
  await writeFile(
    `${to}.bin`,
    Buffer.concat(
      tensors.map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength)),
    ),
  );
}
