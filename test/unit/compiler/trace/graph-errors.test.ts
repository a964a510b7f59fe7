import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { type Problem, ProblemError } from '../../../../protocol/problem';
import {
  compileProgram,
  type TensorSpecs,
} from '../../../../trainer-worker/compiler/trace/compile-program';
import { loop, stopGradient } from '../../../../trainer-worker/compiler/trace/trace';

/** The line that this is called from. */
function here(): number {
  const [, , caller] = new Error('here').stack!.split('\n');
  return Number(/:(\d+):\d+\)?$/.exec(caller!)![1]);
}

type Definition = (x: tf.Tensor, count: tf.Tensor) => tf.Tensor;

const inputs: TensorSpecs = { x: { shape: [4, 2] }, count: { shape: [], dtype: 'int32' } };

function compile(f: Definition, isUserFile?: (file: string) => boolean) {
  return compileProgram({
    inputs,
    step: ({ x, count }) => ({ outputs: { y: f(x!, count!) } }),
    ...(isUserFile ? { isUserFile } : {}),
  });
}

function problemOf(f: Definition, isUserFile?: (file: string) => boolean): Problem {
  try {
    compile(f, isUserFile);
  } catch (error) {
    assert.ok(error instanceof ProblemError, String(error));
    return error.problem;
  }
  return assert.fail('It compiles.');
}

/** Compiles what is wrong on `line` of this file. */
function expectProblem(line: number, f: Definition, message: RegExp, remedy: RegExp) {
  const problem = problemOf(f);
  assert.equal(problem.kind, 'experiment');
  assert.match(problem.message, message);
  assert.match(problem.remedy ?? '', remedy);
  assert.match(problem.location?.file ?? '', /graph-errors\.test\.ts$/);
  assert.equal(problem.location!.line, line);
}

describe('what cannot be compiled is refused at the user’s line, with the way out', () => {
  test('an operation without a rule', () => {
    const f: Definition = (x) => tf.unique(x).values;
    expectProblem(here() - 1, f, /tf's Unique cannot be compiled: .*shape/, /tf\.where/);
  });

  test('shapes that do not fit, found by tfjs', () => {
    const f: Definition = (x) => tf.matMul(x, x);
    expectProblem(here() - 1, f, /inner/i, /Correct the shapes/);
  });

  test('shapes that do not broadcast', () => {
    const f: Definition = (x) => tf.maximum(x, tf.zeros([3]));
    expectProblem(here() - 1, f, /broadcast.*4,2 and 3/, /Correct the call/);
  });

  test('a condition that is no bool, through tensor methods', () => {
    const f: Definition = (x) => x.add(1).where(x as tf.Tensor, x);
    expectProblem(here() - 1, f, /bool/, /./);
  });

  test('values read by dataSync', () => {
    const f: Definition = (x) => tf.mul(x, x.dataSync()[0]!);
    expectProblem(here() - 1, f, /values of a tensor are read/, /tf\.where/);
  });

  test('values read by arraySync, in control flow', () => {
    const f: Definition = (x) => ((tf.sum(x).arraySync() as number) > 0 ? x : tf.neg(x));
    expectProblem(here() - 1, f, /values of a tensor are read/, /tf\.where/);
  });

  test('values printed', () => {
    const f: Definition = (x) => {
      x.print();
      return x;
    };
    expectProblem(here() - 3, f, /values of a tensor are read/, /print/);
  });

  test('values awaited, also where nobody waits', async () => {
    const f: Definition = (x) => {
      let read = false;
      const note = () => {
        read = true;
      };
      x.data().then(note, note);
      return read ? x : tf.neg(x);
    };
    expectProblem(here() - 3, f, /values of a tensor are read/, /tf\.where/);
  });

  test('a refusal that the code catches is still one', () => {
    const f: Definition = (x) => {
      try {
        x.dataSync();
      } catch {
        return x;
      }
      return tf.neg(x);
    };
    expectProblem(here() - 6, f, /values of a tensor are read/, /tf\.where/);
  });

  test('an asynchronous step', () => {
    assert.throws(
      () => compileProgram({ inputs, step: (async () => ({ outputs: {} })) as never }),
      /asynchronous/,
    );
  });

  test('a variable created inside', () => {
    const f: Definition = (x) => tf.variable(x);
    expectProblem(here() - 1, f, /variable is created/, /parameters in init/);
  });

  test('a variable used from outside', () => {
    const outside = tf.variable(tf.ones([2]), true, 'weights');
    const f: Definition = (x) => tf.add(x, outside);
    expectProblem(here() - 1, f, /variable weights is used/, /parameter in init/);
    outside.dispose();
  });

  test('a layer, whose weights are variables', () => {
    const dense = tf.layers.dense({ units: 1 });
    dense.build([null, 2]);
    const f: Definition = (x) => dense.apply(x) as tf.Tensor;
    expectProblem(here() - 1, f, /variable \w*kernel is used/, /parameter in init/);
  });

  test('numbers drawn by tfjs in JavaScript', () => {
    const f: Definition = (x) => tf.add(x, tf.randomGamma([2], 1));
    expectProblem(here() - 1, f, /randomGamma.*same in every step/, /tf\.randomNormal/);
  });

  test('numbers drawn by Math.random', () => {
    const f: Definition = (x) => tf.mul(x, Math.random());
    expectProblem(here() - 1, f, /Math\.random.*same in every step/, /tf\.randomUniform/);
  });

  test('complex numbers', () => {
    const f: Definition = (x) => tf.real(tf.complex(x, x));
    expectProblem(here() - 1, f, /complex/, /two tensors/);
  });

  test('strings', () => {
    const f: Definition = (x) => tf.add(x, tf.cast(tf.tensor(['1', '2']), 'float32'));
    expectProblem(here() - 1, f, /string/, /./);
  });

  test('functions of whole numbers that tfjs would cut', () => {
    const f: Definition = (_, count) => tf.expm1(count);
    expectProblem(here() - 1, f, /expm1\(int32 \[\]\).*float32, not int32/, /tf\.cast/);
  });

  test('a tensor kept from an earlier call', () => {
    let kept: tf.Tensor | undefined;
    const f: Definition = (x) => {
      kept ??= tf.neg(x);
      return tf.add(x, kept);
    };
    compile(f);
    expectProblem(here() - 3, f, /after the call that made it had ended/, /each call/);
  });

  test('a tensor kept by force from an earlier call', () => {
    let kept: tf.Tensor | undefined;
    const f: Definition = (x) => {
      kept ??= tf.keep(tf.neg(x));
      return tf.add(x, kept);
    };
    compile(f);
    expectProblem(here() - 3, f, /after the call that made it had ended/, /each call/);
  });

  test('a loop whose body changes the shape', () => {
    const f: Definition = (x) => loop(2, [x], (_, [h]) => [tf.concat([h!, h!], 0)])[0]!;
    const message =
      /state 0 begins an iteration as float32 \[4, 2\] and ends it as float32 \[8, 2\]/;
    expectProblem(here() - 3, f, message, /Keep the shape/);
  });

  test('a loop whose body changes the dtype', () => {
    const f: Definition = (x) => loop(2, [x], (_, [h]) => [tf.cast(h!, 'int32')])[0]!;
    expectProblem(here() - 1, f, /begins .* float32 .* ends it as int32/, /dtype/);
  });

  test('a loop whose body loses state', () => {
    const f: Definition = (x) => loop(2, [x, x], (_, [h]) => [h!])[0]!;
    expectProblem(here() - 1, f, /returns 1 tensors for a state of 2/, /Return the next value/);
  });

  test('a loop that repeats half a time', () => {
    const f: Definition = (x) => loop(1.5, [x], (_, [h]) => [h!])[0]!;
    expectProblem(here() - 1, f, /1\.5 times/, /whole number/);
  });

  test('a gradient through a loop of unknown length', () => {
    const f: Definition = (x, count) => {
      const energy = (v: tf.Tensor) => tf.sum(loop(count, [v], (_, [h]) => [tf.tanh(h!)])[0]!);
      return tf.grad(energy)(x);
    };
    expectProblem(here() - 2, f, /known only when it runs/, /stopGradient/);
    assert.ok(compile((x, count) => stopGradient(loop(count, [x], (_, [h]) => [h!])[0]!)));
  });

  test('a function to differentiate that returns nothing', () => {
    const f: Definition = (x) => tf.grad((() => undefined) as never)(x);
    expectProblem(here() - 1, f, /returns no tensor|must be a tensor|y/, /Return|Correct/);
  });

  test('a custom gradient with too few parts', () => {
    const f: Definition = (x) => {
      const own = tf.customGrad((a) => ({ value: a as tf.Tensor, gradFunc: (dy) => [dy, dy] }));
      return tf.grad((v: tf.Tensor) => tf.sum(own(v)))(x);
    };
    expectProblem(here() - 2, f, /same number of tensors as inputs/, /Correct/);
  });

  test('any other mistake keeps its message', () => {
    const f: Definition = (x) => (x as unknown as { missing: { value: tf.Tensor } }).missing.value;
    expectProblem(here() - 1, f, /Cannot read properties of undefined/, /Correct/);
  });
});

describe('where a problem is', () => {
  test('is the user’s file, not a helper of ours on the way', () => {
    // As in the product: the files are known, and nothing else is the user's.
    const f: Definition = (x) => tf.matMul(x, x);
    const own = problemOf(f, (file) => /graph-errors\.test\.ts$/.test(file));
    assert.equal(own.location?.line, here() - 2);
    assert.equal(problemOf(f).location?.line, here() - 3);
  });

  test('is nowhere where no file is the user’s', () => {
    // Then it is no mistake of the user's that could be explained: the error comes as it is.
    assert.throws(
      () =>
        compile(
          (x) => tf.matMul(x, x),
          () => false,
        ),
      /inner/,
    );
    assert.equal(
      problemOf(
        (x) => tf.unique(x).values,
        () => false,
      ).location,
      undefined,
    );
  });
});

test('tfjs is left as it was after a problem', () => {
  const before = tf.getBackend();
  const tensors = tf.memory().numTensors;
  const random = Math.random;
  problemOf((x) => tf.matMul(x, x));
  problemOf((x) => tf.tidy(() => tf.grad((v: tf.Tensor) => tf.mul(v, v.dataSync()[0]!))(x)));
  assert.equal(tf.getBackend() || 'cpu', before || 'cpu');
  assert.equal(tf.memory().numTensors, tensors);
  assert.equal(Math.random, random);
  const slope = tf.grad((v: tf.Tensor) => tf.square(v))(tf.scalar(3));
  assert.deepEqual([...slope.dataSync()], [6]);
});
