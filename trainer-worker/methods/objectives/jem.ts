import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { notNegative } from '../options/numbers';
import { specOf } from '../options/validate';
import { samplerMethod } from '../samplers';
import { contrastiveLoss } from './contrastive-loss';
import { type ContrastiveOptions, contrastiveFields } from './contrastive-options';
import type { ObjectiveMethod } from './objective-method';
import {
  type PersistentChainsOptions,
  persistentChains,
  persistentChainsFields,
} from './persistent-chains';

export interface JemOptions extends ContrastiveOptions, PersistentChainsOptions {
  /** Factor on the likelihood of the points beside that of their classes, 0 to 1000. Default 1. */
  readonly generativeWeight?: number;
}

export interface JemSpec extends Required<JemOptions> {
  readonly type: 'jem';
}

/**
 * A joint energy-based model (JEM; Grathwohl et al. 2020, arXiv:1912.03263): a classifier that is a
 * density as well. `log p(x, y) = log p(y | x) + log p(x)`: cross-entropy of the classes, which is
 * `mean (E(x, y) - E(x))`, and persistent contrastive divergence on `E(x) = -log Σ_y exp(-E(x, y))`.
 * For an energy of labels, such as `energy.classifier`, on data with classes.
 */
export function jem(options: JemOptions): JemSpec {
  return specOf(schema, 'objective.jem', 'jem', options);
}

const schema: z.ZodType<JemSpec> = z.strictObject({
  type: z.literal('jem'),
  ...contrastiveFields,
  ...persistentChainsFields,
  generativeWeight: notNegative.max(1000).default(1),
});

/** @internal */
export const jemMethod: ObjectiveMethod<JemSpec, typeof jem> = {
  create: jem,
  schema,
  domains: ['real', 'nonnegative', 'binary', 'categorical'],
  needsLabels: () => true,
  persistentChains: ({ bufferSize }) => bufferSize,
  previewSampler: ({ sampler }) => sampler,
  // The buffer's own chains, as they are.
  previewChainSteps: () => 0,
  build(spec, run) {
    const sampler = samplerMethod(spec.sampler).build(spec.sampler);
    const chains = persistentChains(spec, run, sampler);
    return {
      ...chains.host,
      classifies: true,
      loss(context) {
        const { data, energy, report } = context;
        const labels = context.labels as tf.Tensor1D;
        const crossEntropy = tf.mean(tf.sub(energy(data, labels), energy(data)));
        report(
          { name: 'cross-entropy', label: 'Cross-entropy', group: 'Cross-entropy' },
          crossEntropy,
        );
        const generative = contrastiveLoss(context, chains.samples(context), spec, {
          isShared: true,
        });
        return tf.add(crossEntropy, tf.mul(generative, spec.generativeWeight));
      },
    };
  },
};
