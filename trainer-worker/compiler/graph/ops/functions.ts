import type { Node } from '../graph';
import { isNeg, unary } from './broadcasting';
import {
  abs,
  add,
  cos,
  cosh,
  div,
  exp,
  log,
  mul,
  neg,
  relu,
  rsqrt,
  sigmoid,
  sign,
  sin,
  sinh,
  square,
  step,
  sub,
} from './build';
import type { OnnxWriter, Op } from './op';

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
 * `max(x, 0) + log(1 + e)` with `e = exp(-|x|)`, for ONNX Runtime on a processor (1.30), whose own takes
 * numbers one by one: 41 ns each, and this eleven passes of vectors, some 4. What rounding takes from
 * `u = 1 + e` is given back to first order, by `(e - (u - 1)) / u`.
 */
function softplusByLogarithm(x: Node): Node {
  const e = exp(neg(abs(x)));
  const u = add(e, 1);
  return add(relu(x), add(log(u), div(sub(e, sub(u, 1)), u)));
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

/** Functions that `Math`, tfjs and ONNX all have, under the same name. */
type Elementary =
  | 'sqrt'
  | 'sin'
  | 'cos'
  | 'tan'
  | 'sinh'
  | 'cosh'
  | 'asin'
  | 'acos'
  | 'atan'
  | 'asinh'
  | 'acosh'
  | 'atanh'
  | 'tanh';

function elementary(name: Elementary, vjp: (g: Node, x: Node, y: Node) => Node): Op {
  const capitalized = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return unary(name, {
    kernel: capitalized,
    scalar: Math[name],
    vjp,
    tfjs: (tf, x) => tf[name](x),
    onnx: capitalized,
  });
}

/** Functions of one number. */
export const functionOps: readonly Op[] = [
  unary('neg', {
    kernel: 'Neg',
    operands: ['float32', 'int32'],
    scalar: (x) => -x,
    linear: 'together',
    vjp: (g) => neg(g),
    tfjs: (tf, x) => tf.neg(x),
    onnx: 'Neg',
    simplify: (x) => {
      if (isNeg(x)) return x.inputs[0];
      return x.op.name === 'sub' ? sub(x.inputs[1]!, x.inputs[0]!) : undefined;
    },
  }),
  unary('exp', {
    scalar: Math.exp,
    vjp: (g, _x, y) => mul(g, y),
    tfjs: (tf, x) => tf.exp(x),
    onnx: 'Exp',
  }),
  unary('expm1', {
    kernel: 'Expm1',
    scalar: Math.expm1,
    vjp: (g, x) => mul(g, exp(x)),
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
    vjp: (g, x) => div(g, x),
    tfjs: (tf, x) => tf.log(x),
    onnx: 'Log',
    simplify: (x) => (x.op.name === 'exp' ? x.inputs[0] : undefined),
  }),
  unary('log1p', {
    kernel: 'Log1p',
    scalar: Math.log1p,
    vjp: (g, x) => div(g, add(x, 1)),
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
  elementary('sqrt', (g, _x, y) => div(mul(g, 0.5), y)),
  unary('rsqrt', {
    kernel: 'Rsqrt',
    scalar: (x) => 1 / Math.sqrt(x),
    vjp: (g, _x, y) => mul(g, mul(-0.5, mul(y, square(y)))),
    tfjs: (tf, x) => tf.rsqrt(x),
    onnx: (writer, x) => writer.op('Reciprocal', [writer.op('Sqrt', [x])]),
  }),
  unary('reciprocal', {
    kernel: 'Reciprocal',
    scalar: (x) => 1 / x,
    vjp: (g, _x, y) => neg(mul(g, square(y))),
    tfjs: (tf, x) => tf.reciprocal(x),
    onnx: 'Reciprocal',
  }),
  unary('abs', {
    kernel: 'Abs',
    operands: ['float32', 'int32'],
    scalar: Math.abs,
    vjp: (g, x) => mul(g, sign(x)),
    tfjs: (tf, x) => tf.abs(x),
    onnx: 'Abs',
    simplify: (x) => (x.op.name === 'abs' ? x : isNeg(x) ? abs(x.inputs[0]!) : undefined),
  }),
  unary('sign', {
    kernel: 'Sign',
    operands: ['float32', 'int32'],
    scalar: Math.sign,
    tfjs: (tf, x) => tf.sign(x),
    onnx: 'Sign',
  }),
  elementary('sin', (g, x) => mul(g, cos(x))),
  elementary('cos', (g, x) => neg(mul(g, sin(x)))),
  elementary('tan', (g, _x, y) => mul(g, add(square(y), 1))),
  elementary('sinh', (g, x) => mul(g, cosh(x))),
  elementary('cosh', (g, x) => mul(g, sinh(x))),
  elementary('asin', (g, x) => mul(g, rsqrt(sub(1, square(x))))),
  elementary('acos', (g, x) => neg(mul(g, rsqrt(sub(1, square(x)))))),
  elementary('atan', (g, x) => div(g, add(square(x), 1))),
  elementary('asinh', (g, x) => mul(g, rsqrt(add(square(x), 1)))),
  elementary('acosh', (g, x) => mul(g, rsqrt(sub(square(x), 1)))),
  elementary('atanh', (g, x) => div(g, sub(1, square(x)))),
  elementary('tanh', (g, _x, y) => mul(g, sub(1, square(y)))),
  unary('sigmoid', {
    kernel: 'Sigmoid',
    scalar: (x) => 1 / (1 + Math.exp(-x)),
    vjp: (g, _x, y) => mul(g, mul(y, sub(1, y))),
    tfjs: (tf, x) => tf.sigmoid(x),
    onnx: 'Sigmoid',
  }),
  unary('softplus', {
    kernel: 'Softplus',
    scalar: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    vjp: (g, x) => mul(g, sigmoid(x)),
    tfjs: (tf, x) => tf.softplus(x),
    onnx: 'Softplus',
    lower: (x, device) =>
      device === 'processor' && x.graph.arithmetic >= 2 ? softplusByLogarithm(x) : undefined,
  }),
  unary('relu', {
    kernel: 'Relu',
    operands: ['float32', 'int32'],
    scalar: (x) => Math.max(x, 0),
    vjp: (g, x) => mul(g, step(x)),
    tfjs: (tf, x) => tf.relu(x),
    onnx: 'Relu',
  }),
  unary('erf', {
    kernel: 'Erf',
    scalar: erf,
    vjp: (g, x) => mul(g, mul(2 / Math.sqrt(Math.PI), exp(neg(square(x))))),
    tfjs: (tf, x) => tf.erf(x),
    onnx: 'Erf',
  }),
  unary('floor', {
    kernel: 'Floor',
    keepsWhole: true,
    scalar: Math.floor,
    tfjs: (tf, x) => tf.floor(x),
    onnx: 'Floor',
  }),
  unary('ceil', {
    kernel: 'Ceil',
    keepsWhole: true,
    scalar: Math.ceil,
    tfjs: (tf, x) => tf.ceil(x),
    onnx: 'Ceil',
  }),
  unary('round', {
    kernel: 'Round',
    keepsWhole: true,
    scalar: roundHalfToEven,
    tfjs: (tf, x) => tf.round(x),
    onnx: 'Round',
  }),
];
