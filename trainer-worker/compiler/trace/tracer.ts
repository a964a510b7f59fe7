import * as tf from '@tensorflow/tfjs';
import { ProblemError, type SourceLocation } from '../../../protocol/problem';
import {
  type Graph,
  type Node,
  type NoiseKind,
  substitute,
  topologicalOrder,
  type Values,
} from '../graph/graph';
import { loop as buildLoop } from '../graph/loop';
import {
  add,
  constant,
  mul,
  type NoiseFrame,
  noise as noiseNode,
  parameter,
  reshape,
  valuesOf,
  withGradient,
} from '../graph/ops/build';
import { type DType, type Shape, sizeOf } from '../graph/shape';
import { vjp } from '../passes/differentiate';
import { knownValues } from '../passes/simplify';
import { refusedKernels } from '../tfjs-kernels/refused';
import { sources } from '../tfjs-kernels/source';
import { kernels } from '../tfjs-kernels/table';
import { type IsUserFile, userLocation } from './source-location';
import {
  type Call,
  type Engine,
  engine,
  type KernelRun,
  type Recorder,
  whileRecording,
} from './symbolic-backend';

/** Records what tfjs code computes: turns kernel calls into nodes of a graph. */
export class Tracer implements Recorder {
  readonly graph: Graph;
  readonly warnings: string[] = [];
  readonly #nodes = new WeakMap<object, Node>();
  /** The variables of differentiated functions that have ended, and what they stood for. */
  readonly #stoodFor = new Map<Node, Node>();
  /** What is known of {@link Tracer.#inScope}, until another function ends. */
  readonly #scoped = new Map<Node, Node>();
  readonly #isUserFile: IsUserFile;
  #frames: NoiseFrame | undefined;
  #backend: tf.KernelBackend | undefined;
  /** The first problem met, so that code which catches it does not go on with half a graph. */
  #refusal: ProblemError | undefined;

  constructor(graph: Graph, belongs: IsUserFile) {
    this.graph = graph;
    this.#isUserFile = belongs;
  }

  /**
   * Runs tfjs code while this tracer records it.
   *
   * @throws ProblemError (`experiment`) at the user's line; also where the code itself caught it
   */
  run<T>(body: () => T): T {
    const overrides: Partial<Engine> = {
      gradients: (f, xs, dy) => this.#gradients(f, xs, dy),
      runKernelFunc: (call) => this.#runKernelFunc(call),
      makeVariable: () =>
        this.refuse(
          'A variable is created while the function is compiled.',
          'State cannot live inside a compiled function: make parameters in init and take them as arguments.',
        ),
      startScope: (name) => this.#startScope(name),
    };
    const random = Math.random;
    const stackTraceLimit = Error.stackTraceLimit;
    // tfjs puts many frames between a kernel and the user.
    Error.stackTraceLimit = 100;
    Math.random = () => this.#mathRandom(random);
    try {
      const result = whileRecording(this, overrides, (backend) => {
        this.#backend = backend;
        return body();
      });
      if (this.#refusal !== undefined) throw this.#refusal;
      return result;
    } catch (error) {
      throw this.#refusal ?? this.#explain(error);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
      Math.random = random;
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

  call({ name, inputs, attrs }: Call): tf.TensorInfo | tf.TensorInfo[] {
    const refuse = (why: string, remedy?: string): never =>
      this.refuse(`tf's ${name} cannot be compiled: ${why}.`, remedy);
    const source = sources[name];
    if (source !== undefined) {
      const { values, shape } = source(attrs);
      const dtype = this.#dtype((attrs['dtype'] as tf.DataType | undefined) ?? 'float32');
      const filled = typeof values === 'number' ? values : valuesOf(dtype, values);
      return this.#info(constant(this.graph, filled, shape, dtype));
    }
    const kernel = kernels.get(name);
    if (kernel === undefined) {
      const known = refusedKernels.get(name);
      return known === undefined
        ? refuse('it has no derivative rule here', 'Express it by other operations.')
        : refuse(known.why, known.remedy);
    }
    const nodes: Record<string, Node> = {};
    for (const [key, tensor] of Object.entries(inputs)) {
      if (tensor !== undefined && tensor !== null) nodes[key] = this.node(tensor);
    }
    const result = kernel({ inputs: nodes, attrs, refuse });
    return Array.isArray(result) ? result.map((node) => this.#info(node)) : this.#info(result);
  }

  write(values: tf.backend_util.BackendValues | null, shape: number[], dtype: tf.DataType): object {
    const kind = this.#dtype(dtype);
    const numbers = (values ?? new Array<number>(sizeOf(shape)).fill(0)) as ArrayLike<number>;
    const node = constant(this.graph, valuesOf(kind, Array.from(numbers)), shape, kind);
    return this.#info(node).dataId;
  }

  read(dataId: object): Values {
    const node = this.#nodes.get(dataId);
    if (node === undefined) return this.refuse(...usedAfterItsCall);
    return (
      knownValues(node) ??
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
      if (count.op.leaf === 'constant' || count.op.leaf === 'input') continue;
      this.refuse(
        'Noise is drawn in a loop whose number of iterations is itself computed.',
        'Make the number of iterations a number or an input of the step.',
      );
    }
    return noiseNode(this.graph, kind, shape, this.#frames);
  }

  refuse(message: string, remedy: string = generalRemedy): never {
    const location = this.place();
    const problem = { kind: 'experiment', message, remedy } as const;
    const refusal = new ProblemError(location ? { ...problem, location } : problem);
    this.#refusal ??= refusal;
    throw refusal;
  }

  /** Where in the user's code this is called from. */
  place(): SourceLocation | undefined {
    return userLocation(new Error('here').stack, this.#isUserFile);
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
      const place = this.place();
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
    const whole = originals.find(({ dtype }) => dtype !== 'float32');
    if (whole !== undefined) {
      this.refuse(
        `A derivative is taken in ${whole.dtype} numbers, between which there is nothing.`,
        'Differentiate in float32 tensors alone; x.toFloat() makes one, outside the function.',
      );
    }
    const fresh = originals.map((node) => parameter(this.graph, node.shape, node.dtype));
    const seed = dy ? this.node(dy) : undefined;
    let result: Node;
    xs.forEach((x, index) => {
      this.#nodes.set(x.dataId, fresh[index]!);
    });
    try {
      const y = engine.tidy(f);
      if (!(y instanceof tf.Tensor))
        this.refuse(
          'The function to differentiate returns no tensor.',
          'Return the value whose gradient is wanted.',
        );
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

  /**
   * What tf.customGrad made runs, here or before the trace: the gradient written by hand is recorded
   * beside the value. tfjs checks what it is made of.
   */
  #runKernelFunc(call: KernelRun): tf.Tensor | tf.Tensor[] {
    if (!('forwardFunc' in call)) {
      return (Object.getPrototypeOf(engine) as Engine).runKernelFunc.call(engine, call);
    }
    const { forwardFunc, backwardsFunc, inputs } = call;
    // tfjs's own are shortcuts, some of which refuse activations or are wrong in an argument that
    // is seldom differentiated: what they compute is differentiated instead.
    const scope = engine.state.activeScope?.name ?? '';
    const own = scope.endsWith('__op') && !rightByHand.has(scope);
    let saved: tf.Tensor[] = [];
    const value = forwardFunc(this.#backend!, (tensors) => {
      saved = tensors;
    });
    if (own) return value;
    const valueNode = this.node(value);
    const dy = parameter(this.graph, valueNode.shape, valueNode.dtype);
    const gradients = backwardsFunc(this.tensor(dy), saved);
    return this.tensor(
      withGradient(
        valueNode,
        Object.values(inputs).map((x) => this.node(x)),
        dy,
        Object.keys(inputs).map((name) => this.node(gradients[name]!())),
      ),
    );
  }

  /** tfjs draws random numbers in JavaScript: as constants they would repeat in every step. */
  #startScope(name?: string): void {
    if (name !== undefined && drawsRandomNumbers.has(name)) {
      const called = name.replace(/__op$/, '');
      this.refuse(
        `tf.${called} draws its numbers in JavaScript: they would be the same in every step.`,
        "Draw by tf.randomNormal, tf.randomUniform, tf.truncatedNormal or tf.dropout, with tf imported from '@tensorflow/tfjs' in the experiment.",
      );
    }
    Object.getPrototypeOf(engine).startScope.call(engine, name);
  }

  /** Numbers drawn in JavaScript would be the same in every step. tfjs may draw what it likes. */
  #mathRandom(original: () => number): number {
    const caller = new Error('here').stack?.split('\n').slice(3, 4).join();
    if (userLocation(caller, this.#isUserFile) === undefined) return original();
    return this.refuse(
      'Math.random is called while the function is compiled: its number would be the same in every step.',
      'Draw by tf.randomUniform or tf.randomNormal, or draw before the function.',
    );
  }

  /** What the user's own mistake (a shape, an undefined) means as a problem. */
  #explain(error: unknown): unknown {
    if (error instanceof ProblemError || !(error instanceof Error)) return error;
    const location = userLocation(error.stack, this.#isUserFile);
    // Without a line of the user's on the stack it is the compiler's own mistake.
    if (location === undefined) return error;
    const [message, remedy] = /tensor is disposed/i.test(error.message)
      ? usedAfterItsCall
      : [error.message, generalRemedy];
    return new ProblemError(
      {
        kind: 'experiment',
        message,
        remedy,
        location,
        ...(error.stack ? { detail: error.stack } : {}),
      },
      { cause: error },
    );
  }
}

const generalRemedy = 'Correct the call at this place.';
const usedAfterItsCall = [
  'A tensor is used after it was disposed, or after the call that made it had ended.',
  'Compute it in each call; keep nothing from one call to the next.',
] as const;

/** Hand-written gradients of tfjs that are right at every order, and cheaper than the rules'. */
const rightByHand: ReadonlySet<string> = new Set(['logSoftmax__op']);

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
