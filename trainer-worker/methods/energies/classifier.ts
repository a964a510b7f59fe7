import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { type DenseOptions, dense, denseFields } from './dense';
import type { EnergyMethod } from './energy-method';
import { atLabel } from './label';

export interface ClassifierOptions extends DenseOptions {
  /** Classes, 2 to 10 000, at least those of the data. */
  readonly classes: number;
}

export interface ClassifierSpec extends Required<ClassifierOptions> {
  readonly type: 'classifier';
}

/**
 * A classifier read as an energy (Grathwohl et al., arXiv:1912.03263): with logits f(x) of a
 * multi-layer perceptron, `E(x, y) = -f(x)[y]` and `E(x) = -log Σ_y exp(f(x)[y])`, so that
 * `log p(y | x) = E(x) - E(x, y)` is the classifier's. It needs the classes of the data.
 */
export function classifier(options: ClassifierOptions): ClassifierSpec {
  return specOf(schema, 'energy.classifier', 'classifier', options);
}

const schema: z.ZodType<ClassifierSpec> = z.strictObject({
  type: z.literal('classifier'),
  classes: integer(2, 10_000),
  ...denseFields,
});

/** @internal */
export const classifierMethod: EnergyMethod<ClassifierSpec, typeof classifier> = {
  create: classifier,
  schema,
  needsLabels: () => true,
  build(spec, dimensions) {
    // Biased: among classes a constant counts.
    const { init, apply } = dense(spec, dimensions, spec.classes, true);
    return {
      init,
      condition: 'label',
      classes: spec.classes,
      energy(parameters, x, label) {
        const logits = apply(parameters, x);
        return tf.neg(label ? atLabel(logits, label) : tf.logSumExp(logits, 1));
      },
    };
  },
};
