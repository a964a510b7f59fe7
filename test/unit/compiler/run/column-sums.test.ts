import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { input, mul, sum } from '../../../../trainer-worker/compiler/graph/ops/build';
import { sizeOf } from '../../../../trainer-worker/compiler/graph/shape';
import { lower } from '../../../../trainer-worker/compiler/passes/lower';
import { evaluate } from '../../../../trainer-worker/compiler/run/float64';
import { OnnxExecution } from '../../../../trainer-worker/compiler/run/run-onnx';
import { createGraph } from '../../../../trainer-worker/compiler/trace/trace';
import { numbersFrom } from '../../../graph-numbers';

/** Sums along leading axes are products with a row of ones where that pays, and the same sums. */
describe('sums of columns', () => {
  const cases = [
    { shape: [256, 128], axes: [0], isProduct: true },
    { shape: [9, 6, 32], axes: [0, 1], isProduct: true },
    { shape: [9, 6, 32], axes: [0], isProduct: true },
    { shape: [64, 12], axes: [1], isProduct: false },
    { shape: [64, 3], axes: [0], isProduct: false },
    { shape: [2, 500], axes: [0], isProduct: false },
  ];
  for (const { shape, axes, isProduct } of cases) {
    test(`[${shape.join()}] along ${axes.join()}`, async () => {
      const x = input(createGraph(), 'x', shape);
      const squares = sum(mul(x, x), axes);
      const [lowered] = lower([squares], 'processor');
      const [forGpu] = lower([squares], 'gpu');
      const isLowered = (root = lowered!) =>
        [root, ...root.inputs].some(({ op }) => op.name === 'columnSums');
      assert.equal(isLowered(), isProduct);
      assert.equal(isLowered(forGpu!), false);
      const values = numbersFrom(3)(shape);
      const [exact] = evaluate([squares], new Map([[x, values]]));
      const execution = await OnnxExecution.start(
        { inputs: [x], state: [], noise: [], outputs: { squares }, nextState: {}, warnings: [] },
        {},
      );
      const outputs = await execution.run({ x: Float32Array.from(values) }, { seed: 0, step: 1 });
      await execution.dispose();
      const rows = sizeOf(shape) / sizeOf(squares.shape);
      exact!.forEach((value, index) => {
        // Terms are positive: n roundings of at most 2^-24 of the sum each.
        const error = Math.abs(outputs['squares']![index]! - value);
        assert.ok(error <= (rows + 1) * 2 ** -24 * value, `${index}: off by ${error}`);
      });
    });
  }
});
