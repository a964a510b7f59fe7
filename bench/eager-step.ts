import { createRequire } from 'node:module';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { registerFastMatMul } from '../trainer-worker/compiler/backends/wasm-mat-mul';
import type { Row } from './rows';

/** Loads the eager backend, with the products it lacks. */
export async function startWasm(): Promise<void> {
  const wasm = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(`${path.dirname(wasm)}/`);
  await tf.setBackend('wasm');
  registerFastMatMul();
}

/**
 * A row's step in eager tfjs, as its documentation would have one write it.
 *
 * @returns does one step; undefined where tfjs cannot: its second derivatives are wrong, which score
 * matching needs, and `wasm` has no gradient of a convolution in its filter
 */
export function eagerStep(row: Row): (() => void) | undefined {
  const { widths, batch, chainSteps } = row;
  if (row.method !== 'contrastive divergence' || widths === undefined) return undefined;
  const dimensions = widths[0]!;
  const layers = widths.slice(1).map((to, index) => ({
    weights: tf.variable(tf.randomNormal([widths[index]!, to], 0, 1 / Math.sqrt(widths[index]!))),
    biases: tf.variable(tf.zeros([to])),
  }));
  const optimizer = tf.train.adam(1e-3);
  const data = tf.randomNormal<tf.Rank.R2>([batch, dimensions]);
  const start = tf.randomNormal<tf.Rank.R2>([batch, dimensions]);
  const energy = (x: tf.Tensor2D): tf.Tensor1D => {
    let h = x;
    layers.forEach(({ weights, biases }, index) => {
      h = tf.add(tf.matMul(h, weights as tf.Variable<tf.Rank.R2>), biases);
      if (index < layers.length - 1) h = tf.mul(h, tf.sigmoid(h));
    });
    return tf.squeeze(h, [1]);
  };
  const slope = tf.grad((x: tf.Tensor) => tf.sum(energy(x as tf.Tensor2D)));
  return () =>
    tf.tidy(() => {
      let samples = start;
      for (let iteration = 0; iteration < chainSteps; iteration++) {
        samples = tf.tidy(() => {
          const drift = tf.mul(slope(samples), -0.1);
          const kick = tf.mul(tf.randomNormal([batch, dimensions]), 0.01);
          return tf.add(tf.add(samples, drift), kick);
        });
      }
      optimizer.minimize(() => {
        const both = energy(tf.concat([data, samples]));
        const [low, high] = tf.split(both, 2) as [tf.Tensor1D, tf.Tensor1D];
        const penalty = tf.add(tf.mean(tf.square(low)), tf.mean(tf.square(high)));
        return tf.add(tf.sub(tf.mean(low), tf.mean(high)), tf.mul(penalty, 0.01)) as tf.Scalar;
      });
    });
}
