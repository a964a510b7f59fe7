import * as tf from '@tensorflow/tfjs';
import { ProblemError } from '../../protocol/problem';
import { vjp } from './differentiate';
import { Graph, type Node, substitute, topologicalOrder, type Values } from './graph';
import { fusedKernels, kernels, sources } from './kernels';
import { loop as buildLoop } from './loop';
import {
  add,
  constant,
  mul,
  type NoiseFrame,
  type NoiseKind,
  noise as noiseNode,
  parameter,
  reshape,
  stopGradient as stopNode,
  uniformValue,
  valuesOf,
  withGradient,
} from './ops/build';
import { operationTable } from './ops/table';
import { type DType, formatShape, type Shape, sizeOf } from './shape';
import { type IsUserFile, isUserFile, userLocation } from './source-location';
import { type Call, type Engine, engine, type Recorder, whileRecording } from './symbolic-backend';

/** What a trace learned beside the graph. */
export interface TraceReport {
  /** Places where a derivative was taken of something that does not depend on the variable. */
  readonly warnings: readonly string[];
}

/**
 * Records what tfjs code computes. One trace at a time; the functions below (`loop`, `noise`, …) act
 * on the one that runs.
 */
class Trace implements Recorder {
  readonly graph: Graph;
  readonly warnings: string[] = [];
  readonly #nodes = new WeakMap<object, Node>();
  /** The variables of differentiated functions that have ended, and what they stood for. */
  readonly #stoodFor = new Map<Node, Node>();
  /** What is known of {@link Trace.#inScope}, until another function ends. */
  readonly #scoped = new Map<Node, Node>();
  readonly #isUserFile: IsUserFile;
  #frames: NoiseFrame | undefined;
  #backend: tf.KernelBackend | undefined;
  #fusedCalls = 0;

  constructor(graph: Graph, belongs: IsUserFile) {
    this.graph = graph;
    this.#isUserFile = belongs;
    graph.locate = () => userLocation(stackHere(), belongs);
  }

  run<T>(body: () => T): T {
    const overrides: Partial<Engine> = {
      gradients: (f, xs, dy) => this.#gradients(f, xs, dy),
      customGrad: (f) => this.#customGrad(f),
      makeVariable: () =>
        this.refuse(
          'A variable is created while the function is compiled.',
          'State cannot live inside a compiled function: make parameters in init and take them as arguments.',
        ),
      startScope: (name) => this.#startScope(name),
    };
    try {
      return whileRecording(this, overrides, (backend) => {
        this.#backend = backend;
        return body();
      });
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** The tensor that stands for a node. */
  tensor(node: Node): tf.Tensor {
    return engine.makeTensorFromTensorInfo(this.#info(node), this.#backend!);
  }

  /** The node that a tensor stands for; values from outside the trace become constants. */
  node(tensor: tf.Tensor): Node {
    const known = this.#nodes.get(tensor.dataId);
    if (known !== undefined) return reshape(this.#inScope(known), tensor.shape);
    if (tensor instanceof tf.Variable) {
      return this.refuse(
        `The variable ${tensor.name} is used inside a compiled function, which would keep the value it has now.`,
        'Take it as an argument: make it a parameter in init.',
      );
    }
    const dtype = this.#dtype(tensor.dtype);
    const node = constant(this.graph, tensor.dataSync().slice() as Values, tensor.shape, dtype);
    this.#nodes.set(tensor.dataId, node);
    return node;
  }

  call({ name, inputs, attributes }: Call): tf.TensorInfo | tf.TensorInfo[] {
    const refuse = (why: string): never => this.refuse(`tf's ${name} cannot be compiled: ${why}.`);
    const source = sources[name];
    if (source !== undefined) {
      const { values, shape } = source(attributes);
      const dtype = this.#dtype((attributes['dtype'] as tf.DataType | undefined) ?? 'float32');
      const filled = typeof values === 'number' ? values : valuesOf(dtype, values);
      return this.#info(constant(this.graph, filled, shape, dtype));
    }
    const kernel = kernels.get(name);
    if (kernel === undefined) {
      return this.refuse(
        `The tfjs operation ${name} cannot be compiled: it has no derivative rule here.`,
        'Express it by other operations.',
      );
    }
    if (fusedKernels.has(name)) this.#fusedCalls++;
    const nodes: Record<string, Node> = {};
    for (const [key, tensor] of Object.entries(inputs)) {
      if (tensor !== undefined && tensor !== null) nodes[key] = this.node(tensor);
    }
    const result = kernel({ inputs: nodes, attributes, refuse });
    return Array.isArray(result) ? result.map((node) => this.#info(node)) : this.#info(result);
  }

  write(values: tf.backend_util.BackendValues | null, shape: number[], dtype: tf.DataType): object {
    const kind = this.#dtype(dtype);
    const numbers = (values ?? new Array<number>(sizeOf(shape)).fill(0)) as ArrayLike<number>;
    const node = constant(this.graph, valuesOf(kind, Array.from(numbers)), shape, kind);
    return this.#info(node).dataId;
  }

  read(dataId: object): Values {
    const node = this.#nodes.get(dataId)!;
    const uniform = uniformValue(node);
    if (uniform !== undefined) {
      return valuesOf(node.dtype, new Array<number>(sizeOf(node.shape)).fill(uniform));
    }
    const values = node.attributes['values'] as Values | undefined;
    return (
      values ??
      this.refuse(
        'The values of a tensor are read while the function is compiled; they are not known before it runs.',
        'Compute with tensors only: tf.where in place of an if, no dataSync, arraySync or print.',
      )
    );
  }

  /** `count` repetitions of `body` as one node; see `loop.ts`. */
  loop(
    count: number | Node,
    initial: readonly Node[],
    body: (iteration: Node, state: readonly Node[]) => readonly Node[],
  ): Node[] {
    const repetitions =
      typeof count === 'number' ? constant(this.graph, count, [], 'int32') : count;
    const outer = this.#frames;
    try {
      return buildLoop(this.graph, repetitions, initial, (iteration, state) => {
        const index = outer ? add(mul(outer.index, repetitions), iteration) : iteration;
        this.#frames = { index, counts: [...(outer?.counts ?? []), repetitions] };
        return body(iteration, state);
      });
    } finally {
      this.#frames = outer;
    }
  }

  noise(kind: NoiseKind, shape: Shape): Node {
    for (const count of this.#frames?.counts ?? []) {
      if (count.row.name === 'constant' || count.row.name === 'input') continue;
      this.refuse('Noise is drawn in a loop whose number of iterations is itself computed.');
    }
    return noiseNode(this.graph, kind, shape, this.#frames);
  }

  refuse(message: string, remedy?: string): never {
    const location = userLocation(stackHere(), this.#isUserFile);
    throw new ProblemError({
      kind: 'experiment',
      message,
      ...(remedy ? { remedy } : {}),
      ...(location ? { location } : {}),
    });
  }

  #info(node: Node): tf.TensorInfo {
    const dataId = {};
    this.#nodes.set(dataId, node);
    return { dataId, shape: [...node.shape], dtype: node.dtype };
  }

  #dtype(dtype: tf.DataType): DType {
    return dtype === 'float32' || dtype === 'int32' || dtype === 'bool'
      ? dtype
      : this.refuse(
          `A tensor of dtype ${dtype} cannot be compiled.`,
          'Use float32, int32 or bool.',
        );
  }

  /** tf.grad and its kin. What the function does not depend on is worth a warning. */
  #gradients(f: () => tf.Tensor, xs: tf.Tensor[], dy?: tf.Tensor | null) {
    const { value, gradients, unreached } = this.gradients(f, xs, dy);
    for (const index of unreached) {
      const place = userLocation(stackHere(), this.#isUserFile);
      const where = place ? ` (line ${place.line})` : '';
      const which = xs.length > 1 ? `argument ${index + 1}` : 'its argument';
      this.warnings.push(`A differentiated function does not depend on ${which}${where}: zero.`);
    }
    return { value, grads: gradients };
  }

  /**
   * What f computes, differentiated on the graph. The variables get nodes of their own while f runs,
   * so that only paths inside f count, as in tfjs; then the nodes they stood for take their place.
   *
   * @param dy the gradient of f's result; ones where absent
   * @returns one gradient for each x, and the positions of those that f does not depend on
   */
  gradients(f: () => tf.Tensor, xs: readonly tf.Tensor[], dy?: tf.Tensor | null) {
    const originals = xs.map((x) => this.node(x));
    const fresh = originals.map((node) => parameter(this.graph, node.shape, node.dtype));
    const seed = dy ? this.node(dy) : undefined;
    let result: Node;
    xs.forEach((x, index) => {
      this.#nodes.set(x.dataId, fresh[index]!);
    });
    try {
      const y = engine.tidy(f);
      if (!(y instanceof tf.Tensor))
        this.refuse('The function to differentiate returns no tensor.');
      result = this.node(y);
    } finally {
      xs.forEach((x, index) => {
        this.#nodes.set(x.dataId, originals[index]!);
      });
    }
    const { gradients, unreached } = vjp([result], fresh, [
      seed ?? constant(this.graph, 1, result.shape),
    ]);
    fresh.forEach((node, index) => {
      this.#stoodFor.set(node, originals[index]!);
    });
    this.#scoped.clear();
    return {
      value: this.tensor(this.#inScope(result)),
      gradients: gradients.map((node) => this.tensor(this.#inScope(node))),
      unreached,
    };
  }

  /**
   * A node as it is seen outside the differentiated functions that have ended: a tensor kept from
   * inside one speaks of the variables themselves.
   */
  #inScope(node: Node): Node {
    if (this.#stoodFor.size === 0) return node;
    for (const inner of topologicalOrder([node], this.#scoped)) {
      const original = this.#stoodFor.get(inner);
      // What a variable stood for may have been made of an outer function's variables.
      const outer =
        original !== undefined
          ? this.#inScope(original)
          : substitute([inner], new Map(inner.inputs.map((i) => [i, this.#scoped.get(i)!])))[0]!;
      this.#scoped.set(inner, outer);
    }
    return this.#scoped.get(node)!;
  }

  /** tf.customGrad: the gradient written by hand is recorded beside the value. */
  #customGrad(
    f: (...args: unknown[]) => {
      value: tf.Tensor;
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
    },
  ) {
    return (...inputs: tf.Tensor[]): tf.Tensor => {
      let saved: tf.Tensor[] = [];
      const fusedBefore = this.#fusedCalls;
      const { value, gradFunc } = f(...inputs, (tensors: tf.Tensor[]) => {
        saved = tensors;
      });
      // tfjs's own fused operations: the expression is differentiated, not their gradient.
      if (this.#fusedCalls > fusedBefore) return value;
      const valueNode = this.node(value);
      const dy = parameter(this.graph, valueNode.shape, valueNode.dtype);
      const contributions = [gradFunc(this.tensor(dy), saved)].flat();
      if (contributions.length !== inputs.length) {
        this.refuse('A custom gradient returns another number of gradients than it has inputs.');
      }
      return this.tensor(
        withGradient(
          valueNode,
          inputs.map((x) => this.node(x)),
          dy,
          contributions.map((g) => this.node(g)),
        ),
      );
    };
  }

  /** tfjs draws random numbers in JavaScript: as constants they would repeat in every step. */
  #startScope(name?: string): void {
    if (name !== undefined && drawsRandomNumbers.has(name)) {
      const called = name.replace(/__op$/, '');
      this.refuse(
        `tf.${called} is called on another copy of tfjs than the experiment's, or by a tfjs operation: its numbers would be the same in every step.`,
        "Use tf.randomNormal, tf.randomUniform or the context's noise directly.",
      );
    }
    Object.getPrototypeOf(engine).startScope.call(engine, name);
  }

  /** What the user's own mistake (a shape, an undefined) means as a problem. */
  #explain(error: unknown): unknown {
    if (error instanceof ProblemError || !(error instanceof Error)) return error;
    const location = userLocation(error.stack, this.#isUserFile);
    // Without a line of the user's on the stack it is the compiler's own mistake.
    if (location === undefined) return error;
    return new ProblemError(
      {
        kind: 'experiment',
        message: error.message,
        location,
        ...(error.stack ? { detail: error.stack } : {}),
      },
      { cause: error },
    );
  }
}

const drawsRandomNumbers: ReadonlySet<string> = new Set(
  [
    'randomNormal',
    'randomStandardNormal',
    'randomUniform',
    'randomUniformInt',
    'truncatedNormal',
    'randomGamma',
    'rand',
  ].map((name) => `${name}__op`),
);

/** A stack as deep as it goes: tfjs puts many frames between a kernel and the user. */
function stackHere(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  const { stack } = new Error('here');
  Error.stackTraceLimit = limit;
  return stack ?? '';
}

let current: Trace | undefined;

/** The trace that runs, or undefined outside one. */
export function activeTrace(): Trace | undefined {
  return current;
}

function runningTrace(): Trace {
  if (current === undefined) {
    throw new Error('This function builds part of a compiled step and works only inside one.');
  }
  return current;
}

/** A fresh graph over the whole operation table. */
export function createGraph(): Graph {
  return new Graph(operationTable);
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
  const session = new Trace(graph, belongs);
  current = session;
  try {
    return session.run(() => {
      const results = f(...inputs.map((node) => session.tensor(node)));
      if ((results as unknown) instanceof Promise) {
        session.refuse('The compiled function is asynchronous.', 'Remove async and await from it.');
      }
      return { results: results.map((tensor) => session.node(tensor)), warnings: session.warnings };
    });
  } finally {
    current = undefined;
    graph.locate = () => undefined;
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
  const repetitions = typeof count === 'number' ? count : session.node(count);
  const results = session.loop(
    repetitions,
    initial.map((tensor) => session.node(tensor)),
    (iteration, state) =>
      body(
        session.tensor(iteration),
        state.map((node) => session.tensor(node)),
      ).map((tensor) => session.node(tensor)),
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
