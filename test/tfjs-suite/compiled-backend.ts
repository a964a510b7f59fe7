import * as tf from '@tensorflow/tfjs';
import type { Node } from '../../trainer-worker/compiler/graph/graph';
import { input, valuesOf } from '../../trainer-worker/compiler/graph/ops/build';
import type { Program } from '../../trainer-worker/compiler/graph/program';
import { simplify } from '../../trainer-worker/compiler/passes/simplify';
import { evaluate } from '../../trainer-worker/compiler/run/float64';
import { createGraph, trace } from '../../trainer-worker/compiler/trace/trace';

/** One kernel call as a program, what it was fed and what it gave. */
export interface Recorded {
  readonly program: Program;
  readonly feeds: Readonly<Record<string, Float32Array>>;
  readonly expected: readonly Float64Array[];
}

/** Told of each kernel call, and of what is refused. */
export interface Listener {
  called(kernel: string, recorded: Recorded): void;
  refused(error: Error): void;
}

export const compiledBackend = 'compiled';

/** The parts of tfjs's engine and backends that their published types leave out. */
interface OwnBackend {
  makeTensorInfo(shape: readonly number[], dtype: string, values: tf.TypedArray): tf.TensorInfo;
}
type Gradients = (
  f: () => tf.Tensor,
  xs: tf.Tensor[],
  dy?: tf.Tensor | null,
) => { value: tf.Tensor; grads: tf.Tensor[] };
interface OwnEngine {
  gradients: Gradients;
  runKernel(name: string, inputs: object, attributes: object): tf.Tensor | tf.Tensor[];
}
const engine = tf.engine() as unknown as OwnEngine;

/**
 * Registers a backend of tfjs whose kernels are programs of one operation: traced as a step is, then
 * computed in float64 by the definition of each row. Derivatives are the compiler's: what tfjs
 * differentiates while this backend is active is traced as a whole.
 */
export function registerCompiledBackend(listener: Listener): void {
  // tfjs's own on the processor, for keeping values; none of its kernels is used.
  tf.registerBackend(compiledBackend, tf.findBackendFactory('cpu'));
  for (const { kernelName } of tf.getKernelsForBackend('cpu')) {
    tf.registerKernel({
      kernelName,
      backendName: compiledBackend,
      kernelFunc: ({ inputs, attrs, backend }) => {
        const own = backend as unknown as OwnBackend;
        const computed = compute(kernelName, inputs, attrs ?? {}, listener);
        const infos = computed.map(({ node, values }) =>
          own.makeTensorInfo(node.shape, node.dtype, valuesOf(node.dtype, values)),
        );
        return infos.length === 1 && !givesList.has(kernelName) ? infos[0]! : infos;
      },
    });
  }
  const prototype = Object.getPrototypeOf(engine) as OwnEngine;
  const gradientsOfTape = prototype.gradients;
  prototype.gradients = function (this: OwnEngine, f, xs, dy) {
    if (tf.getBackend() !== compiledBackend) return gradientsOfTape.call(this, f, xs, dy);
    const { results } = heard(listener, () =>
      trace(createGraph(), [], () => {
        // Inside the trace these are the tracer's.
        const { value, grads } = engine.gradients(f, xs, dy);
        return [value, ...grads];
      }),
    );
    const [value, ...grads] = evaluate(results, new Map()).map((values, index) => {
      const { shape, dtype } = results[index]!;
      return tf.tensor(valuesOf(dtype, values), [...shape], dtype);
    });
    return { value: value!, grads };
  };
}

/** Kernels that give a list even where it has one entry. */
const givesList: ReadonlySet<string> = new Set(['Unpack', 'SplitV']);

function heard<Result>(listener: Listener, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    listener.refused(error as Error);
    throw error;
  }
}

function compute(
  kernel: string,
  given: object,
  attributes: object,
  listener: Listener,
): { node: Node; values: Float64Array }[] {
  const graph = createGraph();
  const tensors = Object.entries(given as Record<string, tf.Tensor | null>);
  // Floats are what a program is fed. The rest (positions, conditions) the tracer makes constants of,
  // so that it can check them as tfjs does.
  const fed = tensors.filter(([, tensor]) => tensor?.dtype === 'float32');
  const inputs = fed.map(([name, tensor]) => input(graph, name, tensor!.shape));
  const { results } = heard(listener, () =>
    trace(graph, inputs, (...symbols) => {
      const leaves = Object.fromEntries(fed.map(([name], index) => [name, symbols[index]!]));
      return [engine.runKernel(kernel, { ...given, ...leaves }, attributes)].flat();
    }),
  );
  const feeds = Object.fromEntries(
    fed.map(([name, tensor]) => [name, tensor!.dataSync().slice() as Float32Array]),
  );
  const expected = evaluate(
    results,
    new Map(inputs.map((leaf, index) => [leaf, Float64Array.from(feeds[fed[index]![0]]!)])),
  );
  listener.called(kernel, { program: programOf(inputs, results), feeds, expected });
  return results.map((node, index) => ({ node, values: expected[index]! }));
}

function programOf(inputs: readonly Node[], results: readonly Node[]): Program {
  return {
    inputs,
    state: [],
    noise: [],
    outputs: Object.fromEntries(simplify(results).map((node, index) => [`y${index}`, node])),
    nextState: {},
    warnings: [],
  };
}
