import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Feed } from '../graph/execution';
import type { Values } from '../graph/graph';
import type { DType, Shape } from '../graph/shape';

/** A program and what to feed it, as it crosses to a child process. */
export interface TimingQuestion {
  /** ONNX bytes. */
  readonly model: Uint8Array;
  readonly feeds: readonly {
    readonly name: string;
    readonly dtype: DType;
    readonly shape: Shape;
    readonly values: Values;
  }[];
}

/** How a program ran on a provider, beside the CPU in turns. */
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

/** Times a program on an execution provider of ONNX Runtime against the CPU, taking turns. */
export async function timeProgram(
  { model, feeds }: TimingQuestion,
  provider: string,
): Promise<Timing> {
  const fed = Object.fromEntries(
    feeds.map(({ name, dtype, shape, values }) => [
      name,
      new Tensor(dtype, values as Float32Array, [...shape]),
    ]),
  );
  const start = (executionProvider: string) =>
    InferenceSession.create(model, {
      executionProviders: [executionProvider],
      graphOptimizationLevel: 'all',
      executionMode: 'sequential',
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
  const sessions = [await start('cpu'), await start(provider)] as const;
  // The first run compiles and allocates; its results are the ones compared.
  const [expected, actual] = [await sessions[0].run(fed), await sessions[1].run(fed)];
  const least: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const begun = performance.now();
  for (let round = 0; round < enoughRounds; round++) {
    for (const index of [0, 1] as const) {
      const before = performance.now();
      await sessions[index].run(fed);
      least[index] = Math.min(least[index], performance.now() - before);
    }
    if (performance.now() - begun > longEnough) break;
  }
  const differences = sessions[0].outputNames.map((name) =>
    relativeDifference(actual[name]!.data as Values, expected[name]!.data as Values),
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
