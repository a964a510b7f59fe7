import * as tf from '@tensorflow/tfjs';
import type { Sampler } from '../samplers/sampler-method';
import type { LossContext } from './objective-method';

const chainRemedy =
  'Use a smaller stepSize or set clip in the sampler, or a smaller learningRate; then rerun.';
const energyRemedy =
  'Use a smaller learningRate or a positive energyPenalty (for example 0.1); then rerun.';

/**
 * `mean E⁺ - mean E⁻ + α (mean (E⁺)² + mean (E⁻)²)`, with E⁺ the energies of the batch and E⁻ those of
 * the ends of Markov chains: its gradient in the parameters is that of the negative log-likelihood
 * where the samples are the model's, plus the penalty's (Du & Mordatch, arXiv:1903.08689).
 *
 * @param starts where the chains start, `[chains, D]`
 * @param energyPenalty α
 * @returns the loss, and where the chains end
 */
export function contrastiveLoss(
  context: LossContext,
  sampler: Sampler,
  starts: tf.Tensor2D,
  energyPenalty: number,
): { readonly loss: tf.Tensor; readonly samples: tf.Tensor2D } {
  const { data } = context;
  const samples = context.chain(sampler, starts);
  context.watch('The chains', samples, chainRemedy);
  // One product over all rows costs less than two over half of them.
  const energies = context.energy(tf.concat([data, samples]) as tf.Tensor2D);
  const ofData = tf.slice(energies, [0], [data.shape[0]]);
  const ofSamples = tf.slice(energies, [data.shape[0]], [starts.shape[0]]);
  context.watch('The energies of the data', ofData, energyRemedy);
  context.watch('The energies of the samples', ofSamples, energyRemedy);
  const [meanOfData, meanOfSamples] = [tf.mean(ofData), tf.mean(ofSamples)];
  context.report({ name: 'energy/data', label: 'Energy of data', group: 'Energy' }, meanOfData);
  context.report(
    { name: 'energy/samples', label: 'Energy of samples', group: 'Energy' },
    meanOfSamples,
  );
  const contrast = tf.sub(meanOfData, meanOfSamples);
  if (energyPenalty === 0) return { loss: contrast, samples };
  const squares = tf.add(tf.mean(tf.square(ofData)), tf.mean(tf.square(ofSamples)));
  return { loss: tf.add(contrast, tf.mul(squares, energyPenalty)), samples };
}
