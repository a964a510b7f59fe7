import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { stopGradient } from '../../compiler/trace/trace';
import { type DenseOptions, dense, denseFields } from '../energies/dense';
import { underPrefix, withPrefix } from '../energies/parameter-prefix';
import { adamMethod } from '../optimizers/adam';
import { learningRateOption } from '../optimizers/common-options';
import { familySchema } from '../options/method-table';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { type SamplerSpec, samplerMethod, samplers } from '../samplers';
import { rateForRun, type ScheduleSpec } from '../schedules';
import {
  type AlphaDivergence,
  type DivergenceName,
  type DivergenceRow,
  divergenceRow,
  divergences,
} from './divergences';
import type { ObjectiveMethod } from './objective-method';
import {
  type PersistentChainsOptions,
  persistentChains,
  persistentChainsFields,
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
  /**
   * Steps of the critic for each of the energy, 1 to 1000. Default 2: the energy and its optimizer's
   * schedule take every second training step, the critic takes all.
   */
  readonly criticSteps?: number;
  /**
   * The learning rate of the critic's Adam, above 0 to 1, or a schedule of it. Default 0.01. A rate that
   * falls, `schedule.cosine({ peak: 0.03, final: 3e-4 })`, leaves an error of log r that is several
   * times smaller, and the energy as much nearer to the optimum.
   */
  readonly criticLearningRate?: number | ScheduleSpec;
  /**
   * c: log-ratios u of data and model count as from -c to c for the energy, above 0 to 80. Default 4,
   * ratios from 1/55 to 55. No smaller |u| is changed, and the optimum hardly where the model is not
   * far from the data: fitting a Gaussian to a mixture of two it is moved by at most 0.003 at 4, by 0.02
   * at 3. Without a bound single points rule, while the model is narrower or wider than the data.
   */
  readonly largestLogRatio?: number;
}

export interface FEbmSpec extends Required<FEbmOptions> {
  readonly type: 'fEbm';
}

/**
 * f-EBM (Yu et al. 2020, arXiv:2003.03463): trains an energy by any f-divergence. With `u = H(x) + E(x)`
 * an estimate of the log-ratio of data p and model q, H a critic network, the energy descends along
 * `Cov_q(f*(f'(e^u)), dE/dθ)`, the divergence's gradient where u is the log-ratio. `hidden` and
 * `activation` are the critic's.
 *
 * The optimal critic is the same for every f, and f of the critic need not be that of the energy (Poole
 * et al. 2016, arXiv:1612.02780). Here it always learns by logistic regression, which uses its points
 * best and whose gradients are bounded; by the divergence's own bound, as in the paper, a power of the
 * ratio weighs the points, a few of them count, and log p is off by several nats where data are rare.
 * The covariance is estimated over data and samples together, weighed by the balance heuristic (Veach &
 * Guibas 1995): whichever of the two has more points at x counts more there.
 *
 * A divergence that looks where data are rare (Neyman's, or a small α) needs a critic that is right
 * there, so more steps than others: of ten fits of a Gaussian to two, in 2,400 steps, three by Neyman's
 * were 0.03 to 0.05 off their optimum, where all others came within 0.016. H tends to log p whatever the energy is, so that it is no race.
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
  criticSteps: integer(1, 1000).default(2),
  criticLearningRate: learningRateOption(0.01, 1),
  largestLogRatio: positive.max(80).default(4),
  ...denseFields,
  ...persistentChainsFields,
});

/** @internal */
export const fEbmMethod: ObjectiveMethod<FEbmSpec, typeof fEbm> = {
  create: fEbm,
  schema,
  forRun: (spec, steps) => ({
    ...spec,
    criticLearningRate: rateForRun(spec.criticLearningRate, steps),
  }),
  modelEvery: ({ criticSteps }) => criticSteps,
  persistentChains: ({ bufferSize }) => bufferSize,
  previewSampler: ({ sampler }) => sampler,
  // The buffer's own chains, as they are.
  previewChainSteps: () => 0,
  build(spec, run) {
    const { largestLogRatio, criticLearningRate } = spec;
    const divergence = divergenceRow(spec.divergence);
    const critic = dense(spec, run.bounds.length, 1, true);
    const sampler = samplerMethod(spec.sampler).build(spec.sampler);
    const chains = persistentChains(spec, run, sampler);
    return {
      ...chains.host,
      init: (random) => withPrefix(criticPrefix, critic.init(random)),
      optimizer: adamMethod.create({ learningRate: criticLearningRate }),
      loss(context) {
        const { data, energy, own, report } = context;
        const count = data.shape[0];
        const samples = chains.samples(context);
        const points = tf.concat([data, samples]) as tf.Tensor2D;
        const energies = energy(points);
        const values = tf.squeeze(critic.apply(underPrefix(criticPrefix, own), points), [1]);
        const halves = (both: tf.Tensor) =>
          tf.split(both, [both.shape[0]! - count, count]) as [tf.Tensor, tf.Tensor];
        const bound = ({ atData, atSamples }: DivergenceRow, u: tf.Tensor) => {
          const [ofData, ofSamples] = halves(u);
          return tf.sub(tf.mean(atData(ofData)), tf.mean(atSamples(ofSamples)));
        };
        const logRatio = tf.add(values, stopGradient(energies));
        const clipped = tf.clipByValue(stopGradient(logRatio), -largestLogRatio, largestLogRatio);
        report(
          { name: 'divergence', label: 'Estimated divergence', group: 'Divergence' },
          bound(divergence, clipped),
        );
        // E_q g = E_p g/(1 + r) + E_q g/(1 + r); the covariance does not know a constant in f*(f'(r)).
        const zero = divergence.atSamples(tf.zerosLike(clipped));
        const gains = tf.mul(
          tf.sub(divergence.atSamples(clipped), zero),
          tf.sigmoid(tf.neg(clipped)),
        );
        const centred = tf.sub(energies, tf.mean(halves(energies)[1]));
        const [ofData, ofSamples] = halves(tf.mul(gains, centred));
        const covariance = tf.add(tf.mean(ofData), tf.mean(ofSamples));
        return tf.sub(covariance, bound(divergences.jensenShannon, logRatio));
      },
    };
  },
};

const criticPrefix = 'critic/';
