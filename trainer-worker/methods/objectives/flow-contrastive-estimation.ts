import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { stopGradient } from '../../compiler/trace/trace';
import { deviationsOf, momentsOf } from '../data/moments';
import { underPrefix, withPrefix } from '../energies/parameter-prefix';
import { integer, notNegative } from '../options/numbers';
import { specOf } from '../options/validate';
import { couplingFlow } from '../parts/coupling-flow';
import type { ObjectiveMethod } from './objective-method';

export interface FlowContrastiveEstimationOptions {
  /** Coupling layers of the flow, 1 to 64. Default 6. */
  readonly flowLayers?: number;
  /** Hidden units of the network in each of them, 1 to 4096. Default 64. */
  readonly flowHidden?: number;
  /**
   * Factor on the flow's own likelihood of the data beside its part in the game, 0 to 1000. Default 1:
   * it keeps the noise from leaving parts of the data. With 0 the game is all, as in the paper, where
   * the flow was fitted to the data before.
   */
  readonly flowLikelihood?: number;
}

export interface FlowContrastiveEstimationSpec extends Required<FlowContrastiveEstimationOptions> {
  readonly type: 'flowContrastiveEstimation';
}

/**
 * Flow contrastive estimation (Gao et al. 2020, arXiv:1912.00589): noise contrastive estimation against
 * noise that learns to be taken for data, a flow q. With
 * `V = mean_data log p/(p + q) + mean_noise log q/(p + q)` and p normalised by a learned log Z, the
 * model maximises V and the flow minimises it; at the end both are the data, and V = -2 log 2.
 */
export function flowContrastiveEstimation(
  options?: FlowContrastiveEstimationOptions,
): FlowContrastiveEstimationSpec {
  return specOf(
    schema,
    'objective.flowContrastiveEstimation',
    'flowContrastiveEstimation',
    options,
  );
}

const schema: z.ZodType<FlowContrastiveEstimationSpec> = z.strictObject({
  type: z.literal('flowContrastiveEstimation'),
  flowLayers: integer(1, 64).default(6),
  flowHidden: integer(1, 4096).default(64),
  flowLikelihood: notNegative.max(1000).default(1),
});

/** @internal */
export const flowContrastiveEstimationMethod: ObjectiveMethod<
  FlowContrastiveEstimationSpec,
  typeof flowContrastiveEstimation
> = {
  create: flowContrastiveEstimation,
  schema,
  build({ flowLayers, flowHidden, flowLikelihood }, { rows, bounds }) {
    const moments = momentsOf(rows, bounds.length);
    const flow = couplingFlow({
      layers: flowLayers,
      hidden: flowHidden,
      mean: moments.means,
      deviation: deviationsOf(moments),
    });
    return {
      init: (random) => ({
        [logZName]: tf.scalar(0),
        ...withPrefix(flowPrefix, flow.init(random)),
      }),
      loss({ data, energy, fixed, own, report }) {
        const count = data.shape[0];
        const flowParameters = underPrefix(flowPrefix, own);
        const logZ = own[logZName]!;
        const drawn = flow.sample(flowParameters, count);
        const logOfData = flow.logDensity(flowParameters, data);
        report({ name: 'log Z', label: 'log Z, learned', group: 'log Z', unit: 'nats' }, logZ);
        report(
          { name: 'log-likelihood/flow', label: 'Log-likelihood of the flow', group: 'Flow' },
          tf.mean(logOfData),
        );
        // The model's part: the flow is constant.
        const odds = (of: tf.Tensor, constant: tf.Tensor, logFlow: tf.Tensor) =>
          tf.neg(tf.add(tf.add(of, constant), logFlow));
        const fixedPoints = stopGradient(drawn.points) as tf.Tensor2D;
        const ofModel = minusValue(
          odds(energy(data), logZ, stopGradient(logOfData)),
          odds(energy(fixedPoints), logZ, stopGradient(drawn.logDensity)),
        );
        // The flow's part: the model is, though gradients pass through where it is looked at.
        const fixedLogZ = stopGradient(logZ);
        const ofFlow = tf.neg(
          minusValue(
            odds(fixed.energy(data), fixedLogZ, logOfData),
            odds(fixed.energy(drawn.points), fixedLogZ, drawn.logDensity),
          ),
        );
        const likelihood = tf.mul(tf.mean(logOfData), flowLikelihood);
        return tf.add(ofModel, tf.sub(ofFlow, likelihood));
      },
    };
  },
};

/** -V, from the log-odds log p/q at data and at noise. */
function minusValue(ofData: tf.Tensor, ofNoise: tf.Tensor): tf.Tensor {
  return tf.add(tf.mean(tf.softplus(tf.neg(ofData))), tf.mean(tf.softplus(ofNoise)));
}

const logZName = 'log Z';
const flowPrefix = 'flow/';
