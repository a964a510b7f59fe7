import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { ProblemError } from '../../protocol/problem';
import { uniformValue } from '../../trainer-worker/graph/ops/build';
import {
  compileProgram,
  type ProgramDefinition,
  type TensorSpecs,
  type Tensors,
} from '../../trainer-worker/graph/program';
import { gradientsOf, loop, noise, stopGradient } from '../../trainer-worker/graph/trace';
import { userTensorFlow } from '../../trainer-worker/graph/user-tensorflow';

const x: TensorSpecs = { x: { shape: [4, 2] } };

function compile(f: (x: tf.Tensor) => tf.Tensor, inputs = x) {
  return compileProgram({ inputs, step: (fed) => ({ outputs: { y: f(fed['x']!) } }) });
}

/** Compiles what is wrong and returns the problem, which must name this file. */
function problemIn(f: (x: tf.Tensor) => tf.Tensor) {
  let problem: ProblemError['problem'] | undefined;
  assert.throws(
    () => compile(f),
    (error) => {
      assert.ok(error instanceof ProblemError, String(error));
      problem = error.problem;
      return true;
    },
  );
  assert.equal(problem!.kind, 'experiment');
  assert.match(problem!.location?.file ?? '', /graph-trace\.test/);
  return problem!;
}

describe('what cannot be compiled is refused with the place in the user’s file', () => {
  test('an operation without a rule, by its name', () => {
    assert.match(problemIn((v) => tf.unique(v).values).message, /Unique.*shape.*values/);
  });

  test('values read', () => {
    const problem = problemIn((v) => tf.mul(v, v.dataSync()[0]!));
    assert.match(problem.message, /values of a tensor are read/);
    assert.match(problem.remedy ?? '', /tf\.where/);
  });

  test('a variable created inside', () => {
    assert.match(problemIn((v) => tf.variable(v)).message, /variable is created/);
  });

  test('a variable used from outside', () => {
    const outside = tf.variable(tf.ones([2]));
    assert.match(problemIn((v) => tf.add(v, outside)).message, /variable/);
    outside.dispose();
  });

  test('shapes that do not fit', () => {
    assert.match(problemIn((v) => tf.matMul(v, v)).message, /inner/i);
    assert.match(problemIn((v) => tf.add(v, tf.zeros([3]))).message, /broadcast/i);
  });

  test('numbers drawn by tfjs itself, which every step would repeat', () => {
    assert.match(problemIn((v) => tf.add(v, tf.randomNormal([2]))).message, /randomNormal/);
    assert.match(problemIn((v) => tf.dropout(v, 0.5)).message, /random/);
  });

  test('a dtype that cannot be compiled', () => {
    assert.match(problemIn((v) => tf.complex(v, v)).message, /Complex|complex/);
  });

  test('a state that changes its shape in a loop', () => {
    const grows = (v: tf.Tensor) => loop(2, [v], (_, [h]) => [tf.concat([h!, h!], 0)])[0]!;
    assert.match(problemIn(grows).message, /begins an iteration as .*\[4, 2\].*\[8, 2\]/);
  });

  test('a gradient through a loop of unknown length', () => {
    const definition: ProgramDefinition = {
      inputs: { ...x, count: { shape: [], dtype: 'int32' } },
      step: ({ x: value, count }) => ({
        outputs: {
          y: tf.grad((v: tf.Tensor) => tf.sum(loop(count!, [v], (_, [h]) => [tf.tanh(h!)])[0]!))(
            value!,
          ),
        },
      }),
    };
    assert.throws(() => compileProgram(definition), /known only when it runs/);
  });

  test('tfjs is left as it was', () => {
    const before = tf.getBackend();
    const tensors = tf.memory().numTensors;
    problemIn((v) => tf.matMul(v, v));
    assert.equal(tf.getBackend() || 'cpu', before || 'cpu');
    assert.equal(tf.memory().numTensors, tensors);
    assert.deepEqual(
      [
        ...tf
          .grad((v: tf.Tensor) => tf.square(v))(tf.scalar(3))
          .dataSync(),
      ],
      [6],
    );
  });
});

describe('what a trace records', () => {
  test('values known at compile time may be read', () => {
    assert.ok(compile((v) => tf.mul(v, tf.scalar(3).dataSync()[0]!)));
  });

  test('tensors from outside become constants', () => {
    const outside = tf.tensor1d([1, 2]);
    const { outputs } = compile((v) => tf.add(v, outside));
    const values = outputs['y']!.inputs.map((node) => node.attributes['values']);
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
      program.noise[0]!.counts.map((count) => [...(count.attributes['values'] as Int32Array)]),
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
    assert.equal(program.outputs['y']!.row.name, 'sub');
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
    assert.deepEqual(seven!.attributes['values'], Float32Array.of(7));
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
