import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import type { Shape } from '../../../../trainer-worker/compiler/graph/shape';
import { threadsFor } from '../../../../trainer-worker/compiler/shard/threads';
import { compileProgram } from '../../../../trainer-worker/compiler/trace/compile-program';
import { loop } from '../../../../trainer-worker/compiler/trace/trace';

function threads(a: Shape, b: Shape, f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): number {
  const program = compileProgram({
    inputs: { a: { shape: a }, b: { shape: b } },
    step: ({ a: x, b: y }) => ({ outputs: { y: f(x!, y!) } }),
  });
  return threadsFor(program, 8);
}

describe('threads for a program', () => {
  test('one where the largest product is small', () => {
    assert.equal(threads([128, 64], [64, 64], tf.matMul), 1);
  });
  test('as many as a product keeps busy: 2 · 512 · 128 · 128 operations, four million each', () => {
    assert.equal(threads([512, 128], [128, 128], tf.matMul), 4);
    assert.equal(
      threads([128, 512], [128, 128], (a, b) => tf.matMul(a, b, true)),
      4,
    );
  });
  test('no more than there are', () => {
    assert.equal(threads([4096, 512], [512, 512], tf.matMul), 8);
  });
  test('products in loops count', () => {
    const chain = (a: tf.Tensor, b: tf.Tensor) => loop(3, [a], (_, [x]) => [tf.matMul(x!, b)])[0]!;
    assert.equal(threads([512, 128], [128, 128], chain), 4);
  });
  test('convolutions and both their slopes count: 2 · 64 · 8 · 8 · 9 · 8 · 16 operations', () => {
    const shapes: [Shape, Shape] = [
      [64, 8, 8, 8],
      [3, 3, 8, 16],
    ];
    const convolve = (x: tf.Tensor, w: tf.Tensor) =>
      tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same');
    const total = (x: tf.Tensor, w: tf.Tensor) => tf.sum(convolve(x, w));
    assert.equal(threads(...shapes, convolve), 2);
    const inInput = (x: tf.Tensor, w: tf.Tensor) => tf.grad((v: tf.Tensor) => total(v, w))(x);
    assert.equal(threads(...shapes, inInput), 2);
    const inFilter = (x: tf.Tensor, w: tf.Tensor) => tf.grad((v: tf.Tensor) => total(x, v))(w);
    assert.equal(threads(...shapes, inFilter), 2);
  });
  test('one without any product', () => {
    assert.equal(threads([4096, 512], [4096, 512], tf.add), 1);
  });
});
