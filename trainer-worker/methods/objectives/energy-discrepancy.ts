import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { LevelBlocks } from '../energies/level-blocks';
import { integer, notNegative, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { ObjectiveMethod } from './objective-method';

export interface EnergyDiscrepancyOptions {
  /**
   * √t, the standard deviation of each of both perturbations of real data, in their units; above 0 to 1000.
   * Default `null`: 0.5 on real data.
   */
  readonly sigma?: number | null;
  /**
   * On bits and categories, which have no `sigma`: the chance of each to be drawn anew, all values equally
   * likely, in each of both perturbations; above 0 to 1. Default `null`: 0.2 there.
   */
  readonly redraw?: number | null;
  /** M: contrasting points for each row, 1 to 10 000. Default 16. */
  readonly samples?: number;
  /** w, which keeps the logarithm from following single points, 0 to 1000. Default 1. */
  readonly stabilization?: number;
}

export interface EnergyDiscrepancySpec extends Required<EnergyDiscrepancyOptions> {
  readonly type: 'energyDiscrepancy';
}

/**
 * Energy discrepancy (Schröder et al. 2023, arXiv:2307.06431): each row is perturbed and perturbed
 * again, M times, and its energy is set against those of the results:
 * `mean log (w/M + 1/M Σ_j exp(E(x) - E(x + √t ξ + √t ξ'_j)))`.
 *
 * Neither Markov chains nor derivatives in x. Small t is like score matching, large t like maximum
 * likelihood. On binary and categorical data the perturbations draw some of the numbers anew
 * (Schröder et al. 2024, arXiv:2412.01019); where they draw all, it is the likelihood but for a constant.
 */
export function energyDiscrepancy(options?: EnergyDiscrepancyOptions): EnergyDiscrepancySpec {
  return specOf(schema, 'objective.energyDiscrepancy', 'energyDiscrepancy', options);
}

const schema: z.ZodType<EnergyDiscrepancySpec> = z.strictObject({
  type: z.literal('energyDiscrepancy'),
  sigma: positive.max(1000).nullable().default(null),
  redraw: positive.max(1).nullable().default(null),
  samples: integer(1, 10_000).default(16),
  stabilization: notNegative.max(1000).default(1),
});

/** @internal */
export const energyDiscrepancyMethod: ObjectiveMethod<
  EnergyDiscrepancySpec,
  typeof energyDiscrepancy
> = {
  create: energyDiscrepancy,
  schema,
  domains: ['real', 'binary', 'categorical'],
  suits({ sigma, redraw }) {
    if (redraw !== null) {
      return {
        domains: ['binary', 'categorical'],
        remedy: 'Leave redraw out and set sigma: real data are perturbed by it.',
      };
    }
    return sigma === null
      ? undefined
      : {
          domains: ['real'],
          remedy: 'Leave sigma out and set redraw: bits and categories are drawn anew.',
        };
  },
  build: ({ sigma, redraw, samples, stabilization }, { domain, levels }) => ({
    loss({ data, energy }) {
      const [count, dimensions] = data.shape;
      const contrasting =
        domain === 'real'
          ? twicePerturbed(data, samples, sigma ?? 0.5)
          : twiceRedrawn(data, samples, (x) => redrawn(x, redraw ?? 0.2, levels));
      const others = tf.reshape(contrasting, [-1, dimensions]);
      const points = tf.concat([data, others]) as tf.Tensor2D;
      const [ofData, ofOthers] = tf.split(energy(points), [count, count * samples]);
      const contrasts = tf.sub(tf.expandDims(ofData!, 1), tf.reshape(ofOthers!, [count, samples]));
      const all =
        stabilization === 0
          ? contrasts
          : tf.concat([contrasts, tf.fill([count, 1], Math.log(stabilization))], 1);
      return tf.sub(tf.mean(tf.logSumExp(all, 1)), Math.log(samples));
    },
  }),
};

/** `[n, samples, D]` */
function twicePerturbed(x: tf.Tensor2D, samples: number, sigma: number): tf.Tensor {
  const [count, dimensions] = x.shape;
  const perturbed = tf.add(x, tf.mul(noise('normal', x.shape), sigma));
  return tf.add(
    tf.expandDims(perturbed, 1),
    tf.mul(noise('normal', [count, samples, dimensions]), sigma),
  );
}

/** `[n · samples, D]`: what came of a row, one after the other. */
function twiceRedrawn(
  x: tf.Tensor2D,
  samples: number,
  redraw: (x: tf.Tensor2D) => tf.Tensor,
): tf.Tensor {
  const copies = tf.tile(tf.expandDims(redraw(x), 1), [1, samples, 1]);
  return redraw(tf.reshape(copies, [-1, x.shape[1]]) as tf.Tensor2D);
}

/** Points with each number, or each category, drawn anew by this chance. */
function redrawn(x: tf.Tensor2D, chance: number, levels: readonly number[] | undefined): tf.Tensor {
  const [count, dimensions] = x.shape;
  if (levels === undefined) {
    const bits = tf.cast(tf.less(noise('uniform', x.shape), 0.5), 'float32');
    return tf.where(tf.less(noise('uniform', x.shape), chance), bits, x);
  }
  const blocks = new LevelBlocks(levels);
  const others = blocks.drawn(tf.zeros([count, dimensions]));
  const isAnew = tf.cast(tf.less(noise('uniform', [count, levels.length]), chance), 'float32');
  const columns = tf.matMul(isAnew as tf.Tensor2D, blocks.members());
  return tf.add(tf.mul(others, columns), tf.mul(x, tf.sub(1, columns)));
}
