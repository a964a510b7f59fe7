import type { Node } from '../graph';
import { elementwiseShardings } from '../sharding';
import {
  as,
  beforeTranspose,
  binary,
  broadcastResult,
  requireDType,
  unary,
  unbroadcast,
  withoutBroadcast,
  withoutTrailingOnes,
} from './broadcasting';
import { cast, constant, select, uniformValue } from './build';
import type { Op } from './op';

const comparisons: Op[] = [
  binary('equal', {
    kernel: 'Equal',
    operands: ['float32', 'int32', 'bool'],
    commutative: true,
    dtype: 'bool',
    scalar: (a, b) => Number(a === b),
    tfjs: (tf, a, b) => tf.equal(a, b),
    onnx: 'Equal',
  }),
  binary('greater', {
    kernel: 'Greater',
    dtype: 'bool',
    scalar: (a, b) => Number(a > b),
    tfjs: (tf, a, b) => tf.greater(a, b),
    onnx: 'Greater',
  }),
  binary('greaterEqual', {
    kernel: 'GreaterEqual',
    dtype: 'bool',
    scalar: (a, b) => Number(a >= b),
    tfjs: (tf, a, b) => tf.greaterEqual(a, b),
    onnx: 'GreaterOrEqual',
  }),
  binary('logicalAnd', {
    kernel: 'LogicalAnd',
    operands: ['bool'],
    commutative: true,
    dtype: 'bool',
    scalar: (a, b) => Number(a !== 0 && b !== 0),
    tfjs: (tf, a, b) => tf.logicalAnd(a, b),
    onnx: 'And',
  }),
  binary('logicalOr', {
    kernel: 'LogicalOr',
    operands: ['bool'],
    commutative: true,
    dtype: 'bool',
    scalar: (a, b) => Number(a !== 0 || b !== 0),
    tfjs: (tf, a, b) => tf.logicalOr(a, b),
    onnx: 'Or',
  }),
  unary('logicalNot', {
    kernel: 'LogicalNot',
    operands: ['bool'],
    scalar: (x) => Number(x === 0),
    tfjs: (tf, x) => tf.logicalNot(x),
    onnx: 'Not',
    simplify: (x) => (x.op.name === 'logicalNot' ? x.inputs[0] : undefined),
  }),
];

const choices: Op[] = [
  {
    name: 'select',
    result: (inputs, _attributes, refuse) => {
      const [condition, a, b] = inputs;
      requireDType([condition!], ['bool'], refuse);
      requireDType([b!], [a!.dtype], refuse);
      return { shape: broadcastResult(inputs, refuse), dtype: a!.dtype };
    },
    scalar: (condition, a, b) => (condition !== 0 ? a! : b!),
    shardings: elementwiseShardings(),
    vjp: (g, node) => {
      const condition = node.inputs[0]!;
      return unbroadcast(node, undefined, select(condition, g, 0), select(condition, 0, g));
    },
    kernels: {
      Select: ({ inputs }) => {
        const { condition, t, e } = inputs as { condition: Node; t: Node; e: Node };
        // A condition of lower rank chooses whole rows.
        const rank = t.shape.length - condition.shape.length;
        const aligned =
          rank > 0 && condition.shape.length === 1
            ? condition.graph.node('reshape', [condition], {
                shape: [...condition.shape, ...new Array<number>(rank).fill(1)],
              })
            : condition;
        // tfjs converts the branches to what holds both.
        const dtype = [t, e].every((branch) => branch.dtype === t.dtype) ? t.dtype : 'float32';
        return select(aligned, cast(t, dtype), cast(e, dtype));
      },
    },
    simplify: (node) => {
      const [condition, a, b] = node.inputs as [Node, Node, Node];
      const chosen = uniformValue(condition);
      if (chosen !== undefined) return as(node, chosen !== 0 ? a : b);
      if (a === b) return as(node, a);
      return condition.op.name === 'logicalNot'
        ? select(condition.inputs[0]!, b, a)
        : (withoutBroadcast(node) ?? beforeTranspose(node));
    },
    tfjs: (tf, [condition, a, b]) => tf.where(condition!, a!, b!),
    onnx: (writer, inputs) => writer.op('Where', inputs),
    lower: withoutTrailingOnes,
  },
  {
    name: 'cast',
    result: ([x], params) => ({ shape: x!.shape, dtype: params.dtype! }),
    shardings: elementwiseShardings(),
    kernels: {
      Cast: ({ inputs, attrs, refuse }) => {
        const dtype = attrs['dtype'] as string;
        if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
          return refuse(`the dtype ${dtype} cannot be compiled; use float32, int32 or bool`);
        }
        return cast(inputs['x']!, dtype);
      },
    },
    simplify: (node) => {
      const value = uniformValue(node.inputs[0]!);
      if (value === undefined) return beforeTranspose(node);
      const dtype = node.dtype;
      const converted = dtype === 'bool' ? Number(value !== 0) : Math.trunc(value);
      const result = dtype === 'float32' ? value : converted;
      return as(node, constant(node.graph, result, [], dtype));
    },
    tfjs: (tf, [x], node) => {
      const y = tf.cast(x!, node.dtype);
      // On WebGPU tfjs only calls integers floats, and some of its shaders then do not compile (4.22).
      const isRenamed = tf.getBackend() === 'webgpu' && node.dtype === 'float32';
      return isRenamed && x!.dtype !== 'float32' ? tf.mul(y, 1) : y;
    },
    onnx: (writer, [x], node) =>
      writer.op('Cast', [x!], { to: { float32: 1, int32: 6, bool: 9 }[node.dtype] }),
  },
];

export const comparisonOps: readonly Op[] = [...comparisons, ...choices];
