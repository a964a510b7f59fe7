import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { topologicalOrder } from '../../trainer-worker/compiler/graph/graph';
import { ops } from '../../trainer-worker/compiler/graph/ops/table';
import { simplify } from '../../trainer-worker/compiler/passes/simplify';
import { evaluate } from '../../trainer-worker/compiler/run/float64';
import { sources } from '../../trainer-worker/compiler/tfjs-kernels/source';
import { kernels } from '../../trainer-worker/compiler/tfjs-kernels/table';
import { graphCases } from '../graph-cases/all';
import { buildCase } from '../graph-cases/graph-case';
import { centralDifference } from '../graph-numbers';

/**
 * In float64 a symmetric difference with h = 1e-4 errs by about h²·|f'''| from curvature and 1e-16/h
 * from rounding: below 1e-6 for functions whose third derivatives are of order ten to a hundred.
 */
function assertClose(actual: Float64Array, expected: Float64Array, what: string) {
  expected.forEach((value, index) => {
    const error = Math.abs(actual[index]! - value);
    assert.ok(
      error <= 3e-6 * (1 + Math.abs(value)),
      `${what}[${index}]: ${actual[index]} but ${value}`,
    );
  });
}

/** Kernels that the cases have called, by tfjs's names. */
const called = new Set<string>();
const engine = tf.engine() as unknown as {
  runKernel: (name: string, ...rest: unknown[]) => unknown;
};
const { runKernel } = engine;
engine.runKernel = (name, ...rest) => {
  called.add(name);
  return runKernel.call(engine, name, ...rest);
};

describe('derivatives of every operation, against central differences', () => {
  const differentiated = new Set<string>();
  for (const graphCase of graphCases) {
    test(graphCase.name, () => {
      const { inputs, values, value, first, firstSlopes, second, secondSlopes } =
        buildCase(graphCase);
      for (const node of topologicalOrder([value, ...firstSlopes]))
        differentiated.add(node.op.name);
      const slopes = [...firstSlopes, ...secondSlopes];
      const exact = evaluate(slopes, values);
      inputs.forEach((variable, index) => {
        assertClose(
          exact[index]!,
          centralDifference(first, variable, values),
          `first, input ${index}`,
        );
        assertClose(
          exact[inputs.length + index]!,
          centralDifference(second, variable, values),
          `second, input ${index}`,
        );
      });
      // Simplification changes the last bits at most; constants are rounded to float32.
      const scale = Math.max(1, ...exact.flatMap((array) => [...array].map(Math.abs)));
      evaluate(simplify(slopes), values).forEach((array, index) => {
        array.forEach((element, place) => {
          assert.ok(
            Math.abs(element - exact[index]![place]!) <= 2e-6 * scale,
            `simplified ${index}[${place}]`,
          );
        });
      });
    });
  }

  test('every operation of the table has been differentiated', () => {
    // Tested by themselves: stopGradient is not what a difference sees, noise becomes an input before
    // anything runs, and a gradient unrolls loops on its way. Lowering comes after differentiation. All
    // derivatives of swish are in `swish.test.ts`.
    const untold = ['stopGradient', 'noise', 'loop', 'loopResult', 'swishCurvature'];
    const elsewhere = [
      ...untold,
      'conv',
      'convTranspose',
      'columnSums',
      'sumOfMagnitudes',
      'sumOfSquares',
    ];
    const missing = ops.map((op) => op.name).filter((name) => !differentiated.has(name));
    assert.deepEqual(
      missing.filter((name) => !elsewhere.includes(name)),
      [],
    );
  });

  test('every kernel that can be traced has a case', () => {
    // tfjs has no function that calls these on tensors; they are what its gradients call.
    const unreachable = ['LogSoftmax', 'OnesLike', 'ZerosLike'];
    const missing = [...kernels.keys(), ...Object.keys(sources)].filter(
      (name) => !called.has(name) && !unreachable.includes(name),
    );
    assert.deepEqual(missing, []);
  });
});
