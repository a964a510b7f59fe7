/** Expressions that ONNX Runtime computes faster on a processor: chosen where they pay, and the same values. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Node, Values } from '../../../../trainer-worker/compiler/graph/graph';
import {
  abs,
  add,
  input,
  matMul,
  mul,
  sum,
} from '../../../../trainer-worker/compiler/graph/ops/build';
import { allNodes } from '../../../../trainer-worker/compiler/graph/rewrite';
import { lower } from '../../../../trainer-worker/compiler/passes/lower';
import { evaluate } from '../../../../trainer-worker/compiler/run/float64';
import { OnnxExecution } from '../../../../trainer-worker/compiler/run/run-onnx';
import { createGraph } from '../../../../trainer-worker/compiler/trace/trace';
import { numbersFrom } from '../../../graph-numbers';

const softplus = (x: Node) => x.graph.node('softplus', [x]);

/** Names of the operations that a result is made of there. */
function operations(result: Node, device: 'processor' | 'gpu' = 'processor'): string[] {
  return allNodes(lower([result], device)).map(({ op }) => op.name);
}

/** By ONNX Runtime, and in float64. */
async function bothWays(
  result: Node,
  feeds: ReadonlyMap<Node, ArrayLike<number>>,
): Promise<{ readonly computed: Values; readonly exact: Float64Array }> {
  const inputs = [...feeds.keys()];
  // What both are given are the same numbers: those that float32 can hold.
  const rounded = new Map(
    [...feeds].map(([node, values]) => [node, Float32Array.from(values)] as const),
  );
  const execution = await OnnxExecution.start({
    ...{ inputs, state: [], noise: [], outputs: { result }, nextState: {}, warnings: [] },
  });
  try {
    const named = [...rounded].map(([node, values]) => [node.params.name!, values] as const);
    const outputs = await execution.run(Object.fromEntries(named), { seed: 0, step: 1 });
    const wide = new Map(
      [...rounded].map(([node, values]) => [node, Float64Array.from(values)] as const),
    );
    const [exact] = evaluate([result], wide);
    return { computed: outputs['result']!, exact: Float64Array.from(exact!) };
  } finally {
    await execution.dispose();
  }
}

describe('softplus', () => {
  test('is to 6 units in the last place the one of exact arithmetic, from -80 to 80', async () => {
    const count = 4001;
    const x = input(createGraph(), 'x', [count]);
    const result = softplus(x);
    assert.ok(!operations(result).includes('softplus'));
    assert.ok(operations(result, 'gpu').includes('softplus'));
    const values = Array.from({ length: count }, (_, index) => -80 + (index * 160) / (count - 1));
    const { computed, exact } = await bothWays(result, new Map([[x, values]]));
    // exp and log are good to 2 units each here, and four roundings follow; where e is all that is left,
    // the error of exp is that of the result.
    exact.forEach((value, index) => {
      const error = Math.abs(computed[index]! - value) / value;
      assert.ok(error <= 6 * 2 ** -23, `softplus(${values[index]}) is off by ${error} of itself`);
    });
  });

  test('of what is no number, or infinite', async () => {
    const x = input(createGraph(), 'x', [4]);
    const given = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30];
    const { computed } = await bothWays(softplus(x), new Map([[x, given]]));
    assert.ok(Number.isNaN(computed[0]));
    assert.equal(computed[1], Number.POSITIVE_INFINITY);
    assert.ok(computed[2]! >= 0 && computed[2]! < 1e-37);
    assert.equal(computed[3], Math.fround(1e30));
  });

  test('of a run of before is what it was', () => {
    const x = input(createGraph(1), 'x', [4]);
    assert.ok(operations(softplus(x)).includes('softplus'));
  });
});

describe('sums over everything', () => {
  const shape = [37, 91];
  const cases = {
    magnitudes: { of: abs, name: 'sumOfMagnitudes' },
    squares: { of: (x: Node) => mul(x, x), name: 'sumOfSquares' },
  };
  for (const [what, { of, name }] of Object.entries(cases)) {
    test(`of ${what} are taken in one pass`, async () => {
      const x = input(createGraph(), 'x', shape);
      const result = sum(of(x), [0, 1]);
      assert.ok(operations(result).includes(name));
      assert.ok(!operations(result, 'gpu').includes(name));
      const rows = sum(of(x), [1]);
      assert.ok(!operations(rows).includes(name), 'A sum along one axis is none over everything.');
      const { computed, exact } = await bothWays(result, new Map([[x, numbersFrom(5)(shape)]]));
      // Terms are positive: at worst n roundings of 2^-24 of the sum, and one for each square.
      const bound = (37 * 91 + 1) * 2 ** -24 * exact[0]!;
      assert.ok(Math.abs(computed[0]! - exact[0]!) <= bound);
    });

    test(`of ${what} are NaN where a term is, and infinite where one is`, async () => {
      const x = input(createGraph(), 'x', [20]);
      const result = sum(of(x), [0]);
      for (const odd of [Number.NaN, Number.NEGATIVE_INFINITY]) {
        const given = new Array<number>(20).fill(1).with(7, odd);
        const { computed } = await bothWays(result, new Map([[x, given]]));
        assert.equal(computed[0], Number.isNaN(odd) ? Number.NaN : Number.POSITIVE_INFINITY);
      }
    });
  }

  test('of a product of two are none of squares', () => {
    const graph = createGraph();
    const product = mul(input(graph, 'x', [20]), input(graph, 'y', [20]));
    assert.ok(!operations(sum(product, [0])).includes('sumOfSquares'));
  });
});

describe('a sum of products', () => {
  const productsOf = (rows: readonly number[], [m, n]: readonly [number, number]) => {
    const graph = createGraph();
    const feeds = new Map<Node, ArrayLike<number>>();
    const products = rows.map((count, index) => {
      const [a, b] = [input(graph, `a${index}`, [count, m]), input(graph, `b${index}`, [count, n])];
      feeds.set(a, numbersFrom(2 * index)(a.shape));
      feeds.set(b, numbersFrom(2 * index + 1)(b.shape));
      return matMul(a, b, true);
    });
    return { result: products.reduce((total, product) => add(total, product)), feeds };
  };
  const count = (result: Node) => operations(result).filter((name) => name === 'matMul').length;

  test('of few rows and a large result is one product', async () => {
    const { result, feeds } = productsOf([5, 8, 3], [60, 44]);
    assert.equal(count(result), 1);
    const { computed, exact } = await bothWays(result, feeds);
    exact.forEach((value, index) => {
      // 16 terms below 1 in magnitude: at worst as many roundings of a sum below 16, and one for each term.
      assert.ok(Math.abs(computed[index]! - value) <= 17 * 2 ** -24 * 16, `${index}`);
    });
  });

  test('of many rows stays as it is', () => {
    assert.equal(count(productsOf([64, 64], [32, 32]).result), 2);
  });
});
