import * as tf from '@tensorflow/tfjs';
import type { MetricInfo } from '../../../protocol/run';
import type { Model } from '../energies/model';
import { contrasts } from './contrast';
import type { ContrastOptions } from './contrastive-options';
import type { LossContext } from './objective-method';
import { calmingChains, calmingEnergies } from './remedy';

/**
 * The contrast of the energies of the batch, E⁺, and of samples, E⁻, with
 * `α (mean (E⁺)² + mean (E⁻)²)`. As a difference of means its gradient in the parameters is that of
 * the negative log-likelihood where the samples are the model's, plus the penalty's (Du & Mordatch,
 * arXiv:1903.08689).
 *
 * @param samples `[batch, D]` ends of Markov chains, constants for differentiation
 * @param units `[batch, any]` beside each sample, where the model has some: then E⁻ are energies with them,
 *   and E⁺ bounds, whose means differ by more than the fit
 * @param isShared whether the step computes the energies of the data, or of the samples, elsewhere too
 * @returns a scalar
 */
export function contrastiveLoss(
  context: Pick<LossContext, 'data' | 'watch' | 'report'> & Pick<Model, 'energy' | 'latent'>,
  samples: tf.Tensor2D,
  { energyPenalty, contrast }: Required<ContrastOptions>,
  { isShared = false, units }: { readonly isShared?: boolean; readonly units?: tf.Tensor } = {},
): tf.Tensor {
  const { data } = context;
  context.watch('The chains', samples, calmingChains);
  const withUnits = context.latent && units && context.latent.energy(samples, units as tf.Tensor2D);
  const [ofData, ofSamples] =
    isShared || withUnits
      ? [context.energy(data), withUnits ?? context.energy(samples)]
      : together(context, data, samples);
  context.watch('The energies of the data', ofData, calmingEnergies);
  context.watch('The energies of the samples', ofSamples, calmingEnergies);
  context.report(
    { name: 'energy/data', label: 'Energy of data', group: 'Energy' },
    tf.mean(ofData),
  );
  context.report(withUnits ? ofUnits : ofPoints, tf.mean(ofSamples));
  const loss = contrasts[contrast](ofData, ofSamples);
  if (energyPenalty === 0) return loss;
  const squares = tf.add(tf.mean(tf.square(ofData)), tf.mean(tf.square(ofSamples)));
  return tf.add(loss, tf.mul(squares, energyPenalty));
}

const ofPoints: MetricInfo = {
  name: 'energy/samples',
  label: 'Energy of samples',
  group: 'Energy',
};
const ofUnits: MetricInfo = {
  name: 'energy/samples with hidden units',
  label: 'Energy of samples with their upper hidden units',
  group: 'Energy of samples',
};

/** Energies of both: one product over all rows costs less than two over half of them. */
function together(
  { energy }: Pick<Model, 'energy'>,
  data: tf.Tensor2D,
  samples: tf.Tensor2D,
): readonly [tf.Tensor, tf.Tensor] {
  const [ofData, ofSamples] = tf.split(energy(tf.concat([data, samples]) as tf.Tensor2D), [
    data.shape[0],
    samples.shape[0],
  ]);
  return [ofData!, ofSamples!];
}
