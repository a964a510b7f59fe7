import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { type DenseOptions, dense, denseShape } from '../energies/dense';
import { underPrefix, withPrefix } from '../energies/parameter-prefix';
import { stopGradient } from '../graph/trace';
import { familySchema } from '../options/method-table';
import { specOf } from '../options/validate';
import { type SamplerSpec, samplerMethod, samplers } from '../samplers';
import { type DivergenceName, divergences } from './divergences';
import type { ObjectiveMethod } from './objective-method';
import {
  type PersistentChainsOptions,
  persistentChains,
  persistentChainsShape,
} from './persistent-chains';

export interface FEbmOptions extends DenseOptions, PersistentChainsOptions {
  /** What moves the chains that draw from the model. */
  readonly sampler: SamplerSpec;
  /**
   * What is minimised between data p and model q: `'kullbackLeibler'`, `'reverseKullbackLeibler'`,
   * `'jensenShannon'`, `'squaredHellinger'`, `'pearson'` or `'neyman'`. Default `'jensenShannon'`.
   * Those that begin with KL(p ‖ q) cover all modes; reverse ones prefer to miss some.
   */
  readonly divergence?: DivergenceName;
}

export interface FEbmSpec extends Required<FEbmOptions> {
  readonly type: 'fEbm';
}

/**
 * f-EBM (Yu et al. 2020, arXiv:2003.03463): trains an energy by any f-divergence. A critic network H
 * estimates the log-ratio of data and model as `u = H(x) + E(x)` by maximising
 * `E_data f'(e^u) - E_model f*(f'(e^u))`; the energy minimises the same, with the term by which its own
 * samples change with it, the covariance of E and `f*(f'(e^u))` over them. `hidden` and `activation` are
 * the critic's.
 */
export function fEbm(options: FEbmOptions): FEbmSpec {
  return specOf(schema, 'objective.fEbm', 'fEbm', options);
}

const schema: z.ZodType<FEbmSpec> = z.strictObject({
  type: z.literal('fEbm'),
  sampler: familySchema('sampler', samplers),
  divergence: z.enum(Object.keys(divergences) as DivergenceName[]).default('jensenShannon'),
  ...denseShape,
  ...persistentChainsShape,
});

/** @internal */
export const fEbmMethod: ObjectiveMethod<FEbmSpec, typeof fEbm> = {
  create: fEbm,
  schema,
  persistentChains: ({ bufferSize }) => bufferSize,
  previewSampler: ({ sampler }) => sampler,
  // The buffer's own chains, as they are.
  previewChainSteps: () => 0,
  build(spec, run) {
    const { atData, atSamples } = divergences[spec.divergence];
    const critic = dense(spec, run.bounds.length, 1, true);
    const sampler = samplerMethod(spec.sampler).build(spec.sampler);
    const chains = persistentChains(spec, run, sampler);
    return {
      ...chains.host,
      init: (random) => withPrefix(criticPrefix, critic.init(random)),
      loss(context) {
        const { data, energy, own, report } = context;
        const count = data.shape[0];
        const samples = chains.samples(context);
        const points = tf.concat([data, samples]) as tf.Tensor2D;
        const energies = energy(points);
        const values = tf.squeeze(critic.apply(underPrefix(criticPrefix, own), points), [1]);
        const halves = (both: tf.Tensor) => tf.split(both, [both.shape[0]! - count, count]);
        const value = (u: tf.Tensor) => {
          const [ofData, ofSamples] = halves(u);
          return tf.sub(tf.mean(atData(ofData!)), tf.mean(atSamples(ofSamples!)));
        };
        const forEnergy = tf.add(stopGradient(values), energies);
        const forCritic = tf.add(values, stopGradient(energies));
        report(
          { name: 'divergence', label: 'Estimated divergence', group: 'Divergence' },
          value(forCritic),
        );
        // d/dθ of E_q B with q ∝ exp(-E): E_q dB/dθ - Cov_q(B, dE/dθ).
        const ofSamples = halves(energies)[1]!;
        const weights = stopGradient(atSamples(halves(forEnergy)[1]!));
        const covariance = tf.sub(
          tf.mean(tf.mul(ofSamples, weights)),
          tf.mul(tf.mean(ofSamples), tf.mean(weights)),
        );
        return tf.sub(tf.add(value(forEnergy), covariance), value(forCritic));
      },
    };
  },
};

const criticPrefix = 'critic/';
