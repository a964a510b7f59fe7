import * as tf from '@tensorflow/tfjs';
import { ProblemError } from '../../../protocol/problem';
import { type Node, topologicalOrder, type Values } from '../graph/graph';
import { loopInputs } from '../graph/loop';
import type { Program } from '../graph/program';
import type { Shape } from '../graph/shape';
import { type Arrays, checkedFeed, type Execution, FeedBuilder, type NoiseKey } from './execution';

type Environment = Map<Node, tf.Tensor>;

/**
 * Runs a program node by node on a tfjs backend (`wasm`, `cpu`, `tensorflow`, `webgpu`).
 *
 * @param initial the state to begin with, by name
 * @throws ProblemError (`environment`) where the backend does not start
 */
export async function runOnTfjs(
  program: Program,
  backend: string,
  initial: Arrays = {},
): Promise<Execution> {
  await use(backend);
  return new TfjsExecution(program, backend, initial);
}

async function use(backend: string): Promise<void> {
  if (tf.getBackend() === backend) return;
  let cause: unknown;
  try {
    if (await tf.setBackend(backend)) return;
  } catch (error) {
    cause = error;
  }
  const why = cause instanceof Error ? `: ${cause.message.replace(/\.$/, '')}` : '';
  throw new ProblemError(
    {
      kind: 'environment',
      message: `The tfjs backend ${backend} does not start${why}.`,
      remedy: 'Choose another one in the setting ebm.backend.',
    },
    { cause },
  );
}

class TfjsExecution implements Execution {
  readonly #program: Program;
  readonly #backend: string;
  readonly #feeds: FeedBuilder;
  /** Nodes in order, sorted once. */
  readonly #plan: Plan;
  #state: Environment = new Map();

  constructor(program: Program, backend: string, initial: Arrays) {
    this.#program = program;
    this.#backend = backend;
    this.#feeds = new FeedBuilder(program);
    this.#plan = planOf([...Object.values(program.outputs), ...Object.values(program.nextState)]);
    this.writeState(initial);
  }

  async run(feeds: Arrays, key: NoiseKey, accept?: (outputs: Arrays) => boolean): Promise<Arrays> {
    await use(this.#backend);
    const results = tf.tidy(() => {
      const environment: Environment = new Map(this.#state);
      for (const { node, shape, values } of this.#feeds.build(feeds, key)) {
        environment.set(node, toTensor(node, values, shape));
      }
      return this.#plan.run(environment).map((tensor) => tf.clone(tensor));
    });
    const names = Object.keys(this.#program.outputs);
    const values = await Promise.all(
      results.slice(0, names.length).map(async (tensor) => (await tensor.data()).slice() as Values),
    );
    const outputs = Object.fromEntries(names.map((name, index) => [name, values[index]!]));
    const next = results.slice(names.length);
    tf.dispose(results.slice(0, names.length));
    if (accept?.(outputs) ?? true) {
      tf.dispose([...this.#state.values()]);
      this.#state = new Map(this.#program.state.map((node, index) => [node, next[index]!]));
    } else {
      tf.dispose(next);
    }
    return outputs;
  }

  async readState(): Promise<Arrays> {
    const entries = [...this.#state].map(
      async ([node, tensor]) =>
        [node.params.name!, (await tensor.data()).slice() as Values] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  writeState(state: Arrays): void {
    const entries = this.#program.state.map((node) => {
      const { values, shape } = checkedFeed(node, state);
      return [node, toTensor(node, values.slice(), shape)] as const;
    });
    tf.dispose([...this.#state.values()]);
    this.#state = new Map(entries);
  }

  async dispose(): Promise<void> {
    tf.dispose([...this.#state.values()]);
    this.#state = new Map();
    this.#plan.dispose();
  }
}

/**
 * The values of scalars that came from here. A kernel moves its inputs to the device, and not every
 * device can be read without waiting, as the number of a loop's iterations has to be.
 */
const scalars = new WeakMap<tf.Tensor, number>();

function toTensor(node: Node, values: Values, shape: Shape): tf.Tensor {
  const tensor = tf.tensor(values, [...shape], node.dtype);
  if (values.length === 1) scalars.set(tensor, values[0]!);
  return tensor;
}

function scalarOf(tensor: tf.Tensor): number {
  return scalars.get(tensor) ?? tensor.dataSync()[0]!;
}

interface Plan {
  /** The results' tensors; call inside `tf.tidy`. */
  run(environment: Environment): tf.Tensor[];
  dispose(): void;
}

/** The order of evaluation, with bodies of loops sorted too and constants made once. */
function planOf(results: readonly Node[], constants: Environment = new Map()): Plan {
  const order = topologicalOrder(results);
  const bodies = new Map<Node, Plan>();
  for (const node of order) {
    const body = node.params.body;
    if (body !== undefined) bodies.set(node, planOf(body.results, constants));
    const values = node.params.values;
    if (values !== undefined && !constants.has(node)) {
      constants.set(node, tf.keep(toTensor(node, values.slice(), node.shape)));
    }
  }
  const run = (environment: Environment): tf.Tensor[] => {
    const loops = new Map<Node, tf.Tensor[]>();
    const tensorOf = (node: Node) => environment.get(node) ?? constants.get(node)!;
    for (const node of order) {
      const loop = bodies.get(node);
      if (loop !== undefined) {
        loops.set(node, runLoop(node, loop, environment, tensorOf));
      } else if (node.params.index !== undefined) {
        environment.set(node, loops.get(node.inputs[0]!)![node.params.index]!);
      } else if (node.op.tfjs !== undefined) {
        environment.set(node, node.op.tfjs(tf, node.inputs.map(tensorOf), node));
      }
    }
    return results.map(tensorOf);
  };
  return {
    run,
    dispose: () => tf.dispose([...constants.values()]),
  };
}

function runLoop(
  node: Node,
  plan: Plan,
  environment: Environment,
  tensorOf: (node: Node) => tf.Tensor,
): tf.Tensor[] {
  const body = node.params.body!;
  const { count, state: initial, captures } = loopInputs(node);
  const total = scalarOf(tensorOf(count));
  const outside: Environment = new Map(environment);
  body.captures.forEach((parameter, index) => {
    outside.set(parameter, tensorOf(captures[index]!));
  });
  let state = initial.map(tensorOf);
  for (let iteration = 0; iteration < total; iteration++) {
    // Each iteration frees its intermediates; only the state goes on.
    const next = tf.tidy(() => {
      const inside: Environment = new Map(outside);
      inside.set(body.iteration, tf.scalar(iteration, 'int32'));
      body.state.forEach((parameter, index) => {
        inside.set(parameter, state[index]!);
      });
      return plan.run(inside).map((tensor) => tf.clone(tensor));
    });
    if (iteration > 0) tf.dispose(state);
    state = next;
  }
  return state;
}
