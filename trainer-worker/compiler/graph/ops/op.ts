import type * as tfjs from '@tensorflow/tfjs';
import type { Node, Params } from '../graph';
import type { DType, Shape } from '../shape';
import type { Sharding } from '../sharding';

/** One `tf` namespace, whichever backend is active. */
export type TensorFlow = typeof tfjs;

/**
 * What an ONNX model is to run on. ONNX Runtime's WebGPU kernels (1.30) compute some convolutions
 * wrongly, for which a model for a GPU has other nodes: `Conv` with a large filter and uneven padding,
 * and `ConvTranspose` with groups of several channels.
 */
export type OnnxDevice = 'processor' | 'gpu';

/** Writes ONNX nodes; handed to the operations by `run/onnx.ts`. */
export interface OnnxWriter {
  /** Appends a node with one output and returns the output's name. */
  op(
    type: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, number | string | readonly number[]>>,
  ): string;
  /** Appends a node and returns the name of the one of its outputs that is wanted. */
  output(
    index: number,
    type: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, number | string | readonly number[]>>,
  ): string;
  /** The name of an int64 vector, for shapes and axes. */
  int64(values: readonly number[]): string;
  /** The name of a scalar of this type. */
  scalar(value: number, dtype: DType): string;
}

/**
 * Ends the trace with a problem at the user's line.
 *
 * @param why completes `… cannot be computed: `, without a full stop
 * @param remedy a whole sentence
 */
export type Refuse = (why: string, remedy?: string) => never;

/** One operation: all that the compiler knows of it. */
export interface Op {
  readonly name: string;
  /** Shape rule. Calls `refuse` with the reason where the inputs do not fit. */
  readonly result: (
    inputs: readonly Node[],
    params: Params,
    refuse: Refuse,
  ) => { readonly shape: Shape; readonly dtype: DType };
  /**
   * The vector-Jacobian product: what each input contributes to the gradient, given that, `g`, of the
   * node. Rules build nodes of other operations, hence may be differentiated again. `undefined` stands for
   * zero. An operation without one has zero derivative almost everywhere (comparisons, rounding).
   */
  readonly vjp?: (g: Node, node: Node) => readonly (Node | undefined)[];
  /** The tfjs kernels that are exactly this operation: how `trace.ts` gets from a kernel call to a node. */
  readonly kernels?: Readonly<Record<string, (call: KernelCall) => Node>>;
  /** Algebra on this operation: an equal, cheaper node, or undefined to leave it. */
  readonly simplify?: (node: Node) => Node | undefined;
  /**
   * An equal expression that ONNX Runtime computes faster, or that it has operators for. Applied
   * after all differentiation: what it is made of needs no derivatives.
   */
  readonly lower?: (node: Node, device: OnnxDevice) => Node;
  /**
   * Which shardings of the inputs a result of this sharding can be computed from, shard by shard, each a
   * list with an entry for each input; see `shard/shard.ts`. An operation without it is not computed in
   * shards.
   */
  readonly shardings?: (result: Sharding, node: Node) => readonly (readonly Sharding[])[];
  /** The parameters that name the result's shape, for a result of another: a shard's. */
  readonly reshaped?: (shape: Shape) => Params;
  /**
   * Multiplications and additions, of an operation that sums products; every other is one pass over
   * its numbers. See `ledger.ts`.
   */
  readonly flops?: (node: Node) => number;
  /**
   * What a node without inputs is: fed by name, a loop's own, known, or drawn before each run. Of noise a
   * node may have an input, which row of a table is meant.
   */
  readonly leaf?: 'input' | 'parameter' | 'constant' | 'noise';
  /** Its value is a constant for differentiation, whatever it is computed from. */
  readonly holds?: true;
  /** The same numbers, where they are: nothing is computed. */
  readonly view?: true;
  /** Repeating it in each iteration of a loop costs less than handing its result in from outside. */
  readonly free?: true;
  /** An elementwise operation on single numbers, for folding constants. */
  readonly scalar?: (...values: number[]) => number;
  /** The call that computes it with tfjs. */
  readonly tfjs?: (tf: TensorFlow, inputs: readonly tfjs.Tensor[], node: Node) => tfjs.Tensor;
  /** The ONNX nodes that compute it; returns the name of the result. */
  readonly onnx?: (writer: OnnxWriter, inputs: readonly string[], node: Node) => string;
}

/** A tfjs kernel call as `trace.ts` sees it. */
export interface KernelCall {
  /** The tensors given, by tfjs's name for each. Calls on lists (`Concat`) use '0', '1', …. */
  readonly inputs: Readonly<Record<string, Node>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly refuse: Refuse;
}

/** Makes the node, or nodes, that a tfjs kernel computes. */
export type Kernel = (call: KernelCall) => Node | Node[];
