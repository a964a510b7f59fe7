import type { Tensor } from '@tensorflow/tfjs';
import type { Node } from '../graph';
import {
  type DType,
  formatShape,
  inversePermutation,
  type Shape,
  sameShape,
  sizeOf,
} from '../shape';
import { elementwiseShardings, type Linearity } from '../sharding';
import { broadcastAll, broadcastTo, reshape, sumTo, transpose } from './build';
import type { KernelCall, OnnxDevice, OnnxWriter, Op, Refuse, TensorFlow } from './op';

/** Gradients of broadcast operands, summed back to the operands' shapes. */
export function unbroadcast(node: Node, ...gradients: (Node | undefined)[]): (Node | undefined)[] {
  return gradients.map((g, index) => g && sumTo(g, node.inputs[index]!.shape));
}

export function broadcastResult(inputs: readonly Node[], refuse: Refuse): Shape {
  const shapes = inputs.map((input) => input.shape);
  return (
    broadcastAll(shapes) ??
    refuse(
      `the shapes ${shapes.map(formatShape).join(' and ')} do not broadcast`,
      'Make the axes equal or of size 1, counted from the last one, for example by tf.expandDims.',
    )
  );
}

/** Refuses operands of dtypes that backends compute differently, or not at all. */
export function requireDType(
  inputs: readonly Node[],
  allowed: readonly DType[],
  refuse: Refuse,
): void {
  const other = inputs.find((input) => !allowed.includes(input.dtype));
  if (other === undefined) return;
  refuse(
    `it takes ${allowed.join(' or ')}, not ${other.dtype}`,
    `Convert the tensor by tf.cast(…, '${allowed[0]}').`,
  );
}

interface UnaryOp {
  readonly kernel?: string;
  readonly scalar: (x: number) => number;
  readonly vjp?: (g: Node, x: Node, y: Node) => Node;
  /** Both are absent where `simplify` always writes it out. */
  readonly tfjs?: (tf: TensorFlow, x: Tensor) => Tensor;
  readonly onnx?: string | ((writer: OnnxWriter, x: string) => string);
  readonly simplify?: (x: Node) => Node | undefined;
  /** See `Op.lower`; undefined leaves it as it is. */
  readonly lower?: (x: Node, device: OnnxDevice) => Node | undefined;
  /** What it may be applied to; float32 where absent. */
  readonly operands?: readonly DType[];
  /** Whole numbers stay as they are. */
  readonly keepsWhole?: true;
  readonly linear?: Linearity;
}

export function unary(name: string, op: UnaryOp): Op {
  const { kernel, vjp, tfjs, onnx, simplify, lower } = op;
  return {
    name,
    result: ([x], _attributes, refuse) => {
      requireDType([x!], op.operands ?? ['float32'], refuse);
      return { shape: x!.shape, dtype: x!.dtype };
    },
    scalar: op.scalar,
    shardings: elementwiseShardings(op.linear),
    ...(tfjs ? { tfjs: (tf, [x]) => tfjs(tf, x!) } : {}),
    ...(onnx
      ? {
          onnx: (writer, [x]) =>
            typeof onnx === 'string' ? writer.op(onnx, [x!]) : onnx(writer, x!),
        }
      : {}),
    ...(lower ? { lower: (node, device) => lower(node.inputs[0]!, device) ?? node } : {}),
    ...(vjp ? { vjp: (g, y) => [vjp(g, y.inputs[0]!, y)] } : {}),
    simplify: (node) => simplify?.(node.inputs[0]!) ?? beforeTranspose(node),
    ...(kernel
      ? {
          kernels: {
            [kernel]: ({ inputs }: KernelCall) => {
              const x = inputs['x']!;
              return op.keepsWhole && x.dtype === 'int32' ? x : x.graph.node(name, [x]);
            },
          },
        }
      : {}),
  };
}

interface BinaryOp {
  readonly kernel?: string;
  readonly scalar: (a: number, b: number) => number;
  /** Gradients before summation to the operands' shapes. */
  readonly vjp?: (g: Node, a: Node, b: Node, y: Node) => readonly (Node | undefined)[];
  readonly tfjs: (tf: TensorFlow, a: Tensor, b: Tensor) => Tensor;
  readonly onnx: string | ((writer: OnnxWriter, inputs: readonly string[]) => string);
  readonly simplify?: (a: Node, b: Node, node: Node) => Node | undefined;
  /** See `Op.lower`; undefined leaves it as it is. */
  readonly lower?: (node: Node, device: OnnxDevice) => Node | undefined;
  /** The node of another operation that it is on these operands. */
  readonly recognize?: (a: Node, b: Node) => Node | undefined;
  readonly commutative?: true;
  /** The result's dtype where it is not the operands'. */
  readonly dtype?: DType;
  /** What it may be applied to; numbers where absent. */
  readonly operands?: readonly DType[];
  readonly linear?: Linearity;
}

export function binary(name: string, op: BinaryOp): Op {
  const { kernel, vjp, onnx, simplify } = op;
  return {
    name,
    result: (inputs, _attributes, refuse) => {
      const [a, b] = inputs;
      requireDType(inputs, op.operands ?? ['float32', 'int32'], refuse);
      requireDType([b!], [a!.dtype], refuse);
      return { shape: broadcastResult(inputs, refuse), dtype: op.dtype ?? a!.dtype };
    },
    scalar: op.scalar,
    shardings: elementwiseShardings(op.linear),
    tfjs: (tf, [a, b]) => op.tfjs(tf, a!, b!),
    onnx: (writer, inputs) =>
      typeof onnx === 'string' ? writer.op(onnx, inputs) : onnx(writer, inputs),
    lower: (node, device) => op.lower?.(node, device) ?? withoutTrailingOnes(node),
    ...(vjp
      ? {
          vjp: (g, y) => unbroadcast(y, ...vjp(g, y.inputs[0]!, y.inputs[1]!, y)),
        }
      : {}),
    simplify: (node) => {
      const [a, b] = node.inputs as [Node, Node];
      const simpler = simplify?.(a, b, node) ?? withoutBroadcast(node) ?? beforeTranspose(node);
      if (simpler !== undefined) return simpler;
      // One order for each pair, so that a + b and b + a are the same node.
      return op.commutative && a.id > b.id ? node.graph.node(name, [b, a]) : undefined;
    },
    ...(kernel
      ? {
          kernels: {
            [kernel]: ({ inputs }: KernelCall) => {
              const [a, b] = [inputs['a']!, inputs['b']!];
              return op.recognize?.(a, b) ?? a.graph.node(name, [a, b]);
            },
          },
        }
      : {}),
  };
}

/** An operand need not be broadcast by a node of its own where the operation does it anyway. */
export function withoutBroadcast(node: Node): Node | undefined {
  for (const [index, operand] of node.inputs.entries()) {
    if (operand.op.name !== 'broadcastTo') continue;
    const inputs = node.inputs.with(index, operand.inputs[0]!);
    const shape = broadcastAll(inputs.map((input) => input.shape));
    if (shape !== undefined && sameShape(shape, node.shape)) {
      return node.graph.node(node.op.name, inputs, node.params);
    }
  }
  return undefined;
}

/**
 * Elementwise on transposed operands is the transpose of elementwise: one transpose instead of
 * several, and on its way to the next one, which it may cancel. Smaller operands, which broadcast,
 * are transposed the other way instead, which mostly moves nothing.
 */
export function beforeTranspose(node: Node): Node | undefined {
  const large = node.inputs.filter((operand) => sizeOf(operand.shape) === sizeOf(node.shape));
  const [first] = large;
  if (first?.op.name !== 'transpose' || !sameShape(first.shape, node.shape)) return undefined;
  const permutation = permutationOf(first);
  const alike = large.every(
    (operand) =>
      operand.op.name === 'transpose' &&
      permutation.every((axis, index) => axis === permutationOf(operand)[index]),
  );
  if (!alike) return undefined;
  const inverse = inversePermutation(permutation);
  const inputs = node.inputs.map((operand) => {
    if (large.includes(operand)) return operand.inputs[0]!;
    const missing = new Array<number>(permutation.length - operand.shape.length).fill(1);
    return transpose(reshape(operand, [...missing, ...operand.shape]), inverse);
  });
  return transpose(node.graph.node(node.op.name, inputs, node.params), permutation);
}

/**
 * ONNX Runtime broadcasts in runs along the last axis: where that has size 1 it would go element by
 * element, some forty times slower.
 */
export function withoutTrailingOnes(node: Node): Node {
  const ones = node.shape.length - 1 - node.shape.findLastIndex((size) => size !== 1);
  const broadcasts = node.inputs.some((operand) => !sameShape(operand.shape, node.shape));
  if (ones === 0 || ones === node.shape.length || !broadcasts) return node;
  const inputs = node.inputs.map((operand) => {
    const rank = Math.max(0, operand.shape.length - ones);
    return reshape(operand, operand.shape.slice(0, rank));
  });
  return reshape(node.graph.node(node.op.name, inputs, node.params), node.shape);
}

const permutationOf = (node: Node) => node.params.permutation!;

/** `value` stretched to what the node it replaces had, which its other operand may have caused. */
export const as = (node: Node, value: Node) => broadcastTo(value, node.shape);

export const isNeg = (node: Node) => node.op.name === 'neg';
