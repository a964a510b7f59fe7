import * as tf from '@tensorflow/tfjs';
import { startsOf } from '../data/categories';
import { categorical } from './categorical';

/** A logit of what cannot be. */
const never = -1e30;

/** The columns of categorical points, a block for each category, inside a compiled step. */
export class LevelBlocks {
  /** How many levels each category has. */
  readonly levels: readonly number[];
  /** D, the columns of all blocks. */
  readonly dimensions: number;
  /** Levels of the category that has the most. */
  readonly most: number;
  readonly #starts: readonly number[];

  constructor(levels: readonly number[]) {
    this.levels = levels;
    this.#starts = startsOf(levels);
    this.dimensions = this.#starts.at(-1)!;
    this.most = Math.max(...levels);
  }

  /** `[categories, D]`: 1 in the columns of a category, else 0. */
  members(): tf.Tensor2D {
    const values = new Float32Array(this.levels.length * this.dimensions);
    for (const [category, count] of this.levels.entries()) {
      const from = category * this.dimensions + this.#starts[category]!;
      values.fill(1, from, from + count);
    }
    return tf.tensor2d(values, [this.levels.length, this.dimensions]);
  }

  /** `[categories, most, D]`: in the row of a level of a category, 1 in its column; rows of no level are 0. */
  embedding(): tf.Tensor3D {
    const values = new Float32Array(this.levels.length * this.most * this.dimensions);
    for (const [category, count] of this.levels.entries()) {
      for (let level = 0; level < count; level++) {
        const row = category * this.most + level;
        values[row * this.dimensions + this.#starts[category]! + level] = 1;
      }
    }
    return tf.tensor3d(values, [this.levels.length, this.most, this.dimensions]);
  }

  /** `[categories, most]`: 0 for levels that there are, far below for others. */
  gaps(): tf.Tensor2D {
    const values = this.levels.flatMap((count) =>
      Array.from({ length: this.most }, (_, level) => (level < count ? 0 : never)),
    );
    return tf.tensor2d(values, [this.levels.length, this.most]);
  }

  /**
   * Logits by category and level: where a category has fewer levels than others, what is missing cannot be.
   *
   * @param logits `[n, D]`
   * @returns `[n, categories, most]`
   */
  apart(logits: tf.Tensor): tf.Tensor3D {
    const shape: [number, number, number] = [logits.shape[0]!, this.levels.length, this.most];
    if (this.#isEven) return tf.reshape(logits, shape) as tf.Tensor3D;
    const columns = this.levels.flatMap((count, category) =>
      Array.from({ length: this.most }, (_, level) =>
        level < count ? this.#starts[category]! + level : this.#starts[category]!,
      ),
    );
    const spread = tf.gather(logits, tf.tensor1d(columns, 'int32'), 1);
    const isLevel = tf.expandDims(tf.greater(this.gaps(), never / 2), 0);
    const byLevel: tf.Tensor = tf.reshape(spread, shape);
    return tf.where(isLevel, byLevel, tf.scalar(never) as tf.Tensor) as tf.Tensor3D;
  }

  /** The other way: `[n, categories, most]` to `[n, D]`. */
  joined(values: tf.Tensor): tf.Tensor2D {
    const count = values.shape[0]!;
    if (this.#isEven) return tf.reshape(values, [count, this.dimensions]) as tf.Tensor2D;
    const places = this.levels.flatMap((levels, category) =>
      Array.from({ length: levels }, (_, level) => category * this.most + level),
    );
    const flat = tf.reshape(values, [count, this.levels.length * this.most]);
    return tf.gather(flat, tf.tensor1d(places, 'int32'), 1) as tf.Tensor2D;
  }

  /** One-hot `[n, D]` points whose categories are drawn independently by `[n, D]` logits. */
  drawn(logits: tf.Tensor): tf.Tensor2D {
    const byLevel = tf.transpose(this.apart(logits), [2, 0, 1]);
    return this.joined(tf.transpose(categorical(byLevel), [1, 2, 0]));
  }

  get #isEven(): boolean {
    return this.levels.every((count) => count === this.most);
  }
}
