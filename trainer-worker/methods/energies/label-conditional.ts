import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { type DenseOptions, dense, denseFields } from './dense';
import type { EnergyMethod, EnergyParameters } from './energy-method';
import { ofClasses, oneHot } from './label';

export interface LabelConditionalOptions extends DenseOptions {
  /** Classes, 2 to 10 000, at least those of the data. */
  readonly classes: number;
}

export interface LabelConditionalSpec extends Required<LabelConditionalOptions> {
  readonly type: 'labelConditional';
}

/**
 * An energy E(x, y) of a point and its class: a multi-layer perceptron of both, the class one-hot.
 * Without a class it is `E(x) = -log Σ_y exp(-E(x, y))`, at the cost of one evaluation per class. It
 * needs the classes of the data.
 */
export function labelConditional(options: LabelConditionalOptions): LabelConditionalSpec {
  return specOf(schema, 'energy.labelConditional', 'labelConditional', options);
}

const schema: z.ZodType<LabelConditionalSpec> = z.strictObject({
  type: z.literal('labelConditional'),
  classes: integer(2, 10_000),
  ...denseFields,
});

/** @internal */
export const labelConditionalMethod: EnergyMethod<LabelConditionalSpec, typeof labelConditional> = {
  create: labelConditional,
  schema,
  needsLabels: () => true,
  build(spec, dimensions) {
    const { classes } = spec;
    const { init, apply } = dense(spec, dimensions + classes, 1, false);
    const joint = (parameters: EnergyParameters, x: tf.Tensor2D, label: tf.Tensor1D) =>
      tf.squeeze(apply(parameters, tf.concat([x, oneHot(label, classes)], 1)), [1]);
    return {
      init,
      condition: 'label',
      classes,
      energy: ofClasses(joint, classes),
    };
  },
};
