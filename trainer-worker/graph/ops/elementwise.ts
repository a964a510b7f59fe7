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
import {
  abs,
  add,
  broadcastAll,
  broadcastTo,
  cast,
  constant,
  cos,
  cosh,
  div,
  equal,
  exp,
  greater,
  log,
  mul,
  neg,
  pow,
  reciprocal,
  reshape,
  rsqrt,
  scalar,
  select,
  sigmoid,
  sign,
  sin,
  sinh,
  sqrt,
  square,
  step,
  sub,
  sumTo,
  transpose,
  uniformValue,
} from './build';
import type { KernelCall, OnnxWriter, Row, TensorFlow } from './row';

/** Gradients of broadcast operands, summed back to the operands' shapes. */
function unbroadcast(node: Node, ...gradients: (Node | undefined)[]): (Node | undefined)[] {
  return gradients.map((g, index) => g && sumTo(g, node.inputs[index]!.shape));
}

function broadcastResult(inputs: readonly Node[], refuse: (why: string) => never): Shape {
  const shapes = inputs.map((input) => input.shape);
  return (
    broadcastAll(shapes) ??
    refuse(`the shapes ${shapes.map(formatShape).join(' and ')} do not broadcast`)
  );
}

interface UnaryRow {
  readonly kernel?: string;
  readonly scalar: (x: number) => number;
  readonly derivative?: (g: Node, x: Node, y: Node) => Node;
  readonly tfjs: (tf: TensorFlow, x: Tensor) => Tensor;
  readonly onnx: string | ((writer: OnnxWriter, x: string) => string);
  readonly simplify?: (x: Node) => Node | undefined;
  readonly dtype?: DType;
}

function unary(name: string, row: UnaryRow): Row {
  const { kernel, derivative, onnx, simplify } = row;
  return {
    name,
    result: ([x]) => ({ shape: x!.shape, dtype: x!.dtype }),
    scalar: row.scalar,
    tfjs: (tf, [x]) => row.tfjs(tf, x!),
    onnx: (writer, [x]) => (typeof onnx === 'string' ? writer.op(onnx, [x!]) : onnx(writer, x!)),
    ...(derivative ? { derivative: (g, y) => [derivative(g, y.inputs[0]!, y)] } : {}),
    simplify: (node) => simplify?.(node.inputs[0]!) ?? beforeTranspose(node),
    ...(kernel
      ? {
          kernels: {
            [kernel]: ({ inputs }: KernelCall) => inputs['x']!.graph.node(name, [inputs['x']!]),
          },
        }
      : {}),
  };
}

interface BinaryRow {
  readonly kernel?: string;
  readonly scalar: (a: number, b: number) => number;
  /** Gradients before summation to the operands' shapes. */
  readonly derivative?: (g: Node, a: Node, b: Node, y: Node) => readonly (Node | undefined)[];
  readonly tfjs: (tf: TensorFlow, a: Tensor, b: Tensor) => Tensor;
  readonly onnx: string;
  readonly simplify?: (a: Node, b: Node, node: Node) => Node | undefined;
  readonly commutative?: true;
  /** The result's dtype where it is not the operands'. */
  readonly dtype?: DType;
}

function binary(name: string, row: BinaryRow): Row {
  const { kernel, derivative, simplify } = row;
  return {
    name,
    result: (inputs, _attributes, refuse) => {
      const [a, b] = inputs;
      if (a!.dtype !== b!.dtype) refuse(`the dtypes ${a!.dtype} and ${b!.dtype} differ`);
      return { shape: broadcastResult(inputs, refuse), dtype: row.dtype ?? a!.dtype };
    },
    scalar: row.scalar,
    tfjs: (tf, [a, b]) => row.tfjs(tf, a!, b!),
    onnx: (writer, inputs) => writer.op(row.onnx, inputs),
    lower: withoutTrailingOnes,
    ...(derivative
      ? {
          derivative: (g, y) => unbroadcast(y, ...derivative(g, y.inputs[0]!, y.inputs[1]!, y)),
        }
      : {}),
    simplify: (node) => {
      const [a, b] = node.inputs as [Node, Node];
      const simpler = simplify?.(a, b, node) ?? withoutBroadcast(node) ?? beforeTranspose(node);
      if (simpler !== undefined) return simpler;
      // One order for each pair, so that a + b and b + a are the same node.
      return row.commutative && a.id > b.id ? node.graph.node(name, [b, a]) : undefined;
    },
    ...(kernel
      ? {
          kernels: {
            [kernel]: ({ inputs }: KernelCall) =>
              inputs['a']!.graph.node(name, [inputs['a']!, inputs['b']!]),
          },
        }
      : {}),
  };
}

/** An operand need not be broadcast by a node of its own where the operation does it anyway. */
function withoutBroadcast(node: Node): Node | undefined {
  for (const [index, operand] of node.inputs.entries()) {
    if (operand.row.name !== 'broadcastTo') continue;
    const inputs = node.inputs.with(index, operand.inputs[0]!);
    const shape = broadcastAll(inputs.map((input) => input.shape));
    if (shape !== undefined && sameShape(shape, node.shape)) {
      return node.graph.node(node.row.name, inputs, node.attributes);
    }
  }
  return undefined;
}

/**
 * Elementwise on transposed operands is the transpose of elementwise: one transpose instead of
 * several, and on its way to the next one, which it may cancel. Smaller operands, which broadcast,
 * are transposed the other way instead, which mostly moves nothing.
 */
function beforeTranspose(node: Node): Node | undefined {
  const large = node.inputs.filter((operand) => sizeOf(operand.shape) === sizeOf(node.shape));
  const [first] = large;
  if (first?.row.name !== 'transpose' || !sameShape(first.shape, node.shape)) return undefined;
  const permutation = permutationOf(first);
  const alike = large.every(
    (operand) =>
      operand.row.name === 'transpose' &&
      permutation.every((axis, index) => axis === permutationOf(operand)[index]),
  );
  if (!alike) return undefined;
  const inverse = inversePermutation(permutation);
  const inputs = node.inputs.map((operand) => {
    if (large.includes(operand)) return operand.inputs[0]!;
    const missing = new Array<number>(permutation.length - operand.shape.length).fill(1);
    return transpose(reshape(operand, [...missing, ...operand.shape]), inverse);
  });
  return transpose(node.graph.node(node.row.name, inputs, node.attributes), permutation);
}

/**
 * ONNX Runtime broadcasts in runs along the last axis: where that has size 1 it would go element by
 * element, some forty times slower.
 */
function withoutTrailingOnes(node: Node): Node {
  const ones = node.shape.length - 1 - node.shape.findLastIndex((size) => size !== 1);
  const broadcasts = node.inputs.some((operand) => !sameShape(operand.shape, node.shape));
  if (ones === 0 || ones === node.shape.length || !broadcasts) return node;
  const inputs = node.inputs.map((operand) => {
    const rank = Math.max(0, operand.shape.length - ones);
    return reshape(operand, operand.shape.slice(0, rank));
  });
  return reshape(node.graph.node(node.row.name, inputs, node.attributes), node.shape);
}

const permutationOf = (node: Node) => node.attributes['permutation'] as readonly number[];

/** `value` stretched to what the node it replaces had, which its other operand may have caused. */
const as = (node: Node, value: Node) => broadcastTo(value, node.shape);

/** The factors of a product, nested products flattened. */
function factorsOf(node: Node): Node[] {
  return node.row.name === 'mul' ? node.inputs.flatMap(factorsOf) : [node];
}

/**
 * Distributivity backwards: `a·b + a·c = a·(b + c)`. Derivative rules produce such sums wherever a
 * value is used twice (`x·sigmoid(x)`), and each product saved is a pass over memory.
 */
function commonFactors(a: Node, b: Node, node: Node): Node | undefined {
  const left = factorsOf(a);
  const right = factorsOf(b);
  if (left.length + right.length > 16 || (left.length === 1 && right.length === 1))
    return undefined;
  const common: Node[] = [];
  for (const factor of [...left]) {
    const index = right.indexOf(factor);
    if (index < 0) continue;
    // A factor smaller than the sum saves nothing.
    if (!sameShape(factor.shape, node.shape)) continue;
    common.push(factor);
    right.splice(index, 1);
    left.splice(left.indexOf(factor), 1);
  }
  if (common.length === 0) return undefined;
  leaveKnownProduct(common, left, right);
  leaveKnownProduct(common, right, left);
  // `s + s·x` and `s·(1 + x)` cost the same.
  if (common.length === 1 && (left.length === 0 || right.length === 0)) return undefined;
  const product = (factors: readonly Node[]) =>
    factors.length === 0 ? scalar(node, 1) : factors.reduce((value, factor) => mul(value, factor));
  return mul(product(common), add(product(left), product(right)));
}
/**
 * `g·s + g·s·x` is `g·s·(1 + x)`, but `g·(s + s·x)` is a pass less where `s·x` is known already: the
 * value of a swish is such a product in its own slope.
 */
function leaveKnownProduct(common: Node[], own: Node[], other: Node[]): void {
  if (own.length > 0 || common.length < 2) return;
  const known = common.flatMap((factor) =>
    other.flatMap((partner) =>
      [
        partner.graph.find('mul', [factor, partner]),
        partner.graph.find('mul', [partner, factor]),
      ].flatMap((product) => (product ? [{ factor, partner, product }] : [])),
    ),
  );
  // Rules leave products behind that nothing uses. The oldest is the forward pass's, in use anyway.
  const [oldest] = known.sort((a, b) => a.product.id - b.product.id);
  if (oldest === undefined) return;
  common.splice(common.indexOf(oldest.factor), 1);
  own.push(oldest.factor);
  other[other.indexOf(oldest.partner)] = oldest.product;
}

const isNeg = (node: Node) => node.row.name === 'neg';

/** A constant factor of a product and the rest: `3·x` is 3 and x. */
function coefficient(node: Node): { value: number; rest: Node } | undefined {
  if (node.row.name !== 'mul') return undefined;
  for (const [index, operand] of node.inputs.entries()) {
    const value = uniformValue(operand);
    const rest = node.inputs[1 - index]!;
    if (value !== undefined && sameShape(rest.shape, node.shape)) return { value, rest };
  }
  return undefined;
}

const arithmetic: Row[] = [
  binary('add', {
    kernel: 'Add',
    commutative: true,
    scalar: (a, b) => a + b,
    derivative: (g) => [g, g],
    tfjs: (tf, a, b) => tf.add(a, b),
    onnx: 'Add',
    simplify: (a, b, node) => {
      if (uniformValue(a) === 0) return as(node, b);
      if (uniformValue(b) === 0) return as(node, a);
      if (isNeg(b)) return sub(a, b.inputs[0]!);
      if (isNeg(a)) return sub(b, a.inputs[0]!);
      return node.dtype === 'float32' ? commonFactors(a, b, node) : undefined;
    },
  }),
  binary('sub', {
    kernel: 'Sub',
    scalar: (a, b) => a - b,
    derivative: (g) => [g, neg(g)],
    tfjs: (tf, a, b) => tf.sub(a, b),
    onnx: 'Sub',
    simplify: (a, b, node) => {
      if (uniformValue(b) === 0) return as(node, a);
      if (uniformValue(a) === 0) return as(node, neg(b));
      return isNeg(b) ? add(a, b.inputs[0]!) : undefined;
    },
  }),
  binary('mul', {
    kernel: 'Multiply',
    commutative: true,
    scalar: (a, b) => a * b,
    derivative: (g, a, b) => [mul(g, b), mul(g, a)],
    tfjs: (tf, a, b) => tf.mul(a, b),
    onnx: 'Mul',
    simplify: (a, b, node) => {
      for (const [one, other] of [
        [a, b],
        [b, a],
      ] as const) {
        const value = uniformValue(one);
        if (value === 1) return as(node, other);
        if (value === -1) return as(node, neg(other));
        const inner = value === undefined ? undefined : coefficient(other);
        if (value !== undefined && inner !== undefined) {
          return as(node, mul(inner.rest, Math.fround(value * inner.value)));
        }
        if (value !== undefined && isNeg(other)) return as(node, mul(other.inputs[0]!, -value));
      }
      if (isNeg(a) && isNeg(b)) return mul(a.inputs[0]!, b.inputs[0]!);
      if (isNeg(a)) return neg(mul(a.inputs[0]!, b));
      return isNeg(b) ? neg(mul(a, b.inputs[0]!)) : undefined;
    },
  }),
  binary('div', {
    kernel: 'RealDiv',
    scalar: (a, b) => a / b,
    derivative: (g, _a, b, y) => [div(g, b), neg(div(mul(g, y), b))],
    tfjs: (tf, a, b) => tf.div(a, b),
    onnx: 'Div',
    simplify: (a, b, node) => {
      const divisor = uniformValue(b);
      if (divisor === 1) return as(node, a);
      // Exact where the divisor is a power of two; elsewhere within one rounding, and products fold.
      return divisor !== undefined && divisor !== 0 && node.dtype === 'float32'
        ? mul(a, Math.fround(1 / divisor))
        : undefined;
    },
  }),
  binary('pow', {
    kernel: 'Pow',
    scalar: (a, b) => a ** b,
    derivative: (g, a, b, y) => {
      // At b = 0 the slope is 0 even where a is; b·a^(b-1) would be 0·∞ there.
      const slope = mul(b, pow(a, select(equal(b, 0), 1, sub(b, 1))));
      const positive = greater(a, 0);
      const logarithm = select(positive, log(select(positive, a, 1)), 0);
      return [mul(g, slope), mul(g, mul(y, logarithm))];
    },
    tfjs: (tf, a, b) => tf.pow(a, b),
    onnx: 'Pow',
    simplify: (a, b, node) => {
      const exponent = uniformValue(b);
      if (exponent === undefined || node.dtype !== 'float32') return undefined;
      if (exponent === 0) return as(node, scalar(a, 1));
      if (exponent === 1) return as(node, a);
      if (exponent === 2) return as(node, square(a));
      if (exponent === 3) return as(node, mul(square(a), a));
      if (exponent === 4) return as(node, square(square(a)));
      if (exponent === 0.5) return as(node, sqrt(a));
      return exponent === -1 ? as(node, reciprocal(a)) : undefined;
    },
  }),
  binary('maximum', {
    kernel: 'Maximum',
    commutative: true,
    scalar: Math.max,
    derivative: (g, a, b) => {
      const share = shareOfLarger(a, b);
      return [mul(g, share), mul(g, sub(1, share))];
    },
    tfjs: (tf, a, b) => tf.maximum(a, b),
    onnx: 'Max',
  }),
  binary('minimum', {
    kernel: 'Minimum',
    commutative: true,
    scalar: Math.min,
    derivative: (g, a, b) => {
      const share = shareOfLarger(b, a);
      return [mul(g, share), mul(g, sub(1, share))];
    },
    tfjs: (tf, a, b) => tf.minimum(a, b),
    onnx: 'Min',
  }),
];

/** 1 where a > b, 0 where a < b; a tie is shared equally, so that the two shares sum to one. */
function shareOfLarger(a: Node, b: Node): Node {
  return select(equal(a, b), 0.5, cast(greater(a, b), a.dtype));
}

const comparisons: Row[] = [
  binary('equal', {
    kernel: 'Equal',
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
    commutative: true,
    dtype: 'bool',
    scalar: (a, b) => Number(a !== 0 && b !== 0),
    tfjs: (tf, a, b) => tf.logicalAnd(a, b),
    onnx: 'And',
  }),
  binary('logicalOr', {
    kernel: 'LogicalOr',
    commutative: true,
    dtype: 'bool',
    scalar: (a, b) => Number(a !== 0 || b !== 0),
    tfjs: (tf, a, b) => tf.logicalOr(a, b),
    onnx: 'Or',
  }),
  unary('logicalNot', {
    kernel: 'LogicalNot',
    scalar: (x) => Number(x === 0),
    tfjs: (tf, x) => tf.logicalNot(x),
    onnx: 'Not',
    simplify: (x) => (x.row.name === 'logicalNot' ? x.inputs[0] : undefined),
  }),
];

const functions: Row[] = [
  unary('neg', {
    kernel: 'Neg',
    scalar: (x) => -x,
    derivative: (g) => neg(g),
    tfjs: (tf, x) => tf.neg(x),
    onnx: 'Neg',
    simplify: (x) => {
      if (isNeg(x)) return x.inputs[0];
      return x.row.name === 'sub' ? sub(x.inputs[1]!, x.inputs[0]!) : undefined;
    },
  }),
  unary('exp', {
    kernel: 'Exp',
    scalar: Math.exp,
    derivative: (g, _x, y) => mul(g, y),
    tfjs: (tf, x) => tf.exp(x),
    onnx: 'Exp',
  }),
  unary('expm1', {
    kernel: 'Expm1',
    scalar: Math.expm1,
    derivative: (g, x) => mul(g, exp(x)),
    tfjs: (tf, x) => tf.expm1(x),
    // exp(x) - 1 = 2t / (1 - t) with t = tanh(x / 2), which keeps all digits near 0. Far from 0 the
    // textbook form is exact and this one would divide by zero.
    onnx: (writer, x) => {
      const half = writer.op('Tanh', [writer.op('Mul', [x, writer.scalar(0.5, 'float32')])]);
      const near = writer.op('Div', [
        writer.op('Add', [half, half]),
        writer.op('Sub', [writer.scalar(1, 'float32'), half]),
      ]);
      const far = writer.op('Sub', [writer.op('Exp', [x]), writer.scalar(1, 'float32')]);
      return writer.op('Where', [isSmall(writer, x), near, far]);
    },
  }),
  unary('log', {
    kernel: 'Log',
    scalar: Math.log,
    derivative: (g, x) => div(g, x),
    tfjs: (tf, x) => tf.log(x),
    onnx: 'Log',
    simplify: (x) => (x.row.name === 'exp' ? x.inputs[0] : undefined),
  }),
  unary('log1p', {
    kernel: 'Log1p',
    scalar: Math.log1p,
    derivative: (g, x) => div(g, add(x, 1)),
    tfjs: (tf, x) => tf.log1p(x),
    // Kahan: log(u)·x / (u - 1) with u = 1 + x cancels the rounding of u; x itself where u is 1.
    onnx: (writer, x) => {
      const one = writer.scalar(1, 'float32');
      const u = writer.op('Add', [x, one]);
      const logU = writer.op('Log', [u]);
      const corrected = writer.op('Div', [writer.op('Mul', [logU, x]), writer.op('Sub', [u, one])]);
      const near = writer.op('Where', [writer.op('Equal', [u, one]), x, corrected]);
      return writer.op('Where', [isSmall(writer, x), near, logU]);
    },
  }),
  unary('sqrt', {
    kernel: 'Sqrt',
    scalar: Math.sqrt,
    derivative: (g, _x, y) => div(mul(g, 0.5), y),
    tfjs: (tf, x) => tf.sqrt(x),
    onnx: 'Sqrt',
  }),
  unary('rsqrt', {
    kernel: 'Rsqrt',
    scalar: (x) => 1 / Math.sqrt(x),
    derivative: (g, _x, y) => mul(g, mul(-0.5, mul(y, square(y)))),
    tfjs: (tf, x) => tf.rsqrt(x),
    onnx: (writer, x) => writer.op('Reciprocal', [writer.op('Sqrt', [x])]),
  }),
  unary('reciprocal', {
    kernel: 'Reciprocal',
    scalar: (x) => 1 / x,
    derivative: (g, _x, y) => neg(mul(g, square(y))),
    tfjs: (tf, x) => tf.reciprocal(x),
    onnx: 'Reciprocal',
  }),
  unary('abs', {
    kernel: 'Abs',
    scalar: Math.abs,
    derivative: (g, x) => mul(g, sign(x)),
    tfjs: (tf, x) => tf.abs(x),
    onnx: 'Abs',
    simplify: (x) => (x.row.name === 'abs' ? x : isNeg(x) ? abs(x.inputs[0]!) : undefined),
  }),
  unary('sign', {
    kernel: 'Sign',
    scalar: Math.sign,
    tfjs: (tf, x) => tf.sign(x),
    onnx: 'Sign',
  }),
  unary('sin', {
    kernel: 'Sin',
    scalar: Math.sin,
    derivative: (g, x) => mul(g, cos(x)),
    tfjs: (tf, x) => tf.sin(x),
    onnx: 'Sin',
  }),
  unary('cos', {
    kernel: 'Cos',
    scalar: Math.cos,
    derivative: (g, x) => neg(mul(g, sin(x))),
    tfjs: (tf, x) => tf.cos(x),
    onnx: 'Cos',
  }),
  unary('tan', {
    kernel: 'Tan',
    scalar: Math.tan,
    derivative: (g, _x, y) => mul(g, add(square(y), 1)),
    tfjs: (tf, x) => tf.tan(x),
    onnx: 'Tan',
  }),
  unary('sinh', {
    kernel: 'Sinh',
    scalar: Math.sinh,
    derivative: (g, x) => mul(g, cosh(x)),
    tfjs: (tf, x) => tf.sinh(x),
    onnx: 'Sinh',
  }),
  unary('cosh', {
    kernel: 'Cosh',
    scalar: Math.cosh,
    derivative: (g, x) => mul(g, sinh(x)),
    tfjs: (tf, x) => tf.cosh(x),
    onnx: 'Cosh',
  }),
  unary('asin', {
    kernel: 'Asin',
    scalar: Math.asin,
    derivative: (g, x) => mul(g, rsqrt(sub(1, square(x)))),
    tfjs: (tf, x) => tf.asin(x),
    onnx: 'Asin',
  }),
  unary('acos', {
    kernel: 'Acos',
    scalar: Math.acos,
    derivative: (g, x) => neg(mul(g, rsqrt(sub(1, square(x))))),
    tfjs: (tf, x) => tf.acos(x),
    onnx: 'Acos',
  }),
  unary('atan', {
    kernel: 'Atan',
    scalar: Math.atan,
    derivative: (g, x) => div(g, add(square(x), 1)),
    tfjs: (tf, x) => tf.atan(x),
    onnx: 'Atan',
  }),
  unary('tanh', {
    kernel: 'Tanh',
    scalar: Math.tanh,
    derivative: (g, _x, y) => mul(g, sub(1, square(y))),
    tfjs: (tf, x) => tf.tanh(x),
    onnx: 'Tanh',
  }),
  unary('sigmoid', {
    kernel: 'Sigmoid',
    scalar: (x) => 1 / (1 + Math.exp(-x)),
    derivative: (g, _x, y) => mul(g, mul(y, sub(1, y))),
    tfjs: (tf, x) => tf.sigmoid(x),
    onnx: 'Sigmoid',
  }),
  unary('softplus', {
    kernel: 'Softplus',
    scalar: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    derivative: (g, x) => mul(g, sigmoid(x)),
    tfjs: (tf, x) => tf.softplus(x),
    onnx: 'Softplus',
  }),
  unary('relu', {
    kernel: 'Relu',
    scalar: (x) => Math.max(x, 0),
    derivative: (g, x) => mul(g, step(x)),
    tfjs: (tf, x) => tf.relu(x),
    onnx: 'Relu',
  }),
  unary('erf', {
    kernel: 'Erf',
    scalar: erf,
    derivative: (g, x) => mul(g, mul(2 / Math.sqrt(Math.PI), exp(neg(square(x))))),
    tfjs: (tf, x) => tf.erf(x),
    onnx: 'Erf',
  }),
  unary('floor', {
    kernel: 'Floor',
    scalar: Math.floor,
    tfjs: (tf, x) => tf.floor(x),
    onnx: 'Floor',
  }),
  unary('ceil', {
    kernel: 'Ceil',
    scalar: Math.ceil,
    tfjs: (tf, x) => tf.ceil(x),
    onnx: 'Ceil',
  }),
  unary('round', {
    kernel: 'Round',
    scalar: roundHalfToEven,
    tfjs: (tf, x) => tf.round(x),
    onnx: 'Round',
  }),
];

const choices: Row[] = [
  {
    name: 'select',
    result: (inputs, _attributes, refuse) => {
      const [condition, a, b] = inputs;
      if (condition!.dtype !== 'bool') refuse(`the condition is ${condition!.dtype}, not bool`);
      if (a!.dtype !== b!.dtype) refuse(`the dtypes ${a!.dtype} and ${b!.dtype} differ`);
      return { shape: broadcastResult(inputs, refuse), dtype: a!.dtype };
    },
    scalar: (condition, a, b) => (condition !== 0 ? a! : b!),
    derivative: (g, node) => {
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
        return select(aligned, t, e);
      },
    },
    simplify: (node) => {
      const [condition, a, b] = node.inputs as [Node, Node, Node];
      const chosen = uniformValue(condition);
      if (chosen !== undefined) return as(node, chosen !== 0 ? a : b);
      if (a === b) return as(node, a);
      return condition.row.name === 'logicalNot'
        ? select(condition.inputs[0]!, b, a)
        : (withoutBroadcast(node) ?? beforeTranspose(node));
    },
    tfjs: (tf, [condition, a, b]) => tf.where(condition!, a!, b!),
    onnx: (writer, inputs) => writer.op('Where', inputs),
    lower: withoutTrailingOnes,
  },
  {
    name: 'cast',
    result: ([x], attributes) => ({ shape: x!.shape, dtype: attributes['dtype'] as DType }),
    kernels: {
      Cast: ({ inputs, attributes, refuse }) => {
        const dtype = attributes['dtype'] as string;
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
    tfjs: (tf, [x], node) => tf.cast(x!, node.dtype),
    onnx: (writer, [x], node) =>
      writer.op('Cast', [x!], { to: { float32: 1, int32: 6, bool: 9 }[node.dtype] }),
  },
];

/** |x| < 0.5, where `expm1` and `log1p` would lose digits. */
function isSmall(writer: OnnxWriter, x: string): string {
  return writer.op('Less', [writer.op('Abs', [x]), writer.scalar(0.5, 'float32')]);
}

function roundHalfToEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
}

/**
 * The error function to double precision: its Maclaurin series below 2, the continued fraction of
 * the complement above (Abramowitz and Stegun 7.1.5 and 7.1.14).
 */
function erf(x: number): number {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  if (size < 2) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 60; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 120; n > 0; n--) fraction = n / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-size * size) / Math.sqrt(Math.PI) / (size + fraction));
}

export const elementwiseRows: readonly Row[] = [
  ...arithmetic,
  ...comparisons,
  ...functions,
  ...choices,
];
