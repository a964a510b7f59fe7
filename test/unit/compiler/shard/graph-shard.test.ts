/** Sharing a batch out keeps a program's values, by the float64 reference. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import type { Node } from '../../../../trainer-worker/compiler/graph/graph';
import { tableShape } from '../../../../trainer-worker/compiler/graph/noise-source';
import { input, matMul, mul, sub, sum } from '../../../../trainer-worker/compiler/graph/ops/build';
import type { Program } from '../../../../trainer-worker/compiler/graph/program';
import { allNodes } from '../../../../trainer-worker/compiler/graph/rewrite';
import { sizeOf } from '../../../../trainer-worker/compiler/graph/shape';
import { simplify } from '../../../../trainer-worker/compiler/passes/simplify';
import { splitBatches } from '../../../../trainer-worker/compiler/passes/split-batches';
import { type Arrays64, evaluate } from '../../../../trainer-worker/compiler/run/float64';
import { runsOf } from '../../../../trainer-worker/compiler/run/shard-runner';
import { type ShardedProgram, shardProgram } from '../../../../trainer-worker/compiler/shard/shard';
import { sharedOut } from '../../../../trainer-worker/compiler/shard/threads';
import { compileProgram } from '../../../../trainer-worker/compiler/trace/compile-program';
import { createGraph, stopGradient } from '../../../../trainer-worker/compiler/trace/trace';
import { numbersFrom } from '../../../graph-numbers';
import {
  contrastiveDivergence,
  convolutional,
  denoisingScoreMatching,
  multilayerPerceptron,
  slicedScoreMatching,
} from '../../../graph-programs';
import { fc } from '../../../support/fast-check';
import { buildGraph, instruction } from '../../../support/random-graphs';

const nameOf = (node: Node) => node.params.name!;

/** All results of a program, computed whole and computed by shards. */
function bothWays(program: Program, sharded: ShardedProgram, given: Arrays64) {
  const all = ({ outputs, nextState }: Program) => [
    ...Object.values(outputs),
    ...Object.values(nextState),
  ];
  const crossed = new Map(given);
  for (let shard = 0; shard < sharded.shards; shard++) {
    const own = new Map(given);
    for (const { whole, part, sharding } of sharded.leaves) {
      const values = given.get(whole) ?? Float64Array.from(whole.params.values!);
      // Noise of a loop: as many rows as were given.
      const rows = values.length / -sizeOf(whole.shape);
      const shape = whole.shape[0] === -1 ? whole.shape.with(0, rows) : whole.shape;
      const runs = runsOf(shape, sharding, shard, sharded.shards);
      own.set(
        part,
        Float64Array.from(
          runs.flatMap(({ source, length }) => [...values.subarray(source, source + length)]),
        ),
      );
    }
    const made = evaluate(sharded.parts, own);
    sharded.crossings.forEach(({ inputs }, index) => {
      crossed.set(inputs[shard]!, made[index]!);
    });
  }
  return { whole: evaluate(all(program), given), shared: evaluate(all(sharded.rest), crossed) };
}

/** In float64, where only the order of sums differs: 1e-16, amplified by what follows. */
function assertEqual(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  assert.equal(actual.length, expected.length, what);
  Array.from(expected).forEach((value, place) => {
    const error = Math.abs(actual[place]! - value) / Math.max(1, Math.abs(value));
    assert.ok(error < 1e-9, `${what}[${place}]: ${actual[place]} instead of ${value}`);
  });
}

function assertAllEqual(actual: readonly ArrayLike<number>[], expected: typeof actual): void {
  for (const [index, values] of expected.entries()) {
    assertEqual(actual[index]!, values, `result ${index}`);
  }
}

const batch = 4;
const shapes = [
  [],
  [3],
  [batch, 3],
  [3, batch],
  [batch],
  [batch, 1],
  [batch, 2, 3],
  [3, 3],
  [1, 3],
  [batch, batch],
] as const;
const largest = 1e6;

test('any expression keeps its values when its batch is taken apart and shared out', () => {
  let compared = 0;
  let crossings = 0;
  let taken = 0;
  fc.assert(
    fc.property(
      fc.array(instruction, { minLength: 3, maxLength: 25 }),
      fc.constantFrom(2, 4),
      fc.boolean(),
      (instructions, shards, isApart) => {
        const { leaves, nodes, given } = buildGraph(instructions, shapes);
        const results = simplify(nodes.slice(-4));
        const program: Program = {
          // The last two leaves are whole in each shard, whatever their shape.
          inputs: leaves.slice(0, -2),
          state: leaves.slice(-2),
          noise: [],
          outputs: Object.fromEntries(results.map((node, index) => [`r${index}`, node])),
          nextState: {},
          warnings: [],
        };
        const way = isApart ? splitBatches(program, batch) : program;
        if (Object.values(way.outputs).some((node, index) => node !== results[index])) taken += 1;
        const sharded = shardProgram(way, batch, shards);
        const { whole, shared } = bothWays(program, sharded, given);
        whole.forEach((values, index) => {
          if (!values.every((value) => Math.abs(value) < largest)) return;
          compared += 1;
          assertEqual(shared[index]!, values, `result ${index}`);
        });
        crossings += sharded.crossings.length;
      },
    ),
    { numRuns: 3_000, includeErrorInReport: true },
  );
  assert.ok(compared > 6_000, `Only ${compared} results could be compared.`);
  // About one a program: the generator must not have missed what this is about.
  assert.ok(crossings > 2_000, `Only ${crossings} values crossed.`);
  assert.ok(taken > 50, `Only ${taken} programs were taken apart.`);
});

test('a gradient crosses once, however it is scaled before it is used', () => {
  const graph = createGraph();
  const [x, y] = [input(graph, 'x', [batch, 6]), input(graph, 'y', [batch, 5])];
  const weight = input(graph, 'weight', [6, 5]);
  const gradient = matMul(x, y, true);
  const program: Program = {
    ...{ inputs: [x, y], state: [weight], noise: [], warnings: [] },
    outputs: { squares: sum(mul(gradient, gradient), [0, 1]) },
    nextState: { weight: sub(weight, mul(0.1, gradient)) },
  };
  const sharded = shardProgram(program, batch, 2);
  assert.equal(sharded.crossings.length, 1);
  const { whole, shared } = bothWays(program, sharded, numbersFor(program));
  assertAllEqual(shared, whole);
});

/** Numbers for all leaves of a program; chains of three iterations. */
function numbersFor(program: Program): Arrays64 {
  const random = numbersFrom(3);
  const given = new Map<Node, Float64Array>();
  for (const node of [...program.inputs, ...program.state]) {
    // Positive, as an optimizer's second moments are.
    const values = nameOf(node) === 'steps' ? [3] : random(node.shape).map(Math.abs);
    given.set(node, Float64Array.from(values, Math.fround));
  }
  for (const source of program.noise) {
    const shape = tableShape(source, { steps: Int32Array.of(3) });
    given.set(source.node, Float64Array.from(random(shape), Math.fround));
  }
  return given;
}

const perceptron = multilayerPerceptron({ batch, dimensions: 2, hidden: [5, 4] });
const steps = {
  'contrastive divergence': contrastiveDivergence(perceptron),
  'contrastive divergence of images': contrastiveDivergence(
    convolutional({ batch, side: 6, channels: [2, 3] }),
  ),
  'denoising score matching': denoisingScoreMatching(perceptron),
  'sliced score matching': slicedScoreMatching(perceptron),
};

for (const [name, definition] of Object.entries(steps)) {
  test(`${name}: shards do the chains and the gradients, the rest is an update`, () => {
    const program = compileProgram({ ...definition, batch: { rows: batch } });
    const sharded = shardProgram(program, batch, 2);
    const { whole, shared } = bothWays(program, sharded, numbersFor(program));
    assertAllEqual(shared, whole);
    const heavy = new Set(['matMul', 'convolve', 'convolveInput', 'convolveFilter', 'loop']);
    const rest = [...Object.values(sharded.rest.outputs), ...Object.values(sharded.rest.nextState)];
    const left = allNodes(rest).filter((node) => heavy.has(node.op.name));
    assert.deepEqual(
      left.map((node) => node.op.name),
      [],
    );
  });
}

test('data and samples that are put together are shared out too, chains of one batch or of many', () => {
  const [rungs, inner] = [3, 2];
  const program = compileProgram({
    inputs: { x: { shape: [batch, inner] }, y: { shape: [2 * batch, inner] } },
    state: { w: { shape: [inner, inner] } },
    batch: { rows: batch },
    step: ({ x, y }, { w }) => {
      const energy = (at: tf.Tensor) => tf.sum(tf.tanh(tf.matMul(at, w!)), 1);
      const loss = (weights: tf.Tensor) => {
        const of = (at: tf.Tensor) => tf.sum(tf.tanh(tf.matMul(at, weights)), 1);
        const [ofX, ofY] = tf.split(of(tf.concat([x!, y!])), [batch, 2 * batch]);
        return tf.sub(tf.mean(tf.softplus(ofX!)), tf.mean(ofY!));
      };
      // Replicas, one after the other, each with a number of its own.
      const all = tf.concat(Array.from({ length: rungs }, (_, rung) => tf.add(x!, rung)));
      const scale = tf.concat(
        Array.from({ length: rungs }, (_, rung) => tf.fill([batch, 1], rung + 1)),
      );
      const scaled = tf.mul(tf.expandDims(energy(all), 1), scale);
      const place = tf.mul(tf.range(0, batch), tf.slice(energy(y!), [0], [batch]));
      return {
        outputs: { scaled: tf.reshape(scaled, [rungs, batch]), place: tf.mean(place) },
        state: { w: tf.sub(w!, tf.grad(loss)(w!)) },
      };
    },
  });
  const sharded = shardProgram(splitBatches(program, batch), batch, 2);
  const { whole, shared } = bothWays(program, sharded, numbersFor(program));
  assertAllEqual(shared, whole);
  const whoIn = (rest: Program) =>
    allNodes([...Object.values(rest.outputs), ...Object.values(rest.nextState)]);
  const left = whoIn(sharded.rest).filter((node) => node.op.name === 'matMul');
  assert.equal(left.length, 0);
});

test('what needs all rows at once is computed after the shards', () => {
  const program = compileProgram({
    inputs: { x: { shape: [batch, 3] } },
    state: { w: { shape: [3, 3] } },
    step: ({ x }, { w }) => {
      const y = tf.matMul(x!, w!);
      // Softmax over the batch, distances of all pairs, and a running sum along the batch.
      const weights = tf.softmax(tf.sum(y, 1));
      const pairs = tf.sum(tf.square(tf.sub(tf.expandDims(y, 0), tf.expandDims(y, 1))), 2);
      return {
        outputs: { weights, pairs: tf.mean(pairs), running: tf.cumsum(y, 0) },
        state: { w: tf.add(w!, tf.matMul(y, x!, true)) },
      };
    },
  });
  const sharded = shardProgram(program, batch, 2);
  const { whole, shared } = bothWays(program, sharded, numbersFor(program));
  assertAllEqual(shared, whole);
  const products = allNodes(sharded.parts).filter((node) => node.op.name === 'matMul');
  assert.equal(products.length, 2, 'x·w and its transpose times x are the shards’ work');
});

test('a step size adapted to all chains keeps the loop whole', () => {
  const program = compileProgram({
    inputs: { x: { shape: [batch, 2] } },
    step: ({ x }) => {
      let [points, size]: tf.Tensor[] = [x!, tf.scalar(0.1)];
      for (let iteration = 0; iteration < 2; iteration++) {
        points = tf.sub(points!, tf.mul(size!, stopGradient(points!)));
        size = tf.mul(size!, tf.mean(tf.sigmoid(points)));
      }
      return { outputs: { points: points! } };
    },
  });
  const sharded = shardProgram(program, batch, 2);
  const { whole, shared } = bothWays(program, sharded, numbersFor(program));
  assertEqual(shared[0]!, whole[0]!, 'points');
});

test('a step is shared out where that saves more than it costs, as the number of cores has it', () => {
  const large = multilayerPerceptron({ batch: 512, dimensions: 2, hidden: [128, 128, 128] });
  const program = compileProgram({ ...contrastiveDivergence(large), batch: { rows: 512 } });
  assert.equal(sharedOut(program, 1), undefined);
  assert.equal(sharedOut(program, 2)?.shards, 2);
  // 512 is no multiple of 3, and more than eight sums are not worth it.
  assert.equal(sharedOut(program, 3)?.shards, 2);
  assert.equal(sharedOut(program, 64)?.shards, 8);
  // What goes on does as it began.
  const settled = (shards: number) => ({ ...program, batch: { rows: 512, shards } });
  assert.equal(sharedOut(settled(4), 2)?.shards, 4);
  assert.equal(sharedOut(settled(1), 2), undefined);
  const small = multilayerPerceptron({ batch: 64, dimensions: 2, hidden: [16, 16] });
  const light = compileProgram({ ...denoisingScoreMatching(small), batch: { rows: 64 } });
  assert.equal(sharedOut(light, 8), undefined);
});
