import { gaussianNoise } from './gaussian';
import type { NoiseContext, NoiseDistribution } from './noise-distribution';
import { uniformNoise } from './uniform';

/** Names of noise distributions. */
export type NoiseName = 'gaussian' | 'diagonalGaussian' | 'uniform';

/** Every noise distribution: to add one, write its file, its row and its name above. */
export const noiseDistributions: Readonly<
  Record<NoiseName, (context: NoiseContext) => NoiseDistribution>
> = {
  gaussian: (context) => gaussianNoise(context, { diagonal: false }),
  diagonalGaussian: (context) => gaussianNoise(context, { diagonal: true }),
  uniform: uniformNoise,
};
