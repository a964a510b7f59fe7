/**
 * `y = x·σ(x)` (Ramachandran et al. 2017, arXiv 1710.05941; also SiLU) and its derivatives. Derivative
 * rules of a product and a sigmoid give the same functions, but every further derivative of those doubles
 * the terms. With `s = σ(x)` and `d = y'` all of them are made of what is there already:
 * `d = s + y·(1 - s)`, and since `s·y = s + y - d`, `y'' = (1 - s)·(2d - y)`.
 */
import type { Node } from '../graph';
import { unary } from './broadcasting';
import { add, mul, sigmoid, sub, swish, uniformValue } from './build';
import type { Op } from './op';

const logistic = (x: number) => 1 / (1 + Math.exp(-x));

function slopeAt(x: number): number {
  const s = logistic(x);
  return s + x * s * (1 - s);
}

function curvatureAt(x: number): number {
  const s = logistic(x);
  return (1 - s) * (2 * slopeAt(x) - x * s);
}

const slope = (x: Node): Node => x.graph.node('swishSlope', [x]);
const curvature = (x: Node): Node => x.graph.node('swishCurvature', [x]);
const value = (x: Node): Node => mul(x, sigmoid(x));
const rest = (x: Node): Node => sub(1, sigmoid(x));

/** Each is written out once nothing is differentiated any more: no backend has to have it. */
export const swishOps: readonly Op[] = [
  unary('swish', {
    scalar: (x) => x * logistic(x),
    vjp: (g, x) => mul(g, slope(x)),
    simplify: value,
  }),
  unary('swishSlope', {
    scalar: slopeAt,
    vjp: (g, x) => mul(g, curvature(x)),
    simplify: (x) => add(sigmoid(x), mul(value(x), rest(x))),
  }),
  unary('swishCurvature', {
    scalar: curvatureAt,
    // (1 - s)·(2y'' - y') - s·y'': of operations that have all further derivatives.
    vjp: (g, x) => {
      const [s, d, c] = [sigmoid(x), slope(x), curvature(x)];
      return mul(g, sub(mul(sub(1, s), sub(mul(2, c), d)), mul(s, c)));
    },
    simplify: (x) => mul(rest(x), sub(mul(2, slope(x)), value(x))),
  }),
];

/** The swish that a product is, if it is one, also as layers write it: with a factor of 1. */
export function swishOf(a: Node, b: Node): Node | undefined {
  if (a.graph.arithmetic < 2) return undefined;
  for (const [x, gate] of [
    [a, b],
    [b, a],
  ] as const) {
    if (gate.op.name !== 'sigmoid') continue;
    const inside = gate.inputs[0]!;
    if (inside === x || isTimesOne(inside, x)) return swish(x);
  }
  return undefined;
}

function isTimesOne({ op, inputs }: Node, x: Node): boolean {
  return op.name === 'mul' && inputs.includes(x) && inputs.some((each) => uniformValue(each) === 1);
}
