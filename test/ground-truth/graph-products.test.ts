import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Node } from '../../trainer-worker/compiler/graph/graph';
import {
  exp,
  input,
  matMul,
  mul,
  sin,
  sum,
  tanh,
} from '../../trainer-worker/compiler/graph/ops/build';
import {
  grad,
  hessianVectorProduct,
  jvp,
  valueAndGrad,
  vjp,
} from '../../trainer-worker/compiler/passes/differentiate';
import { type Arrays64, evaluate } from '../../trainer-worker/compiler/run/float64';
import { createGraph } from '../../trainer-worker/compiler/trace/trace';
import { numbersFrom } from '../graph-numbers';

const graph = createGraph();
const x = input(graph, 'x', [2, 3]);
const w = input(graph, 'w', [3, 2]);
const unused = input(graph, 'unused', [2]);
const v = input(graph, 'v', [2, 3]);
const u = input(graph, 'u', [3, 2]);
const dy = input(graph, 'dy', [2, 2]);
/** A map to matrices, and a scalar of it. */
const y = tanh(matMul(mul(x, exp(x)), w));
const energy = sum(sin(y), [0, 1]);

const random = numbersFrom(5);
const values: Arrays64 = new Map(
  [x, w, v, u, dy, unused].map((node) => [node, random(node.shape)]),
);
const value = (node: Node, at: Arrays64 = values) => evaluate([node], at)[0]!;

/** How a node changes along (v, u), by a symmetric difference. */
function along(node: Node, h = 1e-5): Float64Array {
  const moved = (by: number): Arrays64 => {
    const shift = (at: Node, direction: Node) =>
      values.get(at)!.map((number, index) => number + by * values.get(direction)![index]!);
    return new Map(values).set(x, shift(x, v)).set(w, shift(w, u));
  };
  const [after, before] = [value(node, moved(h)), value(node, moved(-h))];
  return after.map((number, index) => (number - before[index]!) / (2 * h));
}

/** A symmetric difference with h = 1e-5 errs by h² and 1e-16 / h: 1e-10 and 1e-11 times some tens. */
function assertClose(actual: Float64Array, expected: Float64Array) {
  assert.equal(actual.length, expected.length);
  actual.forEach((number, index) => {
    assert.ok(Math.abs(number - expected[index]!) < 1e-8, `${number} but ${expected[index]}`);
  });
}

describe('products with derivatives', () => {
  test('Jacobian times vector', () => {
    const [product] = jvp([y], [x, w], [v, u]);
    assertClose(value(product!), along(y));
  });

  test('vector times Jacobian is its transpose', () => {
    const { gradients } = vjp([y], [x, w], [dy]);
    const [product] = jvp([y], [x, w], [v, u]);
    const dot = (a: Float64Array, b: Float64Array) => a.reduce((t, p, i) => t + p * b[i]!, 0);
    const left = dot(value(product!), value(dy));
    const right = dot(value(gradients[0]!), value(v)) + dot(value(gradients[1]!), value(u));
    assert.ok(Math.abs(left - right) < 1e-12);
  });

  test('Hessian times vector', () => {
    const products = hessianVectorProduct(energy, [x, w], [v, u]);
    grad(energy, [x, w]).gradients.forEach((slope, index) => {
      assertClose(value(products[index]!), along(slope));
    });
  });

  test('a source that the value does not depend on gets zeros, and is named', () => {
    const { value: same, gradients, unreached } = valueAndGrad(energy, [unused, x]);
    assert.equal(same, energy);
    assert.deepEqual(unreached, [0]);
    assert.deepEqual([...value(gradients[0]!)], [0, 0]);
  });
});
