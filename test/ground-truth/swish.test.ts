import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Node, topologicalOrder } from '../../trainer-worker/compiler/graph/graph';
import { input, swish } from '../../trainer-worker/compiler/graph/ops/build';
import { grad } from '../../trainer-worker/compiler/passes/differentiate';
import { simplify } from '../../trainer-worker/compiler/passes/simplify';
import { evaluate } from '../../trainer-worker/compiler/run/float64';
import { createGraph } from '../../trainer-worker/compiler/trace/trace';

/** Each derivative of `x·σ(x)` is the slope of the one before, far from zero too. */
describe('swish and its derivatives', () => {
  const points = Float64Array.of(-40, -12, -4, -2.4, -1, -0.3, 0, 0.2, 1, 1.9, 3, 7, 15, 40);
  const x = input(createGraph(), 'x', [points.length]);
  const orders: Node[] = [swish(x)];
  for (let order = 1; order <= 5; order++) orders.push(grad(orders[order - 1]!, [x]).gradients[0]!);
  const at = (node: Node, by = 0) =>
    evaluate([node], new Map([[x, points.map((point) => point + by)]]))[0]!;

  test('the value is x / (1 + exp(-x))', () => {
    at(orders[0]!).forEach((value, index) => {
      const point = points[index]!;
      assert.ok(Math.abs(value - point / (1 + Math.exp(-point))) <= 1e-15 * Math.abs(point));
    });
  });

  for (let order = 1; order <= 5; order++) {
    test(`derivative ${order}, and as it is computed`, () => {
      // Derivatives of swish are below 10 up to the seventh, so a difference with h = 1e-4 errs by h²/6 of
      // the one two further on, and by rounding of some 1e-16 / h: below 1.8e-8.
      const h = 1e-4;
      const [up, down] = [at(orders[order - 1]!, h), at(orders[order - 1]!, -h)];
      const [written] = simplify([orders[order]!]);
      const computed = at(written!);
      at(orders[order]!).forEach((value, index) => {
        const difference = (up[index]! - down[index]!) / (2 * h);
        assert.ok(Math.abs(value - difference) < 2e-8, `at ${points[index]}: ${value}`);
        assert.ok(Math.abs(value - computed[index]!) < 1e-12, `at ${points[index]}, written out`);
      });
    });
  }

  test('value, slope and curvature together take eight passes over memory', () => {
    const written = simplify(orders.slice(0, 3));
    const passes = topologicalOrder(written).filter(({ inputs }) => inputs.length > 0);
    assert.equal(passes.length, 8);
  });
});
