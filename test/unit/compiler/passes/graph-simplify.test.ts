import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Body, Graph, Node } from '../../../../trainer-worker/compiler/graph/graph';
import { loop } from '../../../../trainer-worker/compiler/graph/loop';
import {
  add,
  broadcastTo,
  cast,
  constant,
  div,
  input,
  loopNode,
  loopResult,
  matMul,
  mul,
  neg,
  parameter,
  pow,
  reshape,
  sigmoid,
  sub,
  sum,
  transpose,
} from '../../../../trainer-worker/compiler/graph/ops/build';
import { countNodes, simplify } from '../../../../trainer-worker/compiler/passes/simplify';
import { createGraph } from '../../../../trainer-worker/compiler/trace/trace';

const graph = createGraph();
const a = input(graph, 'a', [2, 3]);
const b = input(graph, 'b', [2, 3]);
const row = input(graph, 'row', [3]);
const column = input(graph, 'column', [2]);
const simple = (node: Node) => simplify([node])[0]!;

describe('algebra', () => {
  const same: [string, Node, Node][] = [
    ['x · 1', mul(a, 1), a],
    ['x + 0', add(0, a), a],
    ['x - 0', sub(a, 0), a],
    ['x / 1', div(a, 1), a],
    ['x¹', pow(a, 1), a],
    ['--x', neg(neg(a)), a],
    ['transpose of transpose', transpose(transpose(a, [1, 0]), [1, 0]), a],
    ['reshape of reshape', reshape(reshape(a, [6]), [2, 3]), a],
    ['x + y and y + x', simple(add(b, a)), simple(add(a, b))],
    ['x + (-y)', simple(add(a, neg(b))), sub(a, b)],
    ['2 · (3 · x)', mul(2, mul(3, a)), simple(mul(a, 6))],
    ['constants', add(constant(graph, 2), mul(3, constant(graph, 4))), constant(graph, 14)],
    ['operand broadcast by hand', mul(a, broadcastTo(row, [2, 3])), mul(a, row)],
    ['sum of what was broadcast', sum(broadcastTo(row, [4, 3]), [0]), mul(row, 4)],
    ['sum of sum', sum(sum(a, [0]), [0]), sum(a, [0, 1])],
    ['product with a transpose', matMul(transpose(a, [1, 0]), b), matMul(a, b, true)],
    ['function of a transpose', transpose(sigmoid(transpose(a, [1, 0])), [1, 0]), sigmoid(a)],
    [
      'sum of transposes, and a row that is broadcast',
      transpose(add(mul(transpose(a, [1, 0]), transpose(b, [1, 0])), column), [1, 0]),
      add(mul(a, b), reshape(column, [2, 1])),
    ],
    ['sum of a transpose', sum(transpose(a, [1, 0]), [1]), sum(a, [0])],
    ['common factor', add(mul(a, b), mul(a, row)), simple(mul(a, add(b, row)))],
  ];
  for (const [name, node, expected] of same) {
    test(name, () => assert.equal(simple(node), simple(expected)));
  }

  test('a factor is not taken out where that costs a known product', () => {
    // The slope of x·sigmoid(x) uses its value: g·(s + y·(1 - s)) is three operations and one for s.
    const fresh = createGraph();
    const x = input(fresh, 'x', [2, 3]);
    const g0 = input(fresh, 'g', [2, 3]);
    const s = sigmoid(x);
    const y = mul(x, s);
    const slope = add(mul(g0, s), mul(mul(g0, x), mul(s, sub(1, s))));
    const [value, g] = simplify([y, slope]);
    assert.equal(countNodes([value!, g!]) - countNodes([value!]), 6);
  });
});

describe('loops', () => {
  const loopOf = (node: Node) => node.inputs[0]!;

  test('what does not change in a loop is computed before it, once', () => {
    const count = input(graph, 'count', [], 'int32');
    const [end] = loop(graph, count, [a], (_, [h]) => [add(h!, mul(row, sigmoid(row)))]);
    const simplified = simple(end!);
    const captured = loopOf(simplified).inputs.slice(2);
    assert.deepEqual(
      captured.map((node) => node.op.name),
      ['mul'],
    );
  });

  test('one iteration is no loop, but for runs of before', () => {
    const once = (on: Graph) => {
      const start = input(on, 'start', [2, 3]);
      const [end] = loop(on, constant(on, 1, [], 'int32'), [start], (index, [h]) => [
        add(mul(h!, 3), cast(index, 'float32')),
      ]);
      return { end: simple(end!), start };
    };
    const { end, start } = once(createGraph());
    assert.equal(end, simple(mul(start, 3)));
    assert.equal(once(createGraph(1)).end.op.name, 'loopResult');
  });

  test('what the body does not use is not handed in', () => {
    const count = input(graph, 'count', [], 'int32');
    const [end] = loop(graph, count, [a], (_, [h]) => [add(h!, mul(0, constant(graph, 1)))]);
    assert.equal(loopOf(simple(end!)).inputs.length, 2);
  });

  test('a broadcast value is broadcast inside', () => {
    const count = input(graph, 'count', [], 'int32');
    const [end] = loop(graph, count, [a], (_, [h]) => [mul(h!, broadcastTo(sigmoid(row), [2, 3]))]);
    const captured = loopOf(simple(end!)).inputs.slice(2);
    assert.deepEqual(
      captured.map((node) => node.shape),
      [[3]],
    );
  });

  test('what simplification makes independent of the iteration is computed before the loop', () => {
    const count = input(graph, 'count', [], 'int32');
    // Both factors come from outside; their product stands in the body until it is regrouped.
    const body: Body = {
      iteration: parameter(graph, [], 'int32'),
      state: [parameter(graph, [2, 3], 'float32')],
      captures: [parameter(graph, [3], 'float32'), parameter(graph, [3], 'float32')],
      results: [],
    };
    const [h] = body.state as [Node];
    const [p, q] = body.captures as [Node, Node];
    const results = [add(h, sigmoid(mul(p, q)))];
    const outer = loopNode(count, [a], [row, sigmoid(row)], { ...body, results });
    const simplified = loopOf(simple(loopResult(outer, 0)));
    assert.deepEqual(
      simplified.inputs.slice(2).map((node) => node.op.name),
      ['sigmoid'],
    );
    const inside = simplified.params.body!;
    assert.equal(countNodes(inside.results), 3);
  });
});
