import * as tf from '@tensorflow/tfjs';
import type { Model } from '../energies/model';

/** What is known of points: their energies and scores. */
export interface Evaluated {
  /** `[n, D]` */
  readonly x: tf.Tensor2D;
  /** `[n, 1]` */
  readonly energy: tf.Tensor;
  /** `[n, D]` */
  readonly score: tf.Tensor;
}

export function evaluatedAt(model: Model, x: tf.Tensor2D): Evaluated {
  return { x, energy: tf.expandDims(model.energy(x), 1), score: model.score(x) };
}

/** `yes` where `condition`, `[n, 1]`, holds, and else `no`, with what is known of them. */
export function choose(condition: tf.Tensor, yes: Evaluated, no: Evaluated): Evaluated {
  return {
    x: tf.where(condition, yes.x, no.x),
    energy: tf.where(condition, yes.energy, no.energy),
    score: tf.where(condition, yes.score, no.score),
  };
}
