import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { startWasm } from '../../../../trainer-worker/compiler/backends/wasm';
import { Random, streams } from '../../../../trainer-worker/compiler/random/random';

/** `[batch, rows, columns]` random numbers, or `[rows, columns]` where `batch` is 0. */
function matrix(random: Random, batch: number, rows: number, columns: number): tf.Tensor {
  const shape = batch === 0 ? [rows, columns] : [batch, rows, columns];
  return tf.tensor(random.normals(Math.max(1, batch) * rows * columns), shape);
}

/** The product by three loops, in float64. */
function product(a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean): number[] {
  const batch = a.rank === 3 ? a.shape[0]! : 1;
  const [rowsA = 0, columnsA = 0] = a.shape.slice(-2);
  const [rowsB = 0, columnsB = 0] = b.shape.slice(-2);
  const [left, right] = [a.dataSync(), b.dataSync()];
  const rows = transposeA ? columnsA : rowsA;
  const inner = transposeA ? rowsA : columnsA;
  const columns = transposeB ? rowsB : columnsB;
  const out: number[] = [];
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) {
          const x =
            left[n * rowsA * columnsA + (transposeA ? k * columnsA + i : i * columnsA + k)]!;
          const y =
            right[n * rowsB * columnsB + (transposeB ? j * columnsB + k : k * columnsB + j)]!;
          sum += x * y;
        }
        out.push(sum);
      }
    }
  }
  return out;
}

describe('a product of matrices on wasm', () => {
  before(() => startWasm());

  for (const batch of [0, 1, 3]) {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        test(`is right for a stack of ${batch}, transposed: ${transposeA}, ${transposeB}`, () => {
          const random = new Random(0, streams.buffer, batch);
          const a = transposeA ? matrix(random, batch, 7, 5) : matrix(random, batch, 5, 7);
          const b = transposeB ? matrix(random, batch, 6, 7) : matrix(random, batch, 7, 6);
          const before = tf.memory().numTensors;
          const result = tf.matMul(a, b, transposeA, transposeB);
          assert.equal(tf.memory().numTensors, before + 1);
          const expected = product(a, b, transposeA, transposeB);
          for (const [i, value] of result.dataSync().entries()) {
            assert.ok(Math.abs(value - expected[i]!) < 1e-5);
          }
          tf.dispose([a, b, result]);
        });
      }
    }
  }

  test('does not grow the memory of the backend', () => {
    const heap = () =>
      (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.length;
    const a = tf.ones([256, 256]);
    tf.dispose(tf.matMul(a, a, true, true));
    const before = heap();
    // Each product would leave half a megabyte behind if the transposed copies stayed.
    for (let i = 0; i < 200; i++) tf.dispose(tf.matMul(a, a, true, true));
    assert.equal(heap(), before);
    a.dispose();
  });
});
