import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { coupledChains } from '../samplers/coupled-chains';
import type { ObjectiveMethod } from './objective-method';
import { calmingChains } from './remedy';

export interface UnbiasedContrastiveDivergenceOptions {
  /**
   * ε of the chains' Metropolis-adjusted Langevin proposals, `x + ε²/2 · score + ε · z`, in units of
   * the data, above 0 to 1000. Default 0.5: chains that take long steps meet soon.
   */
  readonly stepSize?: number;
  /** k: iterations before the estimate begins, 1 to 10 000. More cost more and vary less. Default 1. */
  readonly minimumSteps?: number;
  /**
   * Iterations after which pairs that have not met are cut off, which brings a bias back; more than
   * `minimumSteps`, to 10 000. How many are cut off is recorded. Default 100.
   */
  readonly maximumSteps?: number;
}

export interface UnbiasedContrastiveDivergenceSpec
  extends Required<UnbiasedContrastiveDivergenceOptions> {
  readonly type: 'unbiasedContrastiveDivergence';
}

/**
 * Unbiased contrastive divergence (Qiu, Zhang & Wang 2020): finite chains without the bias of finite
 * chains. Each row of the batch starts two coupled chains, X one step ahead of Y, that meet at a
 * random time τ; then `f(X_k) + Σ_{k<t<τ} (f(X_t) - f(Y_{t-1}))` has exactly the model's mean of f
 * (Jacob, O'Leary & Atchadé 2020), here with the gradient of E for f.
 */
export function unbiasedContrastiveDivergence(
  options?: UnbiasedContrastiveDivergenceOptions,
): UnbiasedContrastiveDivergenceSpec {
  return specOf(
    schema,
    'objective.unbiasedContrastiveDivergence',
    'unbiasedContrastiveDivergence',
    options,
  );
}

const schema: z.ZodType<UnbiasedContrastiveDivergenceSpec> = z
  .strictObject({
    type: z.literal('unbiasedContrastiveDivergence'),
    stepSize: positive.max(1000).default(0.5),
    minimumSteps: integer(1, 10_000).default(1),
    maximumSteps: integer(2, 10_000).default(100),
  })
  .refine(({ minimumSteps, maximumSteps }) => maximumSteps > minimumSteps, {
    error: "'maximumSteps' is not more than 'minimumSteps'.",
    path: ['maximumSteps'],
    params: { remedy: 'Give the chains more steps to meet in, for example 100.' },
  });

/** @internal */
export const unbiasedContrastiveDivergenceMethod: ObjectiveMethod<
  UnbiasedContrastiveDivergenceSpec,
  typeof unbiasedContrastiveDivergence
> = {
  create: unbiasedContrastiveDivergence,
  schema,
  build: ({ stepSize, minimumSteps, maximumSteps }, { batchSize }) => ({
    loss(context) {
      const { data } = context;
      const chains = coupledChains(context, data, stepSize, maximumSteps);
      context.watch('The chains', chains.ahead, calmingChains);
      // X_k counts always, X_t - Y_{t-1} from t = k + 1 on, while they are apart.
      const counted = maximumSteps - minimumSteps + 1;
      const last = <T extends tf.Tensor>(times: T, count: number) =>
        tf.slice(times, [0, maximumSteps - count]) as T;
      const [ahead, behind] = [last(chains.ahead, counted), last(chains.behind, counted - 1)];
      const [pointsAhead, pointsBehind] = [flat(ahead), flat(behind)];
      const points = tf.concat([data, pointsAhead, pointsBehind]) as tf.Tensor2D;
      const energies = context.energy(points);
      context.watch('The energies', energies, calmingChains);
      const [ofData, atAhead, atBehind] = tf.split(
        energies,
        [data, pointsAhead, pointsBehind].map(({ shape }) => shape[0]),
      );
      const ofAhead = tf.reshape(atAhead!, [batchSize, counted]);
      const ofBehind = tf.reshape(atBehind!, [batchSize, counted - 1]);
      const apart = last(chains.apart, counted - 1);
      const ofPairs = tf.mul(apart, tf.sub(tf.slice(ofAhead, [0, 1]), ofBehind));
      const ofFirst = tf.slice(ofAhead, [0, 0], [batchSize, 1]);
      const ofSamples = tf.div(tf.add(tf.sum(ofFirst), tf.sum(ofPairs)), batchSize);
      const meanOfData = tf.mean(ofData!);
      context.report({ name: 'energy/data', label: 'Energy of data', group: 'Energy' }, meanOfData);
      context.report(
        { name: 'energy/samples', label: 'Energy of samples', group: 'Energy' },
        ofSamples,
      );
      context.report(
        { name: 'coupling/meeting', label: 'Mean meeting time', group: 'Meeting time' },
        tf.add(tf.mean(tf.sum(chains.apart, 1)), 1),
      );
      context.report(
        { name: 'coupling/cut', label: 'Share of pairs that never met', group: 'Cut off' },
        tf.mean(last(chains.apart, 1)),
      );
      return tf.sub(meanOfData, ofSamples);
    },
  }),
};

/** `[n, T, D]` as `[n · T, D]`. */
function flat(points: tf.Tensor3D): tf.Tensor2D {
  const [count, steps, dimensions] = points.shape;
  return tf.reshape(points, [count * steps, dimensions]);
}
