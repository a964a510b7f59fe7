import type * as tf from '@tensorflow/tfjs';
import type { Arithmetic } from '../../../protocol/run';
import { Graph, type Node, type NoiseKind } from '../graph/graph';
import { stopGradient as stopNode } from '../graph/ops/build';
import { operationTable } from '../graph/ops/table';
import { formatShape, type Shape } from '../graph/shape';
import { type IsUserFile, isUserFile } from './source-location';
import { Tracer } from './tracer';

/** What a trace learned beside the graph. */
export interface TraceReport {
  /** Places where a derivative was taken of something that does not depend on the variable. */
  readonly warnings: readonly string[];
}

let current: Tracer | undefined;

/** The trace that runs, or undefined outside one. */
export function activeTrace(): Tracer | undefined {
  return current;
}

function runningTrace(): Tracer {
  if (current === undefined) {
    throw new Error('This function builds part of a compiled step and works only inside one.');
  }
  return current;
}

/** A fresh graph over the whole operation table; of the newest arithmetic where none is given. */
export function createGraph(arithmetic?: Arithmetic): Graph {
  return new Graph(operationTable, arithmetic);
}

/**
 * Runs tfjs code once on symbolic tensors.
 *
 * @param inputs the nodes that the function's arguments stand for
 * @returns the nodes of the tensors it returns, and warnings
 * @throws ProblemError (`experiment`) with the user's line, for everything that cannot be compiled
 */
export function trace(
  graph: Graph,
  inputs: readonly Node[],
  f: (...tensors: tf.Tensor[]) => readonly tf.Tensor[],
  belongs: IsUserFile = isUserFile,
): { readonly results: Node[] } & TraceReport {
  if (current !== undefined) throw new Error('A trace is already running.');
  const session = new Tracer(graph, belongs);
  const { refuse: withoutPlace, here: nowhere } = graph;
  graph.here = () => session.place();
  graph.refuse = (message, remedy) => session.refuse(message, remedy);
  current = session;
  try {
    return session.run(() => {
      const results = f(...inputs.map((node) => session.tensor(node)));
      if ((results as unknown) instanceof Promise) {
        // It is refused here; how it ends no longer matters.
        (results as unknown as Promise<unknown>).catch(() => undefined);
        session.refuse('The compiled function is asynchronous.', 'Remove async and await from it.');
      }
      return { results: results.map((tensor) => session.node(tensor)), warnings: session.warnings };
    });
  } finally {
    current = undefined;
    graph.refuse = withoutPlace;
    graph.here = nowhere;
  }
}

/**
 * Repeats `body` inside a compiled step, carrying tensors. The gradient flows through it only where
 * `count` is a number.
 *
 * @param count a number, or an int32 scalar input that is known when the step runs
 */
export function loop(
  count: number | tf.Tensor,
  initial: readonly tf.Tensor[],
  body: (iteration: tf.Tensor, state: readonly tf.Tensor[]) => readonly tf.Tensor[],
): tf.Tensor[] {
  const session = runningTrace();
  if (typeof count === 'number' && !(Number.isInteger(count) && count >= 0)) {
    session.refuse(
      `A loop is to repeat ${count} times.`,
      'Give a whole number of iterations, 0 or more.',
    );
  }
  const repetitions = typeof count === 'number' ? count : session.node(count);
  const results = session.loop(
    repetitions,
    initial.map((tensor) => session.node(tensor)),
    (iteration, state) => {
      const next = body(
        session.tensor(iteration),
        state.map((node) => session.tensor(node)),
      );
      if (next.length !== state.length) {
        session.refuse(
          `A loop's body returns ${next.length} tensors for a state of ${state.length}.`,
          'Return the next value of each tensor of the state, in their order.',
        );
      }
      return next.map((tensor) => session.node(tensor));
    },
  );
  return results.map((node) => session.tensor(node));
}

/** Fresh noise in every run and every iteration: N(0, 1), uniform on [0, 1), or ±1. */
export function noise(kind: NoiseKind, shape: Shape): tf.Tensor {
  const session = runningTrace();
  return session.tensor(session.noise(kind, shape));
}

/** x, through which no gradient flows. */
export function stopGradient(x: tf.Tensor): tf.Tensor {
  const session = runningTrace();
  return session.tensor(stopNode(session.node(x)));
}

/** A scalar and its gradients by the names of the parameters. */
export interface NamedGradients {
  readonly value: tf.Scalar;
  /** For each parameter its gradient, of its shape; zeros for those in `unreached`. */
  readonly gradients: Readonly<Record<string, tf.Tensor>>;
  /** Parameters that the value does not depend on, in the order they were given. */
  readonly unreached: readonly string[];
}

/**
 * The scalar that f returns and its gradients in the parameters, inside a compiled step. Only what f
 * itself computes from the parameters counts; what was computed from them before is constant.
 *
 * @throws ProblemError (`experiment`) where f returns something else than a float32 scalar
 */
export function gradientsOf(
  f: () => tf.Scalar,
  parameters: Readonly<Record<string, tf.Tensor>>,
): NamedGradients {
  const session = runningTrace();
  const names = Object.keys(parameters);
  const { value, gradients, unreached } = session.gradients(f, Object.values(parameters));
  if (value.rank !== 0 || value.dtype !== 'float32') {
    session.refuse(
      `A gradient is taken of ${value.dtype} ${formatShape(value.shape)}; it must be a float32 scalar.`,
      'Return one number, for example by tf.mean.',
    );
  }
  return {
    value: value as tf.Scalar,
    gradients: Object.fromEntries(names.map((name, index) => [name, gradients[index]!])),
    unreached: unreached.map((index) => names[index]!),
  };
}
