import * as z from 'zod';

/**
 * What a denoising loss is multiplied by, which matters to regularisers, clipping and plain SGD:
 * `'score'` 1, the squared error of the score; `'noise'` σ², that of the predicted noise; `'DEEN'`
 * σ⁴, that of the denoised point (Saremi et al. 2018).
 */
export type NoiseScaling = 'score' | 'noise' | 'DEEN';

/** The power of σ that a denoising loss is multiplied by. @internal */
export const noiseScalingPower: Readonly<Record<NoiseScaling, number>> = {
  score: 0,
  noise: 2,
  DEEN: 4,
};

/** @internal */
export const noiseScaling = z
  .enum(Object.keys(noiseScalingPower) as NoiseScaling[])
  .default('score');
