import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Values } from '../graph/graph';
import { type PlainProgram, programOf } from '../graph/plain-program';
import type { DType, Shape } from '../graph/shape';
import type { Arrays, Feed } from '../run/execution';
import { nextName } from '../run/program-as-onnx';
import { createGraph } from '../trace/trace';
import type { LoadedBackend } from './backend';

/** A program and what to feed it, as it crosses to a child process. */
export interface TimingQuestion {
  /** ONNX bytes. */
  readonly model: Uint8Array;
  /** The same for backends that read no ONNX, with what one run of it is given. */
  readonly program: PlainProgram;
  readonly inputs: Arrays;
  readonly initial: Arrays;
  /** All that the ONNX graph is fed: inputs, state and noise of {@link timingKey}. */
  readonly feeds: readonly {
    readonly name: string;
    readonly dtype: DType;
    readonly shape: Shape;
    readonly values: Values;
  }[];
}

/** The noise of the run that is timed. */
export const timingKey = { seed: 0, step: 1 };

/** How a program ran on a backend, beside the CPU in turns. */
export interface Timing {
  /** Milliseconds of one run, the least of several. */
  readonly milliseconds: number;
  readonly cpuMilliseconds: number;
  /** How far the results are apart: the norm of the difference over the norm of the CPU's, the largest of all results. */
  readonly difference: number;
}

/** What a timing may take after its first run, in milliseconds, and how many runs are enough. */
const longEnough = 3_000;
const enoughRounds = 7;

/** The feed as it crosses to a child process. */
export function plainFeed({ node, name, shape, values }: Feed): TimingQuestion['feeds'][number] {
  return { name, dtype: node.dtype, shape, values };
}

/** One run of a program; the first gives the results by the names that ONNX has for them. */
type Run = () => Promise<Readonly<Record<string, Values>>>;

/**
 * Times a program on a backend against the CPU, taking turns.
 *
 * @param backend an execution provider of ONNX Runtime by its name, or another backend
 */
export async function timeProgram(
  question: TimingQuestion,
  backend: string | LoadedBackend,
): Promise<Timing> {
  const expecting = await onProvider(question, 'cpu');
  const timed =
    typeof backend === 'string'
      ? await onProvider(question, backend)
      : await onBackend(question, backend);
  return await compare(expecting, timed);
}

/** A program on an execution provider of ONNX Runtime. */
async function onProvider({ model, feeds }: TimingQuestion, provider: string): Promise<Run> {
  const fed = Object.fromEntries(
    feeds.map(({ name, dtype, shape, values }) => [
      name,
      new Tensor(dtype, values as Float32Array, [...shape]),
    ]),
  );
  const session = await InferenceSession.create(model, {
    executionProviders: [provider],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  return async () => {
    const results = await session.run(fed);
    return Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [name, data as Values]),
    );
  };
}

/** A program on a backend that runs it as it is. */
async function onBackend(
  { program, inputs, initial }: TimingQuestion,
  backend: LoadedBackend,
): Promise<Run> {
  const execution = await backend.start(programOf(program, createGraph()), initial);
  let first: Arrays | undefined;
  return async () => {
    // The state moves on once, to be compared; every run is then of the same length.
    const outputs = await execution.run(inputs, timingKey, () => first === undefined);
    first ??= {
      ...outputs,
      ...Object.fromEntries(
        Object.entries(await execution.readState()).map(([name, state]) => [nextName(name), state]),
      ),
    };
    return first;
  };
}

async function compare(expecting: Run, timed: Run): Promise<Timing> {
  const runs = [expecting, timed] as const;
  // The first run compiles and allocates; its results are the ones compared.
  const [expected, actual] = [await expecting(), await timed()];
  const least: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const begun = performance.now();
  for (let round = 0; round < enoughRounds; round++) {
    for (const index of [0, 1] as const) {
      const before = performance.now();
      await runs[index]();
      least[index] = Math.min(least[index], performance.now() - before);
    }
    if (performance.now() - begun > longEnough) break;
  }
  const differences = Object.entries(expected).map(([name, values]) =>
    relativeDifference(actual[name]!, values),
  );
  return {
    milliseconds: least[1],
    cpuMilliseconds: least[0],
    difference: Math.max(0, ...differences),
  };
}

/** The norm of the difference over the norm of what is expected; infinite where one is not finite. */
export function relativeDifference(actual: Values, expected: Values): number {
  let [difference, norm] = [0, 0];
  for (let index = 0; index < expected.length; index++) {
    difference += (actual[index]! - expected[index]!) ** 2;
    norm += expected[index]! ** 2;
  }
  if (difference === 0) return 0;
  const ratio = Math.sqrt(difference / norm);
  return Number.isFinite(ratio) ? ratio : Number.POSITIVE_INFINITY;
}
