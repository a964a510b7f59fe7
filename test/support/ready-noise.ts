import { boundsOf } from '../../trainer-worker/methods/data/bounds';
import type { NoiseSpec } from '../../trainer-worker/methods/noise-distributions';
import type { PoolRun } from '../../trainer-worker/methods/noise-distributions/noise-pool';
import {
  type ReadyNoise,
  readyNoise,
} from '../../trainer-worker/methods/noise-distributions/ready-noise';

/** Noise that is ready for `[n, D]` rows, with one draw for each of them that stays. */
export function fixedNoiseFor(
  noise: NoiseSpec,
  rows: Float32Array,
  dimensions: number,
  run: Partial<PoolRun> = {},
): Promise<ReadyNoise> {
  return readyNoise(
    { noise, noiseRatio: 1, fixedNoise: true },
    { rows, bounds: boundsOf(rows, dimensions), seed: 1, directory: '.', ...run },
  );
}
