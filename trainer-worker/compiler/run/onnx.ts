import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type Node, topologicalOrder } from '../graph/graph';
import { loopInputs } from '../graph/loop';
import type { OnnxWriter } from '../graph/ops/op';
import { type DType, type Shape, sameShape } from '../graph/shape';
import {
  type AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  type GraphProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  type TensorShapeProto_DimensionSchema,
  type ValueInfoProtoSchema,
} from './onnx-proto';

type Attribute = MessageInitShape<typeof AttributeProtoSchema>;
type Dimension = MessageInitShape<typeof TensorShapeProto_DimensionSchema>;
type NodeFields = MessageInitShape<typeof NodeProtoSchema>;
type Tensor = MessageInitShape<typeof TensorProtoSchema>;
type ValueInfo = MessageInitShape<typeof ValueInfoProtoSchema>;
/** What is known of a graph at each time; its nodes and outputs from the beginning. */
type Graph = MessageInitShape<typeof GraphProtoSchema> & {
  node: NodeFields[];
  output: ValueInfo[];
};

const dataTypes: Readonly<Record<DType, number>> = {
  float32: DataType.FLOAT,
  int32: DataType.INT32,
  bool: DataType.BOOL,
};

/** Version 18 has ScatterElements that add and reductions with axes as inputs. */
const operatorSet = 18n;
const irVersion = 8n;

/**
 * A program as an ONNX model. Input nodes become graph inputs under their names; a size of -1 in
 * their shapes is left open. Loops become `Loop`, with the whole body in the model.
 *
 * @param results name → simplified node without noise (see `graph/noise-source.ts`)
 * @returns the bytes of a `ModelProto`
 */
export function writeOnnx(
  inputs: readonly Node[],
  results: Readonly<Record<string, Node>>,
): Uint8Array {
  const writer = new ModelWriter();
  const names = new Map<Node, string>();
  for (const node of inputs) names.set(node, node.params.name!);
  const graph = writer.graph('step', names, Object.values(results));
  const made = madeIn(graph.node);
  const called = new Map<string, string>();
  Object.entries(results).forEach(([name, node], index) => {
    const own = graph.output[index]!.name!;
    if (made.has(own) && !called.has(own)) called.set(own, name);
    // An input, a constant, or what is another result as well.
    else graph.node.push({ opType: 'Identity', input: [own], output: [name] });
    graph.output[index] = valueInfo(name, node);
  });
  rename(graph.node, called);
  graph.input = inputs.map((node) => valueInfo(node.params.name!, node));
  graph.initializer = writer.initializers;
  const model = create(ModelProtoSchema, {
    irVersion,
    producerName: 'EBM Lab',
    opsetImport: [{ domain: '', version: operatorSet }],
    graph,
  });
  return toBinary(ModelProtoSchema, model);
}

/**
 * Sums that a product of matrices can begin with, a bias mostly, which saves a pass over its result: each
 * with its product, which nothing else uses.
 */
function sumsWithProducts(
  order: readonly Node[],
  results: readonly Node[],
): ReadonlyMap<Node, Node> {
  const uses = new Map<Node, number>();
  for (const used of [...order.flatMap(({ inputs }) => inputs), ...results]) {
    uses.set(used, (uses.get(used) ?? 0) + 1);
  }
  // A single row or column added to itself is summed in an order that changes from session to session.
  const isProduct = ({ op, inputs, shape }: Node) =>
    op.name === 'matMul' &&
    inputs.every((input) => input.shape.length === 2) &&
    shape.every((size) => size > 1);
  const found = new Map<Node, Node>();
  for (const node of order) {
    if (node.op.name !== 'add') continue;
    const product = node.inputs.find((input) => isProduct(input) && uses.get(input) === 1);
    if (product && sameShape(product.shape, node.shape)) found.set(node, product);
  }
  return found;
}

/** Names of what these nodes compute. */
function madeIn(nodes: readonly NodeFields[]): Set<string> {
  return new Set(nodes.flatMap(({ output = [] }) => output));
}

/** Gives values other names, in loop bodies too. */
function rename(nodes: readonly NodeFields[], names: ReadonlyMap<string, string>): void {
  const renamed = (all: readonly string[] = []) => all.map((name) => names.get(name) ?? name);
  for (const node of nodes) {
    node.input = renamed(node.input);
    node.output = renamed(node.output);
    for (const { g } of node.attribute ?? []) if (g?.node) rename(g.node, names);
  }
}

function valueInfo(name: string, { shape, dtype }: { shape: Shape; dtype: DType }): ValueInfo {
  const dim = shape.map(
    (size): Dimension => ({
      value:
        size === -1
          ? { case: 'dimParam', value: `${name} rows` }
          : { case: 'dimValue', value: BigInt(size) },
    }),
  );
  return tensorInfo(name, dataTypes[dtype], dim);
}

function tensorInfo(name: string, elemType: number, dim: Dimension[]): ValueInfo {
  return { name, type: { value: { case: 'tensorType', value: { elemType, shape: { dim } } } } };
}

class ModelWriter implements OnnxWriter {
  /** Constants of all graphs, kept in the outermost one, where every body sees them. */
  readonly initializers: Tensor[] = [];
  readonly #known = new Map<string, string>();
  #nodes: NodeFields[] = [];
  #next = 0;

  /** The nodes of one graph; `names` says what is already computed, and learns what is computed. */
  graph(name: string, names: Map<Node, string>, results: readonly Node[]): Graph {
    const outer = this.#nodes;
    this.#nodes = [];
    const order = topologicalOrder(results, names);
    const sums = sumsWithProducts(order, results);
    const within = new Set(sums.values());
    for (const node of order) {
      if (!within.has(node)) names.set(node, this.#write(node, names, sums.get(node)));
    }
    const graph: Graph = {
      name,
      node: this.#nodes,
      output: results.map((node) => valueInfo(names.get(node)!, node)),
    };
    this.#nodes = outer;
    return graph;
  }

  op(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, number | string | readonly number[]>> = {},
  ): string {
    return this.output(0, type, inputs, attributes);
  }

  output(
    index: number,
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, number | string | readonly number[]>> = {},
  ): string {
    const name = `${type}_${this.#next++}`;
    const outputs = Array.from({ length: index + 1 }, (_, place) => `${name}_${place}`);
    const attributes_ = Object.entries(attributes).map(attribute);
    this.#nodes.push({
      opType: type,
      name,
      input: [...inputs],
      output: outputs,
      attribute: attributes_,
    });
    return outputs[index]!;
  }

  int64(values: readonly number[]): string {
    const bytes = new BigInt64Array(values.map(BigInt));
    return this.#initializer(`i${values.join()}`, DataType.INT64, [values.length], bytes);
  }

  scalar(value: number, dtype: DType): string {
    const array = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[dtype].of(value);
    const key = Object.is(value, -0) ? '-0' : String(value);
    return this.#initializer(`s${dtype} ${key}`, dataTypes[dtype], [], array);
  }

  /** @param product an operand of `node`, a sum, that is computed along with it */
  #write(node: Node, names: Map<Node, string>, product?: Node): string {
    if (product !== undefined) {
      const added = node.inputs.find((input) => input !== product)!;
      const operands = [...product.inputs, added].map((input) => names.get(input)!);
      return product.op.onnx!(this, operands, product);
    }
    const inputs = node.inputs.map((input) => names.get(input)!);
    if (node.op.onnx !== undefined) return node.op.onnx(this, inputs, node);
    const values = node.params.values;
    if (values !== undefined) {
      return this.#initializer(`c${node.id}`, dataTypes[node.dtype], node.shape, values);
    }
    if (node.params.body !== undefined) return this.#loop(node, names);
    if (node.params.index !== undefined) {
      return loopOutput(inputs[0]!, node.params.index);
    }
    throw new Error(`${node.op.name} cannot be written as ONNX.`);
  }

  /** Returns the prefix of the outputs' names. */
  #loop(node: Node, names: Map<Node, string>): string {
    const body = node.params.body!;
    const { count, state, captures } = loopInputs(node);
    const prefix = `loop${this.#next++}`;
    const inner = new Map(names);
    const iteration64 = `${prefix}_iteration`;
    body.captures.forEach((parameter, index) => {
      inner.set(parameter, names.get(captures[index]!)!);
    });
    body.state.forEach((parameter, index) => {
      inner.set(parameter, `${prefix}_start${index}`);
    });
    const outer = this.#nodes;
    this.#nodes = [];
    const iteration = this.op('Cast', [iteration64], { to: dataTypes.int32 });
    const goOn = this.op('Identity', [`${prefix}_continue`]);
    inner.set(body.iteration, iteration);
    const preamble = this.#nodes;
    const graph = this.graph(prefix, inner, body.results);
    this.#nodes = outer;
    // An output must be made in the body itself, also where it only hands on what came in.
    const made = madeIn(graph.node);
    const handed = body.results.map((result, index) => {
      const own = inner.get(result)!;
      if (made.delete(own)) return valueInfo(own, result);
      const output = `${prefix}_end${index}`;
      graph.node.push({ opType: 'Identity', input: [own], output: [output] });
      return valueInfo(output, result);
    });
    graph.node = [...preamble, ...graph.node];
    graph.input = [
      tensorInfo(iteration64, DataType.INT64, []),
      tensorInfo(`${prefix}_continue`, DataType.BOOL, []),
      ...body.state.map((parameter, index) => valueInfo(`${prefix}_start${index}`, parameter)),
    ];
    graph.output = [tensorInfo(goOn, DataType.BOOL, []), ...handed];
    const trips = this.op('Cast', [names.get(count)!], { to: DataType.INT64 });
    const outputs = state.map((_, index) => loopOutput(prefix, index));
    this.#nodes.push({
      opType: 'Loop',
      name: prefix,
      input: [trips, this.scalar(1, 'bool'), ...state.map((start) => names.get(start)!)],
      output: outputs,
      attribute: [{ name: 'body', type: AttributeType.GRAPH, g: graph }],
    });
    return prefix;
  }

  #initializer(
    key: string,
    dataType: number,
    dims: readonly number[],
    values: ArrayBufferView,
  ): string {
    let name = this.#known.get(key);
    if (name === undefined) {
      name = `constant${this.#known.size}`;
      this.#known.set(key, name);
      const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      this.initializers.push({ name, dataType, dims: dims.map(BigInt), rawData });
    }
    return name;
  }
}

function loopOutput(prefix: string, index: number): string {
  return `${prefix}_result${index}`;
}

function attribute([name, value]: [string, number | string | readonly number[]]): Attribute {
  if (typeof value === 'string') {
    return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  }
  // Every number that the operations write is an integer: flags, axes, sizes, data types.
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: BigInt(value) };
  return { name, type: AttributeType.INTS, ints: value.map(BigInt) };
}
