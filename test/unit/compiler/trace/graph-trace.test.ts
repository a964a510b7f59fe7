import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { type Node, topologicalOrder } from '../../../../trainer-worker/compiler/graph/graph';
import { uniformValue } from '../../../../trainer-worker/compiler/graph/ops/build';
import { runOnTfjs } from '../../../../trainer-worker/compiler/run/run-tfjs';
import {
  compileProgram,
  type TensorSpecs,
  type Tensors,
} from '../../../../trainer-worker/compiler/trace/compile-program';
import {
  gradientsOf,
  loop,
  noise,
  stopGradient,
} from '../../../../trainer-worker/compiler/trace/trace';
import { userTensorFlow } from '../../../../trainer-worker/compiler/trace/user-tensorflow';

const x: TensorSpecs = { x: { shape: [4, 2] } };

function compile(f: (x: tf.Tensor) => tf.Tensor, inputs = x) {
  return compileProgram({ inputs, step: (fed) => ({ outputs: { y: f(fed['x']!) } }) });
}

describe('what a trace records', () => {
  test('values known at compile time may be read', () => {
    assert.ok(compile((v) => tf.mul(v, tf.scalar(3).dataSync()[0]!)));
  });

  test('tensors from outside become constants', () => {
    const outside = tf.tensor1d([1, 2]);
    const { outputs } = compile((v) => tf.add(v, outside));
    const values = outputs['y']!.inputs.map((node) => node.params.values);
    assert.deepEqual(values.filter(Boolean), [Float32Array.of(1, 2)]);
    assert.deepEqual([...outside.dataSync()], [1, 2]);
  });

  test('random numbers of the experiment’s tfjs become noise', () => {
    const program = compile((v) =>
      tf.add(tf.add(v, userTensorFlow.randomNormal([2])), userTensorFlow.randomUniform([4, 1])),
    );
    assert.deepEqual(
      program.noise.map(({ kind, shape, stream }) => ({ kind, shape, stream })),
      [
        { kind: 'normal', shape: [2], stream: 0 },
        { kind: 'uniform', shape: [4, 1], stream: 1 },
      ],
    );
  });

  test('noise in nested loops is a table with a row for each iteration', () => {
    const program = compile(
      (v) =>
        loop(3, [v], (_, [outer]) =>
          loop(5, [outer!], (__, [inner]) => [tf.add(inner!, noise('normal', [4, 2]))]),
        )[0]!,
    );
    assert.equal(program.noise.length, 1);
    assert.deepEqual(
      program.noise[0]!.counts.map((count) => [...(count.params.values as Int32Array)]),
      [[3], [5]],
    );
  });

  test('a function that ignores what it is differentiated in gives zeros and a warning', () => {
    const program = compile((v) => tf.grad(() => tf.scalar(2))(v));
    assert.equal(program.warnings.length, 1);
    assert.match(program.warnings[0]!, /does not depend/);
  });

  test('only paths inside the differentiated function count', () => {
    // h depends on x, but was computed outside: d/dx (x · h) is h.
    const program = compile((v) => {
      const h = tf.square(v);
      return tf.sub(tf.grad((p: tf.Tensor) => tf.sum(tf.mul(p, h)))(v), h);
    });
    assert.equal(program.outputs['y']!.op.name, 'sub');
    assert.equal(program.outputs['y']!.inputs[0], program.outputs['y']!.inputs[1]);
  });

  test('nothing flows through stopGradient', () => {
    const program = compile((v) =>
      tf.grad((p: tf.Tensor) => tf.sum(tf.mul(p, stopGradient(p))))(v),
    );
    assert.deepEqual(program.outputs['y'], program.inputs[0]);
  });

  test('a custom gradient takes the place of the real one', () => {
    const program = compile((v) => {
      const f = tf.customGrad((p) => ({
        value: tf.sin(p as tf.Tensor),
        gradFunc: (dy) => tf.mul(dy, 7),
      }));
      return tf.grad((p: tf.Tensor) => tf.sum(f(p)))(v);
    });
    const [seven] = program.outputs['y']!.inputs;
    assert.deepEqual(seven!.params.values, Float32Array.of(7));
  });
});

describe('gradients by name', () => {
  const specs: TensorSpecs = { used: { shape: [2] }, idle: { shape: [3] }, fixed: { shape: [2] } };
  const compileNamed = (f: (p: Tensors) => tf.Tensor) => {
    let unreached: readonly string[] = [];
    const program = compileProgram({
      inputs: specs,
      step: (fed) => {
        const { used, idle } = fed as { used: tf.Tensor; idle: tf.Tensor };
        const made = gradientsOf(() => f(fed) as tf.Scalar, { used, idle });
        unreached = made.unreached;
        return { outputs: { value: made.value, ...made.gradients } };
      },
    });
    return { program, unreached };
  };

  test('a parameter that the value does not depend on is named and gets zeros', () => {
    const { program, unreached } = compileNamed(({ used, fixed }) => tf.sum(tf.mul(used!, fixed!)));
    assert.deepEqual(unreached, ['idle']);
    assert.equal(program.outputs['used'], program.inputs[2]);
    assert.deepEqual(program.outputs['idle']!.shape, [3]);
    assert.equal(uniformValue(program.outputs['idle']!), 0);
    // It is the caller's to tell, by name: no warning without one.
    assert.deepEqual(program.warnings, []);
  });

  test('what is no scalar has no gradient', () => {
    assert.throws(() => compileNamed(({ used }) => used!), /float32 \[2\]; it must be .* scalar/);
  });
});

describe('random functions of the experiment’s tfjs', () => {
  const run = async (f: (x: tf.Tensor) => tf.Tensor) => {
    const execution = await runOnTfjs(compile(f, { x: { shape: [1 << 14] } }), 'cpu');
    const ones = new Float32Array(1 << 14).fill(1);
    const { y } = await execution.run({ x: ones }, { seed: 4, step: 1 });
    await execution.dispose();
    return [...y!];
  };
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

  // 16384 draws: a mean is off by five standard errors once in two million; the variances are those
  // of the distributions.
  const bound = (variance: number) => 5 * Math.sqrt(variance / (1 << 14));

  test('dropout keeps a share and scales it up', async () => {
    const values = await run((x) => userTensorFlow.dropout(x, 0.25));
    assert.deepEqual([...new Set(values)].sort(), [0, Math.fround(1 / 0.75)]);
    assert.ok(Math.abs(mean(values) - 1) < bound(0.25 / 0.75));
  });

  test('truncatedNormal stays within two deviations, with the right spread', async () => {
    const values = await run((x) => tf.mul(x, userTensorFlow.truncatedNormal([1 << 14], 3, 2)));
    assert.ok(values.every((value) => Math.abs(value - 3) <= 4 + 1e-5));
    assert.ok(Math.max(...values) > 6.9 && Math.min(...values) < -0.9);
    assert.ok(Math.abs(mean(values) - 3) < bound(4 * 0.774));
    // Var = 1 - 4 φ(2) / (2 Φ(2) - 1) = 0.7737; its own spread is below that of a normal's, 2 σ⁴.
    const variance = mean(values.map((value) => ((value - 3) / 2) ** 2));
    assert.ok(Math.abs(variance - 0.7737) < bound(2 * 0.7737 ** 2));
  });

  test('multinomial draws classes by their weights', async () => {
    const values = await run((x) =>
      tf.add(
        tf.mul(x, 0),
        userTensorFlow.multinomial(tf.log(tf.tensor1d([0.2, 0.5, 0.3])) as tf.Tensor1D, 1 << 14),
      ),
    );
    [0.2, 0.5, 0.3].forEach((share, index) => {
      const seen = mean(values.map((value) => Number(value === index)));
      assert.ok(Math.abs(seen - share) < bound(share * (1 - share)));
    });
  });

  test('randomUniformInt draws every number alike', async () => {
    const values = await run((x) => tf.mul(x, userTensorFlow.randomUniformInt([1 << 14], -1, 2)));
    for (const number of [-1, 0, 1]) {
      const seen = mean(values.map((value) => Number(value === number)));
      assert.ok(Math.abs(seen - 1 / 3) < bound(2 / 9));
    }
  });

  test('outside a step they are tfjs’s own', () => {
    assert.deepEqual(
      userTensorFlow.randomNormal([3], 0, 1, 'float32', 7).arraySync(),
      tf.randomNormal([3], 0, 1, 'float32', 7).arraySync(),
    );
  });
});

describe('a gradient beside a chain', () => {
  /** How often an operation stands in a program, its loops' bodies included. */
  const countOf = (name: string, results: readonly Node[]): number =>
    topologicalOrder(results).reduce((count, node) => {
      const body = node.params.body;
      const inside = body === undefined ? 0 : countOf(name, body.results);
      return count + inside + (node.op.name === name ? 1 : 0);
    }, 0);

  /** Ten iterations of `x ← sin(w x)`, and then the loss `mean(w · end)`. */
  const program = (isStopped: boolean) =>
    compileProgram({
      inputs: { x: { shape: [4, 2] } },
      state: { w: { shape: [2] } },
      step: ({ x: start }, { w }) => {
        const loss = (weights: tf.Tensor) => {
          const [end] = loop(10, [start!], (_, [at]) => [tf.sin(tf.mul(at!, weights))]);
          return tf.mean(tf.mul(isStopped ? stopGradient(end!) : end!, weights));
        };
        return { outputs: {}, state: { w: tf.sub(w!, tf.grad(loss)(w!)) } };
      },
    });

  test('that ends in stopGradient computes it once, in a loop', () => {
    const results = Object.values(program(true).nextState);
    assert.equal(countOf('loop', results), 1);
    assert.equal(countOf('sin', results), 1);
  });

  test('through which it comes back writes out its iterations', () => {
    const results = Object.values(program(false).nextState);
    assert.equal(countOf('loop', results), 0);
    assert.equal(countOf('sin', results), 10);
  });
});
