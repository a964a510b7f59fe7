import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { type DenseOptions, dense, denseShape } from '../energies/dense';
import { underPrefix, withPrefix } from '../energies/parameter-prefix';
import { stopGradient } from '../graph/trace';
import { adamMethod } from '../optimizers/adam';
import { familySchema } from '../options/method-table';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { type SamplerSpec, samplerMethod, samplers } from '../samplers';
import {
  type AlphaDivergence,
  type DivergenceName,
  divergenceRow,
  divergences,
} from './divergences';
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
   * Or an α-divergence, `{ alpha: -0.5 }`: any α from -10 to 10 but 0 and 1, which are
   * `'reverseKullbackLeibler'` and `'kullbackLeibler'`. With a large α all modes are covered, with a
   * small one some are rather missed.
   */
  readonly divergence?: DivergenceName | AlphaDivergence;
  /** Steps of the critic for each of the energy, 1 to 1000. Default 5. */
  readonly criticSteps?: number;
  /** The learning rate of the critic's Adam, above 0 to 1. Default 0.002. */
  readonly criticLearningRate?: number;
  /**
   * c, the largest |log r| of the estimated ratio r of data and model, above 0 to 80. Default 4. Any
   * bounded critic gives a lower bound of the divergence, one whose gradient no single point rules:
   * without a bound, powers of r are infinite on average while the model is narrower than the data.
   */
  readonly largestLogRatio?: number;
}

export interface FEbmSpec extends Required<FEbmOptions> {
  readonly type: 'fEbm';
}

/**
 * f-EBM (Yu et al. 2020, arXiv:2003.03463): trains an energy by any f-divergence. A critic network H
 * estimates the log-ratio of data and model as `u = v/(1 + |v|/c)` with `v = H(x) + E(x)`, by maximising
 * `E_data f'(e^u) - E_model f*(f'(e^u))`; the energy minimises the same, with the term by which its own
 * samples change with it, the covariance of E and `f*(f'(e^u))` over them. The critic moves in every
 * step, with gradients of at most norm 1. `hidden` and `activation` are the critic's.
 *
 * A divergence that the data or the chains can barely estimate (Pearson's where the model is narrower
 * than the data, Neyman's where it is wider) is that of ratios bounded by `e^±c`.
 */
export function fEbm(options: FEbmOptions): FEbmSpec {
  return specOf(schema, 'objective.fEbm', 'fEbm', options);
}

const schema: z.ZodType<FEbmSpec> = z.strictObject({
  type: z.literal('fEbm'),
  sampler: familySchema('sampler', samplers),
  divergence: z
    .union([
      z.enum(Object.keys(divergences) as DivergenceName[]),
      z.strictObject({ alpha: z.number().min(-10).max(10) }),
    ])
    .refine((divergence) => typeof divergence === 'string' || ![0, 1].includes(divergence.alpha), {
      error: 'The α-divergences of 0 and 1 are limits with names of their own.',
      params: { remedy: "Write 'reverseKullbackLeibler' for 0, 'kullbackLeibler' for 1." },
    })
    .default('jensenShannon'),
  criticSteps: integer(1, 1000).default(5),
  criticLearningRate: positive.max(1).default(0.002),
  largestLogRatio: positive.max(80).default(4),
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
    const { atData, atSamples } = divergenceRow(spec.divergence);
    const bounded = (v: tf.Tensor) => tf.div(v, tf.add(tf.div(tf.abs(v), spec.largestLogRatio), 1));
    const critic = dense(spec, run.bounds.length, 1, true);
    const sampler = samplerMethod(spec.sampler).build(spec.sampler);
    const chains = persistentChains(spec, run, sampler);
    return {
      ...chains.host,
      init: (random) => withPrefix(criticPrefix, critic.init(random)),
      optimizer: adamMethod.create({
        learningRate: spec.criticLearningRate,
        beta1: 0.5,
        beta2: 0.99,
        clipNorm: 1,
      }),
      modelEvery: spec.criticSteps,
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
        const forEnergy = bounded(tf.add(stopGradient(values), energies));
        const forCritic = bounded(tf.add(values, stopGradient(energies)));
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
