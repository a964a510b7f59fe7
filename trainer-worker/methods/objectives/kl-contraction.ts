import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { ProblemError } from '../../../protocol/problem';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import type { ObjectiveMethod } from './objective-method';

export interface KlContractionOptions {
  /** Neighbouring bits that are marginalised together, 1 to 8; costs 2^blockSize energies a bit. Default 2. */
  readonly blockSize?: number;
}

export interface KlContractionSpec extends Required<KlContractionOptions> {
  readonly type: 'klContraction';
}

/**
 * Minimum KL contraction for binary data (Lyu 2011): how much closer data and model come, in
 * Kullback–Leibler divergence, when a block of bits is forgotten. Forgetting never takes them apart, so
 * the loss, the sum over all blocks of neighbouring bits (the last wraps around), is least where model
 * and data agree. Up to a constant it is `-mean Σ_blocks log p(block | rest)`, a composite likelihood;
 * with blocks of one bit it is the pseudo-likelihood.
 *
 * (Forgetting by Gaussian noise instead gives objectives for real numbers: see
 * `objective.energyDiscrepancy`.)
 */
export function klContraction(options?: KlContractionOptions): KlContractionSpec {
  return specOf(schema, 'objective.klContraction', 'klContraction', options);
}

const schema: z.ZodType<KlContractionSpec> = z.strictObject({
  type: z.literal('klContraction'),
  blockSize: integer(1, 8).default(2),
});

/** @internal */
export const klContractionMethod: ObjectiveMethod<KlContractionSpec, typeof klContraction> = {
  create: klContraction,
  schema,
  domains: ['binary'],
  build({ blockSize }, { bounds }) {
    const dimensions = bounds.length;
    if (blockSize > dimensions) {
      throw new ProblemError({
        kind: 'experiment',
        message: `objective.klContraction: 'blockSize' is ${blockSize}, but a row of data has ${dimensions} bits.`,
        remedy: `Set blockSize to ${dimensions} at most.`,
      });
    }
    const { kept, written } = blocks(dimensions, blockSize);
    const fillings = kept.length;
    return {
      loss({ data, energy }) {
        const count = data.shape[0];
        const points = tf.add(
          tf.mul(tf.reshape(data, [count, 1, dimensions]), tf.tensor2d(kept)),
          tf.tensor2d(written),
        );
        const energies = tf.reshape(
          energy(tf.reshape(points, [count * fillings, dimensions]) as tf.Tensor2D),
          [count, dimensions, 2 ** blockSize],
        );
        const logs = tf.logSumExp(tf.neg(energies), 2);
        return tf.mean(tf.sum(tf.add(logs, tf.expandDims(energy(data), 1)), 1));
      },
    };
  },
};

/**
 * For each bit that a block may begin at, and each filling of the block: which bits of a row are kept,
 * and what is written in place of the others. Both `[D · 2^blockSize, D]`.
 */
function blocks(dimensions: number, blockSize: number) {
  const kept: number[][] = [];
  const written: number[][] = [];
  for (let first = 0; first < dimensions; first++) {
    for (let filling = 0; filling < 2 ** blockSize; filling++) {
      const keep = new Array<number>(dimensions).fill(1);
      const write = new Array<number>(dimensions).fill(0);
      for (let bit = 0; bit < blockSize; bit++) {
        const at = (first + bit) % dimensions;
        keep[at] = 0;
        write[at] = (filling >> bit) & 1;
      }
      kept.push(keep);
      written.push(write);
    }
  }
  return { kept, written };
}
