import * as tf from '@tensorflow/tfjs';
import { sampler } from 'ebm-lab';
import { type SamplerSpec, samplers } from '../../trainer-worker/methods/samplers';

/** Every sampler at its defaults, with its name; the user's own is a step along the score. */
export const everySampler: readonly (readonly [name: string, spec: SamplerSpec])[] = Object.entries(
  samplers,
).map(([name, { create }]) => [
  name,
  name === 'custom'
    ? sampler.custom({ step: (x, { score }) => tf.add(x, tf.mul(score(x), 0.01)) })
    : (create as () => SamplerSpec)(),
]);
