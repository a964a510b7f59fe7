import type { Node } from '../graph';
import { sameShape } from '../shape';
import { as, binary, isNeg } from './broadcasting';
import {
  add,
  cast,
  concat,
  div,
  equal,
  greater,
  log,
  matMul,
  mul,
  neg,
  pow,
  reciprocal,
  scalar,
  select,
  sqrt,
  square,
  sub,
  uniformValue,
} from './build';
import type { OnnxWriter, Op } from './op';
import { swishOf } from './swish';

/** The factors of a product, nested products flattened. */
function factorsOf(node: Node): Node[] {
  return node.op.name === 'mul' ? node.inputs.flatMap(factorsOf) : [node];
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

/**
 * `AᵀB + CᵀD` is one product of A above C with B above D: large results of few rows, as slopes of wide
 * layers are, take longer to write and to add than to compute.
 */
function sumOfProducts(node: Node): Node | undefined {
  if (node.graph.arithmetic < 2 || !node.inputs.every(isOfColumns)) return undefined;
  const [first, second] = node.inputs as [Node, Node];
  const [m, n] = node.shape as [number, number];
  const rows = node.inputs.reduce((total, { inputs }) => total + inputs[0]!.shape[0]!, 0);
  // What is saved is a result to write and to read; what it costs, the rows to put together.
  if (!sameShape(first.shape, second.shape) || rows * (m + n) > 2 * m * n) return undefined;
  const above = (index: 0 | 1) => concat([first.inputs[index]!, second.inputs[index]!], 0);
  return matMul(above(0), above(1), true);
}

/** Whether it is `AᵀB` of two matrices. */
function isOfColumns({ op, params, inputs }: Node): boolean {
  if (op.name !== 'matMul' || !params.transposeA || params.transposeB) return false;
  return inputs.every(({ shape }) => shape.length === 2);
}

/** A constant factor of a product and the rest: `3·x` is 3 and x. */
function coefficient(node: Node): { value: number; rest: Node } | undefined {
  if (node.op.name !== 'mul') return undefined;
  for (const [index, operand] of node.inputs.entries()) {
    const value = uniformValue(operand);
    const rest = node.inputs[1 - index]!;
    if (value !== undefined && sameShape(rest.shape, node.shape)) return { value, rest };
  }
  return undefined;
}

/** Operations of two numbers. */
export const arithmeticOps: readonly Op[] = [
  binary('add', {
    kernel: 'Add',
    commutative: true,
    scalar: (a, b) => a + b,
    linear: 'together',
    vjp: (g) => [g, g],
    tfjs: (tf, a, b) => tf.add(a, b),
    onnx: 'Add',
    simplify: (a, b, node) => {
      if (uniformValue(a) === 0) return as(node, b);
      if (uniformValue(b) === 0) return as(node, a);
      if (isNeg(b)) return sub(a, b.inputs[0]!);
      if (isNeg(a)) return sub(b, a.inputs[0]!);
      return node.dtype === 'float32' ? commonFactors(a, b, node) : undefined;
    },
    lower: (node, device) => (device === 'processor' ? sumOfProducts(node) : undefined),
  }),
  binary('sub', {
    kernel: 'Sub',
    scalar: (a, b) => a - b,
    linear: 'together',
    vjp: (g) => [g, neg(g)],
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
    recognize: swishOf,
    commutative: true,
    linear: { alone: [0, 1] },
    scalar: (a, b) => a * b,
    vjp: (g, a, b) => [mul(g, b), mul(g, a)],
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
    linear: { alone: [0] },
    scalar: (a, b) => a / b,
    vjp: (g, _a, b, y) => [div(g, b), neg(div(mul(g, y), b))],
    tfjs: (tf, a, b) => tf.div(a, b),
    onnx: 'Div',
    simplify: (a, b, node) => {
      const divisor = uniformValue(b);
      if (divisor === 1) return as(node, a);
      // Exact where the divisor is a power of two; elsewhere within one rounding, and products fold.
      return divisor !== undefined && divisor !== 0 && node.dtype === 'float32'
        ? as(node, mul(a, Math.fround(1 / divisor)))
        : undefined;
    },
  }),
  binary('pow', {
    kernel: 'Pow',
    scalar: (a, b) => a ** b,
    vjp: (g, a, b, y) => {
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
  binary('atan2', {
    kernel: 'Atan2',
    operands: ['float32'],
    scalar: Math.atan2,
    vjp: (g, a, b) => {
      const scaled = div(g, add(square(a), square(b)));
      return [mul(scaled, b), neg(mul(scaled, a))];
    },
    tfjs: (tf, a, b) => tf.atan2(a, b),
    onnx: atan2ToOnnx,
  }),
  binary('maximum', {
    kernel: 'Maximum',
    commutative: true,
    scalar: Math.max,
    vjp: (g, a, b) => {
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
    vjp: (g, a, b) => {
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

/** The angle of (b, a): atan(a / b), half a turn further where b < 0; 0 for the origin. */
function atan2ToOnnx(writer: OnnxWriter, [a, b]: readonly string[]): string {
  const number = (value: number) => writer.scalar(value, 'float32');
  const zero = number(0);
  const angle = writer.op('Atan', [writer.op('Div', [a!, b!])]);
  const below = writer.op('Less', [a!, zero]);
  const turn = writer.op('Where', [below, number(-Math.PI), number(Math.PI)]);
  const behind = writer.op('Less', [b!, zero]);
  const turned = writer.op('Where', [behind, writer.op('Add', [angle, turn]), angle]);
  const atOrigin = writer.op('And', [
    writer.op('Equal', [a!, zero]),
    writer.op('Equal', [b!, zero]),
  ]);
  return writer.op('Where', [atOrigin, zero, turned]);
}
